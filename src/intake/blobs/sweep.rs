//! Blobs that nobody names: an upload that was cut off between bytes and name, as by a kill.

use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use object_store::ObjectStoreExt;
use tokio::sync::OwnedRwLockReadGuard;

use super::{BlobError, Blobs, blocking, location, store};
use crate::course::Digest;

/// Held from before a blob is put until something names it: meanwhile it is no orphan.
#[derive(Debug)]
pub struct Naming {
    _held: OwnedRwLockReadGuard<()>,
}

impl Blobs {
    /// To be held while a blob is put and named.
    pub async fn naming(&self) -> Naming {
        Naming { _held: Arc::clone(&self.naming).read_owned().await }
    }

    /// Removes what nobody names: the archives of uploads that were cut off between bytes and
    /// name, as by a kill. `named` says what is named. A blob younger than `age` is let be, since
    /// another server's upload may be about to name it. Says how many are gone.
    ///
    /// # Errors
    /// The store refused, or nobody could say what is named.
    pub async fn sweep<E: From<BlobError>>(
        &self,
        age: Duration,
        named: impl AsyncFnOnce() -> Result<Vec<Digest>, E>,
    ) -> Result<usize, E> {
        let _alone = self.naming.write().await;
        let half = self.sweep_half_written(age).await?;
        let old = |put: SystemTime| put.elapsed().is_ok_and(|past| past >= age);
        let listed = self.listed().await?.into_iter();
        let mut orphans: Vec<Digest> =
            listed.filter(|(_, put)| old(*put)).map(|(digest, _)| digest).collect();
        if orphans.is_empty() {
            return Ok(half);
        }
        let named: HashSet<Digest> = named().await?.into_iter().collect();
        orphans.retain(|digest| !named.contains(digest));
        for digest in &orphans {
            let removed = self.store.delete(&location(digest)).await;
            removed.map_err(store("removing a blob that nobody names"))?;
        }
        Ok(half + orphans.len())
    }

    /// A bucket's own rule must end uploads in parts that were never completed.
    async fn sweep_half_written(&self, age: Duration) -> Result<usize, BlobError> {
        let Some(folder) = self.folder.clone() else { return Ok(0) };
        let sweep =
            blocking("removing blobs that were half written", move || half_written(&folder, age));
        Ok(sweep.await?)
    }
}

/// The store writes a blob under its name, `#` and a number before it gives it the name alone.
fn half_written(folder: &Path, age: Duration) -> io::Result<usize> {
    let mut swept = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let is_old = entry.metadata()?.modified()?.elapsed().is_ok_and(|past| past >= age);
        if is_old && entry.file_name().to_string_lossy().contains('#') {
            std::fs::remove_file(entry.path())?;
            swept += 1;
        }
    }
    Ok(swept)
}
