//! What is done to come to a token: find out who gives it, see what is there already, renew it, or ask. Floor 6.

use std::sync::Arc;

use oauth2::url::Url;

use super::challenge::Demand;
use super::error::Error;
use super::fetch::Fetch;
use super::grant::{Attempt, Site, select};
use super::key::{BindingKey, now};
use super::secret::Secret;
use super::settings::{Grant, Identity};
use super::store::Credentials;
use super::wallet::{Origin, Wallet, Work};
use super::{issuer, resource};

impl Wallet {
    pub(super) async fn work(&self, work: Work) -> Result<(), Error> {
        let Some((server, fetch)) = self.server() else { return Ok(()) };
        match work {
            Work::Renew => self.renew(&fetch).await,
            Work::Login { demand, refused, may_refresh } => {
                let site = self.discover(&server, &fetch, &demand).await?;
                self.login(&fetch, &site, &demand, refused, may_refresh).await
            }
            Work::StepUp { demand, scopes } => {
                let site = self.discover(&server, &fetch, &demand).await?;
                let known = self.known(&site).await?;
                let attempt = self.attempt(&fetch, &site, &demand, known.as_ref())?;
                self.grant(attempt, &scopes, known, Origin::SteppedUp).await
            }
        }
    }

    /// Finds out who gives tokens for the server. It is asked anew each time: servers move to other authorization servers.
    async fn discover(&self, server: &Url, fetch: &Fetch, demand: &Demand) -> Result<Arc<Site>, Error> {
        let resource = resource::discover(fetch, server, self.place(demand).as_deref()).await?;
        let bound = self.bound();
        let held = self.held().map(|held| held.key.issuer.clone());
        let named = &resource.issuers;
        let chosen = match &bound {
            Some(issuer) if named.is_empty() || named.contains(issuer) => named.iter().find(|name| *name == issuer),
            Some(issuer) => return Err(Error::Bound { issuer: issuer.clone(), named: named.clone() }),
            None => named.iter().find(|name| Some(*name) == held.as_ref()).or(named.first()),
        };
        let issuer = match chosen {
            Some(chosen) => issuer::discover(fetch, chosen).await?,
            None => issuer::discover_old(fetch, server).await?,
        };
        if !matches!(self.settings.identity, Identity::Found) {
            match bound {
                Some(bound) if bound != issuer.name => {
                    return Err(Error::Bound { issuer: bound, named: vec![issuer.name] });
                }
                _ => self.bind(&issuer.name),
            }
        }
        Ok(self.found(Site { resource, issuer }))
    }

    /// What the client has there already. Another process may have renewed it, so the store knows best.
    async fn known(&self, site: &Site) -> Result<Option<Credentials>, Error> {
        let key = site.key();
        let stored = self.settings.store.load(&key).await?;
        Ok(stored.or_else(|| self.held().filter(|held| held.key == key).map(|held| held.credentials.clone())))
    }

    async fn login(
        &self,
        fetch: &Fetch,
        site: &Site,
        demand: &Demand,
        refused: Option<Secret>,
        may_refresh: bool,
    ) -> Result<(), Error> {
        let mut known = self.known(site).await?;
        let attempt = self.attempt(fetch, site, demand, known.as_ref())?;
        if let Some(stored) = known.as_ref().filter(|stored| self.is_usable(stored, refused.as_ref())) {
            let is_bound = stored.binding_key.is_some();
            if is_bound == attempt.binding.is_some() {
                self.hold(site.key(), stored.clone(), attempt.binding, Origin::Stored);
                return Ok(());
            }
        }
        if may_refresh && let Some(refreshed) = self.refreshed(&attempt, &mut known).await? {
            return self.keep(&attempt, refreshed, Origin::Refreshed).await;
        }
        let scopes = select(&self.settings, site, demand.scopes.as_deref(), known.as_ref());
        self.grant(attempt, &scopes, known, Origin::Granted).await
    }

    fn is_usable(&self, stored: &Credentials, refused: Option<&Secret>) -> bool {
        let is_refused = refused == Some(&stored.access_token);
        let was_held = self.held().is_some_and(|held| held.credentials.access_token == stored.access_token);
        !is_refused && !was_held && stored.renew_at.is_none_or(|time| time > now())
    }

