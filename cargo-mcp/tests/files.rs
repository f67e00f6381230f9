//! What becomes of files that cannot be written: a full disk, a read-only one, folders of others. The file that is there stays
//! whole, nothing is left beside it, and the message says what to do.
#![cfg(target_os = "linux")]

#[expect(dead_code, reason = "other tests need more of it")]
mod process;

#[path = "process/leaving.rs"]
mod leaving;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use leaving::left_out;
use process::{Scratch, repository};

const PROGRAM: &str = env!("CARGO_BIN_EXE_cargo-mcp");

const SOURCE: &str = "use mcp_runtime::{server, tool};\n\nfn main() {\n    server![].run_blocking();\n}\n";

/// What is in the folder before anything is written: a package and a configuration.
fn prepare(folder: &Path) {
    fs::create_dir_all(folder.join("src")).expect("a folder");
    fs::create_dir_all(folder.join(".cursor")).expect("a folder");
    let manifest = "[package]\nname = \"odd\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n";
    fs::write(folder.join("Cargo.toml"), manifest).expect("a file");
    fs::write(folder.join("src/main.rs"), SOURCE).expect("a file");
    fs::write(folder.join(".cursor/mcp.json"), "{ \"mcpServers\": {} } // mine\n").expect("a file");
    fs::write(folder.join("mcp.lock"), "{}\n").expect("a file");
}

