//! One run: a server, three hosts with two clients each, and what happens between them. All that is random comes from the seed.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

use fastrand::Rng;
use mcp_runtime::Revision;
use mcp_runtime::store::MemoryStore;
use turmoil::{Builder, Sim};

use super::book::{Outcome, Page};
use super::host::{FORGOTTEN, Machine};
use super::network::SERVER;
use super::party::{Party, Way, play};
use super::plan::{Act, CHAOS, LINGER, plan};
use super::verdict::{Slip, Tally, Verdict, panics};

/// The clients' hosts.
const HOSTS: [&str; 3] = ["ann", "bob", "cid"];
/// How the two clients of each host reach the server.
const WAYS: [[Way; 2]; 3] = [
    [Way::Http(Some(Revision::LATEST)), Way::Http(None)],
    [Way::Http(Some(Revision::V2025_11_25)), Way::Http(Some(Revision::V2025_11_25))],
    [Way::Lines(Some(Revision::LATEST)), Way::Lines(Some(Revision::V2025_11_25))],
];
/// How far the clocks go at a time.
const TICK: Duration = Duration::from_millis(10);
/// When everybody has surely come to an end.
const LONGEST: Duration = Duration::from_mins(2);
/// How often clients are told of a change.
const CHANGES: Duration = Duration::from_millis(700);

/// Runs this seed; says what was wrong.
pub(crate) fn run(seed: u64, slip: Slip, verbose: bool) -> (Tally, Vec<String>) {
    panics();
    let mut dice = Rng::with_seed(seed);
    let usual = Duration::from_millis(dice.u64(20..300));
    let store = dice.bool().then(MemoryStore::default);
    let (machine, verdict) = (Machine::new(store, slip), Verdict::default());
    let mut sim = Builder::new()
        .simulation_duration(LONGEST + FORGOTTEN)
        .tick_duration(TICK)
        .min_message_latency(Duration::from_millis(1))
        .max_message_latency(usual)
        .tcp_capacity(256)
        .epoch(SystemTime::UNIX_EPOCH)
        .enable_random_order()
        .rng_seed(dice.u64(..))
        .build();
    let software = machine.clone();
    sim.host(SERVER, move || software.clone().run());
    for (index, (host, ways)) in (0..).zip(HOSTS.into_iter().zip(WAYS)) {
        let parties = [0, 1].map(|which: usize| Party {
            host,
            way: ways[which],
            number: index * 2 + which as u64,
            seed: dice.u64(..),
            machine: machine.clone(),
            verdict: verdict.clone(),
        });
        sim.client(host, play(parties, dice.u8(0..3) == 0));
    }
    let acts = plan(&mut dice, &HOSTS, usual);
    if verbose {
        for (at, act) in &acts {
            println!("{at:?}: {act:?}");
        }
    }
    let mut weather =
        Weather { machine: machine.clone(), dice, acts: acts.into(), is_up: true, tally: Tally::default() };
    let failed = weather.pass(&mut sim);
    verdict.check(failed.is_none(), || failed.unwrap_or_default());
    let Weather { mut tally, .. } = weather;
    let panicked = panics();
    verdict.check(panicked == 0, || format!("{panicked} tasks panicked, see above"));
    let pages = machine.book.pages();
    verdict.check(machine.tasks() == 0, || format!("{} tasks are left on the server", machine.tasks()));
    let usage = machine.usage();
    verdict.check(usage.is_empty(), || format!("the server still has {usage:?}"));
    let connections = machine.network.len();
    verdict.check(connections == 0, || format!("{connections} ends of connections are left"));
    for (value, page) in &pages {
        if verbose {
            println!("{value}: {page:?}");
        }
        judge(&verdict, *value, page);
        count(&mut tally, page);
    }
    let (wrong, heard) = verdict.take();
    tally.changes = heard;
    (tally, wrong)
}

/// What happens in a run besides what the hosts do.
struct Weather {
    machine: Machine,
    dice: Rng,
    acts: VecDeque<(Duration, Act)>,
    is_up: bool,
    tally: Tally,
}