    /// Uses the refresh token, if there is one. One that is refused is forgotten, and so is a registration that is not known
    /// any more.
    async fn refreshed(
        &self,
        attempt: &Attempt<'_>,
        known: &mut Option<Credentials>,
    ) -> Result<Option<Credentials>, Error> {
        let Some(credentials) = known else { return Ok(None) };
        let Some(refresh) = credentials.refresh_token.take() else { return Ok(None) };
        match attempt.refresh(credentials, &refresh).await {
            Ok(refreshed) => Ok(Some(refreshed)),
            Err(error) if error.is_unknown_client() => {
                *known = None;
                self.settings.store.remove(&attempt.site.key()).await?;
                Ok(None)
            }
            Err(error) if error.is_refusal() => {
                self.forget(attempt.site, credentials).await?;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Keeps what is left once a refresh token is worth nothing, unless another process has put something newer there.
    async fn forget(&self, site: &Site, left: &Credentials) -> Result<(), Error> {
        let key = site.key();
        let stored = self.settings.store.load(&key).await?;
        if stored.is_some_and(|stored| stored.access_token == left.access_token) {
            self.settings.store.save(&key, left).await?;
        }
        Ok(())
    }

    /// Gets a token from the beginning; once more, as a stranger, if the authorization server has forgotten the client.
    async fn grant(
        &self,
        attempt: Attempt<'_>,
        scopes: &[String],
        known: Option<Credentials>,
        origin: Origin,
    ) -> Result<(), Error> {
        let is_found = matches!(self.settings.identity, Identity::Found);
        let granted = match attempt.grant(scopes.to_vec(), known.as_ref()).await {
            Err(error) if error.is_unknown_client() && known.is_some() && is_found => {
                self.settings.store.remove(&attempt.site.key()).await?;
                attempt.grant(scopes.to_vec(), None).await
            }
            other => other,
        };
        self.keep(&attempt, granted?, origin).await
    }

    async fn keep(&self, attempt: &Attempt<'_>, credentials: Credentials, origin: Origin) -> Result<(), Error> {
        let key = attempt.site.key();
        self.hold(key.clone(), credentials.clone(), attempt.binding.clone(), origin);
        self.settings.store.save(&key, &credentials).await
    }

    /// Replaces a token that ends soon, at the authorization server that gave it.
    async fn renew(&self, fetch: &Fetch) -> Result<(), Error> {
        let (Some(site), Some(held)) = (self.site(), self.held()) else { return Ok(()) };
        let mut known = self.known(&site).await?;
        let attempt = self.attempt(fetch, &site, &Demand::default(), known.as_ref())?;
        if let Some(stored) = known.as_ref().filter(|stored| self.is_usable(stored, None)) {
            self.hold(site.key(), stored.clone(), attempt.binding, Origin::Stored);
            return Ok(());
        }
        if let Some(refreshed) = self.refreshed(&attempt, &mut known).await? {
            return self.keep(&attempt, refreshed, Origin::Refreshed).await;
        }
        if matches!(self.settings.grant, Grant::Code) {
            // The server refuses the next request, and the user is asked then.
            self.drop_token();
            return Ok(());
        }
        self.grant(attempt, &held.credentials.scopes, known, Origin::Granted).await
    }

    /// Decides whether the token shall be bound to a key, and to which one.
    fn attempt<'a>(
        &'a self,
        fetch: &'a Fetch,
        site: &'a Site,
        demand: &Demand,
        known: Option<&Credentials>,
    ) -> Result<Attempt<'a>, Error> {
        let kept = known.and_then(|known| known.binding_key.as_ref());
        let binds = self.settings.binds || demand.only_dpop || site.resource.only_dpop || kept.is_some();
        let binding = match (binds, kept) {
            (false, _) => None,
            (true, Some(kept)) => Some(BindingKey::restore(kept)?),
            (true, None) => {
                site.issuer.binds_tokens()?;
                Some(BindingKey::generate()?)
            }
        };
        Ok(Attempt { settings: &self.settings, fetch, nonces: &self.nonces, site, binding })
    }
}
