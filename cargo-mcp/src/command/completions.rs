//! `cargo mcp completions` and the names that they ask for while somebody types: those of `mcp.lock`, so that nothing is
//! built or started.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::cli::Cli;
use crate::error::Failure;
use crate::flags::place;
use crate::lock::{FILE, Lock};
use crate::print::Console;

#[derive(Debug, Args)]
#[command(
    after_help = "Example: cargo mcp completions bash > ~/.local/share/bash-completion/completions/cargo-mcp\n\n\
                  Tools, their flags, prompts and resources come from mcp.lock: `cargo mcp lock` writes it.\n\
                  A shell that reads the script at its start completes behind `cargo mcp` as behind `cargo-mcp`."
)]
pub(crate) struct Completions {
    /// Shell to write for
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

/// What a shell asks for.
#[derive(Debug, Args)]
pub(crate) struct Names {
    /// The command whose name is wanted, then what follows it so far
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) words: Vec<String>,
}

pub(crate) fn run(completions: &Completions, console: &Console) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    // Under cargo's roof the program is called otherwise than by a shell.
    let mut command = Cli::command().name("cargo-mcp").bin_name("cargo-mcp");
    clap_complete::generate(completions.shell, &mut command, "cargo-mcp", &mut script);
    let mut script = String::from_utf8(script).map_err(Failure::own)?;
    if completions.shell == Shell::Bash {
        // A name with a dash is written in two ways, so that no option of a command is offered (clap-rs/clap#6421).
        script = script.replace("cargo__subcmd__mcp__subcmd__", "cargo__mcp__subcmd__");
    }
    if completions.shell == Shell::Zsh {
        // What registers the function comes last, after it has been wrapped.
        let registers = script.rfind("\nif [ \"$funcstack[1]\"").unwrap_or(script.len());
        script.truncate(registers);
    }
    if completions.shell == Shell::PowerShell {
        script = script.replacen(REGISTERS, "$global:CargoMcpStatic = {", 1);
    }
    script.push_str(match completions.shell {
        Shell::Bash => BASH,
        Shell::Zsh => ZSH,
        Shell::Fish => FISH,
        Shell::PowerShell => POWERSHELL,
        _ => "",
    });
    console.result(script.trim_end())?;
    Ok(ExitCode::SUCCESS)
}

/// Prints names, a line each. Without a lock there are none: whoever types is not to be bothered.
pub(crate) fn names(names: &Names, console: &Console) -> Result<ExitCode, Failure> {
    let Some(lock) = lock_above() else { return Ok(ExitCode::SUCCESS) };
    for name in found(&lock, &names.words) {
        // Names with spaces or worse would become several words of a shell.
        if name.chars().all(|c| c.is_ascii_graphic() && !"'\"`$\\;&|<>()*?!".contains(c)) {
            console.result(&name)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The nearest lock, of this folder or of one around it.
fn lock_above() -> Option<Lock> {
    let here: PathBuf = std::env::current_dir().ok()?;
    let path = here.ancestors().map(|folder| folder.join(FILE)).find(|path| path.is_file())?;
    Lock::read(&path).ok()
}

fn found(lock: &Lock, words: &[String]) -> Vec<String> {
    let Some((command, rest)) = words.split_first() else { return Vec::new() };
    let flags = |names: Vec<String>| names.into_iter().map(|name| format!("--{name}")).collect();
    match command.as_str() {
        "call" => match rest.iter().find_map(|word| lock.tools.get(word)) {
            Some(tool) => {
                let named = tool.input_schema.as_object().map(place::flags).unwrap_or_default();
                flags(named.iter().map(|flag| flag.place.name()).collect())
            }
            None => lock.tools.keys().cloned().collect(),
        },
        "prompt" => match rest.iter().find_map(|word| lock.prompts.get(word)) {
            Some(prompt) => flags(prompt.arguments.iter().map(|argument| argument.name.clone()).collect()),
            None => lock.prompts.keys().cloned().collect(),
        },
        "read" => lock.resources.keys().cloned().collect(),
        _ => Vec::new(),
    }
}

const BASH: &str = r#"
# Names from mcp.lock.
_cargo_mcp_named() {
    _cargo__mcp "$@"
    local word index command
    for ((index = 1; index < COMP_CWORD; index++)); do
        case ${COMP_WORDS[index]} in
            call|read|prompt) command=$index; break ;;
            -*|always|never|auto) ;;
            *) break ;;
        esac
    done
    [[ -n $command ]] || return 0
    word=${COMP_WORDS[COMP_CWORD]}
    while IFS= read -r name; do
        [[ $name == "$word"* ]] && COMPREPLY+=("$name")
    done < <(cargo-mcp names "${COMP_WORDS[@]:command:COMP_CWORD-command}" 2>/dev/null)
}
complete -F _cargo_mcp_named -o nosort -o bashdefault -o default cargo-mcp