impl Weather {
    /// Lets time pass until the clients are done and what they left behind is forgotten. Says what ended it before.
    fn pass(&mut self, sim: &mut Sim<'_>) -> Option<String> {
        let (mut change, mut done) = (Duration::ZERO, None);
        loop {
            let now = sim.elapsed();
            while let Some((_, act)) = self.acts.pop_front_if(|(at, _)| *at <= now) {
                self.act(sim, now, act);
            }
            for host in self.machine.vanished() {
                self.act(sim, now, Act::Cut(host));
            }
            self.tally.broken += self.machine.network.tick(now);
            if now >= change {
                self.machine.change(self.dice.bool());
                change += CHANGES;
            }
            match sim.step() {
                Ok(true) => {
                    if now > *done.get_or_insert(now) + FORGOTTEN {
                        return None;
                    }
                }
                Ok(false) if now > LONGEST => return Some(format!("somebody is not done after {now:?}")),
                Ok(false) => {}
                Err(error) => return Some(format!("at {now:?}: {error}")),
            }
        }
    }

    fn act(&mut self, sim: &mut Sim<'_>, now: Duration, act: Act) {
        let Self { tally, machine, dice, .. } = self;
        let mut lose = |host| machine.network.lose(host, now, LINGER, dice);
        match act {
            Act::Cut(host) => sim.partition(host, SERVER),
            Act::CutOut(host) => sim.partition_oneway(host, SERVER),
            Act::CutIn(host) => sim.partition_oneway(SERVER, host),
            Act::Repair(host) => sim.repair(host, SERVER),
            Act::Hold(host) => sim.hold(host, SERVER),
            Act::Release(host) => sim.release(host, SERVER),
            Act::Delay(host, longest) => sim.set_link_max_message_latency(host, SERVER, longest),
            Act::Kill => sim.crash(SERVER),
            Act::Fail => {
                for host in HOSTS {
                    sim.partition(host, SERVER);
                }
                sim.crash(SERVER);
            }
            Act::Start => {
                for host in HOSTS {
                    sim.repair(host, SERVER);
                }
                sim.bounce(SERVER);
            }
        }
        match act {
            Act::Cut(host) | Act::CutOut(host) | Act::CutIn(host) => {
                tally.partitions += 1;
                lose(host);
            }
            Act::Repair(host) => lose(host),
            Act::Hold(_) => tally.holds += 1,
            Act::Delay(_, _) if now < CHAOS => tally.slow += 1,
            Act::Release(_) | Act::Delay(_, _) => {}
            Act::Kill => self.is_up = false,
            Act::Fail | Act::Start => {
                tally.restarts += usize::from(!std::mem::replace(&mut self.is_up, matches!(act, Act::Start)));
                HOSTS.into_iter().for_each(lose);
            }
        }
    }
}

/// What must hold of each call once all is over.
fn judge(verdict: &Verdict, value: u64, page: &Page) {
    let Page { sent, received, begun, ended, dropped, is_payment, outcome } = page;
    let check = |holds: bool, what: &str| verdict.check(holds, || format!("{value} {what}: {page:?}"));
    check(outcome.is_some() || value >= 1_000_000_000, "has no outcome");
    check(received <= sent, "has more answers than it was asked");
    check(begun <= sent, "ran more often than it was sent");
    check(*begun == ended + dropped, "runs still");
    check(*received == 0 || *ended > 0, "is answered, and its function never came to an end");
    let is_answered = *outcome == Some(Outcome::Answered);
    check(!is_answered || *received > 0, "is answered by nobody");
    check(!is_payment || *begun <= 1, "was done twice");
    check(!is_payment || *received <= 1, "is answered twice");
}

fn count(tally: &mut Tally, page: &Page) {
    tally.calls += 1;
    match page.outcome {
        None | Some(Outcome::Answered) => tally.answered += 1,
        Some(Outcome::Failed(_)) => tally.failed += 1,
        Some(Outcome::GivenUp) => tally.given_up += 1,
    }
    tally.run += page.begun;
    tally.dropped += page.dropped;
    tally.repeated += usize::from(page.sent > 1);
}
