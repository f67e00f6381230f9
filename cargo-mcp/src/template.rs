//! The templates, embedded in the binary so that scaffolding works offline, and how their placeholders are filled.

use std::path::{Path, PathBuf};

/// A template.
#[derive(Debug)]
pub(crate) struct Template {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    files: &'static [(&'static str, &'static str)],
}

macro_rules! files {
    ($folder:literal: $($path:literal)*) => {
        &[$(($path, include_str!(concat!("../templates/", $folder, "/", $path)))),*]
    };
}

/// Every template.
pub(crate) const ALL: &[Template] = &[
    Template {
        name: "minimal",
        about: "one tool in one file",
        files: files!("minimal": "Cargo.toml.template" "README.md" "gitignore" "src/main.rs" "src/snapshots/surface.snap"),
    },
    Template {
        name: "tools",
        about: "tools with shared state in a module of their own, and tests",
        files: files!(
            "tools": "Cargo.toml.template" "README.md" "gitignore" "src/main.rs" "src/lib.rs" "src/tasks.rs" "tests/server.rs"
            "tests/snapshots/surface.snap"
        ),
    },
];

/// The template of that name.
pub(crate) fn find(name: &str) -> Option<&'static Template> {
    ALL.iter().find(|template| template.name == name)
}

impl Template {
    /// The files with their placeholders filled in.
    pub(crate) fn files(&self, name: &str) -> Vec<(PathBuf, String)> {
        let runtime = |features: &str| dependency(features, checkout().as_deref());
        let krate = name.replace('-', "_");
        let fill = |text: &str| {
            text.replace("{{name}}", name)
                .replace("{{crate}}", &krate)
                .replace("{{runtime}}", &runtime(""))
                .replace("{{runtime-testing}}", &runtime(", features = [\"testing\"]"))
        };
        self.files
            .iter()
            .map(|(path, text)| {
                // Cargo would take a folder with a Cargo.toml for a package, and git would obey a .gitignore.
                let path = path.replace("Cargo.toml.template", "Cargo.toml");
                let path = if path == "gitignore" { ".gitignore".to_owned() } else { path };
                (PathBuf::from(path), fill(text))
            })
            .collect()
    }
}

/// The checkout that this binary was built from, while it is there.
fn checkout() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?;
    let runtime = root.join("mcp-runtime");
    runtime.join("Cargo.toml").is_file().then_some(runtime)
}

/// What a scaffolded package depends on: this checkout by path, else the released version.
fn dependency(features: &str, checkout: Option<&Path>) -> String {
    match checkout {
        Some(path) => {
            let path = path.display().to_string().replace('\\', "/");
            format!("{{ path = \"{path}\"{features} }}")
        }
        None => format!("{{ version = \"{}\"{features} }}", env!("CARGO_PKG_VERSION")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_to_be_filled_in() {
        for template in ALL {
            for (path, text) in template.files("my-server") {
                assert!(!text.contains("{{"), "{} of {}", path.display(), template.name);
                assert!(!path.ends_with("gitignore") || path.starts_with(".gitignore"));
            }
        }
    }

    #[test]
    fn a_released_binary_names_the_released_runtime() {
        assert_eq!(dependency("", None), format!("{{ version = \"{}\" }}", env!("CARGO_PKG_VERSION")));
        assert_eq!(
            dependency(", features = [\"x\"]", Some(Path::new("/c/r"))),
            "{ path = \"/c/r\", features = [\"x\"] }"
        );
    }
}
