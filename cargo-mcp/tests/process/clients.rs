//! The AI applications that `install` knows.

pub(crate) const CLIENTS: [&str; 11] = [
    "claude-desktop",
    "claude-code",
    "cursor",
    "vscode",
    "windsurf",
    "zed",
    "codex",
    "gemini",
    "goose",
    "copilot",
    "opencode",
];
