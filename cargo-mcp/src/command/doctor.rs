//! `cargo mcp doctor`: everything that can keep a server from working, checked one after the other, each with what to do.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Args;
use mcp_runtime::Revision;
use mcp_runtime::client::Stray;
use serde_json::{Value, json};

use crate::checkup::clients::{self, Own};
use crate::checkup::repair::Repair;
use crate::checkup::{self, Finding, Verdict, surface as checks, toolchain};
use crate::cli::Target;
use crate::client::Surroundings;
use crate::command::lock::{Place, surface as locked};
use crate::error::Failure;
use crate::lock::FILE;
use crate::print::{Console, visible};
use crate::surface::Surface;
use crate::target::{Chosen, Way};

/// The newest revision that opens a session with a handshake, and the first that does without.
const ERAS: [Revision; 2] = [Revision::V2025_11_25, Revision::V2026_07_28];

#[derive(Debug, Args)]
#[command(
    after_help = "Example: cargo mcp doctor --fix\n\nA repair writes mcp.lock, or points an application's entry for this server to where it was built."
)]
pub(crate) struct Doctor {
    /// Do the repairs that are safe
    #[arg(long)]
    pub(crate) fix: bool,

    #[command(flatten)]
    pub(crate) target: Target,
}

pub(crate) async fn run(
    doctor: &Doctor,
    server: Option<Vec<OsString>>,
    console: &Console,
) -> Result<ExitCode, Failure> {
    let mut visit = Visit { doctor, console, found: Vec::new() };
    let is_other = server.is_some() || doctor.target.is_elsewhere();
    let chosen = if is_other { None } else { Some(doctor.target.choose()?) };
    visit.all(chosen.as_ref(), server).await?;
    let found = visit.found;
    let wrong = found.iter().filter(|one| one.verdict == Verdict::Wrong).count();
    if console.json {
        let checks: Vec<Value> = found.iter().map(Finding::to_json).collect();
        console.json(&json!({ "checks": checks, "wrong": wrong }))?;
    }
    if wrong == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    let things = if wrong == 1 { "1 thing is wrong".to_owned() } else { format!("{wrong} things are wrong") };
    let can_fix = found.iter().any(|one| one.verdict == Verdict::Wrong && one.repair.is_some());
    let hint = if can_fix && !doctor.fix {
        "`cargo mcp doctor --fix` mends what is safe to mend"
    } else {
        "each has its fix beside it"
    };
    Err(Failure::check(things).hint(hint))
}

/// One run through all checks.
struct Visit<'v> {
    doctor: &'v Doctor,
    console: &'v Console,
    found: Vec<Finding>,
}

