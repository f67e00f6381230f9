//! Everything at once: builds, checks, rounds in which every server takes its turn in every scenario, and the report.

use crate::core::OneCore;
use crate::figures::{Figures, Key};
use crate::load::Target;
use crate::options::Options;
use crate::server::{self, MANY, OURS, Server, Transport};
use crate::special;
use crate::wire::{Era, Job, Request};
use crate::{Result, lists, report, say};

/// The scenarios of a loop: name, job, and how many are in flight over stdio and over HTTP.
pub(crate) const SCENARIOS: [(&str, Job, [usize; 2]); 6] = [
    ("add", Job::Add, [1, 1]),
    ("many", Job::Add, [64, 32]),
    ("search", Job::Search, [64, 32]),
    ("list", Job::List, [64, 32]),
    ("echo64k", Job::Echo(64 << 10), [1, 1]),
    ("echo1m", Job::Echo(1 << 20), [1, 1]),
];
/// The scenario in which the server and its client share a core.
const ON_ONE_CORE: &str = "add";
/// How many tools the server has in turn, for what depends on their number.
pub(crate) const TOOLS: [usize; 5] = [5, 50, 500, 1_000, 5_000];
/// How often a server is started in a round.
const STARTS: usize = 10;
/// In how many rounds calls in flight are tried: it takes long, and memory hardly varies.
const FLIGHTS: usize = 3;
/// For how long a server lives without anybody measuring it.
const IDLE: std::time::Duration = std::time::Duration::from_mins(10);

/// The name of the table of a transport and an era.
pub(crate) fn table(transport: Transport, era: Era) -> String {
    format!("{}, {}", transport.name(), era.revision())
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let mut figures = Figures::default();
    let servers = built(options, &mut figures);
    // Without the server on this framework there is nothing to compare with.
    if options.wants_server(OURS) && !lists::are_current()? {
        say(
            "the servers written by hand list something else: run `cargo run --release -p benches -- lists`, and this again",
        );
    }
    checked(&servers, &mut figures);
    for round in 0..options.rounds {
        say(format_args!("round {} of {}", round + 1, options.rounds));
        for transport in Transport::ALL {
            for era in Era::ALL {
                loops(options, &servers, transport, era, round, &mut figures);
            }
            if options.wants("cold") {
                starts(&servers, transport, round, &mut figures);
            }
            if options.wants("flight") && round < FLIGHTS {
                flights(&servers, transport, round, &mut figures);
            }
        }
        if options.wants_server(OURS) {
            ours(options, round, &mut figures);
        }
    }
    report::write(options, &servers, &figures)
}

/// Those servers that build here. Says which do not.
fn built(options: &Options, figures: &mut Figures) -> Vec<Server> {
    let mut servers = Vec::new();
    for server in server::ALL.into_iter().filter(|server| options.wants_server(server.name)).chain([MANY]) {
        if options.builds {
            say(format_args!("building {}", server.name));
            if let Err(error) = server.build() {
                say(format_args!("{} does not build here: {error}", server.name));
                figures.fail(Key::new("build", server.name, ""), error.to_string());
                continue;
            }
        }
        if server.name != MANY.name {
            servers.push(server);
        }
    }
    servers
}

/// Calls everything once, so that what a server gets wrong is known before it is measured.
fn checked(servers: &[Server], figures: &mut Figures) {
    for server in servers {
        for transport in Transport::ALL.into_iter().filter(|transport| server.arguments(*transport).is_some()) {
            for era in Era::ALL {
                let table = table(transport, era);
                let mut count = 0;
                for (column, job, _) in SCENARIOS.into_iter().chain([("sleep", Job::Sleep(1), [1, 1])]) {
                    let called = Target::start(server, transport, era, IDLE)
                        .and_then(|mut target| target.once(&mut Request::new(job, era)));
                    match called {
                        Ok(()) => count += 1,
                        Err(error) => figures.fail(Key::new(&table, server.name, column), error.to_string()),
                    }
                }
                say(format_args!("{} over {table}: {count} of {} answers are right", server.name, SCENARIOS.len() + 1));
            }
        }
    }
}

