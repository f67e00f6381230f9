//! Which binary is meant, and where packages are.

use super::*;

fn target(line: &str) -> Own {
    #[derive(Debug, clap::Parser)]
    struct Only {
        #[command(flatten)]
        target: Own,
    }
    let words = std::iter::once("cargo-mcp").chain(line.split_whitespace());
    <Only as clap::Parser>::try_parse_from(words).map_or_else(|error| panic!("{error}"), |only| only.target)
}

fn all() -> Vec<Chosen> {
    let one = |package: &str, name: &str, is_example| Chosen {
        package: package.into(),
        id: package.into(),
        folder: Path::new("/w").join(package),
        name: name.into(),
        is_example,
        needs: if name == "gated" { vec!["extra".into()] } else { Vec::new() },
        default_run: None,
        version: "0.1.0".into(),
        metadata: Value::Null,
        edition: "2024".into(),
        dependencies: Vec::new(),
        sources: Vec::new(),
        target_folder: PathBuf::new(),
    };
    vec![
        one("a", "a", false),
        one("a", "gated", false),
        one("b", "first", false),
        one("b", "second", false),
        one("b", "show", true),
    ]
}

fn check(line: &str, here: &str) -> Result<String, String> {
    choose(&all(), &target(line), Path::new(here), &[])
        .map(|one| one.name)
        .map_err(|failure| failure.message().to_owned())
}

#[test]
fn the_only_binary_of_the_package_around_is_meant() {
    assert_eq!(check("", "/w/a/src").as_deref(), Ok("a"));
    assert_eq!(check("--package a", "/").as_deref(), Ok("a"));
    assert_eq!(check("--bin second", "/").as_deref(), Ok("second"));
    assert_eq!(check("--example show", "/w/a").as_deref(), Ok("show"));
    assert_eq!(check("--bin gated", "/w/a").as_deref(), Ok("gated"));
    assert_eq!(check("--features extra", "/w/a").unwrap_err(), "several binaries could be the server");
}

#[test]
fn a_packages_folder_is_read_from_its_id() {
    let check = |id: &str| folder_of(id).map(|path| path.display().to_string());
    assert_eq!(check("path+file:///home/me/a%20b#x@0.1.0").as_deref(), Some("/home/me/a b"));
    assert_eq!(check("path+file:///C:/work#0.1.0").as_deref(), Some("C:/work"));
    assert_eq!(check("registry+https://github.com/rust-lang/crates.io-index#serde@1.0.0"), None);
}

#[test]
fn a_choice_that_is_not_clear_is_refused() {
    assert_eq!(check("", "/w/b").unwrap_err(), "several binaries could be the server");
    assert_eq!(check("--bin third", "/w/b").unwrap_err(), "there is no binary `third`");
    assert_eq!(check("--package c", "/w/b").unwrap_err(), "no binary here is a server");
}
