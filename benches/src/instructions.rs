//! Instructions for one call, counted by callgrind: the same on every machine and in every mood of it. What the start takes is
//! cancelled out by the difference of two runs that differ in their number of calls. `.ci/run` compares them with what is
//! recorded in `benches/instructions.json`.
//!
//! The count is that of the whole process, so a change of the compiler or of a dependency shows as well: then record anew.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::figures::{Spread, shown};
use crate::http::{Http, free_address};
use crate::load::repeat;
use crate::options::Options;
use crate::pipe::Pipe;
use crate::server::{ALL, OURS, REFERENCE, Server, Transport, root, run as output, target};
use crate::wire::{Era, Job, Request};
use crate::{Result, say};

/// How many calls the two runs make.
fn calls(job: &Job) -> [usize; 2] {
    if matches!(job, Job::Echo(_)) { [5, 25] } else { [100, 600] }
}
/// How often each is counted, to know how far the counts differ.
const COUNTS: usize = 3;
/// By how much a count may be more than what is recorded.
const TOLERANCE: f64 = 0.03;
const LIMIT: Duration = Duration::from_mins(1);
/// How many functions a profile shows.
const SHOWN: usize = 40;

const GATED: [(&str, Transport, Era, Job); 9] = [
    ("stdio add", Transport::Stdio, Era::Session, Job::Add),
    ("stdio add 2026-07-28", Transport::Stdio, Era::Modern, Job::Add),
    ("stdio search", Transport::Stdio, Era::Session, Job::Search),
    ("stdio list", Transport::Stdio, Era::Session, Job::List),
    ("stdio echo 64 KiB", Transport::Stdio, Era::Session, Job::Echo(64 << 10)),
    ("HTTP add", Transport::Http, Era::Session, Job::Add),
    ("HTTP add 2026-07-28", Transport::Http, Era::Modern, Job::Add),
    ("HTTP search", Transport::Http, Era::Session, Job::Search),
    ("HTTP list", Transport::Http, Era::Session, Job::List),
];

pub(crate) fn run(options: &Options) -> Result<()> {
    if Command::new("valgrind").arg("--version").output().is_err() {
        return Err("this needs valgrind: `apt-get install valgrind`".into());
    }
    let ours = *named(OURS)?;
    if options.builds {
        ours.build()?;
    }
    let path = root().join("benches/instructions.json");
    let recorded: BTreeMap<String, u64> =
        fs::read_to_string(&path).ok().map_or_else(|| Ok(BTreeMap::new()), |text| serde_json::from_str(&text))?;
    let mut counted = BTreeMap::new();
    let mut worse = Vec::new();
    for (name, transport, era, job) in GATED {
        if !options.wants(name) {
            continue;
        }
        let counts = (0..COUNTS.min(options.rounds)).map(|_| per_call(&ours, transport, era, &job));
        let counts = Spread::of(counts.collect::<Result<_>>()?).ok_or("nothing was counted")?;
        let apart = (counts.most - counts.least) / counts.median * 100.0;
        let before = recorded.get(name).copied();
        #[expect(clippy::cast_precision_loss, reason = "counts of instructions for one call are far below 2^52")]
        let change = before.map(|before| counts.median / before as f64 - 1.0);
        let compared = change.map_or_else(|| "not recorded".to_owned(), |change| format!("{:+.2} %", change * 100.0));
        say(format_args!("{name}: {} instructions for a call ({apart:.2} % apart), {compared}", shown(counts.median)));
        if change.is_some_and(|change| change > TOLERANCE) {
            worse.push(name);
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count is positive and small")]
        counted.insert(name.to_owned(), counts.median.round() as u64);
        if options.profiles {
            profile(name, &ours, transport, era, &job, counts.median)?;
        }
    }
    if options.records {
        let kept = recorded.into_iter().chain(counted).collect::<BTreeMap<_, _>>();
        fs::write(&path, format!("{}\n", serde_json::to_string_pretty(&kept)?))?;
        say(format_args!("recorded in {}", path.display()));
        return Ok(());
    }
    if worse.is_empty() {
        return Ok(());
    }
    let again = "cargo run --release -p benches -- instructions";
    Err(format!(
        "more than {} % worse than recorded: {}\n`{again} --profile` shows where the instructions go; if this is meant, or comes \
         with another compiler, `{again} --record` records it",
        TOLERANCE * 100.0,
        worse.join(", ")
    )
    .into())
}

fn named(name: &str) -> Result<&'static Server> {
    ALL.iter().find(|server| server.name == name).ok_or_else(|| format!("there is no server {name}").into())
}

fn per_call(server: &Server, transport: Transport, era: Era, job: &Job) -> Result<f64> {
    let [few, many] = calls(job);
    let total = |calls| total(&counted(server, transport, era, job, calls)?);
    let difference = total(many)?.checked_sub(total(few)?).ok_or("more calls took fewer instructions")?;
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    Ok(difference as f64 / (many - few) as f64)
}

