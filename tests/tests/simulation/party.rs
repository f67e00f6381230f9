//! The clients: each host runs two, which count their requests alike, and each of these is used by several tasks at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fastrand::Rng;
use mcp_runtime::client::{Change, Connect, Error, Retry, Source, Usage};
use mcp_runtime::model::{
    CallToolResult, ContentBlock, ElicitRequestFormParams, ElicitResult, JsonObject, SubscriptionFilter,
};
use mcp_runtime::{Client, ProtocolError, Revision};
use serde_json::json;
use tokio::io::split;
use tokio::runtime::Handle;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::book::Outcome;
use super::host::Machine;
use super::network::{HTTP, LINES};
use super::plan::{CHAOS, WHOLE};
use super::verdict::{Slip, Verdict};

/// How many tasks use one client.
const CALLERS: u64 = 3;
/// How long the user thinks at most.
const THINKING: Duration = Duration::from_millis(300);
/// How long the end of a client may take besides: the server is told, and may answer what it is asked.
const GRACE: Duration = Duration::from_secs(2);
const FAREWELL: Duration = Duration::from_secs(5);
/// What a clock that ticks may be off.
const SLACK: Duration = Duration::from_millis(50);
/// The longest time for one answer of a handshake, which takes five of them at most.
const HANDSHAKE: Duration = Duration::from_secs(3);
/// How long it may take until changes are heard of again: who listens waits for half a minute at most between attempts.
const HEARING: Duration = Duration::from_secs(40);
/// The longest pause between attempts to reach the server again; a call waits for it.
const PAUSE: Duration = Duration::from_secs(3);
/// How long the first call may take once the network is whole again.
const AGAIN: Duration = Duration::from_secs(10);

/// How a client reaches the server.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Way {
    /// `None` leaves it to the client to find out which revision the server speaks.
    Http(Option<Revision>),
    Lines(Option<Revision>),
}

/// A client and what it is to do.
#[derive(Clone, Debug)]
pub(crate) struct Party {
    pub(crate) host: &'static str,
    pub(crate) way: Way,
    /// No two are alike.
    pub(crate) number: u64,
    pub(crate) seed: u64,
    pub(crate) machine: Machine,
    pub(crate) verdict: Verdict,
}

/// The connection of a party, which is opened anew where the client does not do so itself.
#[derive(Debug)]
struct Line {
    party: Party,
    client: Mutex<Option<(u64, Client)>>,
    opened: AtomicU64,
    /// When it heard of a change last, in milliseconds.
    heard: AtomicU64,
}

/// What one host does.
pub(crate) async fn play(parties: [Party; 2], vanishes: bool) -> turmoil::Result {
    let Party { verdict, machine, host, .. } = parties[0].clone();
    let mut all = JoinSet::new();
    for party in parties {
        all.spawn(async move { (party.clone(), party.play().await) });
    }
    let (clients, mut last) = (all.join_all().await, JoinSet::new());
    if vanishes {
        // The last calls are on their way when the host is cut off, and its farewells are lost.
        for (party, client) in &clients {
            last.spawn(party.clone().last_call(client.clone()));
        }
        sleep(Duration::from_millis(500)).await;
        machine.vanish(host);
    }
    for (party, client) in clients {
        let start = Instant::now();
        client.close().await;
        let (took, most) = (start.elapsed(), 2 * GRACE + FAREWELL + SLACK);
        verdict.check(took <= most, || format!("{} took {took:?} to close", party.number));
    }
    last.join_all().await;
    // What was given up is gone a moment later.
    sleep(Duration::from_secs(2)).await;
    let tasks = Handle::current().metrics().num_alive_tasks();
    verdict.check(tasks == 0, || format!("{tasks} tasks are left on {host}"));
    Ok(())
}

impl Party {
    async fn play(self) -> Client {
        let (verdict, mut dice) = (self.verdict.clone(), Rng::with_seed(self.seed));
        let line = Arc::new(Line {
            party: self.clone(),
            client: Mutex::default(),
            opened: AtomicU64::default(),
            heard: AtomicU64::default(),
        });
        let listens = dice.bool();
        let listening = listens.then(|| tokio::spawn(listen(Arc::clone(&line))));
        let mut callers = JoinSet::new();
        for caller in 0..CALLERS {
            callers.spawn(Arc::clone(&line).calls(caller, dice.fork()));
        }
        callers.join_all().await;
        line.is_there_again().await;
        if let Some(listening) = listening {
            line.hears_again().await;
            listening.abort();
            drop(listening.await);
        }
        // A question whose call was given up may still be thought about.
        sleep(THINKING + Duration::from_millis(200)).await;
        let (_, client) = line.client().await;
        let usage = client.usage();
        verdict.check(usage == Usage::default(), || format!("{} still has {usage:?}", self.number));
        client
    }

