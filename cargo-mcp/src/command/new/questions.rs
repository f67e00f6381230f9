//! What is asked on a terminal, and only there.

use std::io::{BufRead as _, Write as _, stderr, stdin};

use tokio::sync::oneshot;

use super::names;
use crate::error::Failure;
use crate::print::{Console, visible};
use crate::template::Variable;
use crate::template::embedded::ALL;

/// Who can be asked.
pub(super) struct Questions {
    can_ask: bool,
}

impl Questions {
    /// Somebody is there if both ends are a terminal, nobody said `--yes`, and it is no machine that builds.
    pub(super) fn new(is_told: bool, console: &Console) -> Self {
        Self { can_ask: !is_told && console.can_ask() }
    }

    /// The name of the server; `why` tells why it has to be asked for.
    pub(super) async fn name(&self, why: Option<Failure>) -> Result<String, Failure> {
        if !self.can_ask {
            return Err(why.unwrap_or_else(|| {
                Failure::usage("the new server needs a name").hint("write it behind the command: cargo mcp new weather")
            }));
        }
        if let Some(why) = why {
            tell(why.message());
        }
        loop {
            let name = ask("Name of the server: ").await?;
            match names::check(&name) {
                Ok(()) => return Ok(name),
                Err(failure) => tell(failure.message()),
            }
        }
    }

    /// The name of a template, by itself or by its number.
    pub(super) async fn template(&self) -> Result<String, Failure> {
        let default = "tools";
        if !self.can_ask {
            return Ok(default.to_owned());
        }
        for (index, one) in ALL.iter().enumerate() {
            tell(&format!("  {}  {:<9}  {}", index + 1, one.name, one.about));
        }
        loop {
            let answer = ask(&format!("Template [{default}]: ")).await?;
            if answer.is_empty() {
                return Ok(default.to_owned());
            }
            let by_number = answer.parse::<usize>().ok().and_then(|number| ALL.get(number.checked_sub(1)?));
            match by_number.or_else(|| ALL.iter().find(|one| one.name == answer)) {
                Some(one) => return Ok(one.name.to_owned()),
                None => tell("that is neither a name nor a number of the list"),
            }
        }
    }

    /// A value that a template asks for and that has no default.
    pub(super) async fn value(&self, variable: &Variable) -> Result<String, Failure> {
        let (name, about) = (visible(&variable.name), visible(&variable.about));
        if !self.can_ask {
            let failure = Failure::usage(format!("the template asks for `{name}`: {about}"));
            return Err(failure.hint(format!("give it with -d {name}=VALUE")));
        }
        loop {
            let value = ask(&format!("{}: ", if about.is_empty() { &name } else { &about })).await?;
            match names::check_value(&variable.name, &value) {
                Ok(()) => return Ok(value),
                Err(failure) => tell(failure.message()),
            }
        }
    }
}

fn tell(line: &str) {
    // Nobody is there to be told when standard error is gone.
    let _ = writeln!(stderr().lock(), "{line}");
}

/// Reads a line in a thread of its own, so that an interruption is heard meanwhile.
async fn ask(question: &str) -> Result<String, Failure> {
    let _ = write!(stderr().lock(), "{question}");
    let (tell, told) = oneshot::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = stdin().lock().read_line(&mut line).map(|bytes| (bytes > 0).then_some(line));
        // Whoever asked may have been interrupted.
        let _ = tell.send(read);
    });
    match told.await {
        Ok(Ok(Some(line))) => Ok(line.trim().to_owned()),
        Ok(Err(error)) => Err(Failure::own(error)),
        _ => Err(Failure::usage("there was no answer").hint("every question has an option; --help lists them")),
    }
}
