//! The lists that the servers written by hand answer with: recorded from the server on this framework, so that both send the same
//! bytes.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::load::{Channel, Channels, Target};
use crate::server::{ALL, OURS, Transport, root};
use crate::wire::{Era, FIRST, Job, Request};
use crate::{Result, say};

const LIMIT: Duration = Duration::from_secs(10);

/// Records them.
pub(crate) fn run() -> Result<()> {
    for era in Era::ALL {
        fs::write(path(era), current(era)?)?;
        say(format_args!("recorded in {}", path(era).display()));
    }
    Ok(())
}

/// Whether what is recorded is what the server on this framework lists.
pub(crate) fn are_current() -> Result<bool> {
    let is_current = |era| -> Result<bool> { Ok(fs::read_to_string(path(era))? == current(era)?) };
    Ok(is_current(Era::Session)? && is_current(Era::Modern)?)
}

fn path(era: Era) -> PathBuf {
    root().join(format!("benches/src/bin/floor/list-{}.json", era.revision()))
}

fn current(era: Era) -> Result<String> {
    #[derive(Deserialize)]
    struct Answer<'a> {
        #[serde(borrow)]
        result: &'a RawValue,
    }

    let ours = ALL.iter().find(|server| server.name == OURS).ok_or("there is no such server")?;
    let mut target = Target::start(ours, Transport::Stdio, era, LIMIT)?;
    let Channels::Pipe(pipe) = &mut target.channels else { return Err("not a pipe".into()) };
    pipe.queue(&Request::new(Job::List, era), FIRST);
    pipe.flush()?;
    Ok(serde_json::from_slice::<Answer<'_>>(pipe.message()?)?.result.get().to_owned())
}
