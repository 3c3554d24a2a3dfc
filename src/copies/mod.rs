//! Parts that programs have in common: found by fingerprints, ranked, never judged. What a search finds is
//! shown to instructors; no verdict and no admission reads it.
//!
//! `source` (files to tokens) -> `winnow` (tokens to fingerprints) -> `compare` (fingerprints to pairs)
//! -> `cluster` (pairs to groups), all pure; `job` reads the archives, calls them and stores what they find.

mod cluster;
mod compare;
pub mod job;
mod source;
mod winnow;

pub use self::cluster::{Cluster, clusters};
pub use self::compare::{Pair, Part, Program, Rules, Span, pairs};
pub use self::source::{File, Limits, Source};
pub use self::winnow::{Fingerprint, GRAM, GUARANTEE, Known, fingerprints};