impl Visit<'_> {
    async fn all(&mut self, chosen: Option<&Chosen>, server: Option<Vec<OsString>>) -> Result<(), Failure> {
        match chosen {
            Some(chosen) => {
                let metadata = self.doctor.target.own.metadata();
                self.tell(toolchain::check(chosen, &metadata))?;
            }
            None => {
                self.tell(vec![Finding::left_out("toolchain", "the server is another's, and is not built here")])?;
            }
        }
        let is_other = chosen.is_none();
        let way = match self.doctor.target.way(server, self.console).await {
            Ok(way) => Some(way),
            Err(failure) if is_other => return Err(failure),
            Err(failure) => {
                self.tell(vec![failed("build", &failure, "mend what the compiler says above")])?;
                None
            }
        };
        let own = match (chosen, &way) {
            (Some(chosen), Some(way)) => {
                self.tell(vec![Finding::fine("build", format!("`{}` builds", visible(&chosen.name)))])?;
                way.program().map(|path| Own { name: chosen.name.clone(), path: path.into() })
            }
            _ => None,
        };
        match &way {
            Some(way) => self.server(way, is_other).await?,
            None => {
                let left_out = |check| Finding::left_out(check, "the package does not build");
                self.tell(["protocol", "stdout", "schemas", "names", "lock"].map(left_out).into())?;
            }
        }
        let project = match chosen.and_then(|_| self.doctor.target.own.project()) {
            Some(folder) => folder,
            None => std::env::current_dir().map_err(Failure::own)?,
        };
        let clients = match Surroundings::here(project) {
            Some(around) => clients::check(&around, own.as_ref()),
            None => vec![Finding::left_out("clients", "nobody says where your own folder is").fix("set HOME")],
        };
        self.tell(clients)
    }

    /// What can be asked of the server itself.
    async fn server(&mut self, way: &Way, is_other: bool) -> Result<(), Failure> {
        let target = &self.doctor.target;
        let eras = target.revision()?.map_or(ERAS.to_vec(), |only| vec![only]);
        let mut surfaces: Vec<(Revision, Surface)> = Vec::new();
        let (mut found, mut stray) = (Vec::new(), None);
        for revision in eras {
            let asked = async {
                let client = target.reach(way, Some(revision), self.console).await?;
                let surface = Surface::read(&client).await;
                let watched = client.clone();
                client.close().await;
                Ok::<_, Failure>((surface?, watched.stray_output()))
            };
            match asked.await {
                Ok((surface, seen)) => {
                    let how = if revision < ERAS[1] { ", with a handshake" } else { ", without a handshake" };
                    found.push(Finding::fine("protocol", format!("it answers in {}{how}", revision.as_str())));
                    surfaces.push((revision, surface));
                    stray = stray.filter(|earlier: &Stray| earlier.lines > 0).or(Some(seen));
                }
                Err(failure) => {
                    let fix = "clients of both eras are in use; a server of mcp-runtime speaks every revision";
                    found.push(failed("protocol", &failure, fix).at(revision.as_str()));
                }
            }
        }
        // A server of others may be of one era, and is of use all the same.
        if is_other && !surfaces.is_empty() {
            for one in found.iter_mut().filter(|one| one.verdict == Verdict::Wrong) {
                one.verdict = Verdict::Note;
            }
        }
        self.tell(found)?;
        self.tell(vec![match way {
            Way::Program(_) => clean(stray.as_ref()),
            Way::Remote(_) => Finding::left_out("stdout", "a server over HTTP does not speak through it"),
        }])?;
        let older = surfaces.iter().find(|(revision, _)| *revision < ERAS[1]).map(|(_, surface)| surface);
        let Some((_, newest)) = surfaces.last() else {
            let left_out = |check| Finding::left_out(check, "the server does not answer");
            return self.tell(["schemas", "names", "lock"].map(left_out).into());
        };
        self.tell(checks::schemas(newest, older))?;
        self.tell(checks::names(newest))?;
        let lock = self.lock(way, is_other).await;
        self.tell(vec![lock])
    }

    async fn lock(&self, way: &Way, is_other: bool) -> Finding {
        if is_other {
            return Finding::left_out("lock", "the server is another's, and has no package here to keep a lock in");
        }
        let target = &self.doctor.target;
        let made = async {
            let place = Place::of(target, false, false)?;
            let text = locked(target, way, &place.settings, self.console).await?.to_text()?;
            Ok::<_, Failure>((place.folder.join(FILE), text))
        };
        let (path, text) = match made.await {
            Ok(made) => made,
            Err(failure) => return Finding::left_out("lock", failure.message()),
        };
        let place = visible(&path.display().to_string());
        match std::fs::read_to_string(&path) {
            Ok(there) if there == text => Finding::fine("lock", "mcp.lock is what the server offers"),
            // Not to be repaired: it is what changes are compared with.
            Ok(_) => Finding::note("lock", "mcp.lock is not what the server offers any more")
                .at(place)
                .fix("`cargo mcp diff` tells what changed, `cargo mcp lock` writes it anew"),
            Err(_) => {
                Finding::note("lock", "there is no mcp.lock, so that nobody can tell when a change breaks clients")
                    .at(place)
                    .fix("`cargo mcp lock` writes it")
                    .repair(Some(Repair::Lock { path, text }))
            }
        }
    }

    /// Prints what was found, as soon as it was, and repairs what may be.
    fn tell(&mut self, found: Vec<Finding>) -> Result<(), Failure> {
        for mut one in found {
            if let (true, Some(repair)) = (self.doctor.fix, &one.repair) {
                match repair.run() {
                    Ok(()) => one.verdict = Verdict::Fixed,
                    Err(failure) => {
                        one.verdict = Verdict::Wrong;
                        one.fix = Some(format!("it cannot be repaired: {}{}", failure.message(), said(&failure)));
                        one.repair = None;
                    }
                }
            }
            if !self.console.json {
                self.console.result(&line(&one))?;
            }
            self.found.push(one);
        }
        Ok(())
    }
}

fn line(one: &Finding) -> String {
    let place = one.place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
    let line = format!("{:<9} {:<9} {place}{}", one.verdict.name(), one.check, one.message);
    match &one.fix {
        Some(fix) if one.verdict != Verdict::Fixed => format!("{line}\n{:<19} fix: {fix}", ""),
        _ => line,
    }
}

/// What a failure says besides its message.
fn said(failure: &Failure) -> String {
    failure.details().flat_map(|(_, text)| ["; ", text.trim()]).collect()
}

fn failed(check: &'static str, failure: &Failure, fix: &str) -> Finding {
    let cause = failure.details().find(|(name, _)| *name == "cause").map(|(_, cause)| format!(": {cause}"));
    Finding::wrong(check, format!("{}{}", failure.message(), cause.unwrap_or_default())).fix(fix)
}

fn clean(seen: Option<&Stray>) -> Finding {
    match seen.map(checkup::stray) {
        None => Finding::left_out("stdout", "the server does not answer"),
        Some(None) => Finding::fine("stdout", "every line on standard output is a message of the protocol"),
        Some(Some((message, first))) => Finding::wrong("stdout", format!("{message}, {first}"))
            .fix("print to standard error instead: eprintln!, or a logger that writes there"),
    }
}
