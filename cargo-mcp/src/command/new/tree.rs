//! What was written, as a tree to look at.

use std::path::Path;

use crate::print::visible;

/// The lines of a tree of these files, which are sorted.
pub(super) fn lines<'a>(root: &str, files: impl Iterator<Item = &'a Path>) -> Vec<String> {
    let files: Vec<Vec<String>> =
        files.map(|path| path.iter().map(|part| visible(&part.to_string_lossy())).collect()).collect();
    let all: Vec<_> = files.iter().map(Vec::as_slice).collect();
    let mut lines = vec![format!("{}/", root.trim_end_matches('/'))];
    branch(&all, "", &mut lines);
    lines
}

fn branch(files: &[&[String]], indent: &str, lines: &mut Vec<String>) {
    // Those that begin with the same folder stand together, because they are sorted.
    let mut groups: Vec<(&String, Vec<&[String]>)> = Vec::new();
    for file in files {
        let Some((first, rest)) = file.split_first() else { continue };
        match groups.last_mut() {
            Some((name, group)) if *name == first => group.push(rest),
            _ => groups.push((first, vec![rest])),
        }
    }
    let last = groups.len().saturating_sub(1);
    for (index, (name, group)) in groups.iter().enumerate() {
        let (corner, below) = if index == last { ("└── ", "    ") } else { ("├── ", "│   ") };
        let is_folder = group.iter().any(|rest| !rest.is_empty());
        lines.push(format!("{indent}{corner}{name}{}", if is_folder { "/" } else { "" }));
        branch(group, &format!("{indent}{below}"), lines);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_branches() {
        let files = ["Cargo.toml", "src/a/b.rs", "src/main.rs", "tests/x\u{1b}.rs"];
        let lines = lines("hello", files.into_iter().map(Path::new));
        let expected = "hello/\n├── Cargo.toml\n├── src/\n│   ├── a/\n│   │   └── b.rs\n│   └── main.rs\n└── tests/\n    \
                        └── x\\u{1b}.rs";
        assert_eq!(lines.join("\n"), expected);
    }
}