/// The scenarios that repeat one call, all servers in turn.
fn loops(options: &Options, servers: &[Server], transport: Transport, era: Era, round: usize, figures: &mut Figures) {
    let table = table(transport, era);
    let speaks = |server: &&Server| server.arguments(transport).is_some();
    let mut targets = Vec::new();
    for server in servers.iter().filter(speaks) {
        match Target::start(server, transport, era, IDLE) {
            Ok(target) => targets.push((server, target)),
            Err(error) => figures.fail(Key::new(&table, server.name, "start"), error.to_string()),
        }
    }
    for (column, job, in_flight) in SCENARIOS.into_iter().filter(|(column, ..)| options.wants(column)) {
        let in_flight = in_flight[usize::from(transport == Transport::Http)];
        for (server, target) in &mut targets {
            let key = Key::new(&table, server.name, column);
            if figures.has_failed(&key) {
                continue;
            }
            let measured = (column == ON_ONE_CORE).then(|| OneCore::of(target.process.id())).transpose();
            let measured =
                measured.and_then(|_held| target.measure(&mut Request::new(job.clone(), era), in_flight, options.time));
            match measured {
                Ok(figure) => {
                    figures.add(key.clone(), round, figure.time);
                    if in_flight == 1 {
                        figures.add(Key { column: format!("{column} p50"), ..key }, round, figure.latency);
                    }
                }
                Err(error) => figures.fail(key, error.to_string()),
            }
        }
    }
}

fn starts(servers: &[Server], transport: Transport, round: usize, figures: &mut Figures) {
    for _ in 0..STARTS {
        for server in servers.iter().filter(|server| server.arguments(transport).is_some()) {
            let key = |column| Key::new(transport.name(), server.name, column);
            match special::cold_start(server, transport) {
                Ok((time, memory)) => {
                    figures.add(key("cold start"), round, time);
                    figures.add(key("resident"), round, memory);
                }
                Err(error) => figures.fail(key("cold start"), error.to_string()),
            }
        }
    }
}

fn flights(servers: &[Server], transport: Transport, round: usize, figures: &mut Figures) {
    for server in servers.iter().filter(|server| server.arguments(transport).is_some()) {
        let key = |column| Key::new(transport.name(), server.name, column);
        // A server that waits in place for every call would take hours.
        if server.name == "floor-blocking" || figures.has_failed(&key("flight")) {
            continue;
        }
        let flight = match transport {
            Transport::Stdio => special::in_flight_on_a_pipe(server),
            Transport::Http => special::in_flight_over_http(server),
        };
        match flight {
            Ok(flight) => {
                figures.add(key("flight"), round, flight.memory);
                figures.add(key("flight time"), round, flight.time);
            }
            Err(error) => figures.fail(key("flight"), error.to_string()),
        }
    }
}

/// What only the server on this framework is asked.
fn ours(options: &Options, round: usize, figures: &mut Figures) {
    let mut note = |column: &str, figure: Result<f64>| match figure {
        Ok(number) => figures.add(Key::new("ours", OURS, column), round, number),
        Err(error) => figures.fail(Key::new("ours", OURS, column), error.to_string()),
    };
    if options.wants("tools") {
        for tools in TOOLS {
            let (start, call) = match special::many_tools(tools, options.time) {
                Ok((start, call)) => (Ok(start), Ok(call)),
                Err(error) => (Err(error), Err("it did not start".into())),
            };
            note(&format!("start with {tools}"), start);
            note(&format!("call with {tools}"), call);
        }
    }
    if options.wants("compute") {
        note("computing", special::computing());
        let (median, most) = match special::spinning() {
            Ok((median, most)) => (Ok(median), Ok(most)),
            Err(error) => (Err(error), Err("no call came through".into())),
        };
        note("spinning p50", median);
        note("spinning", most);
    }
}
