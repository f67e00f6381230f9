//! The completions in the shells that they are for. A shell that is not here is left out with a line that says so, unless
//! `MCP_TESTS_NOTHING_LEFT_OUT` is set. PowerShell's script is only looked at: Debian has no PowerShell to run it in.

#[expect(dead_code, reason = "other tests need more of it")]
mod process;

use std::fs;
use std::path::Path;
use std::process::Command;

use process::{Scratch, mcp};
use serde_json::json;

/// A folder with a lock and a shell's script, and a way to complete there.
struct Shell {
    scratch: Scratch,
    name: &'static str,
}

impl Shell {
    fn new(name: &'static str, file: &str) -> Self {
        // Tests of one shell run at the same time.
        let scratch = Scratch::new(&format!("completions-{name}-{file}"));
        let lock = json!({
            "lockVersion": 1, "protocolVersions": [], "capabilities": {}, "resourceTemplates": {},
            "resources": { "note://1": { "name": "one" } }, "prompts": { "ask": { "arguments": [{ "name": "topic" }] } },
            "tools": {
                "search": { "hash": "", "inputSchema": { "properties": { "query": {} } } },
                "$(touch x)": { "hash": "", "inputSchema": {} },
            },
        });
        fs::write(scratch.0.join("mcp.lock"), lock.to_string()).expect("a file");
        let script = mcp(&scratch.0, &["completions", name]);
        assert_eq!(script.code, 0, "{}", script.stderr);
        fs::write(scratch.0.join(file), &script.stdout).expect("a file");
        Self { scratch, name }
    }

    /// What the program prints, in the folder; `None` when there is no such shell.
    fn run(&self, arguments: &[&str], program: &str) -> Option<String> {
        let folder = Path::new(env!("CARGO_BIN_EXE_cargo-mcp")).parent().expect("a folder");
        let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap_or_default());
        let mut command = Command::new(self.name);
        command.args(arguments).arg(program).current_dir(&self.scratch.0).env("PATH", &path);
        // The user's own configuration is not what is tested.
        match command.env("HOME", &self.scratch.0).env("ZDOTDIR", &self.scratch.0).env("TERM", "dumb").output() {
            Ok(output) => Some(String::from_utf8_lossy(&output.stdout).into_owned()),
            Err(error) => {
                assert!(std::env::var_os("MCP_TESTS_NOTHING_LEFT_OUT").is_none(), "no {}: {error}", self.name);
                println!("left out: there is no {} here: {error}", self.name);
                None
            }
        }
    }

    /// Checks what is offered behind a line.
    fn check(&self, complete: impl Fn(&str) -> Option<Vec<String>>) {
        for (line, expected, unwanted) in [
            ("cargo-mcp ", &["install", "call", "add"][..], &["search"][..]),
            ("cargo-mcp call ", &["search"], &["ask", "x)"]),
            ("cargo-mcp call se", &["search"], &["ask"]),
            ("cargo-mcp --color always call se", &["search"], &[]),
            ("cargo-mcp call search --q", &["--query"], &["--topic"]),
            ("cargo-mcp prompt ", &["ask"], &["search"]),
            ("cargo-mcp prompt ask --t", &["--topic"], &["--query"]),
            ("cargo-mcp list --pro", &["--protocol"], &["--query"]),
            ("cargo-mcp add prompt ", &[], &["ask", "search"]),
        ] {
            let Some(found) = complete(line) else { return };
            let has = |word: &&str| found.iter().any(|one| one == word);
            assert!(expected.iter().all(&has), "{}: {line:?}: {expected:?} in {found:?}", self.name);
            assert!(!unwanted.iter().any(has), "{}: {line:?}: none of {unwanted:?} in {found:?}", self.name);
        }
        assert!(!self.scratch.0.join("x").exists(), "a tool's name was run");
    }
}

#[test]
fn bash_completes_from_the_lock() {
    let shell = Shell::new("bash", "complete.bash");
    shell.check(|line| {
        let words = if line.ends_with(' ') { format!("{line}''") } else { line.to_owned() };
        let program = format!(
            "source ./complete.bash; COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); COMP_LINE={line:?}; \
             COMP_POINT=${{#COMP_LINE}}; \
             _cargo_mcp_named cargo-mcp \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"; \
             printf '%s\\n' \"${{COMPREPLY[@]}}\""
        );
        let text = shell.run(&["--norc", "-c"], &program)?;
        Some(text.lines().map(str::to_owned).collect())
    });
}

#[test]
fn bash_completes_under_cargos_roof_and_leaves_cargos_own_alone() {
    let shell = Shell::new("bash", "under-cargo.bash");
    let own = "_own() { COMPREPLY=(\"own $1 $2 $3\"); }; complete -o nospace -F _own cargo";
    let loader = format!("_comp_load() {{ {own}; }}");
    // Before this script is read; once it is asked for; never.
    for (before, has_own) in [(own, true), (loader.as_str(), true), ("true", false)] {
        let complete = |words: &str| {
            let program = format!(
                "{before}; source ./under-cargo.bash; [[ $(complete -p cargo) =~ -F\\ ([^ ]+) ]]; \
                 COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
                 ${{BASH_REMATCH[1]}} cargo \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"; \
                 printf '%s\\n' \"${{COMPREPLY[@]}}\"; complete -p cargo"
            );
            shell.run(&["--norc", "-c"], &program)
        };
        for (words, expected) in [
            ("cargo mcp call se", "search"),
            ("cargo mcp call search --q", "--query"),
            ("cargo mcp list --pro", "--protocol"),
            ("cargo mcp ''", "install"),
            ("cargo bu", if has_own { "own cargo bu cargo" } else { "" }),
            ("cargo build --mcp", if has_own { "own cargo --mcp build" } else { "" }),
            ("cargo mcp", if has_own { "own cargo mcp cargo" } else { "" }),
        ] {
            let Some(text) = complete(words) else { return };
            assert!(text.lines().any(|line| line == expected), "{before}: {words}: {text}");
            assert!(text.contains("-F _cargo_mcp_under_cargo"), "{before}: {words}: {text}");
            assert_eq!(
                text.contains("-o nospace"),
                has_own && (before == own || !words.starts_with("cargo mcp ")),
                "{words}"
            );
        }
    }
}

