//! Loads servers for as long as it is told and looks whether anything is left behind in them: `cargo run -p mcp-tests --bin soak
//! -- --help`. It starts itself as those servers.
//!
//! `options` is the command line, `server` what is loaded, `target` one such process and what it has at a moment. The load is
//! `clients`, who come with the library's client and ask what is in `calls`, and `raw`, who come over sockets; `dice` decides
//! what they do, `count` counts it. `watch` measures meanwhile, `slope` makes a line of it, `verdict` says what is wrong and shows
//! it all.

mod options;

mod server;
mod target;

mod calls;
mod clients;
mod count;
mod dice;
mod raw;

mod slope;
mod verdict;
mod watch;

use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use mcp_runtime::Revision;
use tokio::runtime::Builder;
use tokio::task::JoinSet;

use crate::count::Counts;
use crate::dice::Dice;
use crate::options::{Command, HELP, Options};
use crate::raw::Raw;
use crate::target::Target;
use crate::watch::Watch;

/// Whatever goes wrong, in words.
type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;

/// How many come with the library's client over HTTP, and how many share the connection over each pair of pipes.
const CLIENTS: u64 = 4;
const SHARING: u64 = 3;
/// How many come over sockets.
const SOCKETS: u64 = 4;

#[expect(clippy::print_stderr, reason = "it is a program, and this is why it failed")]
fn main() -> ExitCode {
    let done = Command::parse(std::env::args().skip(1)).and_then(|command| match command {
        Command::Serve(service) => server::serve(service),
        Command::Help => {
            say(HELP);
            Ok(())
        }
        Command::Soak(options) => {
            // What fails is told at the end. A stack with the names of functions would make this program larger by far.
            std::panic::set_hook(Box::new(|info| eprintln!("{info}")));
            // Its own threads have to be gone afterwards as well.
            let runtime = Builder::new_multi_thread().enable_all().thread_keep_alive(Duration::from_secs(1)).build()?;
            runtime.block_on(soak(options))
        }
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", calls::in_full(&*error));
            ExitCode::FAILURE
        }
    }
}

/// Tells whoever started this.
#[expect(clippy::print_stdout, reason = "it is a program, and this is its output")]
fn say(text: impl std::fmt::Display) {
    println!("{text}");
}

async fn soak(options: Options) -> Result<()> {
    say(format_args!("{} s with the seed {}", options.time.as_secs_f64(), options.seed));
    let targets = vec![
        Target::http(&options).await?,
        Target::stdio(Revision::V2025_11_25, &options).await?,
        Target::stdio(Revision::V2026_07_28, &options).await?,
    ];
    let (counts, seed) = (Arc::<Counts>::default(), options.seed);
    let mut watch = Watch::begin(targets, options).await?;
    let load = Load::begin(watch.targets(), &counts, seed);
    let watched = watch.load(&counts).await;
    counts.stop();
    load.end().await?;
    watched?;
    watch.rest().await?;
    verdict::tell(&watch, &counts)
}

/// Everybody who asks.
struct Load {
    tasks: JoinSet<()>,
    threads: Vec<thread::JoinHandle<()>>,
}

impl Load {
    fn begin(targets: &[Target], counts: &Arc<Counts>, seed: u64) -> Self {
        let mut numbers = 1..;
        let mut dice = || Dice::new(seed, numbers.next().unwrap_or_default());
        let (mut tasks, mut threads) = (JoinSet::new(), Vec::new());
        for target in targets {
            match target.address {
                None => {
                    for _ in 0..SHARING {
                        let (name, client) = (target.name.clone(), target.client.clone());
                        tasks.spawn(clients::stay(name, client, Arc::clone(counts), dice()));
                    }
                }
                Some(address) => {
                    for _ in 0..CLIENTS {
                        tasks.spawn(clients::come_and_go(address, Arc::clone(counts), dice()));
                    }
                    for _ in 0..SOCKETS {
                        let raw = Raw::new(address, Arc::clone(counts), dice());
                        threads.push(thread::spawn(|| raw.run()));
                    }
                }
            }
        }
        Self { tasks, threads }
    }

    /// Waits for all of them.
    async fn end(mut self) -> Result<()> {
        while let Some(ended) = self.tasks.join_next().await {
            ended?;
        }
        let joining = tokio::task::spawn_blocking(|| {
            self.threads.into_iter().map(thread::JoinHandle::join).all(|end| end.is_ok())
        });
        if joining.await? { Ok(()) } else { Err("one of those who come over sockets has panicked".into()) }
    }
}
