//! The templates and add-ons that are embedded in the binary, as tables.

use clap::ValueEnum;

use super::{File, Template, Variable};

/// What a server speaks unless an argument says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Transport {
    Stdio,
    Http,
}

/// A template.
#[derive(Debug)]
pub(crate) struct Embedded {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// What a server of this template is, in one sentence.
    description: &'static str,
    call: &'static str,
    /// Where `main` is that chooses the transport, and how it comes to the server.
    main: Option<(&'static str, &'static str)>,
    pub(crate) transport: Transport,
    /// Name, meaning and default.
    variables: &'static [(&'static str, &'static str, &'static str)],
    files: &'static [(&'static str, &'static str)],
}

/// What is added to a template.
#[derive(Debug)]
pub(crate) struct Addon {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    files: &'static [(&'static str, &'static str)],
}

macro_rules! files {
    ($folder:literal: $($path:literal)*) => {
        &[$(($path, include_str!(concat!("../../templates/", $folder, "/", $path)))),*]
    };
}

const MAIN: Option<(&str, &str)> = Some(("src/main.rs", "{{crate}}::server()"));
const MAIN_THAT_MAY_FAIL: Option<(&str, &str)> = Some(("src/main.rs", "{{crate}}::server()?"));

/// Every template.
pub(crate) const ALL: &[Embedded] = &[
    Embedded {
        name: "minimal",
        about: "one tool in one file",
        description: "A Model Context Protocol server with one tool.",
        call: "hello --name Ada",
        main: None,
        transport: Transport::Stdio,
        variables: &[],
        files: files!("minimal": "Cargo.toml.template" "README.md" "gitignore" "src/main.rs" "src/snapshots/surface.snap"),
    },
    Embedded {
        name: "tools",
        about: "tools with shared state in a module of their own, and tests",
        description: "A Model Context Protocol server that keeps a list of tasks.",
        call: "add --title \"Learn Rust\"",
        main: MAIN,
        transport: Transport::Stdio,
        variables: &[],
        files: files!(
            "tools": "Cargo.toml.template" "README.md" "gitignore" "src/lib.rs" "src/tasks.rs" "tests/server.rs"
            "tests/snapshots/surface.snap"
        ),
    },
    Embedded {
        name: "full",
        about: "tools, resources and prompts that share state, tell progress and ask the user",
        description: "A Model Context Protocol server that keeps notes.",
        call: "add --title Tea --text \"Green, two minutes\"",
        main: MAIN,
        transport: Transport::Stdio,
        variables: &[],
        files: files!(
            "full": "Cargo.toml.template" "README.md" "gitignore" "src/lib.rs" "src/notes.rs" "src/prompts.rs"
            "src/resources.rs" "src/tools.rs" "tests/server.rs" "tests/snapshots/surface.snap"
        ),
    },
    Embedded {
        name: "http",
        about: "for many clients over HTTP, with bounds, and an end that lets calls end",
        description: "A Model Context Protocol server with a board that all who are connected share.",
        call: "post --text \"Hello, everybody\"",
        main: MAIN,
        transport: Transport::Http,
        variables: &[],
        files: files!(
            "http": "Cargo.toml.template" "README.md" "gitignore" "src/lib.rs" "src/board.rs" "tests/server.rs"
            "tests/snapshots/surface.snap"
        ),
    },
    Embedded {
        name: "sqlite",
        about: "tools over a SQLite file, with queries that hold up nobody",
        description: "A Model Context Protocol server that keeps bookmarks in a SQLite file.",
        call: "add --url https://www.rust-lang.org --title Rust",
        main: MAIN_THAT_MAY_FAIL,
        transport: Transport::Stdio,
        variables: &[],
        files: files!(
            "sqlite": "Cargo.toml.template" "README.md" "gitignore" "src/lib.rs" "src/bookmarks.rs" "src/database.rs"
            "tests/server.rs" "tests/snapshots/surface.snap"
        ),
    },
    Embedded {
        name: "api-proxy",
        about: "tools that ask a JSON API over HTTP, with time-outs, bounds and errors to mend",
        description: "A Model Context Protocol server that finds crates of Rust.",
        call: "search --query \"json parser\" --limit 3",
        main: MAIN_THAT_MAY_FAIL,
        transport: Transport::Stdio,
        variables: &[("api", "what all addresses of the API begin with", "https://crates.io/api/v1")],
        files: files!(
            "api-proxy": "Cargo.toml.template" "README.md" "gitignore" "src/lib.rs" "src/api.rs" "src/crates.rs"
            "tests/server.rs" "tests/snapshots/surface.snap"
        ),
    },
    Embedded {
        name: "workspace",
        about: "a library of tools, and a server that serves it",
        description: "A Model Context Protocol server that looks at texts.",
        call: "count --text \"How many words are these?\"",
        main: Some(("server/src/main.rs", "{{crate}}::server()")),
        transport: Transport::Stdio,
        variables: &[],
        files: files!(
            "workspace": "Cargo.toml.template" "README.md" "gitignore" "server/Cargo.toml.template" "server/src/lib.rs"
            "server/tests/server.rs" "server/tests/snapshots/surface.snap" "tools/Cargo.toml.template" "tools/src/lib.rs"
        ),
    },
];

