//! The files of a submission, out of its archive.

use crate::code::text;
use crate::intake::Trouble;
use crate::intake::archive::{ArchiveLimits, Glance, Member, look};
use crate::store::submissions::Submission;
use crate::web::State;
use crate::web::error::{Error, Result};

/// What is read of one archive for one page, in bytes.
const GLANCE: Glance = Glance { each: 256 << 10, all: 4 << 20 };

/// A file as a page can show it.
#[derive(Clone, Debug)]
pub(in crate::web) struct TextFile {
    /// Its path, clean.
    pub(in crate::web) path: String,
    /// Bytes it has.
    pub(in crate::web) size: u64,
    /// What is in it.
    pub(in crate::web) content: Content,
}

/// What is in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::web) enum Content {
    /// All of a text.
    Text(String),
    /// The beginning of a text.
    Cut(String),
    /// No text.
    Binary(Vec<u8>),
    /// Not read: what came before it was too much for one page.
    Unread,
}

impl TextFile {
    /// The text, as far as there is one.
    pub(in crate::web) fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) | Content::Cut(text) => Some(text),
            Content::Binary(_) | Content::Unread => None,
        }
    }

    fn of(member: Member) -> Self {
        let Member { path, size, head } = member;
        let content = match head {
            None => Content::Unread,
            Some(head) => {
                let cut = (head.len() as u64) < size;
                match text(&head, cut).map(str::to_owned) {
                    Some(text) if cut => Content::Cut(text),
                    Some(text) => Content::Text(text),
                    None => Content::Binary(head),
                }
            }
        };
        Self { path, size, content }
    }
}

/// The solution first, then the rest of the program, then what came with the starter kit.
fn rank(path: &str) -> u8 {
    match path {
        "solution.py" | "src/solution.rs" => 0,
        _ if is_furniture(path) => 3,
        _ if path.ends_with(".py") || path.ends_with(".rs") => 1,
        _ => 2,
    }
}

/// What mostly is the starter kit's own: shown closed, below the rest.
pub(super) fn is_furniture(path: &str) -> bool {
    const FOLDERS: [&str; 3] = ["testat/", "testat-kit/", ".cargo/"];
    const FILES: [&str; 6] =
        ["Cargo.lock", "README.md", "handout.md", "handout.html", "samples.bin", "practice.py"];
    FOLDERS.iter().any(|folder| path.starts_with(folder)) || FILES.contains(&path)
}

/// The files of a submission; `work` makes of them what the page needs, on a thread that may be busy.
///
/// # Errors
/// The archive can't be had.
pub(in crate::web) async fn read<T: Send + 'static>(
    state: &State,
    submission: &Submission,
    work: impl FnOnce(Vec<TextFile>) -> T + Send + 'static,
) -> Result<T> {
    // Reading and colouring is work: only so many at a time, whoever asks how often.
    let _place = state.reading.acquire().await.map_err(|closed| Error::Fault(Box::new(closed)))?;
    let archive = state.blobs.get(&submission.digest).await?;
    let done = tokio::task::spawn_blocking(move || {
        // What was accepted once is read, whatever the limits of an upload are now.
        let limits = ArchiveLimits::default();
        let members = look(&archive, &limits, GLANCE, &|_| true)?;
        let mut files: Vec<TextFile> = members.into_iter().map(TextFile::of).collect();
        files.sort_by(|one, other| {
            (rank(&one.path), &one.path).cmp(&(rank(&other.path), &other.path))
        });
        Ok::<_, Trouble>(work(files))
    });
    Ok(done.await.map_err(|ended| Error::Fault(Box::new(ended)))??)
}
