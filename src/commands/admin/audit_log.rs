//! `testat admin audit ...`.

use std::str::FromStr;

use anyhow::bail;

use crate::store::{Db, audit};

/// A line of the audit log and the hash that it had.
#[derive(Clone, Debug)]
pub struct KnownLine {
    seq: i64,
    hash: String,
}

impl FromStr for KnownLine {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "a line and its hash are wanted, such as 123:9f86d0...";
        let (seq, hash) = text.split_once(':').ok_or(FORM)?;
        let formed = hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit());
        let hash = formed.then(|| hash.to_ascii_lowercase()).ok_or(FORM)?;
        Ok(Self { seq: seq.parse().map_err(|_| FORM)?, hash })
    }
}

/// Prints everything that does not fit; fails if anything does not.
pub(super) async fn verify(db: &Db, known: Option<KnownLine>) -> anyhow::Result<()> {
    let known = known.as_ref().map(|line| (line.seq, line.hash.as_str()));
    let walked = audit::examine(db, known).await?;
    for broken in &walked.broken {
        println!("WRONG  {broken}");
    }
    if !walked.broken.is_empty() {
        bail!("the audit log was tampered with, or damaged");
    }
    println!("{} lines, unbroken; the last has the hash {}", walked.end.lines, walked.end.hash);
    Ok(())
}
