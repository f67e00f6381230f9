//! What no loop of calls shows: how fast a server is there, what ten thousand calls in flight take, and what one call that
//! computes costs the others.

use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;
use crate::load::{Channel, Channels, Target, connect};
use crate::process::{Process, resident};
use crate::server::{MANY, Server, Transport};
use crate::wire::{Era, FIRST, Job, Request};

const LIMIT: Duration = Duration::from_mins(1);
/// How many calls are in flight on one pipe, and how many are made over HTTP.
const CALLS: u32 = 10_000;
const CONNECTIONS: usize = 1_000;
/// For how long a call waits on a pipe, and over HTTP, where each connection makes ten of them.
const SLEEP: u64 = 1_000;
const SHORT_SLEEP: u64 = 200;
const PER_CONNECTION: u64 = 10;

/// How long it takes from the start to the first answer, in milliseconds, and how much memory is resident then, in MiB.
pub(crate) fn cold_start(server: &Server, transport: Transport) -> Result<(f64, f64)> {
    let begun = Instant::now();
    let target = Target::start(server, transport, Era::Session, LIMIT)?;
    let took = begun.elapsed();
    Ok((took.as_secs_f64() * 1e3, target.process.resident()? / 1024.0))
}

/// What calls in flight took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flight {
    /// Until the last answer, in seconds.
    pub(crate) time: f64,
    /// Resident memory for each call at the most, in KiB.
    pub(crate) memory: f64,
}

/// Ten thousand calls that wait for a second, on one pipe.
pub(crate) fn in_flight_on_a_pipe(server: &Server) -> Result<Flight> {
    let mut target = Target::start(server, Transport::Stdio, Era::Session, LIMIT)?;
    let mut request = Request::new(Job::Sleep(SLEEP), Era::Session);
    let before = target.process.resident()?;
    let mut lines = Vec::new();
    for id in 0..CALLS {
        request.write(&mut lines, FIRST + 1000 + id);
        lines.push(b'\n');
    }
    let Channels::Pipe(pipe) = &mut target.channels else { return Err("not a pipe".into()) };
    let (input, output) = (&mut pipe.input, &mut pipe.output);
    watched(&target.process, before, || {
        let begun = Instant::now();
        thread::scope(|scope| {
            // Whoever does not read while it is being written to would wait for ever.
            scope.spawn(|| input.write_all(&lines));
            let mut seen = vec![false; CALLS as usize];
            for _ in 0..CALLS {
                let id = request.check(output.next()?)?;
                let slot = id.checked_sub(FIRST + 1000).and_then(|index| seen.get_mut(index as usize));
                if std::mem::replace(slot.ok_or("an unknown number")?, true) {
                    return Err(format!("{id} was answered twice").into());
                }
            }
            Ok(begun.elapsed())
        })
    })
}

/// As many calls over a thousand connections, ten on each after one another.
pub(crate) fn in_flight_over_http(server: &Server) -> Result<Flight> {
    let mut target = Target::start(server, Transport::Http, Era::Session, LIMIT)?;
    let mut request = Request::new(Job::Sleep(SHORT_SLEEP), Era::Session);
    let before = target.process.resident()?;
    let id = target.process.id();
    watched_id(id, before, || {
        if let Channels::Http(connections, address) = &mut target.channels {
            connect(connections, *address, CONNECTIONS)?;
        }
        let begun = Instant::now();
        let time = Duration::from_millis(SHORT_SLEEP * (PER_CONNECTION - 1));
        let calls = target.rounds(&mut request, CONNECTIONS, CALLS as usize, time)?;
        if calls.len() < CALLS as usize {
            return Err(format!("{} calls were answered", calls.len()).into());
        }
        Ok(begun.elapsed())
    })
}

fn watched(process: &Process, before: f64, calls: impl FnOnce() -> Result<Duration>) -> Result<Flight> {
    watched_id(process.id(), before, calls)
}

/// Looks at the resident memory while something goes on.
fn watched_id(id: u32, before: f64, calls: impl FnOnce() -> Result<Duration>) -> Result<Flight> {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut most = before;
            while !is_over.load(Ordering::Relaxed) {
                most = resident(id).map_or(most, |now| most.max(now));
                thread::sleep(Duration::from_millis(5));
            }
            most
        });
        let took = calls();
        is_over.store(true, Ordering::Relaxed);
        let most = watcher.join().map_err(|_| "whoever looked at the memory is gone")?;
        Ok(Flight { time: took?.as_secs_f64(), memory: (most - before) / f64::from(CALLS) })
    })
}

/// How long a server with so many tools takes to start, in milliseconds, and for a call, in microseconds.
pub(crate) fn many_tools(tools: usize, time: Duration) -> Result<(f64, f64)> {
    let begun = Instant::now();
    let mut target = Target::start_with(&MANY, Transport::Stdio, Era::Session, &[("TOOLS", tools.to_string())], LIMIT)?;
    let took = begun.elapsed();
    let figure = target.measure(&mut Request::new(Job::Add, Era::Session), 64, time)?;
    Ok((took.as_secs_f64() * 1e3, figure.time))
}

/// How long 64 calls of 5 ms of computing take on one pipe, by the ideal time on all cores.
pub(crate) fn computing() -> Result<f64> {
    let cores = u32::try_from(thread::available_parallelism()?.get())?;
    let mut target = Target::start(&MANY, Transport::Stdio, Era::Session, LIMIT)?;
    let begun = Instant::now();
    target.rounds(&mut Request::new(Job::Spin(5), Era::Session), 64, 64, Duration::ZERO)?;
    let ideal = Duration::from_millis(64 * 5) / cores;
    Ok(begun.elapsed().as_secs_f64() / ideal.as_secs_f64())
}

/// How long short calls take while another one computes for half a second: the median and the longest, in milliseconds.
pub(crate) fn spinning() -> Result<(f64, f64)> {
    let mut target = Target::start(&MANY, Transport::Stdio, Era::Session, LIMIT)?;
    let (mut spin, mut add) = (Request::new(Job::Spin(500), Era::Session), Request::new(Job::Add, Era::Session));
    target.once(&mut add)?;
    let Channels::Pipe(pipe) = &mut target.channels else { return Err("not a pipe".into()) };
    let spinning = FIRST + 1000;
    pipe.queue(&spin, spinning);
    pipe.flush()?;
    let mut latencies = Vec::new();
    for id in spinning + 1.. {
        let begun = Instant::now();
        pipe.queue(&add, id);
        pipe.flush()?;
        let mut is_over = false;
        loop {
            let message = pipe.message()?;
            if message.windows(8).any(|window| window == b"computed") {
                is_over = spin.check(message)? == spinning;
            } else if add.check(message)? == id {
                break;
            }
        }
        latencies.push(begun.elapsed().as_secs_f64() * 1e3);
        if is_over {
            break;
        }
        thread::sleep(Duration::from_millis(1));
    }
    latencies.sort_unstable_by(f64::total_cmp);
    let most = latencies.last().copied().ok_or("no call came through")?;
    Ok((latencies[latencies.len() / 2], most))
}
