//! `cargo mcp add` on packages as people have them: what changes, what stays byte for byte, what is refused. The results of
//! the edits are snapshots; `INSTA_UPDATE=always` and a look at the difference takes a change over.

#[expect(dead_code, reason = "other tests need more of it")]
mod process;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use insta::{assert_snapshot, with_settings};
use process::{Run, Scratch, mcp, repository};

fn check(name: &str, text: &str) {
    with_settings!({ snapshot_path => "snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
        assert_snapshot!(name, text);
    });
}

/// A package that need not compile, with this source.
fn package(folder: &Path, source: &str) -> PathBuf {
    fs::create_dir_all(folder.join("src")).expect("a folder");
    let manifest = "[package]\nname = \"odd\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n";
    fs::write(folder.join("Cargo.toml"), manifest).expect("a file");
    let path = folder.join("src/main.rs");
    fs::write(&path, source).expect("a file");
    path
}

fn ok(run: &Run) -> &str {
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    &run.stdout
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

const FORMATTED: &str = "//! A server.

use mcp_runtime::{server, tool};

/// Greets.
#[tool]
fn hello(name: &str) -> String {
    format!(\"Hello, {name}!\")
}

fn main() -> mcp_runtime::Result<()> {
    server![hello].run_blocking()
}
";

const ODD: &str = "use std::fmt;
use   mcp_runtime :: server ;   // odd

// What is served.
fn main( ) -> mcp_runtime::Result<()> {
\tserver![
\t\tfirst::of_all() , // the first
\t\t#[cfg(unix)] other /* the last */ // without a comma
\t]
\t.run_blocking( )
}
mod first { pub fn of_all() { } }
";

const BLOCK: &str = "use mcp_runtime::{serve, server};

struct Counter(u64);

#[serve]
impl Counter {
    /// Counts.
    #[tool]
    fn count(&self) -> u64 {
        self.0
    }

    // Not served.
    fn more(&self) {}
}

fn main() -> mcp_runtime::Result<()> {
    server![Counter(0)].run_blocking()
}
";

const INNER: &str = "mod notes {
    use mcp_runtime::{Group, group};

    pub fn group() -> impl Group {
        group![]
    }
}

fn main() -> mcp_runtime::Result<()> {
    mcp_runtime::server![notes::group()].run_blocking()
}

#[cfg(test)]
mod tests {
    fn server() {
        mcp_runtime::server![super::hello];
    }
}
";

#[test]
fn an_edit_changes_nothing_else() {
    let spread = FORMATTED.replace("[hello]", "[\n        hello, // the first\n    ]");
    let without = without_imports();
    let globbed = FORMATTED.replace("{server, tool}", "*").replace("[hello]", "(hello,)");
    for (name, source, line) in [
        ("formatted", FORMATTED, &["tool", "add", "--arg", "a:i64", "--arg", "b:Option<i64> // The other one."][..]),
        ("spread", &spread, &["prompt", "ask", "--arg", "topic", "--description", "Ask.\n\nFor what?"]),
        ("without_imports", &without, &["tool", "count-words", "--arg", "m:HashMap<String,u32>", "--read-only"]),
        ("globbed", &globbed, &["resource", "file:///logs/{day}{?level}", "--mime", "text/plain", "--async"]),
        (
            "odd",
            ODD,
            &["tool", "second", "--arg", "state:State<u64>", "--arg", "a:u8", "--returns", "Result<String,String>"],
        ),
        ("block", BLOCK, &["tool", "reset", "--arg", "to:u64", "--returns", "()"]),
        (
            "block_empty",
            "use mcp_runtime::serve;\nstruct A;\n#[serve]\nimpl A {}\n",
            &["resource", "config://app", "--name", "the-config"],
        ),
        ("inner", INNER, &["tool", "type", "--arg", "cx:&Context", "--returns", "Vec<u8>"]),
    ] {
        let scratch = Scratch::new(&format!("add-{name}"));
        let path = package(&scratch.0, source);
        let shown = mcp(&scratch.0, &[&["add"], line, &["--dry-run"]].concat());
        assert!(ok(&shown).starts_with("--- src/main.rs\n+++ src/main.rs\n@@ "), "{name}: {}", shown.stdout);
        assert_eq!(read(&path), source, "{name}: a rehearsal writes nothing");
        let run = mcp(&scratch.0, &[&["add"], line].concat());
        assert!(ok(&run).starts_with("src/main.rs:"), "{name}: {}", run.stdout);
        let after = read(&path);
        check(&format!("add_{name}"), &after);
        // Every line of the user's but those that an entry joined is still there, in order.
        let mut lines = after.lines();
        let joins = ["mcp_runtime", "server!", "group!", "/* the last */", "{}"];
        let joined = |line: &str| joins.iter().any(|part| line.contains(part));
        for line in source.lines().filter(|line| !joined(line)) {
            assert!(lines.any(|other| other == line), "{name}: {line:?} in\n{after}");
        }
        let again = mcp(&scratch.0, &[&["add"], line].concat());
        assert_eq!(again.code, 2, "{name}: {}", again.stderr);
        assert!(again.stderr.contains(" already"), "{name}: {}", again.stderr);
        assert_eq!(read(&path), after);
    }
}

#[test]
fn line_ends_and_marks_survive() {
    let scratch = Scratch::new("add-crlf");
    for (name, source) in [("odd", ODD), ("formatted", FORMATTED), ("block", BLOCK)] {
        let returns = source.replace('\n', "\r\n");
        let path = package(&scratch.0, &returns);
        ok(&mcp(&scratch.0, &["add", "tool", "zebra", "--arg", "size:u8"]));
        let after = read(&path);
        assert_eq!(after.matches('\n').count(), after.matches("\r\n").count(), "{name}: {after:?}");
        fs::write(&path, source).expect("a file");
        ok(&mcp(&scratch.0, &["add", "tool", "zebra", "--arg", "size:u8"]));
        assert_eq!(after.replace("\r\n", "\n"), read(&path), "{name}: the same as with plain line ends");
        fs::write(&path, format!("\u{feff}{source}")).expect("a file");
        ok(&mcp(&scratch.0, &["add", "tool", "zebra", "--arg", "size:u8"]));
        assert_eq!(read(&path).trim_start_matches('\u{feff}'), after.replace("\r\n", "\n"), "{name}: behind a mark");
    }
}

#[test]
fn what_is_doubtful_is_refused_with_the_text_to_paste() {
    let scratch = Scratch::new("add-refused");
    let mut told = String::new();
    let mut refuse = |source: &str, line: &[&str]| {
        let path = package(&scratch.0, source);
        let run = mcp(&scratch.0, &[&["add"], line].concat());
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{line:?}: {}", run.stderr);
        assert_eq!(read(&path), source, "{line:?}");
        told.extend(["$ cargo mcp add ", &line.join(" "), "\n", &run.stderr, "\n"]);
    };
    let two = format!("{FORMATTED}\nfn other() -> mcp_runtime::Server {{\n    server![hello]\n}}\n");
    let tool = ["tool", "add", "--arg", "a:i64"];
    refuse("fn main() {}\n", &tool);
    refuse("make! { server![hello] }\nfn main() {}\n", &tool);
    refuse("#[cfg(test)]\nfn main() { server![]; }\n", &tool);
    refuse(&FORMATTED.replace("fn main", "#[cfg(feature = \"x\")]\nfn main"), &tool);
    refuse(&FORMATTED.replace("[hello]", "[crate = mcp; hello]"), &tool);
    refuse(&two, &tool);
    refuse(FORMATTED, &["tool", "add", "--at", "src/none.rs"]);
    refuse(&BLOCK.replace("#[serve]", "#[serve]\n#[cfg(unix)]"), &["tool", "add", "--at", "src/main.rs:7"]);
    refuse(FORMATTED, &["tool", "hello"]);
    refuse(FORMATTED, &["tool", "main"]);
    refuse(FORMATTED, &["prompt", "tool"]);
    refuse(BLOCK, &["tool", "more", "--at", "src/main.rs:6"]);
    refuse(FORMATTED, &["tool", "a b"]);
    refuse(FORMATTED, &["tool", "ok", "--arg", "a:Option<"]);
    refuse(FORMATTED, &["tool", "ok", "--arg", "a:Strin"]);
    refuse(FORMATTED, &["tool", "ok", "--arg", "a:nothing::Known"]);
    refuse(FORMATTED, &["tool", "ok", "--arg", "a:&mut u8"]);
    refuse(FORMATTED, &["tool", "ok", "--arg", "a", "--arg", "a"]);
    refuse(FORMATTED, &["tool", "ok", "--arg", "a:HashSet<f64>"]);
    refuse(FORMATTED, &["tool", "ok", "--returns", "Vec<&str>"]);
    refuse(FORMATTED, &["resource", "no-uri"]);
    refuse(FORMATTED, &["resource", "a://{b}{c}"]);
    refuse(FORMATTED, &["resource", "a://{b}", "--arg", "c"]);
    refuse(FORMATTED, &["resource", "a://b", "--mime", "text"]);
    refuse(FORMATTED, &["prompt", "ok", "--arg", "a:Vec<u8>"]);
    refuse(
        &format!("{FORMATTED}\n#[derive(Debug, JsonSchema)]\nstruct Note;\n"),
        &["tool", "ok", "--arg", "a:Vec<Note>"],
    );
    let bare = format!("{FORMATTED}\nstruct Note;\nstruct Oops;\n");
    refuse(&bare, &["resource", "note://{id}", "--arg", "id:Note"]);
    refuse(&bare, &["tool", "ok", "--returns", "Result<Vec<Note>, Oops>"]);
    refuse(FORMATTED, &["tool", "ok", "--", "echo"]);
    check("add_refused", &told);
    // An error needs no schema, and neither does what the server fills in.
    package(&scratch.0, &bare);
    ok(&mcp(&scratch.0, &["add", "tool", "ok", "--arg", "a:State<Note>", "--returns", "Result<u8, Oops>"]));
    let path = package(&scratch.0, &two);
    ok(&mcp(&scratch.0, &["add", "tool", "add", "--at", "src/main.rs:16"]));
    assert!(read(&path).contains("fn other() -> mcp_runtime::Server {\n    server![hello, add]\n"), "{}", read(&path));
}

#[test]
fn what_was_added_compiles_and_can_be_called() {
    let scratch = Scratch::new("add-scaffold");
    // The same target folder and the same versions as the program itself, so that little is built anew.
    let target = Path::new(env!("CARGO_BIN_EXE_cargo-mcp")).ancestors().nth(2).expect("a folder").to_owned();
    for template in ["minimal", "tools"] {
        ok(&mcp(&scratch.0, &["new", "--quiet", "--vcs", "none", "--template", template, template]));
        let folder = scratch.0.join(template);
        fs::copy(repository().join("Cargo.lock"), folder.join("Cargo.lock")).expect("a lock file");
        let cargo = |line: &[&str]| {
            let done =
                Command::new(env!("CARGO")).args(line).current_dir(&folder).env("CARGO_TARGET_DIR", &target).output();
            let done = done.expect("cargo runs");
            assert!(done.status.success(), "{template} {line:?}: {}", String::from_utf8_lossy(&done.stderr));
        };
        for line in [
            &["tool", "convert", "--arg", "amount:f64", "--arg", "to:Option<String> // The currency."][..],
            &["resource", "notes://{id}", "--arg", "id:u64"],
            &["prompt", "review", "--arg", "code", "--arg", "language:Option<String>"],
            &["tool", "later", "--async", "--arg", "m:BTreeMap<String, Vec<i64>>", "--returns", "HashSet<u8>"],
        ] {
            ok(&mcp(&folder, &[&["add"], line].concat()));
            cargo(&["check", "--quiet"]);
        }
        if template == "tools" {
            ok(&mcp(
                &folder,
                &[
                    "add",
                    "tool",
                    "set",
                    "--arg",
                    "tasks:State<Tasks>",
                    "--arg",
                    "priority:Priority",
                    "--returns",
                    "Vec<Task>",
                ],
            ));
        }
        cargo(&["clippy", "--quiet", "--all-targets", "--", "-D", "warnings"]);
        cargo(&["fmt", "--check"]);
        let variables = [("CARGO_TARGET_DIR", target.to_str().expect("a path"))];
        let run = process::mcp_with(&folder, &["call", "convert", "--amount", "2"], &variables);
        assert_eq!(ok(&run), "convert: amount = 2.0, to = None\n");
        let run = process::mcp_with(&folder, &["read", "notes://7"], &variables);
        assert_eq!(ok(&run), "notes: id = 7\n");
        if template == "tools" {
            continue;
        }
        // Other ways to write the same.
        for source in [BLOCK, INNER, &without_imports()] {
            fs::write(folder.join("src/main.rs"), source).expect("a file");
            for line in [
                &["tool", "count-words", "--arg", "m:HashMap<String,u32>", "--returns", "Option<String>"][..],
                &["tool", "type", "--arg", "cx:&Context", "--arg", "fn:&str", "--returns", "()", "--async"],
                &["resource", "file:///logs/{day}{?level}", "--mime", "text/plain"],
                &["prompt", "ask", "--arg", "topic:&str // About what.", "--returns", "Result<String, String>"],
            ] {
                ok(&mcp(&folder, &[&["add"], line].concat()));
            }
            cargo(&["check", "--quiet"]);
        }
    }
}

/// The formatted source with everything called by its path.
fn without_imports() -> String {
    let paths =
        FORMATTED.replace("use mcp_runtime::{server, tool};\n\n", "").replace("server![", "mcp_runtime::server![");
    paths.replace("#[tool]", "#[mcp_runtime::tool]")
}