/// The commands that write, each with the file that it would write.
fn commands(folder: &str) -> Vec<(Vec<String>, &'static str)> {
    let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let manifest = repository().join("Cargo.toml").display().to_string();
    let lock = format!("lock --manifest-path {manifest} --bin notes --output {folder}/mcp.lock");
    vec![
        (words("install cursor --name sh -- /bin/sh"), ".cursor/mcp.json"),
        (words("add tool hello --arg name"), "src/main.rs"),
        (words(&lock), "mcp.lock"),
    ]
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Runs each command in a file system of its own that `spoil` has made unfit, and compares it before and after.
fn in_a_small_file_system(name: &str, spoil: &str, expected: &[&str]) {
    let scratch = Scratch::new(name);
    let (original, place) = (scratch.0.join("original"), scratch.0.join("place"));
    prepare(&original);
    fs::create_dir_all(&place).expect("a folder");
    let script = format!(
        "set -e; mount -t tmpfs -o size=128k tmpfs \"$PLACE\"; cp -a \"$ORIGINAL/.\" \"$PLACE\"; cd \"$PLACE\"; {spoil}; \
         echo ready; set +e; \"$@\"; echo \"code $?\"; rm -f filler 2>/dev/null; diff -r \"$ORIGINAL\" . && echo unchanged"
    );
    for (line, _) in commands(&place.display().to_string()) {
        let output = Command::new("unshare")
            .args(["--map-root-user", "--mount", "sh", "-c", &script, "sh", PROGRAM])
            .args(&line)
            .env("ORIGINAL", &original)
            .env("PLACE", &place)
            .output();
        let told = output.map_or_else(|error| error.to_string(), |output| text(&output));
        if !told.contains("ready\n") {
            left_out(&format!("no file system can be mounted here: {told}"));
            return;
        }
        assert!(told.contains("code 1\n"), "{line:?}: {told}");
        for part in expected {
            assert!(told.contains(part), "{line:?}: {part:?} in {told}");
        }
        assert!(told.contains("unchanged\n"), "{line:?}: {told}");
    }
}

#[test]
fn on_a_full_disk_everything_stays_as_it_is() {
    let fill = "head -c 1000000 /dev/zero > filler 2>/dev/null || true";
    in_a_small_file_system(
        "files-full",
        fill,
        &[" cannot be written\n", "No space left on device", "hint: nothing was changed; the disk is full: make room"],
    );
}

#[test]
fn on_a_read_only_disk_everything_stays_as_it_is() {
    in_a_small_file_system(
        "files-read-only",
        "mount -o remount,ro \"$PLACE\"",
        &[" cannot be written\n", "Read-only file system", "hint: nothing was changed; the file system is read-only"],
    );
}

/// The program as somebody who may not write everywhere: root can unless it gives that up.
fn without_privileges(line: &[String]) -> Command {
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");
    let mut command = if is_root {
        let mut command = Command::new("setpriv");
        command.args(["--bounding-set=-dac_override,-dac_read_search,-fowner", PROGRAM]);
        command
    } else {
        Command::new(PROGRAM)
    };
    command.args(line);
    command
}

#[test]
fn a_folder_that_is_not_writable_is_left_as_it_is() {
    let scratch = Scratch::new("files-modes");
    prepare(&scratch.0);
    let mode = |path: &Path, mode: u32| fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
    for (line, file) in commands(&scratch.0.display().to_string()) {
        let path = scratch.0.join(file);
        let folder = path.parent().expect("a folder").to_owned();
        let before = fs::read(&path).expect("a file");
        for (what, folder_mode, file_mode) in [("folder", 0o555, 0o644), ("file", 0o755, 0o444)] {
            mode(&path, file_mode);
            mode(&folder, folder_mode);
            let output = without_privileges(&line).current_dir(&scratch.0).output();
            mode(&folder, 0o755);
            mode(&path, 0o644);
            let output = match output {
                Ok(output) => output,
                Err(error) => {
                    left_out(&format!("privileges cannot be given up: {error}"));
                    return;
                }
            };
            let told = text(&output);
            if told.starts_with("setpriv: ") {
                left_out(&format!("privileges cannot be given up: {told}"));
                return;
            }
            assert_eq!(output.status.code(), Some(1), "{line:?} {what}: {told}");
            assert!(
                told.contains(" cannot be written\n") && told.contains("hint: nothing was changed; make the file"),
                "{line:?} {what}: {told}"
            );
            assert_eq!(fs::read(&path).expect("a file"), before, "{line:?} {what}");
            let left: Vec<_> =
                fs::read_dir(&folder).expect("a folder").flatten().map(|entry| entry.file_name()).collect();
            assert!(
                left.iter().all(
                    |name| !name.to_string_lossy().starts_with(".tmp") && !name.to_string_lossy().ends_with(".bak")
                ),
                "{line:?} {what}: {left:?}"
            );
        }
        let output = without_privileges(&line).current_dir(&scratch.0).output().expect("it runs");
        assert_eq!(output.status.code(), Some(0), "where it may, it writes: {line:?}: {}", text(&output));
        assert_ne!(fs::read(&path).expect("a file"), before, "{line:?}");
    }
}

#[test]
fn what_was_changed_before_a_file_that_cannot_be_is_told() {
    let scratch = Scratch::new("files-second");
    prepare(&scratch.0);
    fs::create_dir_all(scratch.0.join(".vscode")).expect("a folder");
    let second = scratch.0.join(".vscode/mcp.json");
    fs::write(&second, "{ \"servers\": {} }\n").expect("a file");
    fs::set_permissions(&second, fs::Permissions::from_mode(0o444)).expect("a mode");
    let output = Command::new(PROGRAM)
        .args(["install", "cursor", "vscode", "--name", "sh", "--", "/bin/sh"])
        .current_dir(&scratch.0)
        .output()
        .expect("it runs");
    let told = text(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("hint: changed before that: ") && told.contains(".cursor/mcp.json; "), "{told}");
    assert!(fs::read_to_string(scratch.0.join(".cursor/mcp.json")).expect("a file").contains("/bin/sh"), "{told}");
}

#[test]
fn nothing_needs_a_home_that_can_be_written_but_what_writes_there() {
    let run = |line: &[&str]| {
        // No folder can be made in there, by nobody. What builds the server has its own places.
        let own = |name: &str, folder: &str| {
            let home = std::env::var("HOME").unwrap_or_default();
            std::env::var(name).unwrap_or_else(|_| format!("{home}/{folder}"))
        };
        let (cargo, rustup) = (own("CARGO_HOME", ".cargo"), own("RUSTUP_HOME", ".rustup"));
        let none = [("HOME", "/proc/none"), ("XDG_CONFIG_HOME", ""), ("XDG_CACHE_HOME", ""), ("XDG_STATE_HOME", "")];
        let all = [&none[..], &[("CARGO_HOME", &*cargo), ("RUSTUP_HOME", &*rustup)]].concat();
        process::mcp_with(&repository(), line, &all)
    };
    let called = run(&["call", "--bin", "hello", "hello", "--name", "Ada"]);
    assert_eq!((called.code, called.stdout.as_str()), (0, "Hello, Ada!\n"), "{}", called.stderr);
    let installed = run(&["install", "claude-code", "--scope", "user", "--name", "x", "--", "/bin/sh"]);
    let told = "error: /proc/none/.claude.json cannot be written\n";
    assert!(installed.code == 1 && installed.stderr.starts_with(told), "{}", installed.stderr);
    assert!(installed.stderr.contains("hint: nothing was changed"), "{}", installed.stderr);
}

#[test]
fn a_link_stays_a_link_and_its_target_is_written() {
    let scratch = Scratch::new("files-links");
    prepare(&scratch.0);
    let elsewhere = scratch.0.join("elsewhere");
    fs::create_dir_all(&elsewhere).expect("a folder");
    for (line, file) in commands(&scratch.0.display().to_string()) {
        let (path, target) = (scratch.0.join(file), elsewhere.join(file.replace('/', "-")));
        fs::rename(&path, &target).expect("a move");
        std::os::unix::fs::symlink(&target, &path).expect("a link");
        let before = fs::read(&target).expect("a file");
        let output = Command::new(PROGRAM).args(&line).current_dir(&scratch.0).output().expect("it runs");
        assert_eq!(output.status.code(), Some(0), "{line:?}: {}", text(&output));
        assert!(fs::symlink_metadata(&path).expect("a link").file_type().is_symlink(), "{line:?}");
        assert_ne!(fs::read(&target).expect("a file"), before, "{line:?}");
    }
}
