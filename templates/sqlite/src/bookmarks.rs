//! The tools.

use anyhow::ensure;
use mcp_runtime::{Group, State, group, tool};
use rusqlite::{Row, params};
use schemars::JsonSchema;
use serde::Serialize;

use crate::database::Database;

/// What this module offers.
pub fn group() -> impl Group {
    group![add, search, remove]
}

/// A bookmark.
#[derive(Serialize, JsonSchema)]
struct Bookmark {
    id: i64,
    url: String,
    title: String,
}

impl Bookmark {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get("id")?,
            url: row.get("url")?,
            title: row.get("title")?,
        })
    }
}

/// Add a bookmark. One that is there already gets the new title.
#[tool(idempotent)]
async fn add(
    database: State<Database>,
    /// The page's address.
    #[arg(length = 1..=2_000, pattern = "^https?://")]
    url: String,
    /// What to call it.
    #[arg(length = 1..=200)]
    title: String,
) -> anyhow::Result<Bookmark> {
    let insert = "INSERT INTO bookmark (url, title) VALUES (?1, ?2)
        ON CONFLICT (url) DO UPDATE SET title = excluded.title RETURNING *";
    database
        .run(move |connection| connection.query_row(insert, params![url, title], Bookmark::read))
        .await
}

/// Search the bookmarks.
#[tool(read_only)]
async fn search(
    database: State<Database>,
    /// Text that the title or the address contains, in any case.
    #[arg(default = String::new(), length = 0..=200)]
    text: String,
    /// The most bookmarks to return.
    #[arg(default = 20, range = 1..=100)]
    limit: u32,
) -> anyhow::Result<Vec<Bookmark>> {
    let select = "SELECT * FROM bookmark WHERE title LIKE ?1 ESCAPE '\\' OR url LIKE ?1 ESCAPE '\\'
        ORDER BY id DESC LIMIT ?2";
    database
        .run(move |connection| {
            let mut statement = connection.prepare_cached(select)?;
            let rows = statement.query_map(params![containing(&text), limit], Bookmark::read)?;
            rows.collect()
        })
        .await
}

/// Remove a bookmark.
#[tool(destructive)]
async fn remove(database: State<Database>, id: i64) -> anyhow::Result<String> {
    let delete = "DELETE FROM bookmark WHERE id = ?1";
    let removed = database
        .run(move |connection| connection.execute(delete, [id]))
        .await?;
    ensure!(removed == 1, "there is no bookmark {id}");
    Ok(format!("bookmark {id} is gone"))
}

/// What `LIKE` finds texts with that contain this one, whatever is in it.
fn containing(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}
