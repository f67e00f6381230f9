//! Templates of somebody else's: what they can say, and what is refused.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::process::{Run, Scratch, mcp, mcp_with};
use super::{entries, read, write};

/// A template in the scratch folder, and a run that makes `x` of it.
struct Foreign {
    scratch: Scratch,
    template: PathBuf,
}

impl Foreign {
    fn new(name: &str) -> Self {
        let scratch = Scratch::new(name);
        let template = scratch.0.join("template");
        write(&template.join("Cargo.toml.template"), "[package]\nname = \"{{name}}\"\n");
        Self { scratch, template }
    }

    fn run(&self, more: &[&str]) -> Run {
        let line = ["new", "x", "--vcs", "none", "--template", "./template"];
        mcp(&self.scratch.0, &[&line, more].concat())
    }

    fn made(&self, path: &str) -> PathBuf {
        self.scratch.0.join("x").join(path)
    }

    /// Refused with these words, and nothing is written.
    fn refuses(&self, more: &[&str], words: &str) {
        let run = self.run(more);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{}", run.stderr);
        assert!(run.stderr.contains(words), "{words}: {}", run.stderr);
        assert_eq!(entries(&self.scratch.0), ["template"]);
    }
}

#[test]
fn a_folder_is_a_template() {
    let foreign = Foreign::new("foreign-folder");
    write(
        &foreign.template.join("src/{{crate}}/{{what}}.rs"),
        "// {{what}} of {{name}}, {{unknown}}, ${{ github.ref }}\n",
    );
    write(&foreign.template.join("gitignore"), "/target\n");
    write(&foreign.template.join("picture.png"), b"\x89PNG\0\xff{{name}}");
    write(&foreign.template.join("run.sh"), "#!/bin/sh\ntouch executed\n");
    write(&foreign.template.join(".git/config"), "its history");
    write(&foreign.template.join("target/debug/x"), "what it built");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(foreign.template.join("run.sh"), fs::Permissions::from_mode(0o755)).expect("permissions");
    }
    foreign.refuses(&["-d", "whatever=1"], "does not ask for `whatever`");
    foreign.refuses(&["--transport", "http"], "decides for itself");
    let run = foreign.run(&["-d", "what=engine"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stderr.contains("cargo mcp list"), "{}", run.stderr);
    assert_eq!(read(&foreign.made("Cargo.toml")), "[package]\nname = \"x\"\n");
    assert_eq!(read(&foreign.made("src/x/engine.rs")), "// engine of x, {{unknown}}, ${{ github.ref }}\n");
    assert_eq!(fs::read(foreign.made("picture.png")).expect("a file"), b"\x89PNG\0\xff{{name}}");
    assert_eq!(entries(&foreign.made("")), [".gitignore", "Cargo.toml", "picture.png", "run.sh", "src"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &str| fs::metadata(foreign.made(path)).expect("a file").permissions().mode();
        assert_eq!((mode("run.sh") & 0o100, mode("Cargo.toml") & 0o111), (0o100, 0));
    }
}

#[test]
fn a_template_says_what_it_asks_for() {
    let foreign = Foreign::new("foreign-manifest");
    write(
        &foreign.template.join("mcp-template.toml"),
        "[variables]\ngreeting = \"Hello\"\nwhom = { about = \"whom to greet\" }\n",
    );
    write(&foreign.template.join("greeting.txt"), "{{greeting}}, {{whom}}!\n");
    foreign.refuses(&[], "the template asks for `whom`: whom to greet\n  hint: give it with -d whom=VALUE");
    foreign.refuses(&["-d", "whom=Ada", "-d", "greting=Hi"], "did you mean `greeting`?");
    let run = foreign.run(&["-d", "whom={{greeting}}"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(read(&foreign.made("greeting.txt")), "Hello, {{greeting}}!\n", "a value is not looked at again");
    assert!(!foreign.made("mcp-template.toml").exists());

    let foreign = Foreign::new("foreign-manifest-wrong");
    write(&foreign.template.join("mcp-template.toml"), "[variables]\nGreeting = 1\n");
    foreign.refuses(&[], "mcp-template.toml cannot be read: variables.Greeting");
}

#[cfg(unix)]
#[test]
fn links_and_what_is_no_file_are_refused() {
    let foreign = Foreign::new("foreign-links");
    let link = foreign.template.join("passwd");
    std::os::unix::fs::symlink("/etc/passwd", &link).expect("a link");
    foreign.refuses(&[], "a link, which could lead anywhere: ./template/passwd");
    fs::remove_file(&link).expect("the link");
    std::os::unix::fs::symlink("..", &link).expect("a link");
    foreign.refuses(&[], "a link, which could lead anywhere");
    fs::remove_file(&link).expect("the link");
    let made = Command::new("mkfifo").arg(foreign.template.join("pipe")).status().expect("mkfifo runs");
    assert!(made.success());
    foreign.refuses(&[], "neither a file nor a folder: ./template/pipe");
    fs::remove_file(foreign.template.join("pipe")).expect("the pipe");
    assert_eq!(foreign.run(&[]).code, 0, "the rest of it is fine");
}

#[test]
fn a_path_does_not_leave_the_folder() {
    let foreign = Foreign::new("foreign-paths");
    write(&foreign.template.join("{{where}}/config"), "[core]\n");
    for (place, words) in [
        ("..", "a file at `../config`, which leaves the folder"),
        ("../../x", "which leaves the folder"),
        ("/tmp", "which leaves the folder"),
        (".git", "which git would obey"),
        ("a/.GIT", "which git would obey"),
        ("C:", "not a path that every system can have"),
    ] {
        foreign.refuses(&["-d", &format!("where={place}")], words);
    }
    write(&foreign.template.join("README.md"), "");
    foreign.refuses(&["-d", "where=x", "-d", "where=y"], "it has a value already");
    let run = foreign.run(&["-d", "where=fine"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(foreign.made("fine/config").is_file());
    let foreign = Foreign::new("foreign-twice");
    write(&foreign.template.join("Cargo.toml"), "");
    foreign.refuses(&[], "Cargo.toml comes twice");
}

#[test]
fn a_template_is_small() {
    let check = |name: &str, fill: &dyn Fn(&Path), words: &str| {
        let foreign = Foreign::new(name);
        fill(&foreign.template);
        foreign.refuses(&[], words);
    };
    let mebibyte = "x".repeat(1024 * 1024);
    check("foreign-large", &|to| write(&to.join("data"), format!("{mebibyte}x")), "data is larger than 1024 KiB");
    check(
        "foreign-larger",
        &|to| (0..17).for_each(|index| write(&to.join(format!("data-{index}")), &mebibyte)),
        "the template is larger than 16 MiB",
    );
    check(
        "foreign-many",
        &|to| (0..1000).for_each(|index| write(&to.join(format!("many/{index}")), "")),
        "more than 1000 files",
    );
    check("foreign-deep", &|to| write(&to.join("a/".repeat(17)).join("x"), ""), "more than 16 folders deep");
    let empty = Scratch::new("foreign-empty");
    fs::create_dir_all(empty.0.join("template")).expect("a folder");
    let run = mcp(&empty.0, &["new", "x", "-t", "./template"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("is empty"), "{}", run.stderr);
    let fits = Foreign::new("foreign-fits");
    write(&fits.template.join("data"), &mebibyte);
    write(&fits.template.join("a/".repeat(16)).join("x"), "");
    assert_eq!(fits.run(&[]).code, 0);
}

/// Git takes what lies in this folder for GitHub.
fn instead_of_github(folder: &Path) -> [(&'static str, String); 3] {
    [
        ("GIT_CONFIG_COUNT", "1".to_owned()),
        ("GIT_CONFIG_KEY_0", format!("url.file://{}/.insteadOf", folder.display())),
        ("GIT_CONFIG_VALUE_0", "https://github.com/".to_owned()),
    ]
}

#[test]
fn git_fetches_what_is_on_github_and_runs_nothing() {
    let scratch = Scratch::new("foreign-github");
    let hub = scratch.0.join("hub");
    let repository = hub.join("you/server.git");
    write(&repository.join("templates/small/Cargo.toml"), "[package]\nname = \"{{name}}\"\n");
    write(&repository.join("README.md"), "{{name}}\n");
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        git.arg("-C").arg(&repository).args(["-c", "user.name=x", "-c", "user.email=x@example.com"]).args(arguments);
        let output = git.output().expect("git runs");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    };
    git(&["init", "--quiet"]);
    git(&["add", "."]);
    git(&["commit", "--quiet", "--message", "x"]);
    // What a template folder of the user's own would put into every clone.
    let hooks = scratch.0.join("git-template");
    write(&hooks.join("hooks/post-checkout"), format!("#!/bin/sh\ntouch {}\n", scratch.0.join("executed").display()));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let hook = hooks.join("hooks/post-checkout");
        fs::set_permissions(hook, fs::Permissions::from_mode(0o755)).expect("permissions");
    }
    let mut variables: Vec<(&str, String)> = instead_of_github(&hub).into();
    variables.push(("GIT_TEMPLATE_DIR", hooks.display().to_string()));
    let temporary = scratch.0.join("temporary");
    fs::create_dir_all(&temporary).expect("a folder");
    variables.push(("TMPDIR", temporary.display().to_string()));
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let run = |place: &str, to: &str| mcp_with(&scratch.0, &["new", to, "--vcs", "none", "-t", place], &variables);

    let whole = run("gh:you/server", "whole");
    assert_eq!(whole.code, 0, "{}", whole.stderr);
    assert_eq!(read(&scratch.0.join("whole/README.md")), "whole\n");
    assert!(!scratch.0.join("whole/.git").exists());
    let part = run("gh:you/server/templates/small", "part");
    assert_eq!(part.code, 0, "{}", part.stderr);
    assert_eq!(entries(&scratch.0.join("part")), ["Cargo.toml"]);
    assert!(!scratch.0.join("executed").exists(), "no hook has run");
    let control = Command::new("git")
        .args(["clone", "--quiet", "https://github.com/you/server.git"])
        .arg(scratch.0.join("control"))
        .envs(variables.iter().copied())
        .status();
    assert!(control.is_ok_and(|status| status.success()) && scratch.0.join("executed").exists(), "git alone runs it");

    for (place, words) in [
        ("gh:you/nothing", "https://github.com/you/nothing.git cannot be fetched"),
        ("gh:you/server/nothing", "there is no such folder"),
        ("gh:you/server/..", "is no repository"),
    ] {
        let refused = run(place, "refused");
        assert_eq!(refused.code, 2, "{}", refused.stderr);
        assert!(refused.stderr.contains(words), "{words}: {}", refused.stderr);
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("/etc/passwd", repository.join("link")).expect("a link");
        git(&["add", "."]);
        git(&["commit", "--quiet", "--message", "x"]);
        let refused = run("gh:you/server", "refused");
        assert_eq!(refused.code, 2, "{}", refused.stderr);
        assert!(refused.stderr.contains("a link, which could lead anywhere"), "{}", refused.stderr);
    }
    assert!(!scratch.0.join("refused").exists());
    assert_eq!(entries(&temporary), Vec::<String>::new(), "what was fetched is gone");
}
