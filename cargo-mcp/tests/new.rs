//! `cargo mcp new` and `init` as processes: what they write, what they refuse, and what is left when they do not come to the end.
//! That the servers build and pass their own tests is seen in `.ci/run`, which runs all of them.

#[path = "new/foreign.rs"]
mod foreign;
#[path = "process/leaving.rs"]
mod leaving;
#[expect(dead_code, reason = "other tests need more of it")]
mod process;
#[path = "new/terminal.rs"]
mod terminal;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use insta::{assert_snapshot, with_settings};
use process::{Scratch, mcp};
use serde_json::Value;

fn check(name: &str, text: &str) {
    with_settings!({ snapshot_path => "snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
        assert_snapshot!(name, text);
    });
}

fn write(path: &Path, text: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().expect("a folder around it")).expect("a folder");
    fs::write(path, text).expect("a file");
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The names of what is in a folder, sorted.
fn entries(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder").flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// The names in a list of `--list --json`.
fn names(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(|one| one["name"].as_str().map(str::to_owned)).collect()
}

#[test]
fn each_template_has_its_files_and_its_add_ons() {
    let scratch = Scratch::new("new-trees");
    let run = mcp(&scratch.0, &["new", "--list", "--json"]);
    let list: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let (templates, addons) = (names(&list["templates"]), names(&list["addOns"]).join(","));
    assert_eq!(templates, ["minimal", "tools", "full", "http", "sqlite", "api-proxy", "workspace"]);
    assert_eq!(list["templates"][5]["variables"][1]["default"], "https://crates.io/api/v1");
    let mut trees = mcp(&scratch.0, &["new", "--list"]).stdout;
    for template in &templates {
        let line = ["new", "x", "--template", template, "--with", &addons];
        let dry = mcp(&scratch.0, &[&line[..], &["--dry-run"]].concat());
        assert_eq!(dry.code, 0, "{template}: {}", dry.stderr);
        assert!(dry.stderr.contains("Nothing was written"), "{}", dry.stderr);
        assert_eq!(entries(&scratch.0), Vec::<String>::new(), "a dry run writes nothing");
        let run = mcp(&scratch.0, &line);
        assert_eq!((run.code, &run.stdout), (0, &dry.stdout), "{template}: {}", run.stderr);
        assert_eq!(entries(&scratch.0), ["x"]);
        let _ = write!(trees, "\n{template}: {}", run.stdout);
        fs::remove_dir_all(scratch.0.join("x")).expect("it was written");
    }
    check("templates", &trees);
}

#[test]
fn what_is_said_of_a_server_stands_in_its_files() {
    let scratch = Scratch::new("new-values");
    let run = mcp(
        &scratch.0,
        &["new", "my-board", "-t", "tools", "--transport", "http", "--with", "docker", "--with=ci", "--vcs", "none"]
            .into_iter()
            .chain([
                "-d",
                "registry=io.github.you/board",
                "-d",
                "address=127.0.0.1:4000",
                "-d",
                "description=It's mine.",
            ])
            .collect::<Vec<_>>(),
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
    let folder = scratch.0.join("my-board");
    let docker = read(&folder.join("Dockerfile"));
    for line in [
        "LABEL io.modelcontextprotocol.server.name=\"io.github.you/board\"",
        "USER 10001",
        "ENTRYPOINT [\"/usr/local/bin/my-board\"]\nEXPOSE 4000\nCMD [\"--http\", \"0.0.0.0:4000\"]",
    ] {
        assert!(docker.contains(line), "{line}: {docker}");
    }
    assert_eq!(docker.matches("\nFROM ").count(), 2, "{docker}");
    assert!(read(&folder.join("src/main.rs")).contains("const ADDRESS: &str = \"127.0.0.1:4000\";"));
    assert!(read(&folder.join("Cargo.toml")).contains("description = \"It's mine.\""));
    assert!(read(&folder.join("README.md")).contains("# my-board\n\nIt's mine.\n"));
    let workflow = read(&folder.join(".github/workflows/ci.yml"));
    for command in ["cargo fmt --all --check", "cargo clippy", "-D warnings", "cargo test"] {
        assert!(workflow.contains(command), "{command}: {workflow}");
    }
    assert!(!folder.join(".git").exists(), "no version control was wanted");
    let run = mcp(&scratch.0, &["new", "plain", "--with", "docker"]);
    assert!(run.stderr.contains("note: the image is labelled com.example/plain"), "{}", run.stderr);
    assert!(run.stderr.contains("note: Cargo.toml names mcp-runtime by its path here"), "{}", run.stderr);
    assert!(!read(&scratch.0.join("plain/Dockerfile")).contains("EXPOSE"), "it speaks over standard input and output");
    assert!(scratch.0.join("plain/.git").is_dir());
}

#[test]
fn mistakes_are_told_with_a_way_out() {
    let scratch = Scratch::new("new-mistakes");
    write(&scratch.0.join("there/src/main.rs"), "fn main() {}\n");
    write(&scratch.0.join("there/README.md"), "mine\n");
    write(&scratch.0.join("file"), "");
    write(&scratch.0.join("blocked/src"), "a file where a folder should be");
    let mut told = String::new();
    for line in [
        &["new"][..],
        &["new", "there"],
        &["new", "there", "--dry-run"],
        &["new", "file"],
        &["new", "blocked"],
        &["new", "fn"],
        &["new", "core"],
        &["new", "Weather"],
        &["new", "folder/1st"],
        &["new", "x", "--name", "a/b"],
        &["new", "tokio"],
        &["new", "insta", "-t", "minimal"],
        &["new", ".."],
        &["new", "x", "-t", "sqllite"],
        &["new", "x", "-t", "rocket-ship"],
        &["new", "x", "-t", "./nothing"],
        &["new", "x", "-t", "gh:nobody"],
        &["new", "x", "--with", "ci,dockr"],
        &["new", "x", "--with", "auth"],
        &["new", "x", "-t", "minimal", "--transport", "http"],
        &["new", "x", "-t", "http", "--transport", "stdio"],
        &["new", "x", "-d", "descripton=y"],
        &["new", "x", "-d", "description"],
        &["new", "x", "-d", "description=a \"b\""],
        &["new", "x", "-d", "name=y"],
        &["new", "x", "--with", "docker", "-d", "registry=weather"],
    ] {
        let run = mcp(&scratch.0, line);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{line:?}: {}", run.stderr);
        let _ = writeln!(told, "$ cargo mcp {}\n{}", line.join(" "), run.stderr);
    }
    // The name of the folder around differs from run to run.
    let around = scratch.0.file_name().expect("a name").to_string_lossy().into_owned();
    check("new_mistakes", &told.replace(&around, "AROUND"));
    assert_eq!(entries(&scratch.0), ["blocked", "file", "there"], "nothing was written");
    assert_eq!(read(&scratch.0.join("there/README.md")), "mine\n");
    let run = mcp(&scratch.0, &["new", "x", "-t", "tool", "--json"]);
    let error: Value = serde_json::from_str(&run.stderr).expect("one line of JSON");
    assert_eq!((run.code, &error["error"]["hint"]), (2, &Value::from("did you mean `tools`?")));
}

#[test]
fn a_folder_becomes_a_server_and_keeps_what_is_in_it() {
    let scratch = Scratch::new("new-init");
    let folder = scratch.0.join("weather");
    write(&folder.join("notes.txt"), "mine\n");
    write(&folder.join("src/old.rs"), "// mine\n");
    let run = mcp(&folder, &["init", "-t", "minimal"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stderr.contains("cargo mcp call hello --name Ada") && !run.stderr.contains("cd "), "{}", run.stderr);
    assert!(read(&folder.join("Cargo.toml")).contains("name = \"weather\""));
    assert_eq!(read(&folder.join("src/old.rs")), "// mine\n");
    assert_eq!(read(&folder.join("notes.txt")), "mine\n");
    let before = read(&folder.join("Cargo.toml"));
    let run = mcp(&folder, &["init", "-t", "tools"]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(run.stderr.contains("./Cargo.toml") && !run.stderr.contains("src/lib.rs"), "{}", run.stderr);
    assert_eq!(read(&folder.join("Cargo.toml")), before);
    assert!(!folder.join("src/lib.rs").exists(), "nothing is written if something is there");

    let odd = scratch.0.join("1 odd folder");
    fs::create_dir_all(&odd).expect("a folder");
    let run = mcp(&odd, &["init"]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(run.stderr.contains("must begin with a letter"), "{}", run.stderr);
    let run = mcp(&odd, &["init", "--name", "even", "--vcs", "none"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(read(&odd.join("Cargo.toml")).contains("name = \"even\""));
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_nowhere_is_not_written_through() {
    let scratch = Scratch::new("new-link");
    let folder = scratch.0.join("x");
    fs::create_dir_all(&folder).expect("a folder");
    std::os::unix::fs::symlink(scratch.0.join("elsewhere"), folder.join("README.md")).expect("a link");
    let run = mcp(&scratch.0, &["new", "x"]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(run.stderr.contains("x/README.md"), "{}", run.stderr);
    assert!(!scratch.0.join("elsewhere").exists());
}

#[test]
fn the_source_is_formatted_whatever_the_name() {
    let scratch = Scratch::new("new-format");
    let list: Value = serde_json::from_str(&mcp(&scratch.0, &["new", "--list", "--json"]).stdout).expect("JSON");
    let mut sources = Vec::new();
    for (name, transport) in
        [("a", "stdio"), (&*"x".repeat(64), "http"), ("of-some-forty-characters-as-there-are", "stdio")]
    {
        for template in names(&list["templates"]) {
            let folder = scratch.0.join(format!("{template}-{}", name.len()));
            let folder = folder.to_str().expect("text");
            let line = ["new", folder, "--name", name, "-t", &template, "--vcs", "none"];
            let with_transport = [&line[..], &["--transport", transport]].concat();
            // Not every template has a choice.
            if mcp(&scratch.0, &with_transport).code != 0 {
                let run = mcp(&scratch.0, &line);
                assert_eq!(run.code, 0, "{template}: {}", run.stderr);
            }
            let tree = mcp(&scratch.0, &["new", "x", "--name", name, "-t", &template, "--dry-run", "--json"]);
            let tree: Value = serde_json::from_str(&tree.stdout).expect("JSON");
            let files = tree["files"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let files = files.map(|file| Path::new(folder).join(file));
            sources.extend(files.filter(|file| file.extension().is_some_and(|extension| extension == "rs")));
        }
    }
    let check = |sources: &[std::path::PathBuf]| {
        Command::new("rustfmt").args(["--edition", "2024", "--check"]).args(sources).output()
    };
    assert!(sources.len() > 60, "{}", sources.len());
    match check(&sources) {
        Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout)),
        Err(error) => leaving::left_out(&format!("rustfmt does not run: {error}")),
    }
    let bad = scratch.0.join("bad.rs");
    write(&bad, "fn  main ( ) { }");
    if let Ok(output) = check(&[bad]) {
        assert!(!output.status.success(), "what is badly formatted must be found");
    }
}

#[test]
fn missing_folders_around_come_with_the_server() {
    let scratch = Scratch::new("new-deep");
    let run = mcp(&scratch.0, &["new", "a/b/../c/server-x", "--vcs", "none"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(scratch.0.join("a/c/server-x/Cargo.toml").is_file());
    assert_eq!((entries(&scratch.0), entries(&scratch.0.join("a"))), (vec!["a".to_owned()], vec!["c".to_owned()]));
}

/// A template whose last file cannot be written, because no file can have such a name.
fn unwritable(scratch: &Scratch) -> (String, String) {
    let template = scratch.0.join("template");
    write(&template.join("a/first.txt"), "first");
    write(&template.join("z-{{long}}.txt"), "last");
    (template.display().to_string(), format!("long={}", "x".repeat(300)))
}

#[test]
fn a_run_that_fails_leaves_nothing() {
    let scratch = Scratch::new("new-fails");
    let (template, long) = unwritable(&scratch);
    let run = mcp(&scratch.0, &["new", "deep/x", "-t", &template, "-d", &long]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(run.stderr.contains("deep/x cannot be written"), "{}", run.stderr);
    assert_eq!(entries(&scratch.0), ["template"]);

    let folder = scratch.0.join("mine");
    write(&folder.join("kept.txt"), "mine");
    let run = mcp(&folder, &["init", "-t", &template, "-d", &long]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert_eq!(entries(&folder), ["kept.txt"]);
    let run = mcp(&folder, &["init", "-t", &template, "-d", "long=short", "--vcs", "none"]);
    assert_eq!((run.code, entries(&folder)), (0, vec!["a".into(), "kept.txt".into(), "z-short.txt".into()]));
}

#[cfg(unix)]
#[test]
fn a_run_that_is_interrupted_leaves_nothing() {
    let scratch = Scratch::new("new-interrupted");
    let template = scratch.0.join("template");
    for index in 0..1000 {
        write(&template.join(format!("folder-{}/file-{index}", index % 50)), "x".repeat(16_000));
    }
    let work = scratch.0.join("work");
    let mut interrupted = [0, 0];
    for attempt in 0..40 {
        // In turns a folder that is new, and one that is there with a file in it.
        let is_there = attempt % 2 == 1;
        let _ = fs::remove_dir_all(&work);
        write(&work.join("kept.txt"), "mine");
        let command = if is_there { &["init", "--name", "x"][..] } else { &["new", "x"] };
        let mut child = Command::new(env!("CARGO_BIN_EXE_cargo-mcp"))
            .args(command)
            .args(["--quiet", "--vcs", "none", "--template"])
            .arg(&template)
            .current_dir(&work)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("cargo-mcp runs");
        let until = Instant::now() + Duration::from_secs(20);
        // As soon as the first folder is there, it is writing.
        while entries(&work).len() < 2 && Instant::now() < until && child.try_wait().expect("a process").is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        let id = child.id().to_string();
        let _ = Command::new("kill").args(["-INT", &id]).stderr(Stdio::null()).status();
        let status = child.wait().expect("it ends");
        if status.code() == Some(130) {
            interrupted[usize::from(is_there)] += 1;
            assert_eq!(entries(&work), ["kept.txt"], "{command:?}");
        } else {
            // It was faster than the signal, and then it is all there.
            assert!(status.success(), "{command:?}: {status}");
            let root = if is_there { work.clone() } else { work.join("x") };
            assert_eq!(entries(&root).iter().filter(|name| name.starts_with("folder-")).count(), 50);
        }
        if interrupted.iter().all(|count| *count > 0) {
            return;
        }
    }
    panic!("no run was interrupted in time: {interrupted:?}");
}
