//! Whether the server that was built last is still what cargo would build: cargo takes a few hundred milliseconds to say so,
//! looking at files takes a few. What is remembered of a build are the looks of everything that it came from: its sources and
//! those of the packages in folders, with the folders they lie in; manifests, locks, configurations and toolchains, also those
//! that are not there; what build scripts watch. The environment, the folder and the options are part of the record's name.
//! Whenever something is different, or cannot be known, cargo decides.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::look::Look;
use super::package::Built;
use crate::cli::Own;
use crate::client::Surroundings;

/// Changes with what is looked at.
const VERSION: u32 = 1;
/// The coarsest clock of a file system in use: what changed shortly before cargo looked may change again and look the same.
const CLOCK: Duration = Duration::from_secs(2);
/// Variables that differ from one shell to the next and that no build depends on.
const NO_MATTER: &[&str] = &["_", "COLUMNS", "LINES", "OLDPWD", "PWD", "SHLVL", "TERM_SESSION_ID", "WINDOWID"];
/// The largest record that is read or written.
const LONGEST: u64 = 16 << 20;
/// Records that nobody used for so long go.
const KEPT: Duration = Duration::from_hours(24 * 30);

/// What a program was built from.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    version: u32,
    program: PathBuf,
    /// How each path looked; `None` where nothing was.
    looks: BTreeMap<PathBuf, Option<Look>>,
}

/// Where the record of this server is.
pub(super) struct Place(PathBuf);

impl Place {
    /// `None` where nothing can be kept, or what is kept cannot be told apart.
    pub(super) fn of(own: &Own) -> Option<Self> {
        let here = env::current_dir().ok()?;
        let folder = Surroundings::here(here.clone())?.cache().join("built");
        let mut hash = Sha256::new();
        let mut add = |part: &[u8]| {
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        };
        add(&VERSION.to_le_bytes());
        add(env!("CARGO_PKG_VERSION").as_bytes());
        add(here.as_os_str().as_encoded_bytes());
        add(format!("{own:?}").as_bytes());
        let environment: BTreeMap<OsString, OsString> = env::vars_os().collect();
        for (name, value) in environment {
            if !NO_MATTER.iter().any(|known| name == *known) {
                add(name.as_encoded_bytes());
                add(value.as_encoded_bytes());
            }
        }
        let mut name = String::new();
        for byte in hash.finalize() {
            let _ = write!(name, "{byte:02x}");
        }
        Some(Self(folder.join(name + ".json")))
    }

    /// The program, if nothing that it came from looks different.
    pub(super) fn program(&self) -> Option<PathBuf> {
        let is_short = fs::metadata(&self.0).is_ok_and(|data| data.len() <= LONGEST);
        let record: Record = is_short.then(|| serde_json::from_slice(&fs::read(&self.0).ok()?).ok()).flatten()?;
        let is_same = record.version == VERSION && record.looks.iter().all(|(path, look)| Look::at(path) == *look);
        is_same.then_some(record.program)
    }

    /// Remembers what cargo built or found built; `before` is when it was asked. Without a record cargo is asked again.
    pub(super) fn remember(&self, built: &Built, before: SystemTime) {
        let record = Record::of(built, before).and_then(|record| serde_json::to_vec(&record).ok());
        let Some(bytes) = record.filter(|bytes| bytes.len() as u64 <= LONGEST) else {
            // What is there is not true any more, and harmless: it looks different.
            return;
        };
        let Some(folder) = self.0.parent() else { return };
        if crate::file::private_folder(folder).is_ok() {
            sweep(folder);
            // Nobody misses it where it cannot be written.
            let _ = crate::file::write(&self.0, &bytes);
        }
    }
}

/// Removes records that are old.
fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let age = entry.metadata().and_then(|data| data.modified()).map(|time| time.elapsed().unwrap_or_default());
        if age.is_ok_and(|age| age > KEPT) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

