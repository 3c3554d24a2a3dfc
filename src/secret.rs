//! Secrets that people and programs carry: made here, known to the store as hashes alone.

use crate::course::SecretHash;

/// A secret of 256 random bits, beside the hash under which it is stored.
#[derive(Debug)]
pub struct Fresh {
    /// What the person gets, once.
    pub text: String,
    /// What is stored.
    pub hash: SecretHash,
}

/// Draws a secret from the system's generator.
pub fn fresh() -> Fresh {
    let bytes: [u8; 32] = rand::random();
    let text = hex::encode(bytes);
    Fresh { hash: SecretHash::of(&text), text }
}
