//! Where applications keep what their users set, platform by platform.

use std::path::{Path, PathBuf};

/// Where a user's configuration lies.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    /// Below the user's folder, on every platform.
    Home(&'static str),
    ClaudeDesktop,
    VsCode,
    Zed,
    Codex,
    Goose,
    Opencode,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum System {
    Linux,
    MacOs,
    Windows,
}

/// The machine, as far as it decides on paths.
#[derive(Clone, Debug)]
pub(crate) struct Surroundings {
    pub(crate) system: System,
    pub(crate) home: PathBuf,
    /// `XDG_CONFIG_HOME`.
    pub(crate) xdg: Option<PathBuf>,
    /// `XDG_STATE_HOME`.
    pub(crate) state: Option<PathBuf>,
    /// `XDG_CACHE_HOME`.
    pub(crate) cache: Option<PathBuf>,
    /// `APPDATA`.
    pub(crate) app_data: Option<PathBuf>,
    /// `CODEX_HOME`.
    pub(crate) codex: Option<PathBuf>,
    /// The project's folder.
    pub(crate) project: PathBuf,
}

impl Surroundings {
    /// This machine; `None` if nobody says where the user's folder is.
    pub(crate) fn here(project: PathBuf) -> Option<Self> {
        // A relative path in these variables is ignored (XDG Base Directory Specification).
        let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let system = if cfg!(target_os = "macos") {
            System::MacOs
        } else if cfg!(windows) {
            System::Windows
        } else {
            System::Linux
        };
        Some(Self {
            system,
            home: std::env::home_dir().filter(|home| home.is_absolute())?,
            xdg: absolute("XDG_CONFIG_HOME"),
            state: absolute("XDG_STATE_HOME"),
            cache: absolute("XDG_CACHE_HOME"),
            app_data: absolute("APPDATA"),
            codex: absolute("CODEX_HOME"),
            project,
        })
    }

    fn config(&self) -> PathBuf {
        self.xdg.clone().unwrap_or_else(|| self.home.join(".config"))
    }

    fn app_data(&self) -> PathBuf {
        self.app_data.clone().unwrap_or_else(|| self.home.join("AppData/Roaming"))
    }

    /// Where this program keeps what it is to remember.
    pub(crate) fn state(&self) -> PathBuf {
        let folder = match self.system {
            System::Linux => self.state.clone().unwrap_or_else(|| self.home.join(".local/state")),
            System::MacOs | System::Windows => self.application(),
        };
        folder.join("cargo-mcp")
    }

    /// Where this program keeps what can be made again.
    pub(crate) fn cache(&self) -> PathBuf {
        let folder = match self.system {
            System::Linux => self.cache.clone().unwrap_or_else(|| self.home.join(".cache")),
            System::MacOs => self.home.join("Library/Caches"),
            System::Windows => self.app_data(),
        };
        folder.join("cargo-mcp")
    }

    /// Where applications with windows keep theirs.
    fn application(&self) -> PathBuf {
        match self.system {
            System::Linux => self.config(),
            System::MacOs => self.home.join("Library/Application Support"),
            System::Windows => self.app_data(),
        }
    }

    pub(super) fn place(&self, place: Place) -> Option<PathBuf> {
        Some(match place {
            Place::Home(path) => self.home.join(path),
            Place::ClaudeDesktop => self.application().join("Claude/claude_desktop_config.json"),
            Place::VsCode => self.application().join("Code/User/mcp.json"),
            Place::Zed => match self.system {
                System::Linux => self.config().join("zed/settings.json"),
                System::MacOs => self.home.join(".config/zed/settings.json"),
                System::Windows => self.app_data().join("Zed/settings.json"),
            },
            Place::Codex => self.codex.clone().unwrap_or_else(|| self.home.join(".codex")).join("config.toml"),
            Place::Goose => match self.system {
                System::Windows => self.app_data().join("Block/goose/config/config.yaml"),
                System::Linux | System::MacOs => self.config().join("goose/config.yaml"),
            },
            Place::Opencode => {
                return Self::existing(&self.config().join("opencode"), &["opencode.jsonc", "opencode.json"]);
            }
        })
    }

    /// The first of these that is there, or else the first.
    pub(super) fn existing(folder: &Path, names: &[&str]) -> Option<PathBuf> {
        let there = names.iter().find(|name| folder.join(name).exists());
        there.or(names.first()).map(|name| folder.join(name))
    }
}
