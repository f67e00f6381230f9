//! Every input of the corpus through its target, and what comes of it when a few bytes are changed: nothing that was found once
//! comes back. Run with `RUSTFLAGS="--cfg fuzzing"` and `--no-default-features`; any compiler will do. `FUZZ_MUTATIONS` says how
//! many changed inputs each target gets; the same number gives the same inputs.

#![cfg(fuzzing)]

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The inputs of a target, in the order of their names.
fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(root().join("corpus").join(target)).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 3, "{target} has hardly a corpus");
    files.into_iter().map(|file| (file.clone(), fs::read(file).unwrap())).collect()
}

#[test]
fn the_corpus_holds() {
    for (name, target) in mcp_fuzz::TARGETS {
        for (file, input) in corpus(name) {
            // The last line of what a failing test has printed names the input.
            eprintln!("{}", file.display());
            target(&input);
        }
    }
}

/// Numbers that are the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit.max(1)
    }

    /// A part of a length.
    fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.below(length + 1);
        start..start + self.below((length - start + 1).min(64))
    }
}

/// What the target's dictionary has, a word a line between quotes.
fn words(target: &str) -> Vec<Vec<u8>> {
    let text = fs::read_to_string(root().join("dictionaries").join(target)).unwrap_or_default();
    let word = |line: &str| line[1..line.len() - 1].replace("\\\"", "\"").replace("\\\\", "\\").into_bytes();
    text.lines()
        .map(word)
        .chain([b"\0".to_vec(), b"\xff".to_vec(), b"\r\n".to_vec(), b"\"".to_vec(), b"\\".to_vec()])
        .collect()
}

/// One input, changed in a few places.
fn changed(dice: &mut Dice, corpus: &[(PathBuf, Vec<u8>)], words: &[Vec<u8>]) -> Vec<u8> {
    let mut input = corpus[dice.below(corpus.len())].1.clone();
    for _ in 0..=dice.below(4) {
        let range = dice.range(input.len());
        let new = match dice.below(6) {
            0 => Vec::new(),
            1 => words[dice.below(words.len())].clone(),
            2 => input[range.clone()].repeat(2 + dice.below(20)),
            3 => {
                let other = &corpus[dice.below(corpus.len())].1;
                other[dice.range(other.len())].to_vec()
            }
            _ => vec![u8::try_from(dice.below(256)).unwrap()],
        };
        // A word is put in; everything else takes the place of what was there.
        let replaced = if dice.below(2) == 0 { range.start..range.start } else { range };
        input.splice(replaced, new);
        input.truncate(4096);
    }
    input
}

#[test]
fn what_becomes_of_the_corpus_holds() {
    let count = std::env::var("FUZZ_MUTATIONS").ok().and_then(|count| count.parse().ok()).unwrap_or(2000);
    let only = std::env::var("FUZZ_TARGET").ok();
    for (name, target) in
        mcp_fuzz::TARGETS.into_iter().filter(|(name, _)| only.as_deref().is_none_or(|only| only == *name))
    {
        let (mut dice, corpus, words) = (Dice(0x9e37_79b9_7f4a_7c15), corpus(name), words(name));
        for _ in 0..count {
            let input = changed(&mut dice, &corpus, &words);
            if catch_unwind(AssertUnwindSafe(|| target(&input))).is_err() {
                let file = std::env::temp_dir().join(format!("mcp-fuzz-{name}"));
                fs::write(&file, &input).unwrap();
                panic!(
                    "{name} does not hold; the input is in {}: {:?}",
                    file.display(),
                    String::from_utf8_lossy(&input)
                );
            }
        }
        println!("{name}: {count} inputs");
    }
}

#[test]
fn a_target_can_fail() {
    // A stream whose frames have line breaks is not what the server writes, and the check sees it.
    let broken = mcp_runtime::fuzz::event(None, b"{}\ndata: {}");
    let read = mcp_runtime::fuzz::events([&broken[..]].into_iter(), 100);
    assert_ne!(read.events, [(b"message".to_vec(), b"{}\ndata: {}".to_vec()), (b"message".to_vec(), b"{}".to_vec())]);
}
