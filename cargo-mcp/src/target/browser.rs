//! Sends the user to a page: in the browser that `BROWSER` names, else in the system's.

use super::remote::host;
use crate::error::Failure;
use crate::print::visible;

/// Opens an address of the web and does not wait for it. Nothing else is opened: what a program of the system makes of
/// another kind of address is nobody's guess.
pub(crate) fn open(url: &str) -> Result<(), Failure> {
    if host(url).is_none() {
        return Err(Failure::usage(format!("{} is no address of the web", visible(url))));
    }
    opener::open_browser(url).map_err(|error| {
        Failure::own("no browser can be opened").cause(error).hint("open the address yourself, or set BROWSER")
    })
}
