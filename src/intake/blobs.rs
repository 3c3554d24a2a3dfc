//! Blobs: bytes kept for ever as received, under their SHA-256.
//!
//! The way in is [`Blobs::begin`] (an [`Upload`] fed piece by piece under a cap), then
//! [`Upload::finish`] (a [`Received`] file that can be inspected), then [`Blobs::put`], which
//! returns only when the bytes and the name they lie under are on the disk. The way out is
//! [`Blobs::get`], which hands out nothing whose digest does not match.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use object_store::local::LocalFileSystem;
use object_store::path::Path as Location;
use object_store::{GetResultPayload, MultipartUpload, ObjectStore, ObjectStoreExt};
use sha2::{Digest as _, Sha256};
use tokio::sync::RwLock;

use super::Fault;
use crate::course::Digest;

mod sweep;
mod upload;

pub use self::sweep::Naming;
pub use self::upload::{Received, Upload};

/// Where all blobs lie inside the store. One flat folder, made and synced before the first put:
/// with a folder for each prefix, a put could rely on one whose own name another has yet to sync.
const FOLDER: &str = "sha256";

/// Bytes handed to a folder at a time; S3 wants at least 5 MiB in all parts but the last.
const PART: usize = 256 << 10;
#[cfg(feature = "s3")]
const S3_PART: usize = 5 << 20;

/// The store of all blobs. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Blobs {
    store: Arc<dyn ObjectStore>,
    /// On this machine, for files that have no name yet.
    incoming: PathBuf,
    part: usize,
    /// Where a folder's blobs lie: what is half written when a server is killed stays there.
    folder: Option<PathBuf>,
    /// Shared by those who put a blob that nobody names yet, alone for who removes such.
    naming: Arc<RwLock<()>>,
}

