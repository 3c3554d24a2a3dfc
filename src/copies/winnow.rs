//! Fingerprints by winnowing (Schleimer, Wilkerson and Aiken, *Winnowing: Local Algorithms for Document
//! Fingerprinting*, SIGMOD 2003): of the hashes of all runs of [`GRAM`] tokens, those that are smallest in a
//! window. Two programs that share [`GUARANTEE`] tokens in a row share a fingerprint there, whatever is
//! around it.

use std::collections::{HashSet, VecDeque};

use super::source::{Placed, Source};
use crate::code::Grammar;
use crate::course::Digest;

/// Tokens that are hashed together: nothing shorter is ever found in common.
pub const GRAM: usize = 16;
/// Tokens in a row that are always found.
pub const GUARANTEE: usize = 24;
/// Hashes of which the smallest is kept.
const WINDOW: usize = GUARANTEE - GRAM + 1;

/// One run of [`GRAM`] tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// Of the tokens' codes.
    pub hash: u64,
    /// The place of the first token among the submission's.
    pub token: u32,
    /// In which file.
    pub file: u32,
    /// The first token's line, from 1.
    pub from: u32,
    /// The last token's.
    pub to: u32,
}

/// What is no sign of copying, since everyone was given it: the starter kit.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Every run of tokens.
    runs: HashSet<u64>,
    /// Whole files, by their text.
    files: HashSet<Digest>,
}

impl Known {
    /// Adds all of a source.
    pub fn add(&mut self, source: &Source) {
        for (grammar, tokens) in &source.files {
            self.runs.extend(hashes(*grammar, tokens));
        }
        self.files.extend(source.texts.iter().cloned());
    }

    /// Whether a file is one of the kit's, unchanged: it need not be read at all.
    pub fn has_file(&self, text: &str) -> bool {
        self.files.contains(&Digest::of(text.as_bytes()))
    }
}

/// The fingerprints of a submission, in the order of its tokens; what is known is as if it were not there.
pub fn fingerprints(source: &Source, known: &Known) -> Vec<Fingerprint> {
    let mut found = Vec::new();
    let mut before = 0;
    for (file, (grammar, tokens)) in source.files.iter().enumerate() {
        let hashes: Vec<Option<u64>> = hashes(*grammar, tokens)
            .map(|hash| Some(hash).filter(|hash| !known.runs.contains(hash)))
            .collect();
        for at in winnowed(&hashes) {
            let (Some(Some(hash)), Some(first), Some(last)) =
                (hashes.get(at), tokens.get(at), tokens.get(at + GRAM - 1))
            else {
                continue;
            };
            found.push(Fingerprint {
                hash: *hash,
                token: narrow(before + at),
                file: narrow(file),
                from: first.line,
                to: last.line,
            });
        }
        // A gap, so that what ends one file and what begins the next are never one piece.
        before += tokens.len() + GRAM;
    }
    found
}

/// Counts here are of a submission's tokens, which are limited to far less.
fn narrow(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// The hash of each run of [`GRAM`] tokens, from the one at the first token on.
fn hashes(grammar: Grammar, tokens: &[Placed]) -> impl Iterator<Item = u64> {
    let salt = match grammar {
        Grammar::Python => 0x9e37_79b9_7f4a_7c15,
        Grammar::Rust => 0xc2b2_ae3d_27d4_eb4f,
    };
    tokens.windows(GRAM).map(move |run| {
        mixed(run.iter().fold(salt, |hash, token| {
            (hash ^ u64::from(token.code)).wrapping_mul(0x0000_0100_0000_01b3)
        }))
    })
}

/// Spreads a hash over all its bits (the last steps of SplitMix64): the smallest must be anyone's.
fn mixed(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

/// Places of the smallest hash of each window, the last one of several; of fewer hashes than a window has,
/// those are one window.
fn winnowed(hashes: &[Option<u64>]) -> Vec<usize> {
    // Places that may still become the smallest, their hashes rising.
    let mut rising: VecDeque<(u64, usize)> = VecDeque::new();
    let mut kept = Vec::new();
    for (at, hash) in hashes.iter().enumerate() {
        if let Some(hash) = *hash {
            while rising.back().is_some_and(|(other, _)| *other >= hash) {
                rising.pop_back();
            }
            rising.push_back((hash, at));
        }
        while rising.front().is_some_and(|(_, place)| place + WINDOW <= at) {
            rising.pop_front();
        }
        let full = at + 1 >= WINDOW || at + 1 == hashes.len();
        if let Some((_, place)) = rising.front().filter(|_| full)
            && kept.last() != Some(place)
        {
            kept.push(*place);
        }
    }
    kept
}
