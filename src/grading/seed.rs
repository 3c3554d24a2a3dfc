//! The seed of a grading: nobody can guess it beforehand, and everybody may know it afterwards.

use std::fmt;
use std::str::FromStr;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::course::SubmissionId;

/// 32 bytes from which all of a grading's data are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seed([u8; 32]);

/// The text is no seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a seed is a whole number or 64 hexadecimal digits")]
pub struct NotASeed;

impl Seed {
    /// HMAC-SHA256 of the server's key over the submission and the grading's number.
    pub fn derive(key: &ServerKey, submission: &SubmissionId, number: i64) -> Self {
        let mut mac = keyed(key);
        mac.update(submission.as_str().as_bytes());
        mac.update(b"\n");
        mac.update(number.to_string().as_bytes());
        Self(mac.finalize().into_bytes().into())
    }

    /// The seed that goes by a whole number.
    pub fn number(number: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&number.to_le_bytes());
        Self(bytes)
    }

    /// A seed for a grading at home.
    pub fn random() -> Self {
        Self(rand::random())
    }
}

fn keyed(key: &ServerKey) -> Hmac<Sha256> {
    // An HMAC takes a block of 64 bytes; a shorter key is filled with zeros (RFC 2104).
    let mut block = [0; 64];
    block[..key.0.len()].copy_from_slice(&key.0);
    <Hmac<Sha256> as KeyInit>::new(&block.into())
}

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl FromStr for Seed {
    type Err = NotASeed;
    fn from_str(text: &str) -> Result<Self, NotASeed> {
        if text.len() != 64 {
            return text.parse().map(Self::number).map_err(|_| NotASeed);
        }
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| NotASeed)?;
        Ok(Self(bytes))
    }
}

/// The secret from which seeds are made; kept in the data folder, readable by the server alone.
#[derive(Clone)]
pub struct ServerKey([u8; 32]);

impl fmt::Debug for ServerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerKey(secret)")
    }
}

impl ServerKey {
    /// The key in the data folder; made and synced there the first time.
    pub fn open(data_dir: &std::path::Path) -> std::io::Result<Self> {
        use std::io::Write as _;
        use std::os::unix::fs::OpenOptionsExt as _;
        let path = data_dir.join("server.key");
        match std::fs::read(&path) {
            Ok(bytes) => return Self::from_bytes(&bytes, &path),
            Err(fault) if fault.kind() != std::io::ErrorKind::NotFound => return Err(fault),
            Err(_) => {}
        }
        let key = Self(rand::random());
        let fresh = tempfile::NamedTempFile::new_in(data_dir)?;
        let mut file = std::fs::OpenOptions::new().write(true).mode(0o600).open(fresh.path())?;
        file.write_all(&key.0)?;
        file.sync_all()?;
        match fresh.persist_noclobber(&path) {
            Ok(_) => std::fs::File::open(data_dir)?.sync_all().map(|()| key),
            // Another process was first: its key is the key.
            Err(lost) if lost.error.kind() == std::io::ErrorKind::AlreadyExists => {
                Self::from_bytes(&std::fs::read(&path)?, &path)
            }
            Err(lost) => Err(lost.error),
        }
    }

    fn from_bytes(bytes: &[u8], path: &std::path::Path) -> std::io::Result<Self> {
        bytes.try_into().map(Self).map_err(|_| {
            std::io::Error::other(format!("{} does not hold 32 bytes", path.display()))
        })
    }
}
