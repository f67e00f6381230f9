//! The share of the load that the library's own client makes: over HTTP in connections that come and go, over pipes in the
//! one that there is.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use mcp_runtime::{Client, Revision};
use tokio::time::{sleep, timeout};

use crate::calls::{self, Wrong, in_full};
use crate::count::{Counts, more};
use crate::dice::Dice;
use crate::target::person;

/// How long nobody asks before the next connection, so that the system does not run out of ports.
const BREATHER: Duration = Duration::from_millis(20);

/// Asks over a connection that is there, until all is over.
pub(crate) async fn stay(name: String, client: Client, counts: Arc<Counts>, mut dice: Dice) {
    while !counts.is_over() {
        if let Err(error) = calls::one(&client, &counts, &mut dice).await {
            counts.fail(format!("{name}: {}", in_full(&*error)));
        }
    }
}

/// Comes and goes, until all is over.
pub(crate) async fn come_and_go(address: SocketAddr, counts: Arc<Counts>, mut dice: Dice) {
    while !counts.is_over() {
        let revision = if dice.percent(50) { Revision::V2025_11_25 } else { Revision::V2026_07_28 };
        if let Err(error) = visit(address, revision, &counts, &mut dice).await {
            counts.fail(format!("a client over http, {revision}: {}", in_full(&*error)));
        }
        sleep(BREATHER).await;
    }
}

async fn visit(address: SocketAddr, revision: Revision, counts: &Counts, dice: &mut Dice) -> Result<(), Wrong> {
    more(&counts.connections);
    // Shorter than the server waits for the next request, lest it ends the connection while that is on its way.
    let client = person(Client::http(format!("http://{address}/mcp")).idle(Duration::from_secs(1)));
    let client = client.protocol(revision).connect().await?;
    for _ in 0..dice.of(1..=20) {
        calls::one(&client, counts, dice).await?;
        if counts.is_over() {
            break;
        }
    }
    if !dice.percent(30) {
        calls::is_done(&client).await?;
        client.close().await;
        return Ok(());
    }
    more(&counts.abandoned);
    abandon(client, counts, dice).await
}

/// Leaves in the middle of several calls, without a word.
async fn abandon(client: Client, counts: &Counts, dice: &mut Dice) -> Result<(), Wrong> {
    let listening = if dice.percent(30) {
        counts.begin("subscribe");
        Some(client.subscribe("soak://watched").await?)
    } else {
        None
    };
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..dice.of(1..=4) {
        counts.begin("abandoned");
        let (tool, arguments) = calls::long(dice);
        let call = client.call(tool, arguments).on_progress(drop);
        calls.spawn(async move { drop(call.await) });
    }
    drop(client);
    // Whoever is in the middle of a call is stopped there.
    let _ = timeout(Duration::from_millis(dice.of(0..=40)), calls.join_next()).await;
    drop((calls, listening));
    Ok(())
}
