//! A server under load: a fixed number of requests in flight, each answer checked before the next request goes out.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;
use crate::http::{Http, free_address};
use crate::pipe::Pipe;
use crate::process::Process;
use crate::server::{Server, Transport};
use crate::wire::{Era, FIRST, Job, Request};

/// For how long a server is warmed up before it is measured.
const WARM: Duration = Duration::from_millis(30);
/// The fewest calls that make a figure.
const FEWEST: usize = 8;
const INITIALIZED: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;

/// One way to a server.
pub(crate) trait Channel {
    /// Adds a request to what the next flush sends.
    fn queue(&mut self, request: &Request, id: u32);
    fn flush(&mut self) -> Result<()>;
    /// Whether the next message is there without waiting.
    fn has_message(&self) -> bool;
    fn message(&mut self) -> Result<&[u8]>;
}

/// A server that runs, and the ways to it.
pub(crate) struct Target {
    pub(crate) process: Process,
    pub(crate) channels: Channels,
    next: u32,
}

pub(crate) enum Channels {
    Pipe(Box<Pipe>),
    Http(Vec<Http>, SocketAddr),
}

/// What one measurement gives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figure {
    /// The server's time for one call, in microseconds.
    pub(crate) time: f64,
    /// What half of the calls took at most, in microseconds.
    pub(crate) latency: f64,
}

impl Target {
    /// Starts a server and shakes hands.
    pub(crate) fn start(server: &Server, transport: Transport, era: Era, limit: Duration) -> Result<Self> {
        Self::start_with(server, transport, era, &[], limit)
    }

    pub(crate) fn start_with(
        server: &Server,
        transport: Transport,
        era: Era,
        variables: &[(&str, String)],
        limit: Duration,
    ) -> Result<Self> {
        let address = free_address()?;
        let (text, given) = (address.to_string(), transport == Transport::Http);
        let (process, pipes) = Process::start(server, transport, given.then_some(text.as_str()), variables, limit)?;
        let channels = match pipes {
            Some(pipes) => Channels::Pipe(Box::new(Pipe::new(pipes))),
            None => Channels::Http(vec![Http::connect(address, None)?], address),
        };
        let mut target = Self { process, channels, next: FIRST };
        if era == Era::Session {
            target.once(&mut Request::new(Job::Initialize, era))?;
            match &mut target.channels {
                Channels::Pipe(pipe) => pipe.notify(INITIALIZED)?,
                Channels::Http(connections, _) => connections[0].notify(INITIALIZED)?,
            }
        }
        Ok(target)
    }

    /// Makes one call and checks it.
    pub(crate) fn once(&mut self, request: &mut Request) -> Result<()> {
        self.rounds(request, 1, 1, Duration::ZERO).map(drop)
    }

    /// How long calls take with so many in flight; over HTTP each has a connection of its own.
    pub(crate) fn measure(&mut self, request: &mut Request, in_flight: usize, time: Duration) -> Result<Figure> {
        self.process.extend(Duration::from_secs(30) + time * 2);
        // Nothing is open, so the numbers may begin again: they keep their seven digits.
        self.next = FIRST;
        if let Channels::Http(connections, address) = &mut self.channels {
            // While other servers were measured, this one may have closed what was idle.
            *connections = vec![Http::connect(*address, connections[0].session.clone())?];
        }
        self.rounds(request, in_flight, in_flight, WARM)?;
        let before = self.process.time()?;
        let mut latencies = self.rounds(request, in_flight, FEWEST.max(in_flight), time)?;
        let took = self.process.time()?.since(&before);
        latencies.sort_unstable();
        let micros = |time: Duration| time.as_secs_f64() * 1e6;
        let count = u32::try_from(latencies.len())?;
        Ok(Figure { time: micros(took) / f64::from(count), latency: micros(latencies[latencies.len() / 2]) })
    }

    /// Calls until both the time is over and there were enough calls; gives how long each took.
    pub(crate) fn rounds(
        &mut self,
        request: &mut Request,
        in_flight: usize,
        fewest: usize,
        time: Duration,
    ) -> Result<Vec<Duration>> {
        let next = &mut self.next;
        match &mut self.channels {
            Channels::Pipe(pipe) => rounds(std::slice::from_mut(&mut **pipe), in_flight, next, request, fewest, time),
            Channels::Http(connections, address) => {
                connect(connections, *address, in_flight)?;
                rounds(&mut connections[..in_flight], 1, next, request, fewest, time)
            }
        }
    }
}

/// Opens connections until there are so many.
pub(crate) fn connect(connections: &mut Vec<Http>, address: SocketAddr, count: usize) -> Result<()> {
    let session = connections[0].session.clone();
    while connections.len() < count {
        connections.push(Http::connect(address, session.clone())?);
        // Whoever comes while the queue of a listener is full waits for a second.
        if connections.len().is_multiple_of(64) {
            thread::sleep(Duration::from_millis(5));
        }
    }
    Ok(())
}

fn rounds<C: Channel>(
    channels: &mut [C],
    in_flight: usize,
    next: &mut u32,
    request: &mut Request,
    fewest: usize,
    time: Duration,
) -> Result<Vec<Duration>> {
    let begun = Instant::now();
    let mut latencies = Vec::new();
    let mut open = HashSet::new();
    let mut sent = vec![begun; channels.len()];
    let mut queue = |channel: &mut C, request: &Request, open: &mut HashSet<u32>| {
        channel.queue(request, *next);
        open.insert(*next);
        *next += 1;
    };
    for (channel, sent) in channels.iter_mut().zip(&mut sent) {
        for _ in 0..in_flight {
            queue(channel, request, &mut open);
        }
        *sent = Instant::now();
        channel.flush()?;
    }
    let mut is_over = false;
    while !open.is_empty() {
        for (channel, sent) in channels.iter_mut().zip(&mut sent) {
            if open.is_empty() {
                break;
            }
            let message = channel.message()?;
            let now = Instant::now();
            let id = request.check(message)?;
            if !open.remove(&id) {
                return Err(format!("an answer to {id}, which is not open").into());
            }
            latencies.push(now - *sent);
            // Once it is over, every channel is only emptied: the round must end where it began.
            is_over = is_over || (now - begun >= time && latencies.len() + open.len() >= fewest);
            if !is_over {
                queue(channel, request, &mut open);
            }
            if !channel.has_message() {
                *sent = Instant::now();
                channel.flush()?;
            }
        }
    }
    Ok(latencies)
}

/// Makes so many calls one after another.
pub(crate) fn repeat(channel: &mut impl Channel, request: &mut Request, calls: usize) -> Result<()> {
    rounds(std::slice::from_mut(channel), 1, &mut { FIRST }, request, calls, Duration::ZERO).map(drop)
}
