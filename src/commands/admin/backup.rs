//! `testat admin backup DIR`: the database and all archives of one moment, while the server serves.
//!
//! All tables are read in one transaction that sees one moment. An archive is on the disk before its
//! submission is in the database, and is never removed, so every archive that the rows name can be
//! copied after them.

use std::fs::{DirBuilder, File, Permissions};
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;

use anyhow::{Context, bail};
use serde_json::{Value, json};

use super::manifest::{
    self, ARCHIVES, FORMAT, Hashed, Head, Manifest, TABLES, TableFile, archive_path, table_path,
};
use crate::clock::Clock;
use crate::commands::serve::open_blobs;
use crate::config::Config;
use crate::course::Digest;
use crate::intake::blobs::{BlobError, Blobs};
use crate::store::audit::{self, Entry};
use crate::store::snapshot::{self, Archive, Record, Snapshot, Table};
use crate::store::{self, Db};

/// Makes a backup and says its digest.
pub(super) async fn run(
    config: &Config,
    db: &Db,
    folder: &Path,
    allow_damaged: bool,
) -> anyhow::Result<()> {
    let folder = std::path::absolute(folder).with_context(|| folder.display().to_string())?;
    must_be_new(&folder)?;
    let above = folder.parent().context("a backup can't be the root folder")?;
    // Beside the place where it will be, so that it gets there by a rename; for our eyes alone.
    let unfinished = tempfile::Builder::new()
        .prefix(".testat-backup-unfinished-")
        .permissions(Permissions::from_mode(0o700))
        .tempdir_in(above)
        .with_context(|| above.display().to_string())?;
    let blobs = open_blobs(config)?;
    let digest = fill(db, &blobs, unfinished.path(), allow_damaged).await?;
    std::fs::rename(unfinished.path(), &folder)
        .with_context(|| format!("putting the backup at {}", folder.display()))?;
    // Its name is another now: nothing is left to be removed.
    let _ = unfinished.keep();
    sync(above)?;
    let entry = Entry {
        at: Clock.now(),
        actor: None,
        action: "server.backup",
        subject: digest.to_string(),
        details: json!({}),
    };
    audit::note(db, entry).await.context("noting the backup in the audit log")?;
    println!("{} is whole; its manifest has the SHA-256 {digest}", folder.display());
    Ok(())
}

fn must_be_new(folder: &Path) -> anyhow::Result<()> {
    let mut entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).with_context(|| folder.display().to_string()),
    };
    match entries.next() {
        None => Ok(()),
        Some(_) => bail!("{} is not empty: a backup gets a folder of its own", folder.display()),
    }
}

async fn fill(
    db: &Db,
    blobs: &Blobs,
    folder: &Path,
    allow_damaged: bool,
) -> anyhow::Result<Digest> {
    for name in [TABLES, ARCHIVES] {
        DirBuilder::new().mode(0o700).create(folder.join(name))?;
    }
    let at = jiff::Timestamp::from_millisecond(Clock.now())?.to_string();
    let mut moment = Snapshot::begin(db).await?;
    let mut tables = Vec::new();
    let mut head = None;
    for table in snapshot::TABLES {
        let (file, last) = write_table(&mut moment, table, folder).await?;
        eprintln!("{}: {} rows", file.name, file.rows);
        tables.push(file);
        // The last table is the head of the audit log, one row.
        head = last;
    }
    let archives = moment.archives().await?;
    // Whoever holds a moment keeps the database from tidying up behind it.
    drop(moment);
    let damaged = copy_archives(blobs, &archives, folder).await?;
    for (archive, why) in &damaged {
        eprintln!("submission {}: {why}", archive.submission);
    }
    if !damaged.is_empty() && !allow_damaged {
        bail!(
            "no backup was made: {} of the archives can't be had. Mend them from an older backup, \
             or leave them out with --allow-damaged",
            damaged.len()
        );
    }
    let manifest = Manifest {
        format: FORMAT,
        testat: env!("CARGO_PKG_VERSION").to_owned(),
        at,
        schema: store::schema(),
        tables,
        archives: archives.len() - damaged.len(),
        damaged: damaged.into_iter().map(|(archive, _)| archive.digest.clone()).collect(),
        audit: head.and_then(|row| head_of(&row)).context("the audit log has no head")?,
    };
    sync(&folder.join(TABLES))?;
    sync(&folder.join(ARCHIVES))?;
    let digest = manifest.write(folder)?;
    sync(folder)?;
    Ok(digest)
}

fn head_of(row: &Record) -> Option<Head> {
    let line = row.0.get("seq").and_then(Value::as_i64)?;
    Some(Head { line, hash: row.0.get("hash")?.as_str()?.to_owned() })
}

/// One row a line; says the last one too.
async fn write_table(
    moment: &mut Snapshot,
    table: Table,
    folder: &Path,
) -> anyhow::Result<(TableFile, Option<Record>)> {
    let path = table_path(folder, table.name);
    let file = File::create(&path).with_context(|| path.display().to_string())?;
    let mut out = Hashed::new(BufWriter::new(file));
    let (mut rows, mut last) = (0, None);
    moment
        .rows(table, |row| -> anyhow::Result<()> {
            serde_json::to_writer(&mut out, &row.0)?;
            out.write_all(b"\n")?;
            rows += 1;
            last = Some(row);
            Ok(())
        })
        .await
        .with_context(|| format!("reading the table {}", table.name))?;
    let (out, sha256, _) = out.finish();
    out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    Ok((TableFile { name: table.name.to_owned(), rows, sha256 }, last))
}

/// Copies each archive; says which ones can't be had, and why.
async fn copy_archives<'a>(
    blobs: &Blobs,
    archives: &'a [Archive],
    folder: &Path,
) -> anyhow::Result<Vec<(&'a Archive, BlobError)>> {
    let mut damaged = Vec::new();
    for (place, archive) in archives.iter().enumerate() {
        match blobs.get(&archive.digest).await {
            Ok(blob) => copy(blob, &archive.digest, folder)?,
            Err(why @ (BlobError::Missing(_) | BlobError::Corrupt { .. })) => {
                damaged.push((archive, why));
            }
            Err(other) => return Err(other.into()),
        }
        manifest::tell("archives", place + 1, archives.len());
    }
    Ok(damaged)
}

/// Hashed once more on its way: what was written is what it is called.
fn copy(mut blob: File, digest: &Digest, folder: &Path) -> anyhow::Result<()> {
    let path = archive_path(folder, digest);
    let mut out = Hashed::new(File::create(&path).with_context(|| path.display().to_string())?);
    io::copy(&mut blob, &mut out).with_context(|| path.display().to_string())?;
    let (file, written, _) = out.finish();
    if written != *digest {
        bail!("archive {digest} changed while it was copied: its bytes had the digest {written}");
    }
    file.sync_all().with_context(|| path.display().to_string())
}

fn sync(folder: &Path) -> anyhow::Result<()> {
    let place = || folder.display().to_string();
    File::open(folder).and_then(|folder| folder.sync_all()).with_context(place)
}