    /// A call that nobody will answer.
    async fn last_call(self, client: Client) {
        let value = self.number * 10 + 2_000_000_000;
        let (start, most) = (Instant::now(), Duration::from_secs(3));
        let call = client.call("forever", json!({ "value": value })).timeout(most).max_timeout(most).await;
        let took = start.elapsed();
        self.verdict.check(call.is_err() && took <= most + SLACK, || format!("{value} took {took:?}: {call:?}"));
    }

    /// One attempt to connect.
    async fn connect(&self) -> anyhow::Result<Client> {
        let (network, host) = (self.machine.network.clone(), self.host);
        match self.way {
            Way::Http(revision) => {
                let connect = Client::http("http://server/mcp").dial(move |_, _| network.clone().connect(host, HTTP));
                self.finish(connect, revision).await
            }
            Way::Lines(revision) => {
                let (reader, writer) = split(timeout(HANDSHAKE, network.connect(host, LINES)).await??);
                self.finish(Client::stream(reader, writer), revision).await
            }
        }
    }

    async fn finish<S: Source>(&self, connect: Connect<S>, revision: Option<Revision>) -> anyhow::Result<Client> {
        let book = self.machine.book.clone();
        let retry = Retry::default().pause(Duration::from_millis(200), PAUSE);
        let connect = connect.timeout(HANDSHAKE).grace(GRACE).retry(retry);
        let connect = revision.into_iter().fold(connect, Connect::protocol);
        let connect = connect.on_frame(move |direction, frame| book.frame(direction, frame)).on_elicit(think);
        let (start, most) = (Instant::now(), 5 * HANDSHAKE + SLACK);
        let connected = connect.connect().await;
        let took = start.elapsed();
        self.verdict.check(took <= most, || format!("{} took {took:?} to connect: {connected:?}", self.number));
        Ok(connected?)
    }
}

/// What the user says to a question.
async fn think(form: ElicitRequestFormParams) -> Result<ElicitResult, ProtocolError> {
    let mut content = JsonObject::new();
    let value = form.message.parse::<u64>().map_err(|error| ProtocolError::internal(error.to_string()))?;
    content.insert("value".to_owned(), value.into());
    sleep(THINKING / u32::try_from(value % 7 + 1).unwrap_or(1)).await;
    Ok(ElicitResult::accept(content))
}

impl Line {
    /// The client in use, or another one, however often it takes.
    async fn client(&self) -> (u64, Client) {
        let mut client = self.client.lock().await;
        loop {
            if let Some((number, client)) = &*client {
                return (*number, client.clone());
            }
            if let Ok(opened) = self.party.connect().await {
                // Which tools may be called twice is in the list.
                let _ = opened.list_tools().await;
                *client = Some((self.opened.fetch_add(1, Ordering::Relaxed), opened));
            } else {
                sleep(Duration::from_millis(200)).await;
            }
        }
    }

    /// This client's connection is over for good.
    async fn lost(&self, number: u64) {
        let mut client = self.client.lock().await;
        client.take_if(|(known, _)| *known == number);
    }

    async fn calls(self: Arc<Self>, caller: u64, mut dice: Rng) {
        let mut value = (self.party.number * CALLERS + caller) * 10_000;
        while now() < CHAOS {
            value += 1;
            self.call(value, &mut dice).await;
            sleep(Duration::from_millis(dice.u64(0..800))).await;
        }
    }

