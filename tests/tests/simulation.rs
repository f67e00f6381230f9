//! Clients and servers over a network that loses, delays, holds and reorders, with a server that is killed and started again:
//! for each seed, no call hangs, none is answered twice or with another's answer, nothing is done twice, and nothing is left.
//!
//! `SIMULATION_SEEDS=10000` tries as many seeds, `SIMULATION_SEED=17` tries that one and prints its course; both together begin
//! there. `SIMULATION_TIMES=20` tries each as often. The network, the faults and what the clients do come from the seed. Which of
//! several ready tasks runs first does not (`select!`, hash maps, pauses before a retry), so that a seed which failed may take
//! more than one run to fail again.

#[path = "simulation/book.rs"]
mod book;
#[path = "simulation/host.rs"]
mod host;
#[path = "simulation/network.rs"]
mod network;
#[path = "simulation/party.rs"]
mod party;
#[path = "simulation/plan.rs"]
mod plan;
#[path = "simulation/verdict.rs"]
mod verdict;
#[path = "simulation/world.rs"]
mod world;

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use self::verdict::{Slip, Tally};

/// How many seeds are tried unless `SIMULATION_SEEDS` says otherwise.
const SEEDS: u64 = 200;
/// After how many seeds that failed no other is tried.
const ENOUGH: usize = 5;
/// How long one run may take: it takes a second or two, and no simulated time passes in one that spins.
const SPINS: Duration = Duration::from_mins(5);

/// What is to be tried, and what came of it.
#[derive(Debug, Default)]
struct Batch {
    verbose: bool,
    /// The runs to come, each by its seed.
    coming: Vec<u64>,
    running: HashMap<thread::ThreadId, (u64, Instant)>,
    sum: Tally,
    failed: Vec<(u64, Vec<String>)>,
}

fn variable(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} must be a number, not {text:?}")))
}

fn lock(batch: &Mutex<Batch>) -> MutexGuard<'_, Batch> {
    batch.lock().unwrap_or_else(PoisonError::into_inner)
}

fn work(batch: &Mutex<Batch>) {
    let id = thread::current().id();
    loop {
        let (seed, verbose) = {
            let mut batch = lock(batch);
            batch.running.remove(&id);
            let next = if batch.failed.len() < ENOUGH { batch.coming.pop() } else { None };
            let Some(seed) = next else { return };
            batch.running.insert(id, (seed, Instant::now()));
            (seed, batch.verbose)
        };
        let ran = catch_unwind(AssertUnwindSafe(|| world::run(seed, Slip::None, verbose)));
        let (tally, wrong) = ran.unwrap_or_else(|_| (Tally::default(), vec!["it panicked, see above".to_owned()]));
        let mut batch = lock(batch);
        batch.sum.add(&tally);
        if !wrong.is_empty() {
            batch.failed.push((seed, wrong));
        }
    }
}

/// Ends the process when a run spins: nothing else can.
fn watch(batch: &Mutex<Batch>) {
    let spins = lock(batch).running.values().find(|(_, since)| since.elapsed() > SPINS).map(|(seed, _)| *seed);
    if let Some(seed) = spins {
        eprintln!("seed {seed} has not ended after {SPINS:?}");
        std::process::exit(1);
    }
}

#[test]
fn nothing_hangs_is_lost_or_done_twice_over_a_network_that_fails() {
    let one = variable("SIMULATION_SEED");
    let seeds = variable("SIMULATION_SEEDS").unwrap_or(if one.is_some() { 1 } else { SEEDS });
    let (first, times) = (one.unwrap_or_default(), variable("SIMULATION_TIMES").unwrap_or(1));
    let coming: Vec<_> = (first..first + seeds).rev().flat_map(|seed| (0..times).map(move |_| seed)).collect();
    let (runs, start) = (coming.len(), Instant::now());
    let batch = Mutex::new(Batch { verbose: one.is_some() && runs == 1, coming, ..Batch::default() });
    thread::scope(|scope| {
        let threads = thread::available_parallelism().map_or(1, usize::from).min(runs);
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| work(&batch))).collect();
        while !workers.iter().all(thread::ScopedJoinHandle::is_finished) {
            thread::sleep(Duration::from_millis(100));
            watch(&batch);
        }
    });
    let Batch { sum, failed, .. } = batch.into_inner().unwrap_or_else(PoisonError::into_inner);
    println!("{runs} runs in {:?}: {sum:?}", start.elapsed());
    for (seed, wrong) in &failed {
        println!("seed {seed}:\n  {}", wrong.join("\n  "));
        println!("  again: SIMULATION_SEED={seed} cargo test -p mcp-tests --test simulation -- --nocapture");
    }
    let first = failed.first().map(|(seed, wrong)| format!("seed {seed}: {}", wrong.join("; "))).unwrap_or_default();
    assert!(failed.is_empty(), "{} of {runs} runs failed; {first}", failed.len());
}

#[test]
fn what_is_wrong_on_purpose_is_seen() {
    let slips = [
        (Slip::Repeats, "was done twice"),
        (Slip::Waits, " took "),
        (Slip::Mixes, "is answered with"),
        (Slip::Keeps, "tasks are left on the server"),
    ];
    for (slip, seen) in slips {
        let is_seen = |seed| world::run(seed, slip, false).1.iter().any(|wrong| wrong.contains(seen));
        assert!((0..20).any(is_seen), "nobody sees {slip:?}");
    }
}
