//! A submission as the tokens that are compared, each with its place.

use crate::code::{Grammar, tokens};
use crate::course::Digest;

/// A file of program text.
#[derive(Clone, Debug)]
pub struct File {
    /// Its path in the submission.
    pub path: String,
    /// What is in it.
    pub text: String,
}

/// How much of a submission is compared.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Tokens in all.
    pub tokens: usize,
}

impl Default for Limits {
    /// Some two thousand lines: several times what any project needs.
    fn default() -> Self {
        Self { tokens: 20_000 }
    }
}

/// One token and its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) code: u16,
    pub(super) line: u32,
}

/// A submission's tokens, file by file.
#[derive(Clone, Debug, Default)]
pub struct Source {
    pub(super) files: Vec<(Grammar, Vec<Placed>)>,
    /// The digests of the files' texts, in the same order.
    pub(super) texts: Vec<Digest>,
    /// The paths of the files, in the same order.
    pub paths: Vec<String>,
    /// Whether something of it is not compared: it was too much, or could not be read in time.
    pub partial: bool,
}

impl Source {
    /// Reads the files whose language is known.
    pub fn of(files: &[File], limits: Limits) -> Self {
        let mut source = Self::default();
        let mut left = limits.tokens;
        for file in files {
            let Some(grammar) = Grammar::of_path(&file.path) else { continue };
            let Some(mut placed) = placed(grammar, &file.text) else {
                source.partial = true;
                continue;
            };
            if placed.len() > left {
                placed.truncate(left);
                source.partial = true;
            }
            left -= placed.len();
            source.files.push((grammar, placed));
            source.texts.push(Digest::of(file.text.as_bytes()));
            source.paths.push(file.path.clone());
        }
        source
    }
}

fn placed(grammar: Grammar, text: &str) -> Option<Vec<Placed>> {
    let bytes = text.as_bytes();
    let (mut line, mut at) = (1, 0);
    let found = tokens(grammar, text)?;
    let compared = found.iter().filter(|token| token.code != 0).map(|token| {
        let between = bytes.get(at..token.start).unwrap_or_default();
        line += u32::try_from(between.iter().filter(|byte| **byte == b'\n').count()).unwrap_or(0);
        at = token.start;
        Placed { code: token.code, line }
    });
    Some(compared.collect())
}