    /// One call of any kind, with everything that must hold of it.
    async fn call(&self, value: u64, dice: &mut Rng) {
        let (verdict, book) = (&self.party.verdict, &self.party.machine.book);
        let tool = ["echo", "echo", "nap", "nap", "pay", "pay", "pay", "steps", "ask", "forever"][dice.usize(0..10)];
        let time = Duration::from_millis(dice.u64(500..4000));
        let longest = time + Duration::from_millis(dice.u64(0..3000));
        let patience = (tool == "forever" || dice.u8(0..8) == 0).then(|| Duration::from_millis(dice.u64(0..2500)));
        let mut arguments = json!({ "value": value });
        if matches!(tool, "nap" | "pay" | "steps") {
            arguments["millis"] = dice.u64(0..1500).into();
        }
        let (number, client) = self.client().await;
        let request = client.call(tool, arguments).timeout(time).max_timeout(longest);
        let request = request.on_progress(|progress| {
            let is_own = progress.message.as_deref() == Some(&*value.to_string());
            verdict.check(is_own, || format!("{value} hears of the progress of another call: {progress:?}"));
        });
        let request = match self.party.machine.slip {
            Slip::Repeats => request.safe_to_repeat(),
            Slip::Waits => request.timeout(2 * longest).max_timeout(2 * longest),
            Slip::None | Slip::Mixes | Slip::Keeps => request,
        };
        let start = Instant::now();
        let result = match patience {
            Some(patience) => timeout(patience, request).await.ok(),
            None => Some(request.await),
        };
        let passed = start.elapsed();
        let most = patience.unwrap_or(longest + if tool == "ask" { THINKING } else { Duration::ZERO }) + SLACK;
        verdict.check(passed <= most, || format!("{tool} {value} took {passed:?} of {most:?}: {result:?}"));
        if matches!((&result, self.party.way), (Some(Err(Error::Closed { .. })), Way::Lines(_))) {
            self.lost(number).await;
        }
        let outcome = match result {
            None => Outcome::GivenUp,
            Some(Ok(result)) => answered(verdict, tool, value, &result),
            Some(Err(error)) => failed(verdict, value, &error),
        };
        book.close(value, outcome);
    }

    /// Once nothing breaks any more, the next call is answered.
    async fn is_there_again(&self) {
        sleep(WHOLE.saturating_sub(now())).await;
        let value = self.party.number * 10 + 1_000_000_000;
        for attempt in 0.. {
            let (number, client) = self.client().await;
            let value = value + attempt;
            let request = client.call("echo", json!({ "value": value })).timeout(AGAIN).max_timeout(AGAIN);
            let result = request.await;
            if matches!((&result, self.party.way, attempt), (Err(Error::Closed { .. }), Way::Lines(_), 0)) {
                // It ended before, and nobody has noticed.
                self.lost(number).await;
                continue;
            }
            let is_answered = result.is_ok();
            self.party.verdict.check(is_answered, || format!("the network is whole, and {value} ends in {result:?}"));
            break;
        }
    }
}

impl Line {
    /// Once nothing breaks any more, changes are heard of: whoever listens waits longer from time to time to do so again.
    async fn hears_again(&self) {
        let hears = async {
            while u128::from(self.heard.load(Ordering::Relaxed)) < WHOLE.as_millis() {
                sleep(Duration::from_millis(100)).await;
            }
        };
        let hears = timeout(HEARING, hears).await;
        self.party.verdict.check(hears.is_ok(), || format!("{} hears of nothing any more", self.party.number));
    }
}

/// How long the simulation has lasted.
fn now() -> Duration {
    turmoil::sim_elapsed().unwrap_or_default()
}

fn answered(verdict: &Verdict, tool: &str, value: u64, result: &CallToolResult) -> Outcome {
    if result.is_error == Some(true) && tool == "ask" {
        // The question or its answer was lost, and the function was told.
        return Outcome::Failed("tool");
    }
    let is_own = result.content == [ContentBlock::text(value.to_string())] && result.is_error != Some(true);
    verdict.check(is_own, || format!("{tool} {value} is answered with {result:?}"));
    Outcome::Answered
}

fn failed(verdict: &Verdict, value: u64, error: &Error) -> Outcome {
    Outcome::Failed(match error {
        Error::Timeout { .. } => "time",
        Error::Closed { .. } => "closed",
        Error::Http { .. } => "http",
        Error::Expired { .. } => "expired",
        other => {
            verdict.check(false, || format!("{value} ends in {other:?}"));
            "other"
        }
    })
}

/// Hears of changes for as long as it is let, over whatever connections there are.
async fn listen(line: Arc<Line>) {
    let filter = SubscriptionFilter { tools_list_changed: Some(true), ..SubscriptionFilter::default() };
    loop {
        let (number, client) = line.client().await;
        if let Ok(mut changes) = client.listen(filter.clone()).await {
            while let Ok(change) = changes.next().await {
                line.party.verdict.heard();
                line.heard.store(u64::try_from(now().as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
                let is_asked = matches!(change, Change::Tools | Change::Anything);
                line.party.verdict.check(is_asked, || format!("nobody asked for {change:?}"));
            }
        }
        if matches!(line.party.way, Way::Lines(_)) {
            line.lost(number).await;
        }
        sleep(Duration::from_millis(200)).await;
    }
}
