//! What building a server costs: crates, time, and the size of the binary, here and with the peers; and what one more attribute costs.
//! Everything is built in copies, in folders of their own, so that nothing is there before.

mod attributes;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::figures::{Spread, shown};
use crate::options::Options;
use crate::report::{COST, machine};
use crate::server::{cargo, root, run as output, target};
use crate::{Result, say};

const NAMES: [&str; 4] = ["ours", "rmcp", "tower-mcp", "turbomcp"];
/// How often a debug build is made anew: the first time, files are not where they are the next time.
const REBUILDS: usize = 3;

/// A package that is built, with or without HTTP.
struct Package {
    folder: PathBuf,
    name: String,
    main: PathBuf,
    has_http: bool,
}

/// What building one takes.
struct Cost {
    crates: usize,
    debug: f64,
    release: f64,
    rebuild: f64,
    size: f64,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let mut out = format!(
        "{COST}\nMade by `cargo run --release -p benches -- build-cost`; wall time on an otherwise idle machine, \
         everything built from nothing but downloaded sources. The rebuild is a debug build after one tool was changed, \
         the median of three. On every server each of the 54 tools is a function of its own.\n\n{}\n\
         | | crates in the tree | clean debug build, s | clean release build, s | rebuild, s | stripped binary, MiB |\n\
         |---|---|---|---|---|---|\n",
        machine()?
    );
    for has_http in [false, true] {
        for name in NAMES.into_iter().filter(|name| options.wants(name)) {
            let shown_as = format!("{name}, {}", if has_http { "stdio and HTTP" } else { "stdio alone" });
            let line = match package(name, has_http).and_then(|package| cost(&package)) {
                Ok(Cost { crates, debug, release, rebuild, size }) => {
                    let [debug, release, rebuild, size] = [debug, release, rebuild, size].map(shown);
                    format!("| {shown_as} | {crates} | {debug} | {release} | {rebuild} | {size} |")
                }
                Err(error) => {
                    format!("| {shown_as} | does not build here: {} |||||", error.to_string().replace('\n', " "))
                }
            };
            say(&line);
            let _ = writeln!(out, "{line}");
        }
    }
    if options.wants("attributes") {
        let text = attributes::table();
        let _ = writeln!(out, "\n{text}");
    }
    let built = base().join("out");
    if built.exists() {
        fs::remove_dir_all(built)?;
    }
    if !options.writes || !options.is_whole() {
        return Ok(());
    }
    let path = root().join("docs/benchmarks.md");
    let earlier = fs::read_to_string(&path).unwrap_or_default();
    let speed = earlier.split_once(COST).map_or(earlier.as_str(), |(speed, _)| speed);
    fs::create_dir_all(root().join("docs"))?;
    fs::write(&path, format!("{speed}{out}"))?;
    say(format_args!("written to {}", path.display()));
    Ok(())
}

fn base() -> PathBuf {
    target().join("bench-cost")
}

/// Copies a package to where it is built.
fn package(name: &str, has_http: bool) -> Result<Package> {
    let (root, base) = (root(), base());
    if name == "ours" {
        let folder = base.join("ours");
        let main = folder.join("src/main.rs");
        let source = fs::read_to_string(root.join("examples/src/bin/bench.rs"))?;
        generate(&folder, &source)?;
        return Ok(Package { folder, name: "generated".to_owned(), main, has_http });
    }
    let folder = base.join("peers");
    copy(&root.join("benches/peers"), &folder)?;
    fs::create_dir_all(base.join("src"))?;
    fs::copy(root.join("benches/src/work.rs"), base.join("src/work.rs"))?;
    let main = folder.join(name).join("src/main.rs");
    Ok(Package { folder, name: format!("peer-{name}"), main, has_http })
}

/// A package on this framework, as a user has it.
fn generate(folder: &Path, source: &str) -> Result<()> {
    let runtime = root().join("mcp-runtime");
    let runtime = runtime.display();
    fs::create_dir_all(folder.join("src"))?;
    fs::write(
        folder.join("Cargo.toml"),
        format!(
            "[package]\nname = \"generated\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[features]\ndefault = [\"http\"]\nhttp = \
             [\"mcp-runtime/http\"]\n\n[dependencies]\nmcp-runtime = {{ path = \"{runtime}\", default-features = false }}\nschemars = \
             \"1.2\"\nserde = {{ version = \"1\", features = [\"derive\"] }}\ntokio = {{ version = \"1\", features = [\"macros\", \
             \"rt-multi-thread\", \"time\"] }}\n\n[workspace]\n\n[profile.release]\nlto = \"thin\"\ncodegen-units = 1\n"
        ),
    )?;
    fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock"))?;
    fs::write(folder.join("src/main.rs"), source)?;
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_name() == "target" {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

impl Package {
    fn cargo(&self, command: &str) -> Command {
        let mut cargo = Command::new(cargo());
        cargo.current_dir(&self.folder).args([command, "--quiet", "--package", &self.name]);
        cargo.arg("--no-default-features").args(self.has_http.then_some("--features=http"));
        cargo
    }

    fn out(&self) -> PathBuf {
        base().join("out").join(format!("{}-{}", self.name, if self.has_http { "http" } else { "stdio" }))
    }

    /// How many seconds a build takes.
    fn build(&self, options: &[&str]) -> Result<f64> {
        let begun = Instant::now();
        output(self.cargo("build").arg("--target-dir").arg(self.out()).args(options))?;
        Ok(begun.elapsed().as_secs_f64())
    }

    /// How many seconds a build takes after the one tool was changed.
    fn rebuild(&self, from: &str, to: &str, options: &[&str]) -> Result<f64> {
        let source = fs::read_to_string(&self.main)?;
        let changed = source.replace(from, to);
        if changed == source {
            return Err(format!("there is no {from} in {}", self.main.display()).into());
        }
        fs::write(&self.main, changed)?;
        let took = self.build(options);
        fs::write(&self.main, source)?;
        took
    }
}

fn cost(package: &Package) -> Result<Cost> {
    // What is downloaded already is not part of a build.
    output(Command::new(cargo()).current_dir(&package.folder).args(["fetch", "--quiet"]))?;
    let tree = output(package.cargo("tree").args(["--edges", "normal", "--prefix", "none"]))?;
    let mut crates: Vec<&str> = tree.lines().map(|line| line.trim_end_matches(" (*)")).collect();
    crates.sort_unstable();
    crates.dedup();
    if package.out().exists() {
        fs::remove_dir_all(package.out())?;
    }
    let debug = package.build(&[])?;
    let rebuilds = (0..REBUILDS).map(|number| package.rebuild("\"slept\"", &format!("\"slept {number}\""), &[]));
    let rebuild = Spread::of(rebuilds.collect::<Result<_>>()?).ok_or("nothing was built again")?.median;
    let release = package.build(&["--release"])?;
    let stripped = package.out().join("stripped");
    output(Command::new("strip").arg("-o").arg(&stripped).arg(package.out().join("release").join(&package.name)))?;
    #[expect(clippy::cast_precision_loss, reason = "a binary is far smaller than 2^52 bytes")]
    let size = fs::metadata(&stripped)?.len() as f64 / f64::from(1 << 20);
    // What else is built with these dependencies finds them there.
    if package.has_http {
        fs::remove_dir_all(package.out())?;
    }
    Ok(Cost { crates: crates.len(), debug, release, rebuild, size })
}
