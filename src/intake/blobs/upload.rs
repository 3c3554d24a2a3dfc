//! An upload on its way to disk.

use std::fs::File;
use std::io::{self, Seek, Write};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use sha2::{Digest as _, Sha256};

use super::{PART, blocking};
use crate::course::Digest;
use crate::intake::archive::Rejected;
use crate::intake::{Fault, Trouble};

/// Bytes coming in: written to a file without a name and hashed as they come.
///
/// How long the sender may take is the caller's to limit. Dropped early, nothing is left.
#[derive(Debug)]
pub struct Upload {
    /// Gone when a write was abandoned half-way; such an upload can't be gone on with.
    state: Option<State>,
    /// Small pieces gathered, so that not each one is a trip to another thread.
    waiting: BytesMut,
    bytes: u64,
    cap: u64,
}

#[derive(Debug)]
struct State {
    file: File,
    hash: Sha256,
}

impl Upload {
    pub(super) fn new(file: File, cap: u64) -> Self {
        let state = Some(State { file, hash: Sha256::new() });
        Self { state, waiting: BytesMut::new(), bytes: 0, cap }
    }

    /// Takes the next piece; refuses it when that makes more than the cap.
    pub async fn write(&mut self, piece: Bytes) -> Result<(), Trouble> {
        if self.bytes.saturating_add(piece.len() as u64) > self.cap {
            return Err(Rejected::TooLarge { limit: self.cap }.into());
        }
        Ok(self.append(piece).await?)
    }

    pub(super) async fn append(&mut self, piece: Bytes) -> Result<(), Fault> {
        self.bytes = self.bytes.saturating_add(piece.len() as u64);
        self.waiting.extend_from_slice(&piece);
        if self.waiting.len() < PART {
            return Ok(());
        }
        self.flush().await
    }

    async fn flush(&mut self) -> Result<(), Fault> {
        let bytes = self.waiting.split().freeze();
        let mut state = self.take()?;
        self.state = Some(
            blocking("writing an upload", move || {
                state.hash.update(&bytes);
                state.file.write_all(&bytes)?;
                Ok(state)
            })
            .await?,
        );
        Ok(())
    }

    fn take(&mut self) -> Result<State, Fault> {
        let abandoned = || io::Error::other("an earlier write did not end");
        self.state.take().ok_or_else(|| Fault { doing: "writing an upload", source: abandoned() })
    }

    /// Ends the upload.
    pub async fn finish(mut self) -> Result<Received, Fault> {
        self.flush().await?;
        let State { mut file, hash } = self.take()?;
        let file = blocking("rewinding an upload", move || file.rewind().map(|()| file)).await?;
        Ok(Received {
            file: Arc::new(file),
            digest: Digest::from_bytes(hash.finalize().into()),
            bytes: self.bytes,
        })
    }
}

/// An upload that has come in whole: on this machine, not yet kept.
#[derive(Clone, Debug)]
pub struct Received {
    file: Arc<File>,
    digest: Digest,
    bytes: u64,
}

impl Received {
    /// Its bytes, to be read by position (as `archive::inspect` does).
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Of its bytes.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// How many.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn shared(&self) -> &Arc<File> {
        &self.file
    }

    pub(super) fn into_parts(self) -> io::Result<(File, Digest)> {
        let file = match Arc::try_unwrap(self.file) {
            Ok(file) => file,
            Err(shared) => shared.try_clone()?,
        };
        Ok((file, self.digest))
    }
}