/// Every add-on.
pub(crate) const ADDONS: &[Addon] = &[
    Addon {
        name: "ci",
        about: "a GitHub workflow that formats, lints and tests",
        files: files!("with/ci": ".github/workflows/ci.yml"),
    },
    Addon {
        name: "docker",
        about: "a small image that runs the server, not as root",
        files: files!("with/docker": "Dockerfile" "dockerignore"),
    },
];

const STDIO: &str = include_str!("../../templates/main/stdio.rs");
const HTTP: &str = include_str!("../../templates/main/http.rs");

impl Embedded {
    /// The template with a `main` for this transport; `None` if its `main` chooses none.
    pub(crate) fn template(&self, transport: Transport) -> Option<Template> {
        let mut files: Vec<_> = self.files.iter().map(|(path, text)| File::new(*path, *text)).collect();
        match self.main {
            Some((path, server)) => {
                let text = if transport == Transport::Http { HTTP } else { STDIO };
                files.push(File::new(path, text.replace("{{server}}", server)));
            }
            None if transport != self.transport => return None,
            None => {}
        }
        Some(Template {
            name: self.name.to_owned(),
            files,
            variables: self.variables(transport),
            is_open: false,
            call: Some(self.call),
        })
    }

    /// What may be said of it.
    pub(crate) fn variables(&self, transport: Transport) -> Vec<Variable> {
        let mut variables = vec![Variable::new("description", "what the server is, in a sentence", self.description)];
        if transport == Transport::Http {
            variables.push(Variable::new("address", "where it listens unless told otherwise", ADDRESS));
        }
        variables.extend(self.variables.iter().map(|(name, about, default)| Variable::new(name, about, *default)));
        variables
    }
}

/// Where a server listens that is not told.
pub(crate) const ADDRESS: &str = "127.0.0.1:3000";

impl Addon {
    pub(crate) fn files(&self) -> impl Iterator<Item = File> {
        self.files.iter().map(|(path, text)| File::new(*path, *text))
    }

    /// What may be said of it, for a package of this name.
    pub(crate) fn variables(&self, name: &str) -> Vec<Variable> {
        if self.name == "docker" {
            let about = "the server's name in the registry, such as io.github.you/weather";
            return vec![Variable::new("registry", about, format!("com.example/{name}"))];
        }
        Vec::new()
    }
}

/// How a README says that the server is run.
pub(crate) fn running(transport: Transport, address: &str) -> String {
    match transport {
        Transport::Stdio => format!(
            "Without `cargo-mcp`, `cargo run` starts the server on standard input and output, which is how an AI application \
             talks to it;\n`cargo run -- --http {address}` serves it over HTTP."
        ),
        Transport::Http => format!(
            "`cargo run` serves it at <http://{address}/mcp> until Ctrl-C or SIGTERM, and then lets calls end that are under \
             way.\n`cargo run -- --stdio` serves it on standard input and output instead, which an AI application needs that \
             starts it by itself."
        ),
    }
}

/// What follows the entry point in the image of a server.
pub(crate) fn container(transport: Transport, address: &str) -> String {
    let port = address.rsplit(':').next().filter(|port| port.parse::<u16>().is_ok()).unwrap_or("3000");
    match transport {
        Transport::Stdio => String::new(),
        // Clients reach it by a name that only its operator knows: `--allow-host` follows the image's name then.
        Transport::Http => format!("\nEXPOSE {port}\nCMD [\"--http\", \"0.0.0.0:{port}\"]"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Values, common, fill, placeholder};
    use super::*;

    #[test]
    fn nothing_is_left_to_be_filled_in() {
        for embedded in ALL {
            for transport in [Transport::Stdio, Transport::Http] {
                let Some(mut template) = embedded.template(transport) else {
                    assert_eq!(embedded.name, "minimal");
                    continue;
                };
                let mut values: Values = common("my-server");
                for addon in ADDONS {
                    template.files.extend(addon.files());
                    template.variables.extend(addon.variables("my-server"));
                }
                for variable in &template.variables {
                    values.insert(variable.name.clone(), variable.default.clone().expect("a default"));
                }
                values.insert("running".into(), running(transport, ADDRESS));
                values.insert("container".into(), container(transport, ADDRESS));
                for file in fill(&template.files, &values).expect("files") {
                    let text = String::from_utf8(file.bytes).expect("text");
                    let left = placeholder(&text).map(|(_, name, _)| name.to_owned());
                    assert_eq!(left, None, "{} of {}", file.path.display(), embedded.name);
                }
            }
        }
    }
}
