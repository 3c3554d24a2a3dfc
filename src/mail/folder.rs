//! The development mailbox: a file for each letter, as any mail program opens it.

use std::fs::{DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use crate::course::LetterId;

/// Writes a letter into the folder, whole or not at all; the same letter again takes its own place.
///
/// # Errors
/// When folder or file can't be written.
pub(super) async fn keep(folder: &Path, id: &LetterId, message: Vec<u8>) -> io::Result<()> {
    let folder = folder.to_owned();
    let name = format!("{id}.eml");
    let writing = tokio::task::spawn_blocking(move || {
        // Letters are for whom they name.
        DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        let mut file = tempfile::NamedTempFile::new_in(&folder)?;
        file.write_all(&message)?;
        file.as_file().sync_all()?;
        file.persist(folder.join(name))?;
        File::open(&folder)?.sync_all()
    });
    writing.await.map_err(io::Error::other)?
}