#[test]
fn fish_completes_from_the_lock() {
    let shell = Shell::new("fish", "complete.fish");
    let complete = |line: &str| {
        let text = shell.run(&["--no-config", "-c"], &format!("source ./complete.fish; complete -C '{line}'"))?;
        Some(text.lines().filter_map(|line| line.split('\t').next()).map(str::to_owned).collect::<Vec<_>>())
    };
    shell.check(complete);
    // As most people type it.
    if let Some(found) = complete("cargo mcp call se") {
        assert!(found.iter().any(|one| one == "search"), "{found:?}");
    }
}

/// What the shell in the terminal reads at its start: completion, with everything that is offered printed.
const ZSHRC: &str = r#"
PS1=READY
unsetopt zle_bracketed_paste
fpath=($PWD $fpath)
autoload -Uz compinit
compinit -u -D
@LOAD@
compadd() {
    if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then builtin compadd "$@"; return; fi
    local -a hits; builtin compadd -A hits "$@"; (( $#hits )) || return 1
    local hit; for hit in $hits; do print -r -- "HIT:$hit:"; done
    builtin compadd "$@"
}
leave() { print -r -- DO''NE; exit }
zle -N leave
bindkey '^I' complete-word
bindkey '^X' leave
"#;

/// Types a line and a tab into a terminal of its own, since zsh completes nowhere else.
const ZSH: &str = r#"
zmodload zsh/zpty
zpty inner zsh -i
zpty -r inner text '*READY*'
zpty -w -n inner "$LINE"$'\t\x18'
while zpty -r inner text; do print -rn -- "$text"; [[ $text == *DONE* ]] && break; done
"#;

#[test]
fn zsh_completes_from_the_lock() {
    let complete = |shell: &Shell, line: &str| {
        let text = shell.run(&["-f", "-c"], &format!("LINE='{line}'\n{ZSH}"))?;
        assert!(text.contains("DONE"), "{line:?}: {text}");
        let hits = text.lines().filter_map(|line| line.split("HIT:").nth(1)?.split(':').next());
        Some(hits.map(str::to_owned).collect::<Vec<_>>())
    };
    // As a file that the shell finds by itself, and as a script that is read at its start.
    let shell = Shell::new("zsh", "_cargo-mcp");
    fs::write(shell.scratch.0.join(".zshrc"), ZSHRC.replace("@LOAD@", "")).expect("a file");
    shell.check(|line| complete(&shell, line));
    fs::write(shell.scratch.0.join(".zshrc"), ZSHRC.replace("@LOAD@", "source ./_cargo-mcp")).expect("a file");
    // There is no completion of cargo's own, and then there is one.
    for line in ["cargo-mcp call se", "cargo mcp call se"] {
        if let Some(found) = complete(&shell, line) {
            assert!(found.iter().any(|one| one == "search"), "{line}: {found:?}");
        }
    }
    let output = Command::new("rustc").args(["--print", "sysroot"]).output().expect("rustc runs");
    let own = Path::new(String::from_utf8_lossy(&output.stdout).trim()).join("share/zsh/site-functions/_cargo");
    if !own.exists() {
        assert!(std::env::var_os("MCP_TESTS_NOTHING_LEFT_OUT").is_none(), "rust has no completion of cargo for zsh");
        println!("left out: rust comes without a completion of cargo for zsh");
        return;
    }
    fs::copy(own, shell.scratch.0.join("_cargo")).expect("a copy");
    for load in ["", "source ./_cargo-mcp"] {
        fs::write(shell.scratch.0.join(".zshrc"), ZSHRC.replace("@LOAD@", load)).expect("a file");
        for (line, expected) in [("cargo mcp call se", "search"), ("cargo metad", "metadata")] {
            if let Some(found) = complete(&shell, line) {
                assert!(found.iter().any(|one| one == expected), "{load:?}: {line}: {found:?}");
            }
        }
    }
}

#[test]
fn each_shell_has_its_script() {
    let scratch = Scratch::new("completions");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = mcp(&scratch.0, &["completions", shell]);
        assert!(script.code == 0 && script.stdout.contains("cargo-mcp"), "{shell}: {}", script.stderr);
        assert_eq!(script.stdout.contains("cargo-mcp names"), shell != "elvish", "{shell}");
        if shell == "powershell" {
            // A second completer of the same command takes the first one's place.
            let registered =
                script.stdout.matches("Register-ArgumentCompleter -Native -CommandName 'cargo-mcp'").count();
            assert_eq!(registered, 1, "{}", script.stdout);
            assert!(script.stdout.contains("\n$global:CargoMcpStatic = {\n    param("), "{}", script.stdout);
            assert!(script.stdout.contains("\n    & $global:CargoMcpStatic $wordToComplete"), "{}", script.stdout);
        }
    }
}