impl Record {
    /// `None` if it cannot be told from files whether the program is still right.
    fn of(built: &Built, before: SystemTime) -> Option<Self> {
        let here = env::current_dir().ok()?;
        let sources = sources(&fs::read_to_string(built.program.with_extension("d")).ok()?)?;
        let mut paths: BTreeSet<PathBuf> = BTreeSet::new();
        let mut roots: BTreeSet<PathBuf> = BTreeSet::from([here]);
        for source in &sources {
            let folder = source.parent()?;
            paths.insert(folder.to_owned());
            roots.insert(folder.ancestors().find(|folder| folder.join("Cargo.toml").is_file())?.to_owned());
        }
        for root in &roots {
            // A build script, a library or another binary may appear.
            paths.extend(["", "src", "src/bin", "examples"].map(|folder| root.join(folder)));
            for folder in root.ancestors() {
                let names = ["Cargo.toml", "Cargo.lock", "rust-toolchain", "rust-toolchain.toml"];
                paths.extend(names.map(|name| folder.join(name)));
                configurations(&folder.join(".cargo"), &mut paths)?;
            }
        }
        paths.extend(sources);
        toolchains(&mut paths)?;
        for script in &built.scripts {
            paths.extend(script.watched()?);
        }
        let mut looks = BTreeMap::new();
        for path in paths {
            let look = Look::at(&path);
            if look.as_ref().is_some_and(|look| look.changed_after(before - CLOCK)) {
                return None;
            }
            looks.insert(path, look);
        }
        let program = Look::at(&built.program)?;
        // Another build may have put another program there since.
        if program.written_after(before) {
            return None;
        }
        looks.insert(built.program.clone(), Some(program));
        Some(Self { version: VERSION, program: built.program.clone(), looks })
    }
}

/// The configurations of cargo in a folder; `None` if one takes in others.
fn configurations(folder: &Path, paths: &mut BTreeSet<PathBuf>) -> Option<()> {
    for name in ["config.toml", "config"] {
        let path = folder.join(name);
        if fs::read_to_string(&path).is_ok_and(|text| text.contains("include")) {
            return None;
        }
        paths.insert(path);
    }
    Some(())
}

