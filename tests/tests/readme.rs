//! What the README promises about this repository, checked against it.

use std::path::{Path, PathBuf};
use std::process::Command;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the repository").to_owned()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(repository().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn lines_of_code(path: &str) -> usize {
    read(path).lines().filter(|line| !line.trim().is_empty()).count()
}

#[test]
fn the_examples_are_as_short_as_promised() {
    assert!(lines_of_code("examples/src/bin/hello.rs") <= 15);
    let mini = lines_of_code("examples/src/bin/mini.rs");
    assert!(mini <= 28, "{mini} lines");
    assert!(read("README.md").contains(&format!("[{mini} lines](examples/src/bin/mini.rs)")));
}

#[test]
fn the_short_examples_are_formatted_as_rustfmt_does_by_default() {
    let folder = std::env::temp_dir().join(format!("mcp-readme-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    let check = |text: &str| {
        let file = folder.join("example.rs");
        std::fs::write(&file, text).expect("a file");
        // Outside the repository, so that its rustfmt.toml has no say.
        Command::new("rustfmt").args(["--edition", "2024", "--check"]).arg(file).output()
    };
    for example in ["hello", "mini"] {
        match check(&read(&format!("examples/src/bin/{example}.rs"))) {
            Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout)),
            Err(error) => println!("left out: rustfmt does not run: {error}"),
        }
    }
    if let Ok(output) = check("fn  main ( ) { }") {
        assert!(!output.status.success(), "what is badly formatted must be found");
    }
    std::fs::remove_dir_all(folder).expect("the folder was ours");
}

#[test]
fn the_programs_in_the_readme_are_the_examples() {
    let readme = read("README.md");
    let hello = read("examples/src/bin/hello.rs");
    let body = hello.split_once("\n\n").expect("a header and a body").1;
    assert!(readme.contains(body.trim_end()), "the README shows another `hello`");
    let notes = read("examples/src/bin/notes.rs");
    for line in [
        "/// Search the notes.",
        "#[arg(default = 10, range = 1..=100)]",
        "#[resource(\"note://{id}\", mime = \"text/markdown\")]",
    ] {
        assert!(readme.contains(line) && notes.contains(line), "{line}");
    }
}

#[test]
fn the_two_commands_are_the_ones_that_are_checked() {
    let (readme, ci) = (read("README.md"), read(".ci/run"));
    for command in ["cargo mcp call --bin notes search --query rust", "cargo test --workspace"] {
        assert!(readme.contains(&format!("    {command}\n")) && ci.contains(command), "{command}");
    }
}
