//! A server that was built is started without asking cargo again, as long as nothing that it came from has changed.

#![cfg(unix)]

#[expect(dead_code, reason = "other tests need more of it")]
mod process;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;

use process::{Run, Scratch, mcp_with};

/// Longer than the coarsest clock of a file system.
const A_WHILE: Duration = Duration::from_millis(2100);

/// A package with another one that it depends on, and a cargo that counts how often it is asked.
struct Package(Scratch);

impl Package {
    fn new() -> Self {
        let package = Self(Scratch::new("fresh"));
        package.write("Cargo.toml", "[package]\nname = \"tiny\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[dependencies]\npart = { path = \"part\" }\n[workspace]\n");
        package.write("part/Cargo.toml", "[package]\nname = \"part\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
        package.source(1);
        package.part(1);
        let cargo = package.0.0.join("cargo");
        let script = format!(
            "#!/bin/sh\necho x >> '{}'\nexec '{}' \"$@\"\n",
            package.0.0.join("asked").display(),
            env!("CARGO")
        );
        fs::write(&cargo, script).expect("a file");
        fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).expect("permissions");
        package
    }

    fn at(&self, path: &str) -> PathBuf {
        self.0.0.join("work").join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.at(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    /// No server, but one that says which it is before it ends.
    fn source(&self, version: u32) {
        self.write(
            "src/main.rs",
            &format!("fn main() {{ eprintln!(\"main {version} part {{}}\", part::VERSION); }}\n"),
        );
    }

    fn part(&self, version: u32) {
        self.write("part/src/lib.rs", &format!("pub const VERSION: u32 = {version};\n"));
    }

    /// Whether cargo was asked, and what was started.
    fn start(&self, more: &[(&str, &str)]) -> (bool, Run) {
        let asked = self.0.0.join("asked");
        let _ = fs::remove_file(&asked);
        let (cargo, cache) =
            (self.0.0.join("cargo").display().to_string(), self.0.0.join("cache").display().to_string());
        let mut variables =
            vec![("CARGO", cargo.as_str()), ("XDG_CACHE_HOME", &cache), ("CARGO_TARGET_DIR", "../target")];
        variables.extend(more);
        let run = mcp_with(&self.at(""), &["list"], &variables);
        (asked.exists(), run)
    }

    /// Starts it until cargo is not asked any more: it is asked once more after what it built is there for a while, because
    /// what changed just now may change again unseen.
    fn settle(&self) {
        sleep(A_WHILE);
        let _ = self.start(&[]);
        let (asked, run) = self.start(&[]);
        assert!(!asked, "{}", run.stderr);
    }
}

#[test]
fn cargo_is_asked_only_when_something_may_be_different() {
    let package = Package::new();
    let (asked, run) = package.start(&[]);
    assert!(asked && run.stderr.contains("main 1 part 1"), "{}", run.stderr);
    assert!(package.start(&[]).0, "what was built just now may be built again unseen");
    package.settle();
    let (asked, run) = package.start(&[]);
    assert!(!asked && run.stderr.contains("main 1 part 1"), "{}", run.stderr);

    package.source(2);
    let (asked, run) = package.start(&[]);
    assert!(asked && run.stderr.contains("main 2 part 1"), "{}", run.stderr);
    package.settle();
    package.part(2);
    let (asked, run) = package.start(&[]);
    assert!(asked && run.stderr.contains("main 2 part 2"), "{}", run.stderr);
    package.settle();
    let (asked, run) = package.start(&[("RUSTFLAGS", "-Cdebuginfo=0")]);
    assert!(asked && run.stderr.contains("main 2 part 2"), "{}", run.stderr);
    // What was built with those flags lies where the other program was.
    assert!(package.start(&[]).0);
    package.settle();
    package.write("build.rs", "fn main() { panic!(\"a build script that fails\") }\n");
    let (asked, run) = package.start(&[]);
    assert!(asked && run.code == 101, "{}", run.stderr);
    fs::remove_file(package.at("build.rs")).expect("a file");
    package.write("src/bin/other.rs", "fn main() {}\n");
    let (asked, run) = package.start(&[]);
    assert!(asked && run.code == 2 && run.stderr.contains("several binaries"), "{}", run.stderr);
}
