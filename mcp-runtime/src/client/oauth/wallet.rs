//! What a client holds at the moment, and who may change it: one task at a time, for all requests that wait for it. Floor 6.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http::header::AUTHORIZATION;
use http::{HeaderMap, StatusCode};
use oauth2::url::Url;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::address::Reach;
use super::challenge::{Demand, sound};
use super::error::Error;
use super::fetch::Fetch;
use super::grant::Site;
use super::key::{BindingKey, Nonces, now};
use super::secret::Secret;
use super::settings::{Grant, Settings};
use super::store::{Credentials, Key};
use super::token::header;
use crate::client::authorize::{Challenge, Outgoing};
use crate::client::http::shown;

/// How often one request is sent again because it needs a token, a newer one, or a nonce.
const MOST_ATTEMPTS: u32 = 5;
/// How long a refusal by a user or an authorization server stands before they are asked again: requests that come at the same
/// time get the same answer.
const STANDS: Duration = Duration::from_secs(5);
/// Demands for more scopes that come sooner after each other than this are in a row.
const IN_A_ROW: Duration = Duration::from_mins(1);
/// How long a token is used at least: one that says it ends at once does not make every request two.
const SOONEST: Duration = Duration::from_secs(1);
/// In seconds, how long a token is used on when it could not be renewed early.
const POSTPONED: u64 = 10;

pub(super) struct Wallet {
    pub(super) settings: Settings,
    pub(super) nonces: Nonces,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    server: Option<(Url, Fetch)>,
    /// Where the server said that its metadata is.
    place: Option<String>,
    site: Option<Arc<Site>>,
    /// The issuer that saw the client's own credentials: no other one does.
    bound: Option<String>,
    held: Option<Arc<Held>>,
    flight: Option<Flight>,
    failed: Option<(Instant, Error)>,
    /// A token that the server refused as soon as it was got.
    useless: Option<(Instant, Secret)>,
}

/// A token in use.
pub(super) struct Held {
    pub(super) key: Key,
    pub(super) credentials: Credentials,
    pub(super) binding: Option<BindingKey>,
    pub(super) origin: Origin,
    /// How many times in a row scopes were added.
    step_ups: u32,
    since: Instant,
}

/// Where a token comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Stored,
    Refreshed,
    Granted,
    SteppedUp,
}

/// What a task does for all who wait for it.
pub(super) enum Work {
    /// Replaces a token that ends soon.
    Renew,
    /// Gets a token, for a request that was refused without one or with this one.
    Login { demand: Demand, refused: Option<Secret>, may_refresh: bool },
    /// Gets a token with these scopes.
    StepUp { demand: Demand, scopes: Vec<String> },
}

struct Flight {
    done: watch::Receiver<Option<Result<(), Error>>>,
    task: AbortHandle,
}

enum Decision {
    Again,
    GiveUp,
    Do(Work),
}

