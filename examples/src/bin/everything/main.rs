//! A tour of the framework: something of everything, with the names that the official conformance suite asks for.
//!
//! `everything` serves standard input and output, `everything --http 127.0.0.1:3000` HTTP; `PORT=3000 everything` does too.

mod asking;
mod changing;
mod content;
mod progress;
mod prompts;
mod resources;
mod schemas;
mod tasks;

use mcp_runtime::{Http, server};

#[tokio::main]
async fn main() -> mcp_runtime::Result<()> {
    let server = server![
        content::group(),
        progress::group(),
        schemas::group(),
        asking::group(),
        changing::group(),
        tasks::group(),
        resources::group(),
        prompts::group(),
    ]
    .instructions("Call whatever you like: nothing here has consequences.");
    match std::env::var("PORT") {
        Ok(port) if std::env::args().len() == 1 => server.serve(Http::new(format!("127.0.0.1:{port}"))).await,
        _ => server.run().await,
    }
}
