//! Model Context Protocol servers from plain Rust functions.
