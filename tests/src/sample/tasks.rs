//! The sample's tools that may become tasks.

use mcp_runtime::{AskError, Context, Group, ProtocolError, group, tool};

/// Brews coffee for as long as it is let.
#[tool(task)]
async fn brew() {
    std::future::pending::<()>().await;
}

/// Cooks what the client's model wants.
#[tool(task)]
async fn cook(cx: &Context) -> Result<String, AskError> {
    let (dish, spice) = tokio::join!(cx.sample("A dish?").key("dish"), cx.sample("A spice?").key("spice"));
    Ok(format!("{} with {}", dish?.text(), spice?.text()))
}

/// Asks what to cook, and then takes its time.
#[tool(task = "later")]
async fn simmer(cx: &Context) -> Result<String, AskError> {
    let dish = cx.sample("A dish?").await?.text();
    cx.begin_task().await;
    Ok(format!("{dish}, well done"))
}

/// Finds that it should never have begun.
#[tool(task = "required")]
async fn burn() -> Result<(), ProtocolError> {
    tokio::task::yield_now().await;
    Err(ProtocolError::new(4002, "burnt").with_data("black".into()))
}

pub(super) fn tasks() -> impl Group {
    group![brew, cook, simmer, burn]
}
