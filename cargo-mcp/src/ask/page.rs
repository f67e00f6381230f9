//! A page that the server wants the user to visit. Where it leads is shown, and it is opened only when the user agrees.

use mcp_runtime::model::{ElicitAction, ElicitRequestURLParams, ElicitResult};

use super::lines::Lines;
use crate::print::{Console, visible, visible_lines};
use crate::target::{host, open};

/// What is asked, on one line.
pub(super) fn told(page: &ElicitRequestURLParams) -> (String, Option<String>) {
    (page.message.clone(), Some(format!("a visit to {}", visible(&page.url))))
}

/// Asks whether the page shall be opened, and opens it.
pub(super) async fn visit(page: &ElicitRequestURLParams, lines: &mut Lines, console: &Console) -> ElicitResult {
    console.end_progress();
    console.say(&format!("The server asks: {}", visible_lines(&page.message)), "\n");
    console.say(&format!("It wants you to visit {}", visible(&page.url)), "\n");
    if let Some(host) = host(&page.url) {
        console.say(&format!("which is a page of {}", visible(host)), "\n");
    }
    loop {
        let Some(line) = lines.ask("Open it? (y)es, (n)o, (c)ancel [n]> ", console).await else {
            return ElicitResult::cancel();
        };
        match line.trim().to_ascii_lowercase().as_str() {
            "y" | "yes" => break,
            "" | "n" | "no" => return ElicitResult::decline(),
            "c" | "cancel" => return ElicitResult::cancel(),
            _ => {}
        }
    }
    match open(&page.url) {
        Ok(()) => {}
        // The user agreed and can get there alone.
        Err(failure) if host(&page.url).is_some() => {
            console.say(&format!("{}: open it yourself", failure.message()), "\n");
        }
        Err(failure) => {
            console.say(failure.message(), "\n");
            return ElicitResult::cancel();
        }
    }
    ElicitResult { action: ElicitAction::Accept, content: None, meta: None }
}