/// Why a blob can't be kept or had. Ours to mend, never the person's fault.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The configured place is not one we know.
    #[error("blobs can't be kept at '{url}': {why}")]
    Place {
        /// As configured.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// Never stored, or lost.
    #[error("there is no blob {0}")]
    Missing(Digest),
    /// Its bytes have changed since it was stored.
    #[error("blob {expected} is corrupt: its bytes have the digest {found}")]
    Corrupt {
        /// Under which it was stored.
        expected: Digest,
        /// Of the bytes that are there.
        found: Digest,
    },
    /// The store refused.
    #[error("{doing}: {source}")]
    Store {
        /// What was being done.
        doing: &'static str,
        /// What the store said.
        #[source]
        source: object_store::Error,
    },
    /// The machine refused.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Blobs {
    /// Opens the store at `url`: a folder by its path or `file://` URL (made if missing), or
    /// `s3://bucket/prefix` when built with the feature `s3` (credentials from `AWS_*`).
    ///
    /// `incoming` is a folder of this machine for uploads under way (made if missing); nothing in
    /// it has a name, so nothing is left there when the server dies.
    pub fn open(url: &str, incoming: &Path) -> Result<Self, BlobError> {
        make_folder(incoming).map_err(Fault::doing("making the folder for uploads"))?;
        let place = |why: &str| BlobError::Place { url: url.to_owned(), why: why.to_owned() };
        if !url.contains("://") {
            return Self::folder(Path::new(url), incoming);
        }
        let parsed = url::Url::parse(url).map_err(|error| place(&error.to_string()))?;
        match parsed.scheme() {
            "file" => {
                let path = parsed.to_file_path().map_err(|()| place("it names no local folder"))?;
                Self::folder(&path, incoming)
            }
            "s3" => Self::bucket(&parsed, incoming),
            _ => Err(place("only a folder, file:// and s3:// are known")),
        }
    }

    fn folder(root: &Path, incoming: &Path) -> Result<Self, BlobError> {
        make_folder(&root.join(FOLDER)).map_err(Fault::doing("making the folder for blobs"))?;
        let store = LocalFileSystem::new_with_prefix(root)
            .map_err(store("opening the folder of blobs"))?
            // Syncs the file, renames it, syncs the folder; seen with strace for 0.14.2.
            .with_fsync(true);
        Ok(Self {
            store: Arc::new(store),
            incoming: incoming.to_owned(),
            part: PART,
            folder: Some(root.join(FOLDER)),
            naming: Arc::default(),
        })
    }

    #[cfg(feature = "s3")]
    fn bucket(url: &url::Url, incoming: &Path) -> Result<Self, BlobError> {
        let bucket = object_store::aws::AmazonS3Builder::from_env()
            .with_url(url.as_str())
            .build()
            .map_err(store("opening the bucket of blobs"))?;
        let prefix = Location::parse(url.path().trim_matches('/'))
            .map_err(|error| BlobError::Place { url: url.to_string(), why: error.to_string() })?;
        let prefixed = object_store::prefix::PrefixStore::new(bucket, prefix);
        Ok(Self {
            store: Arc::new(prefixed),
            incoming: incoming.to_owned(),
            part: S3_PART,
            folder: None,
            naming: Arc::default(),
        })
    }

    #[cfg(not(feature = "s3"))]
    fn bucket(url: &url::Url, _: &Path) -> Result<Self, BlobError> {
        let why = "this testat was built without S3; build it with --features s3".to_owned();
        Err(BlobError::Place { url: url.to_string(), why })
    }

    /// Starts to receive an upload of at most `cap` bytes.
    pub async fn begin(&self, cap: u64) -> Result<Upload, Fault> {
        let incoming = self.incoming.clone();
        let file =
            blocking("opening a file for an upload", move || tempfile::tempfile_in(incoming));
        Ok(Upload::new(file.await?, cap))
    }

    /// Whether an upload could begin and the store of blobs answers.
    pub async fn ping(&self) -> Result<(), BlobError> {
        self.begin(0).await?;
        match self.store.head(&location(&Digest::of(b""))).await {
            Ok(_) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(source) => Err(BlobError::Store { doing: "asking for a blob", source }),
        }
    }

    /// Keeps what was received under its digest. When it returns, the bytes and their name have
    /// been synced. Keeping the same bytes again is harmless, and heals a corrupt blob.
    pub async fn put(&self, received: &Received) -> Result<Digest, BlobError> {
        // Always written, even if it is there: an older one may be corrupt, and one being put
        // at this moment may not have been synced.
        let at = location(received.digest());
        let mut upload =
            self.store.put_multipart(&at).await.map_err(store("starting to store a blob"))?;
        match self.fill(upload.as_mut(), received).await {
            Ok(()) => Ok(received.digest().clone()),
            Err(error) => {
                // The first error is the one to report; what is left is litter, not a blob.
                if let Err(second) = upload.abort().await {
                    tracing::warn!(error = %second, "a blob's parts could not be removed");
                }
                Err(error)
            }
        }
    }

    async fn fill(
        &self,
        upload: &mut dyn MultipartUpload,
        received: &Received,
    ) -> Result<(), BlobError> {
        let mut at = 0;
        loop {
            let (file, part) = (Arc::clone(received.shared()), self.part);
            let bytes = blocking("reading an upload", move || read_part(&file, at, part)).await?;
            // A store may want one part even of a blob without bytes.
            if bytes.is_empty() && at > 0 {
                break;
            }
            at += bytes.len() as u64;
            upload.put_part(bytes.into()).await.map_err(store("storing a blob"))?;
            if at >= received.bytes() {
                break;
            }
        }
        upload.complete().await.map_err(store("finishing to store a blob"))?;
        Ok(())
    }

    /// A blob as a file of this machine, positioned at its start, its digest checked.
    pub async fn get(&self, digest: &Digest) -> Result<File, BlobError> {
        let got = self.store.get(&location(digest)).await.map_err(|source| match source {
            object_store::Error::NotFound { .. } => BlobError::Missing(digest.clone()),
            source => BlobError::Store { doing: "fetching a blob", source },
        })?;
        let (file, found) = match got.payload {
            GetResultPayload::File(file, _) => {
                blocking("reading a blob", move || hashed(file)).await?
            }
            GetResultPayload::Stream(mut stream) => {
                // No cap: it was under one when it was stored.
                let mut upload = self.begin(u64::MAX).await?;
                while let Some(bytes) = stream.next().await {
                    upload.append(bytes.map_err(store("fetching a blob"))?).await?;
                }
                let received = upload.finish().await?;
                received.into_parts().map_err(Fault::doing("sharing a fetched blob"))?
            }
        };
        if found != *digest {
            return Err(BlobError::Corrupt { expected: digest.clone(), found });
        }
        Ok(file)
    }

    /// The digests of all blobs that are there, whatever their bytes.
    pub async fn all(&self) -> Result<Vec<Digest>, BlobError> {
        Ok(self.listed().await?.into_iter().map(|(digest, _)| digest).collect())
    }

    /// The same, each with when it was put.
    async fn listed(&self) -> Result<Vec<(Digest, SystemTime)>, BlobError> {
        let listed = self.store.list(Some(&Location::from(FOLDER)));
        let named = listed.try_filter_map(|blob| {
            let digest = blob.location.filename().and_then(|name| name.parse().ok());
            let put = SystemTime::from(blob.last_modified);
            std::future::ready(Ok(digest.map(|digest| (digest, put))))
        });
        named.try_collect().await.map_err(store("listing the blobs"))
    }

    /// Whether a blob is there and its bytes are those that were stored.
    pub async fn verify(&self, digest: &Digest) -> Result<(), BlobError> {
        self.get(digest).await.map(drop)
    }
}

fn location(digest: &Digest) -> Location {
    Location::from_iter([FOLDER, digest.as_str()])
}

fn store(doing: &'static str) -> impl Fn(object_store::Error) -> BlobError {
    move |source| BlobError::Store { doing, source }
}

/// Runs `work` on a thread that may wait for a disk.
async fn blocking<T: Send + 'static>(
    doing: &'static str,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Fault> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result.map_err(Fault::doing(doing)),
        Err(ended) => Err(Fault { doing, source: io::Error::other(ended) }),
    }
}

fn read_part(file: &File, at: u64, most: usize) -> io::Result<Bytes> {
    let mut part = vec![0; most];
    let mut have = 0;
    while have < most {
        match file.read_at(&mut part[have..], at + have as u64) {
            Ok(0) => break,
            Ok(count) => have += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    part.truncate(have);
    Ok(part.into())
}

/// The digest of all of `file`, which is left at its start.
fn hashed(mut file: File) -> io::Result<(File, Digest)> {
    let mut hash = Sha256::new();
    let mut block = vec![0; PART];
    loop {
        match file.read(&mut block) {
            Ok(0) => break,
            Ok(count) => hash.update(&block[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    file.rewind()?;
    Ok((file, Digest::from_bytes(hash.finalize().into())))
}

/// Makes a folder and those above it, each synced into the one that holds it.
fn make_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let above = match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => return Err(io::Error::from(io::ErrorKind::NotFound)),
    };
    if above != Path::new(".") {
        make_folder(above)?;
    }
    match std::fs::create_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
        result => result?,
    }
    File::open(above)?.sync_all()
}