/// Whatever decides which compiler is used and what it is.
fn toolchains(paths: &mut BTreeSet<PathBuf>) -> Option<()> {
    let home = env::home_dir()?;
    let folder = |name: &str, usual: &str| env::var_os(name).map_or_else(|| home.join(usual), PathBuf::from);
    configurations(&folder("CARGO_HOME", ".cargo"), paths)?;
    let rustup = folder("RUSTUP_HOME", ".rustup");
    paths.insert(rustup.join("settings.toml"));
    paths.insert(rustup.join("toolchains"));
    for toolchain in fs::read_dir(rustup.join("toolchains")).into_iter().flatten().flatten() {
        for name in ["bin/rustc", "bin/rustc.exe", "lib/rustlib/multirust-channel-manifest.toml"] {
            paths.insert(toolchain.path().join(name));
        }
    }
    let programs = ["RUSTC", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER", "CARGO"].into_iter().filter_map(env::var_os);
    paths.extend(programs.map(PathBuf::from).filter(|path| path.is_absolute()));
    for folder in env::split_paths(&env::var_os("PATH").unwrap_or_default()) {
        paths.extend(["rustc", "cargo"].map(|name| folder.join(name).with_extension(env::consts::EXE_EXTENSION)));
    }
    Some(())
}

/// The sources that a dependency file of cargo names; `None` if it is not understood.
fn sources(text: &str) -> Option<Vec<PathBuf>> {
    let mut found = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        // A drive of Windows has a colon of its own, without a space behind it.
        let (_, mut rest) = line.split_once(": ").or_else(|| line.strip_suffix(':').map(|line| (line, "")))?;
        while !rest.is_empty() {
            let mut path = String::new();
            loop {
                let end = rest.find(' ').unwrap_or(rest.len());
                let (word, after) = rest.split_at(end);
                rest = after.strip_prefix(' ').unwrap_or(after);
                match word.strip_suffix('\\') {
                    // A space that belongs to the path.
                    Some(part) if !after.is_empty() => path.extend([part, " "]),
                    _ => {
                        path.push_str(word);
                        break;
                    }
                }
            }
            let path = PathBuf::from(path);
            if !path.is_absolute() {
                return None;
            }
            found.push(path);
        }
    }
    (!found.is_empty()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Package(tempfile::TempDir, Built);

    /// A package that was built, as far as files tell.
    fn package() -> Package {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |path: &str| folder.path().join(path);
        fs::create_dir_all(at("src")).expect("a folder");
        fs::create_dir_all(at("target/build/x/out")).expect("a folder");
        for (path, text) in [
            ("Cargo.toml", String::new()),
            ("src/main.rs", "fn main() {}".into()),
            ("watched", String::new()),
            ("target/x", "a program".into()),
            ("target/x.d", format!("{}: {}\n", at("target/x").display(), at("src/main.rs").display())),
            ("target/build/x/output", "cargo:rerun-if-changed=watched\ncargo::rerun-if-env-changed=X\n".into()),
        ] {
            fs::write(at(path), text).expect("a file");
        }
        let script = super::super::package::Script { root: Some(folder.path().into()), out: at("target/build/x/out") };
        let built = Built { program: at("target/x"), scripts: vec![script] };
        Package(folder, built)
    }

    /// As if cargo was asked long after everything was written.
    fn later() -> SystemTime {
        SystemTime::now() + Duration::from_mins(1)
    }

    fn is_current(record: &Record) -> bool {
        record.looks.iter().all(|(path, look)| Look::at(path) == *look)
    }

    #[test]
    fn whatever_a_program_came_from_makes_it_stale() {
        type Change = fn(&Path) -> std::io::Result<()>;
        let changes: [(&str, Change); 12] = [
            ("a source", |folder| fs::write(folder.join("src/main.rs"), "fn main() { }")),
            ("a source that is gone", |folder| fs::remove_file(folder.join("src/main.rs"))),
            ("a manifest", |folder| fs::write(folder.join("Cargo.toml"), "[package]")),
            ("a lock", |folder| fs::write(folder.join("Cargo.lock"), "")),
            ("a configuration", |folder| {
                fs::create_dir(folder.join(".cargo")).and_then(|()| fs::write(folder.join(".cargo/config.toml"), ""))
            }),
            ("a toolchain", |folder| fs::write(folder.join("rust-toolchain.toml"), "")),
            ("a build script", |folder| fs::write(folder.join("build.rs"), "")),
            ("another binary", |folder| fs::create_dir(folder.join("src/bin"))),
            ("what a build script watches", |folder| fs::write(folder.join("watched"), "x")),
            ("another program", |folder| fs::write(folder.join("target/x"), "another")),
            ("no program", |folder| fs::remove_file(folder.join("target/x"))),
            ("the same text at another time", |folder| {
                let time = SystemTime::now() + Duration::from_secs(5);
                fs::File::options().append(true).open(folder.join("src/main.rs"))?.set_modified(time)
            }),
        ];
        for (name, change) in changes {
            let package = package();
            let record = Record::of(&package.1, later()).expect("a record");
            assert!(is_current(&record), "{name}: nothing has changed yet");
            change(package.0.path()).expect("a change");
            assert!(!is_current(&record), "{name}");
        }
    }

    #[test]
    fn what_cannot_be_known_is_not_remembered() {
        type Change = fn(&Path) -> std::io::Result<()>;
        let changes: [(&str, Change); 6] = [
            ("no list of sources", |folder| fs::remove_file(folder.join("target/x.d"))),
            ("a list that is not understood", |folder| fs::write(folder.join("target/x.d"), "x: src/main.rs")),
            ("a build script that watches all", |folder| {
                fs::write(folder.join("target/build/x/output"), "cargo:x=y\n")
            }),
            ("a build script that watches a folder", |folder| {
                fs::write(folder.join("target/build/x/output"), "cargo:rerun-if-changed=src\n")
            }),
            ("a build script nobody knows of", |folder| fs::remove_file(folder.join("target/build/x/output"))),
            ("configurations elsewhere", |folder| {
                fs::create_dir(folder.join(".cargo"))
                    .and_then(|()| fs::write(folder.join(".cargo/config.toml"), "include = ['x']"))
            }),
        ];
        for (name, change) in changes {
            let package = package();
            assert!(Record::of(&package.1, later()).is_some(), "{name}");
            change(package.0.path()).expect("a change");
            assert!(Record::of(&package.1, later()).is_none(), "{name}");
        }
        let package = package();
        assert!(Record::of(&package.1, SystemTime::now()).is_none(), "what was just written may be written again");
    }

    #[test]
    fn a_list_of_sources_is_read_as_cargo_writes_it() {
        let check =
            |text: &str| sources(text).map(|paths| paths.iter().map(|path| path.display().to_string()).collect());
        let some = |paths: &[&str]| Some(paths.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>());
        assert_eq!(check("/t/x: /a/b.rs /a\\ b/c.rs\n\n"), some(&["/a/b.rs", "/a b/c.rs"]));
        assert_eq!(check("/t/x: /a\n/t/y: /b\n"), some(&["/a", "/b"]));
        for text in ["", "/t/x:", "/t/x: a.rs", "nonsense"] {
            assert_eq!(check(text), None, "{text}");
        }
    }
}
