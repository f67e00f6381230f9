//! A Model Context Protocol server that keeps bookmarks in a SQLite file.

mod bookmarks;
mod database;

use std::env;
use std::path::{Path, PathBuf};

use mcp_runtime::{Server, server};

use crate::database::Database;

/// The file, unless the environment names another.
const FILE: &str = "{{name}}.sqlite3";

/// The server over the file that `DATABASE` names.
///
/// # Errors
/// When the file cannot be opened or is no database of this program.
pub fn server() -> mcp_runtime::Result<Server> {
    let path = env::var_os("DATABASE").map_or_else(|| PathBuf::from(FILE), PathBuf::from);
    server_over(&path)
}

/// The server over this file; `:memory:` is a database that goes when the server does.
///
/// # Errors
/// As of [`server`].
pub fn server_over(path: &Path) -> mcp_runtime::Result<Server> {
    let database = Database::open(path)?;
    Ok(server![bookmarks::group()]
        .instructions("Bookmarks. Search them before you add another.")
        .state(database))
}
