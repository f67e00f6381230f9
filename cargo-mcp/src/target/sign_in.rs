//! Signing in at a server that demands it: in the browser, with what comes of it kept in a file of the user's, so that nobody
//! is asked twice.

use std::path::PathBuf;

use mcp_runtime::client::oauth::{Browser, Browsing, Error, FileStore, Loopback, OAuth, Visit};

use super::browser;
use crate::client::Surroundings;
use crate::error::Failure;
use crate::print::{Console, visible};

/// The name that authorization servers show when they ask the user.
const NAME: &str = "cargo mcp";
/// The file, in the folder that [`Surroundings::state`] names.
const FILE: &str = "credentials.json";

/// Signs in where need be. Off a terminal only what is kept is used.
pub(super) fn oauth(console: &Console) -> OAuth {
    let mut oauth = OAuth::new().client_name(NAME);
    match file() {
        Ok(path) => oauth = oauth.store(FileStore::new(path)),
        Err(failure) => console.detail(&format!("signing in is good for this time only: {}", failure.message())),
    }
    if !console.can_ask() {
        return oauth.browser(Nobody);
    }
    let console = *console;
    oauth.browser(Loopback::new().without_opening().show_url(move |url| {
        console.say(&format!("the server wants you to sign in: {}", visible(url)), "\n");
        if let Err(failure) = browser::open(url) {
            console.say(&format!("{}: open the address yourself", failure.message()), "\n");
        }
    }))
}

/// Where credentials are kept; the folder is there then, and nobody else's to read.
fn file() -> Result<PathBuf, Failure> {
    let around = Surroundings::here(PathBuf::new())
        .ok_or_else(|| Failure::usage("nobody says where your own folder is").hint("set HOME"))?;
    let folder = around.state();
    crate::file::private_folder(&folder).map_err(|error| {
        Failure::own(format!("{} cannot be made", visible(&folder.display().to_string()))).cause(error)
    })?;
    Ok(folder.join(FILE))
}

/// There is no user.
struct Nobody;

impl Browser for Nobody {
    fn begin(&self) -> Browsing<'_, Box<dyn Visit>> {
        Box::pin(async { Err(Error::browser("there is no terminal to ask on")) })
    }
}