/// Runs a server under callgrind for so many calls and gives the file with the counts.
fn counted(server: &Server, transport: Transport, era: Era, job: &Job, calls: usize) -> Result<PathBuf> {
    let folder = target().join("bench-instructions");
    fs::create_dir_all(&folder)?;
    let file = folder.join(format!("{}-{calls}.out", server.name));
    let address = free_address()?;
    let is_piped = transport == Transport::Stdio;
    let pipe = || if is_piped { Stdio::piped() } else { Stdio::null() };
    let mut command = Command::new("valgrind");
    // With more of them it would be chance which one does what, and how often they wake each other.
    command.env("TOKIO_WORKER_THREADS", "1");
    command.arg("--tool=callgrind").arg(format!("--callgrind-out-file={}", file.display())).arg(server.binary());
    command.args(server.arguments(transport).ok_or("not spoken")?).args((!is_piped).then(|| address.to_string()));
    command.stdin(pipe()).stdout(pipe()).stderr(Stdio::piped());
    let mut child = Guard(command.spawn()?);
    let mut request = Request::new(job.clone(), era);
    let mut hello = Request::new(Job::Initialize, era);
    // Both ways of ending make the server end by itself, so that callgrind writes its counts.
    if let Some(pipes) = child.0.stdin.take().zip(child.0.stdout.take()) {
        let mut pipe = Pipe::new(pipes);
        if era == Era::Session {
            repeat(&mut pipe, &mut hello, 1)?;
        }
        repeat(&mut pipe, &mut request, calls)?;
        drop(pipe);
    } else {
        let mut http = Http::connect(address, None)?;
        if era == Era::Session {
            repeat(&mut http, &mut hello, 1)?;
        }
        repeat(&mut http, &mut request, calls)?;
        drop(http);
        output(Command::new("kill").arg("-TERM").arg(child.0.id().to_string()))?;
    }
    child.wait()?;
    Ok(file)
}

/// A child that does not outlive whoever started it.
struct Guard(Child);

impl Guard {
    fn wait(mut self) -> Result<()> {
        let begun = Instant::now();
        while self.0.try_wait()?.is_none() {
            if begun.elapsed() > LIMIT {
                return Err("the server does not end".into());
            }
            thread::sleep(Duration::from_millis(5));
        }
        let mut said = String::new();
        if let Some(stderr) = &mut self.0.stderr {
            stderr.read_to_string(&mut said)?;
        }
        if said.contains("Collected :") { Ok(()) } else { Err(format!("callgrind counted nothing: {said}").into()) }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn total(file: &Path) -> Result<u64> {
    let text = fs::read_to_string(file)?;
    let line = |name| text.lines().rev().find_map(|line| line.strip_prefix(name));
    let count = line("totals: ").or_else(|| line("summary: ")).ok_or("no totals in what callgrind wrote")?;
    Ok(count.trim().parse()?)
}

/// Prints which functions take the instructions of a call, here and in the server written by hand.
fn profile(name: &str, ours: &Server, transport: Transport, era: Era, job: &Job, count: f64) -> Result<()> {
    let floor = *named(REFERENCE)?;
    floor.build()?;
    let floors = per_call(&floor, transport, era, job)?;
    for (server, whose, count) in [(ours, "ours", count), (&floor, "the floor's", floors)] {
        say(format_args!("  {name}, {whose}: {} by function, without what it calls:", shown(count)));
        let mut functions = functions(server, transport, era, job)?;
        functions.sort_by(|one, other| other.1.total_cmp(&one.1));
        for (function, instructions) in functions.into_iter().take(SHOWN) {
            say(format_args!("  {:>8} {:>5.1} %  {function}", shown(instructions), instructions / count * 100.0));
        }
    }
    Ok(())
}

fn functions(server: &Server, transport: Transport, era: Era, job: &Job) -> Result<Vec<(String, f64)>> {
    let [few, many] = calls(job);
    let by_function = |calls| -> Result<BTreeMap<String, f64>> {
        let file = counted(server, transport, era, job, calls)?;
        let text = output(
            Command::new("callgrind_annotate").args(["--auto=no", "--threshold=100", "--show-percs=no"]).arg(file),
        )?;
        let mut functions = BTreeMap::new();
        for line in text.lines() {
            let Some((count, function)) = line.trim_start().split_once(' ') else { continue };
            let Ok(count) = count.replace(',', "").parse::<f64>() else { continue };
            if function.contains("PROGRAM TOTALS") {
                continue;
            }
            let function = function.trim().trim_start_matches("???:");
            let function = function.rsplit_once(" [").map_or(function, |(function, _)| function);
            *functions.entry(function.to_owned()).or_default() += count;
        }
        Ok(functions)
    };
    let (less, more) = (by_function(few)?, by_function(many)?);
    #[expect(clippy::cast_precision_loss, reason = "a few hundred calls")]
    let calls = (many - few) as f64;
    let per_call = |(name, count): (String, f64)| {
        let count = (count - less.get(&name).unwrap_or(&0.0)) / calls;
        (name, count)
    };
    Ok(more.into_iter().map(per_call).collect())
}
