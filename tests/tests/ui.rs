//! What the macros take, and what the compiler says where they refuse: one mistake per file, and beside it what the compiler
//! says. `TRYBUILD=overwrite cargo test -p mcp-tests --test ui` writes it anew; read it before it is committed.

use std::fs;
use std::path::{Path, PathBuf};

use trybuild::TestCases;

#[test]
fn every_mistake_is_told_once_and_where_it_is() {
    TestCases::new().compile_fail("ui/fail/*.rs");
}

#[test]
fn everything_that_may_be_written_compiles_and_runs() {
    let cases = TestCases::new();
    cases.pass("ui/pass/*.rs");
    // What only a build finds: beside a case that passes, the cases are built and not just checked.
    cases.compile_fail("ui/build/*.rs");
}

fn texts(directory: &str, extension: &str) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(directory);
    let mut texts: Vec<_> = fs::read_dir(&root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .map(|path| (path.clone(), fs::read_to_string(path).unwrap()))
        .collect();
    texts.sort();
    texts
}

/// What a stranger would call noise in the compiler's words.
fn noise(stderr: &str) -> Option<String> {
    let errors = stderr.lines().filter(|line| line.starts_with("error")).count();
    let phrases = [
        ("other types implement", "lists types that have nothing to do with the mistake"),
        ("required by a bound", "points into the runtime"),
        ("in this macro invocation", "points into the runtime"),
        ("this error originates in", "points at a whole macro"),
        ("/work/", "names a path of one machine"),
        ("/home/", "names a path of one machine"),
        ("`_` cannot", "does not know the type"),
        ("return `_`", "does not know the type"),
        ("from `_`", "does not know the type"),
    ];
    let phrase = phrases.iter().find(|(phrase, _)| stderr.contains(phrase)).map(|(_, fault)| (*fault).to_owned());
    phrase.or_else(|| (errors != 1).then(|| format!("has {errors} errors")))
}

#[test]
fn a_mistake_gives_one_error_without_noise() {
    // Each with its reason.
    let excused = [
        // Says three mistakes on purpose.
        "several_mistakes_at_once",
        // The compiler itself refuses the item that is left as it was written.
        "self_in_free_function",
    ];
    let all = texts("ui/fail", "stderr");
    let found: Vec<_> = all
        .iter()
        .filter(|(path, _)| !excused.contains(&path.file_stem().unwrap().to_str().unwrap()))
        .filter_map(|(path, stderr)| noise(stderr).map(|fault| format!("{} {fault}", path.display())))
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert!(all.len() > 150, "only {} files were read", all.len());
}

#[test]
fn noise_is_noticed() {
    assert_eq!(noise("error: one\n"), None);
    assert!(noise("error: one\nerror: two\n").is_some());
    assert!(noise("").is_some());
    assert!(noise("error: one\n = help: the following other types implement trait `From`\n").is_some());
    assert!(noise("error: one\n --> /work/main/mcp-runtime/src/probe.rs\n").is_some());
}

#[test]
fn every_case_says_what_it_is_about() {
    let cases: Vec<_> =
        ["ui/fail", "ui/pass", "ui/build"].iter().flat_map(|directory| texts(directory, "rs")).collect();
    for (path, text) in &cases {
        assert!(text.starts_with("//! "), "{} does not begin with what it is about", path.display());
    }
    assert!(cases.len() > 150, "only {} files were read", cases.len());
}
