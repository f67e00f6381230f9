//! What a server asks the user while it works on a request: answered on the terminal, or, where there is none, the end of the
//! request. Nothing is answered in the user's stead.

mod field;
mod form;
mod lines;
mod page;

use std::sync::Arc;
use std::time::Duration;

use mcp_runtime::client::{self, Connect, Source};
use mcp_runtime::model::{ElicitRequestFormParams, ElicitResult, ProgressNotificationParams};
use tokio::sync::{Mutex, mpsc, watch};
use tokio::time::{Instant, sleep_until};

use self::lines::Lines;
use crate::error::Failure;
use crate::print::{Console, visible};
use crate::target::Prepare;

/// Answers what a server asks, one question at a time.
pub(crate) struct Asker(Arc<Shared>);

struct Shared {
    console: Console,
    /// Whoever has it asks.
    lines: Mutex<Lines>,
    /// How many signs of life there were, and how many questions wait for the user.
    state: watch::Sender<State>,
    /// What was asked where nobody can answer.
    unanswered: mpsc::UnboundedSender<Failure>,
    heard: Mutex<mpsc::UnboundedReceiver<Failure>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    signs: u64,
    asking: usize,
}

/// The longest that a request may take whatever it tells of its progress, in multiples of `--timeout`.
const LONGEST: u32 = 10;

impl Asker {
    pub(crate) fn new(console: &Console) -> Self {
        let (unanswered, heard) = mpsc::unbounded_channel();
        Self(Arc::new(Shared {
            console: *console,
            lines: Mutex::new(Lines::default()),
            state: watch::Sender::new(State::default()),
            unanswered,
            heard: Mutex::new(heard),
        }))
    }

    /// Shows progress, unless somebody is being asked.
    pub(crate) fn progress(&self) -> impl FnMut(ProgressNotificationParams) + Send + 'static {
        let shared = Arc::clone(&self.0);
        move |progress| {
            let mut is_asking = false;
            shared.state.send_modify(|state| {
                state.signs += 1;
                is_asking = state.asking > 0;
            });
            if !is_asking {
                shared.console.progress(&progress);
            }
        }
    }

    /// How long the client itself is to wait: the time is kept in [`Self::answered`], where it stands still while the user is
    /// asked.
    pub(crate) const PATIENCE: Duration = Duration::from_hours(24);

    /// Waits for the answer to a request: `timeout` for each sign of life, and as long as the user takes.
    pub(crate) async fn answered<T>(
        &self,
        timeout: u64,
        request: impl Future<Output = Result<T, client::Error>>,
    ) -> Result<T, Failure> {
        let time = Duration::from_secs(timeout);
        let mut state = self.0.state.subscribe();
        let mut heard = self.0.heard.lock().await;
        let mut request = std::pin::pin!(request);
        let mut until = Instant::now() + time;
        let mut end = Instant::now() + time * LONGEST;
        loop {
            tokio::select! {
                biased;
                Some(failure) = heard.recv() => return Err(failure),
                answer = &mut request => {
                    self.0.console.end_progress();
                    return Ok(answer?);
                }
                Ok(()) = state.changed() => until = Instant::now() + time,
                () = sleep_until(until.min(end)) => {
                    if state.borrow().asking == 0 {
                        self.0.console.end_progress();
                        return Err(Failure::late(time));
                    }
                    until = Instant::now() + time;
                    end = Instant::now() + time * LONGEST;
                }
            }
        }
    }
}

/// Has the connection's questions answered here.
impl Prepare for Asker {
    fn prepare<S: Source>(&self, connect: Connect<S>) -> Connect<S> {
        let (forms, pages) = (Arc::clone(&self.0), Arc::clone(&self.0));
        connect
            .on_elicit(move |form| {
                let shared = Arc::clone(&forms);
                async move { Ok(shared.fill_in(form).await) }
            })
            .on_elicit_url(move |page| {
                let shared = Arc::clone(&pages);
                async move {
                    if !shared.console.can_ask() {
                        return Ok(shared.give_up(page::told(&page)).await);
                    }
                    let _asking = Asking::new(&shared.state);
                    let mut lines = shared.lines.lock().await;
                    Ok(page::visit(&page, &mut lines, &shared.console).await)
                }
            })
    }
}

impl Shared {
    async fn fill_in(&self, form: ElicitRequestFormParams) -> ElicitResult {
        if !self.console.can_ask() {
            return self.give_up(form::told(&form)).await;
        }
        let _asking = Asking::new(&self.state);
        let mut lines = self.lines.lock().await;
        form::fill_in(&form, &mut lines, &self.console).await
    }

    /// Ends the request: a refusal that nobody said would be an answer, too.
    async fn give_up(&self, told: (String, Option<String>)) -> ElicitResult {
        let (message, wanted) = told;
        let wanted = wanted.map(|wanted| format!("it wants {wanted}; ")).unwrap_or_default();
        let failure = Failure::usage(format!("the server asks, and nobody is there to answer: {}", visible(&message)))
            .hint(format!("{wanted}run it on a terminal, without --json, to answer"));
        // Only the first matters, and whoever waits for it is there as long as the request.
        let _ = self.unanswered.send(failure);
        std::future::pending().await
    }
}

/// Somebody is asked as long as this lives.
struct Asking<'s>(&'s watch::Sender<State>);

impl<'s> Asking<'s> {
    fn new(state: &'s watch::Sender<State>) -> Self {
        state.send_modify(|state| state.asking += 1);
        Self(state)
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|state| state.asking -= 1);
    }
}