# The same under cargo's roof; what else follows `cargo` is for cargo's own completion.
_cargo_mcp_under_cargo() {
    if [[ $COMP_CWORD -ge 2 && ${COMP_WORDS[1]} == mcp ]]; then
        local COMP_CWORD=$((COMP_CWORD - 1))
        local -a COMP_WORDS=(cargo-mcp "${COMP_WORDS[@]:2}")
        _cargo_mcp_named cargo-mcp "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
        return
    fi
    if [[ -z $_cargo_mcp_own ]]; then
        # bash-completion reads cargo's own only when somebody asks for it.
        local loader
        complete -r cargo
        for loader in _comp_load __load_completion _completion_loader; do
            if declare -F "$loader" >/dev/null; then "$loader" cargo >/dev/null 2>&1; break; fi
        done
        _cargo_mcp_before_cargo
        [[ -n $_cargo_mcp_own ]] || _cargo_mcp_own=:
    fi
    "$_cargo_mcp_own" "$@"
}
_cargo_mcp_before_cargo() {
    local spec
    spec=$(complete -p cargo 2>/dev/null)
    if [[ -z $spec ]]; then
        complete -F _cargo_mcp_under_cargo -o nosort -o bashdefault -o default cargo
    elif [[ $spec =~ ' -F '([^ ]+)' ' && ${BASH_REMATCH[1]} != _cargo_mcp_under_cargo ]]; then
        _cargo_mcp_own=${BASH_REMATCH[1]}
        # With the options that it has.
        eval "${spec/ -F $_cargo_mcp_own / -F _cargo_mcp_under_cargo }"
    fi
}
_cargo_mcp_before_cargo
"#;

const ZSH: &str = r#"
# Names from mcp.lock, before the static ones.
functions[_cargo_mcp_static]=$functions[_cargo-mcp]
_cargo-mcp() {
    local index command
    local -a names
    for ((index = 2; index < CURRENT; index++)); do
        case ${words[index]} in
            call|read|prompt) command=$index; break ;;
            -*|always|never|auto) ;;
            *) break ;;
        esac
    done
    if [[ -n $command ]]; then
        names=(${(f)"$(cargo-mcp names "${(@)words[command,CURRENT-1]}" 2>/dev/null)"})
        compadd -a names
    fi
    _cargo_mcp_static "$@"
}
_cargo_mcp_under_cargo() {
    if (( CURRENT > 2 )) && [[ $words[2] == mcp ]]; then
        shift words
        (( CURRENT-- ))
        words[1]=cargo-mcp
        _cargo-mcp
    else
        _default
    fi
}
if [ "$funcstack[1]" = "_cargo-mcp" ]; then
    _cargo-mcp "$@"
else
    compdef _cargo-mcp cargo-mcp
    # cargo's own completion asks this one for what follows `cargo mcp`. Where there is none, this stands in for it.
    (( $+_comps[cargo] )) || compdef _cargo_mcp_under_cargo cargo
fi
"#;

const FISH: &str = r"
# Names from mcp.lock.
function __cargo_mcp_names
    set -l words (commandline -opc)
    for index in (seq 2 (count $words))
        switch $words[$index]
            case call read prompt
                cargo-mcp names $words[$index..-1] 2>/dev/null
                return
            case '-*' always never auto
            case '*'
                return
        end
    end
end
complete -c cargo-mcp -n '__fish_seen_subcommand_from call read prompt' -f -a '(__cargo_mcp_names)'

# The same under cargo's roof.
function __cargo_mcp_under_cargo
    set -l words (commandline -opc)
    test (count $words) -ge 2; and test $words[2] = mcp
end
function __cargo_mcp_below
    complete -C (string replace -r '^\s*cargo\s+mcp' cargo-mcp -- (commandline -cp))
end
complete -c cargo -n __cargo_mcp_under_cargo -f -a '(__cargo_mcp_below)'
";

/// How clap's script hands over its completions, of which a shell keeps only the last.
const REGISTERS: &str = "Register-ArgumentCompleter -Native -CommandName 'cargo-mcp' -ScriptBlock {";

const POWERSHELL: &str = r#"
# Names from mcp.lock, before the static ones.
Register-ArgumentCompleter -Native -CommandName 'cargo-mcp' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @($commandAst.CommandElements | ForEach-Object { "$_" })
    # The first word that is no option is the command.
    $at = 1..($words.Count - 1) | Where-Object { $words[$_] -notmatch '^(-.*|always|never|auto)$' } | Select-Object -First 1
    if ($null -ne $at -and $words[$at] -in 'call', 'read', 'prompt') {
        $last = if ($wordToComplete) { $words.Count - 2 } else { $words.Count - 1 }
        if ($last -ge $at) {
            cargo-mcp names @($words[$at..$last]) 2>$null |
                Where-Object { $_ -like "$wordToComplete*" } |
                ForEach-Object { [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_) }
        }
    }
    & $global:CargoMcpStatic $wordToComplete $commandAst $cursorPosition
}
"#;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_those_of_the_lock() {
        let text = json!({
            "lockVersion": 1, "protocolVersions": [], "capabilities": {}, "resourceTemplates": {},
            "tools": { "add": { "hash": "", "inputSchema": { "properties": { "a": {}, "b": { "properties": { "c": {} } } } } } },
            "prompts": { "ask": { "arguments": [{ "name": "topic" }] } }, "resources": { "note://1": { "name": "one" } },
        });
        let lock = Lock::parse(&text.to_string(), "it").expect("a lock");
        let check =
            |line: &str| found(&lock, &line.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).join(" ");
        for (line, expected) in [
            ("call", "add"),
            ("call --release", "add"),
            ("call add", "--a --b --b.c"),
            ("call --bin x add --a", "--a --b --b.c"),
            ("prompt", "ask"),
            ("prompt ask", "--topic"),
            ("read", "note://1"),
            ("list", ""),
            ("", ""),
        ] {
            assert_eq!(check(line), expected, "{line}");
        }
    }
}