impl Wallet {
    pub(super) fn new(settings: Settings) -> Self {
        Self { settings, nonces: Nonces::default(), state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn held(&self) -> Option<Arc<Held>> {
        self.state().held.clone()
    }

    pub(super) fn site(&self) -> Option<Arc<Site>> {
        self.state().site.clone()
    }

    /// Where the metadata is: as the server says now, else as it said before.
    pub(super) fn place(&self, demand: &Demand) -> Option<String> {
        let mut state = self.state();
        if demand.metadata.is_some() {
            state.place.clone_from(&demand.metadata);
        }
        state.place.clone()
    }

    pub(super) fn server(&self) -> Option<(Url, Fetch)> {
        self.state().server.clone()
    }

    /// The issuer that the client's own credentials belong to, as far as it is known.
    pub(super) fn bound(&self) -> Option<String> {
        self.settings.issuer.clone().or_else(|| self.state().bound.clone())
    }

    pub(super) fn bind(&self, issuer: &str) {
        self.state().bound = Some(issuer.to_owned());
    }

    pub(super) fn found(&self, site: Site) -> Arc<Site> {
        let site = Arc::new(site);
        self.state().site = Some(Arc::clone(&site));
        site
    }

    pub(super) fn hold(&self, key: Key, credentials: Credentials, binding: Option<BindingKey>, origin: Origin) {
        let mut state = self.state();
        let before = state.held.take();
        let step_ups = match &before {
            Some(before) if before.since.elapsed() < IN_A_ROW => {
                before.step_ups + u32::from(origin == Origin::SteppedUp)
            }
            _ => u32::from(origin == Origin::SteppedUp),
        };
        state.held = Some(Arc::new(Held { key, credentials, binding, origin, step_ups, since: Instant::now() }));
    }

    pub(super) fn drop_token(&self) {
        self.state().held = None;
    }

    /// The address of a request, if it goes to the server that the credentials are for: the first one that was asked.
    fn target(&self, url: &str) -> Result<Url, Error> {
        let what = "the address of the request";
        let mut parsed = Url::parse(url).map_err(|error| Error::address(what, format!("it is no URL: {error}")))?;
        // They are for that server's eyes. What has no user loses nothing.
        let _ = parsed.set_username("").and_then(|()| parsed.set_password(None));
        let mut state = self.state();
        match &state.server {
            Some((server, _)) if server.origin() == parsed.origin() => {}
            Some((server, _)) => return Err(Error::Origin { server: shown(server), request: shown(&parsed) }),
            None => {
                let reach = Reach::of(&parsed, self.settings.reaches_private);
                // A token must not travel in the open.
                if parsed.scheme() != "https" && reach != Reach::Local {
                    return Err(Error::address(
                        &shown(&parsed),
                        "credentials are sent over `https` alone, except on this machine",
                    ));
                }
                let fetch = Fetch::new(reach, self.settings.time)?;
                state.server = Some((parsed.clone(), fetch));
            }
        }
        Ok(parsed)
    }

    pub(super) async fn headers(self: &Arc<Self>, request: Outgoing<'_>) -> Result<HeaderMap, Error> {
        let url = self.target(request.url)?;
        if let Some(due) = self.held().filter(|held| self.is_due(held))
            && let Err(error) = self.join(|state| expiring(state, &due)).await
        {
            if due.credentials.expires_at.is_some_and(|end| end <= now()) {
                return Err(error);
            }
            self.postpone();
        }
        let mut headers = HeaderMap::new();
        if let Some(held) = self.held() {
            let token = &held.credentials.access_token;
            let scheme = if held.binding.is_some() { "DPoP" } else { "Bearer" };
            headers.insert(AUTHORIZATION, header(&format!("{scheme} {}", token.reveal()))?);
            if let Some(key) = &held.binding {
                let proof = key.proof(request.method.as_str(), &url, Some(token), self.nonces.of(&url))?;
                headers.insert("DPoP", header(&proof)?);
            }
        }
        Ok(headers)
    }

    /// Whether a token is better replaced before it is used, and can be without a user.
    fn is_due(&self, held: &Held) -> bool {
        let can = held.credentials.refresh_token.is_some() || !matches!(self.settings.grant, Grant::Code);
        can && held.since.elapsed() >= SOONEST && held.credentials.renew_at.is_some_and(|time| time <= now())
    }

    fn postpone(&self) {
        let mut state = self.state();
        if let Some(held) = &state.held {
            let mut credentials = held.credentials.clone();
            credentials.renew_at = Some(now() + POSTPONED);
            let later = Held { credentials, key: held.key.clone(), binding: held.binding.clone(), ..**held };
            state.held = Some(Arc::new(later));
        }
    }

    pub(super) async fn challenged(self: &Arc<Self>, challenge: Challenge<'_>) -> Result<bool, Error> {
        let url = self.target(challenge.request.url)?;
        self.nonces.keep(&url, challenge.headers);
        let demand = Demand::read(challenge.headers);
        if demand.is("use_dpop_nonce") {
            return Ok(self.nonces.of(&url).is_some() && challenge.attempt < MOST_ATTEMPTS);
        }
        let sent = sent(challenge.sent);
        match challenge.status {
            StatusCode::UNAUTHORIZED if challenge.attempt < MOST_ATTEMPTS => {
                self.join(|state| unauthorized(state, demand, sent, challenge.attempt)).await
            }
            StatusCode::FORBIDDEN if demand.is("insufficient_scope") => {
                let limit = self.settings.step_ups;
                self.join(|state| forbidden(state, demand, sent.as_ref(), limit)).await
            }
            _ => Ok(false),
        }
    }

    /// Has it done what was decided, or waits for whoever does something already. Says whether the request is worth another
    /// try.
    async fn join(self: &Arc<Self>, decide: impl FnOnce(&mut State) -> Decision) -> Result<bool, Error> {
        let mut done = {
            let mut state = self.state();
            let decision = decide(&mut state);
            match (&state.flight, decision) {
                (_, Decision::Again) => return Ok(true),
                (Some(flight), _) => flight.done.clone(),
                (None, Decision::GiveUp) => return Ok(false),
                (None, Decision::Do(work)) => {
                    if let Some((since, error)) = &state.failed
                        && since.elapsed() < STANDS
                    {
                        return Err(error.clone());
                    }
                    let flight = self.start(work);
                    let done = flight.done.clone();
                    state.flight = Some(flight);
                    done
                }
            }
        };
        let given_up = || Error::browser("the authorization was given up");
        let outcome = done.wait_for(Option::is_some).await.map_err(|_| given_up())?;
        outcome.clone().unwrap_or_else(|| Err(given_up())).map(|()| true)
    }

    /// The work is a task of its own: whoever waits for it may give up, and a refresh token that was used once must not be
    /// lost with its answer.
    fn start(self: &Arc<Self>, work: Work) -> Flight {
        let (tell, done) = watch::channel(None);
        let wallet = Arc::clone(self);
        let task = tokio::spawn(async move {
            let landing = Landing(Arc::clone(&wallet));
            let outcome = wallet.work(work).await;
            {
                let mut state = wallet.state();
                state.failed = match &outcome {
                    Err(error) if error.is_final() => Some((Instant::now(), error.clone())),
                    _ => None,
                };
            }
            drop(landing);
            tell.send_replace(Some(outcome));
        });
        Flight { done, task: task.abort_handle() }
    }

    /// Gives up what is under way.
    pub(super) fn end(&self) {
        if let Some(flight) = self.state().flight.take() {
            flight.task.abort();
        }
    }
}

/// Makes room for the next work, also when this one panicked.
struct Landing(Arc<Wallet>);

impl Drop for Landing {
    fn drop(&mut self) {
        self.0.state().flight = None;
    }
}

/// What to do with a token that ends soon, unless somebody else replaced it in the meantime.
fn expiring(state: &State, due: &Arc<Held>) -> Decision {
    match &state.held {
        Some(held) if Arc::ptr_eq(held, due) => Decision::Do(Work::Renew),
        _ => Decision::Again,
    }
}

/// What to do when the server wants a token, or not this one.
fn unauthorized(state: &mut State, demand: Demand, sent: Option<Secret>, attempt: u32) -> Decision {
    let refused = match (&state.held, sent) {
        (Some(held), Some(sent)) if held.credentials.access_token == sent => Some(sent),
        // Somebody else got one in the meantime.
        (Some(_), _) => return Decision::Again,
        (None, sent) => sent,
    };
    let was_useless = state
        .useless
        .as_ref()
        .is_some_and(|(since, token)| since.elapsed() < IN_A_ROW && refused.as_ref() == Some(token));
    let origin = state.held.as_ref().map(|held| held.origin);
    match origin {
        // It was got for this very request, and is refused: there is nothing better to be had, for others neither.
        Some(Origin::Granted | Origin::SteppedUp) if attempt > 1 || was_useless => {
            state.useless = refused.map(|token| (Instant::now(), token));
            Decision::GiveUp
        }
        Some(Origin::Refreshed) if attempt > 1 => Decision::Do(Work::Login { demand, refused, may_refresh: false }),
        _ => Decision::Do(Work::Login { demand, refused, may_refresh: true }),
    }
}

/// What to do when the token lacks scopes (2026-07-28, "Step-Up Authorization Flow").
fn forbidden(state: &State, demand: Demand, sent: Option<&Secret>, limit: u32) -> Decision {
    let Some(held) = &state.held else {
        return Decision::Do(Work::Login { demand, refused: sent.cloned(), may_refresh: false });
    };
    if Some(&held.credentials.access_token) != sent {
        return Decision::Again;
    }
    let known = &held.credentials.scopes;
    let demanded = demand.scopes.iter().flatten();
    let scopes = sound(known.iter().chain(demanded).map(String::as_str));
    let is_in_a_row = held.since.elapsed() < IN_A_ROW;
    // What was asked for and is still missing was not granted, and will not be.
    if scopes.len() == known.len() || (is_in_a_row && held.step_ups >= limit) {
        return Decision::GiveUp;
    }
    Decision::Do(Work::StepUp { demand, scopes })
}

/// The token that a request was sent with.
fn sent(headers: &HeaderMap) -> Option<Secret> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (_, token) = value.split_once(' ')?;
    Some(Secret::from(token))
}
