//! A package with a small server, to be built within a second.

use std::fs;
use std::path::Path;

/// A package whose server needs no dependency: it answers the requests of a client of 2025-06-18 by what stands in them.
pub(crate) fn package(folder: &Path, version: &str, tools: &str, noise: &str) {
    fs::create_dir_all(folder.join("src")).expect("a folder");
    // Tests run at the same time, and may share a target folder.
    let name = folder.file_name().expect("a name").to_string_lossy();
    let manifest = format!("[package]\nname = \"{name}\"\nversion = \"{version}\"\nedition = \"2024\"\n[workspace]\n");
    fs::write(folder.join("Cargo.toml"), manifest).expect("a file");
    let source = r##"
        use std::io::{BufRead, Write};
        fn main() {
            for line in std::io::stdin().lock().lines().map_while(Result::ok) {
                let Some(at) = line.find("\"id\":") else { continue };
                let id: String = line[at + 5..].chars().take_while(char::is_ascii_digit).collect();
                let has = |method: &str| line.contains(&format!("\"{method}\""));
                let body = if has("initialize") {
                    r#""result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"tiny","version":"1"}}"#
                } else if has("tools/list") {
                    r#""result":{"tools":@TOOLS@}"#
                } else {
                    r#""error":{"code":-32601,"message":"unknown"}"#
                };
                print!("@NOISE@");
                println!("{{\"jsonrpc\":\"2.0\",\"id\":{id},{body}}}");
                let _ = std::io::stdout().flush();
            }
        }
    "##;
    fs::write(folder.join("src/main.rs"), source.replace("@TOOLS@", tools).replace("@NOISE@", noise)).expect("a file");
}
