//! Starter kits: all that a student needs to begin a project at home, as one `.zip`.
//!
//! The same files give the same bytes, so that a browser that has a kit already is told so.

use std::collections::BTreeMap;
use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::handout;
use crate::course::{Digest, Language, Slug};

/// What a kit is made from.
#[derive(Clone, Debug)]
pub struct Contents<'a> {
    /// The project's name in addresses.
    pub slug: &'a Slug,
    /// Its name for people.
    pub title: &'a str,
    /// In which language.
    pub language: Language,
    /// The hand-out, Markdown.
    pub handout: &'a str,
    /// The crates that a Rust submission may use, in words.
    pub crates: &'a str,
    /// All other files, by path.
    pub files: BTreeMap<String, Vec<u8>>,
}

/// A kit, ready to be sent.
#[derive(Clone, Debug)]
pub struct Starter {
    /// Of which project.
    pub slug: Slug,
    /// In which language.
    pub language: Language,
    /// What to call the file.
    pub file_name: String,
    /// The archive.
    pub bytes: bytes::Bytes,
    /// Of the archive.
    pub digest: Digest,
}

/// A kit could not be packed.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The page of the hand-out.
    #[error("the page of the hand-out: {0}")]
    Page(#[from] tera::Error),
    /// The archive.
    #[error("the archive: {0}")]
    Zip(#[from] zip::result::ZipError),
    /// Compression.
    #[error("the archive: {0}")]
    Io(#[from] std::io::Error),
}

/// Packs a kit: one folder around everything, the hand-out added, and to the README how to try and
/// how to grade.
///
/// # Errors
/// [`Fault`]; none of them is to be expected.
pub fn pack(contents: Contents<'_>) -> Result<Starter, Fault> {
    let Contents { slug, title, language, handout, crates, mut files } = contents;
    files.insert("handout.md".to_owned(), handout.into());
    files.insert("handout.html".to_owned(), handout::page(title, handout)?.into());
    let readme = files.entry("README.md".to_owned()).or_default();
    readme.extend_from_slice(how_to(slug, language, crates).as_bytes());
    let folder = format!("{slug}-{}", language.as_str());
    let bytes = zipped(&folder, &files)?;
    let digest = Digest::of(&bytes);
    let file_name = format!("{folder}.zip");
    Ok(Starter { slug: slug.clone(), language, file_name, bytes: bytes.into(), digest })
}

fn zipped(folder: &str, files: &BTreeMap<String, Vec<u8>>) -> Result<Vec<u8>, Fault> {
    // No times and no owners: only what is in the files decides.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, bytes) in files {
        zip.start_file(format!("{folder}/{path}"), options)?;
        zip.write_all(bytes)?;
    }
    Ok(zip.finish()?.into_inner())
}

/// The end of every kit's README.
fn how_to(slug: &Slug, language: Language, crates: &str) -> String {
    let (run, more) = match language {
        Language::Python => (
            "python3 -m testat try",
            "It needs Python 3.9 or later and numpy, and runs on Linux, macOS and Windows (there: \
             `py -m testat try`)."
                .to_owned(),
        ),
        Language::Rust => (
            "cargo run --release -- try",
            format!(
                "Cargo takes `testat-kit` from this folder (`.cargo/config.toml`) and the other crates \
                 from crates.io. The grader builds without a network and does not read `.cargo` and \
                 `Cargo.lock`: these crates and what they need are there, in these versions: {crates}."
            ),
        ),
    };
    format!(
        "\n## Try it, then grade it\n\n\
         The task is in `handout.html`. In this folder,\n\n    {run}\n\n\
         calls each of your functions on the samples of this kit (`samples.bin`) and says what is \
         missing, what raises an error, what has the wrong shape or type, and how far off the values \
         are. {more}\n\n    testat grade {slug} .\n\n\
         is the whole grading, as the server does it (on Linux, with Testat installed). Hand in this \
         folder as it is, packed as a `.zip` or `.tar.gz`.\n"
    )
}
