//! `testat admin restore DIR`: an empty server becomes the one of the backup.
//!
//! Everything is held against the manifest before anything is written. Archives come first, then all
//! rows in one transaction: cut off in the middle, the database is still empty, and the same command
//! does the rest.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::Path;

use anyhow::{Context, bail, ensure};
use serde_json::{Map, Value, json};

use super::manifest::{self, FORMAT, Hashed, Manifest, TableFile, archive_path, table_path};
use crate::clock::Clock;
use crate::commands::serve::open_blobs;
use crate::config::Config;
use crate::course::Digest;
use crate::intake::blobs::Blobs;
use crate::store::audit::Entry;
use crate::store::snapshot::{self, Filling, Record};
use crate::store::{self, Db};

/// Bytes of an archive read at a time.
const PIECE: usize = 256 << 10;

/// Checks the backup, then takes it in.
pub(super) async fn run(config: &Config, db: &Db, folder: &Path) -> anyhow::Result<()> {
    let blobs = open_blobs(config)?;
    snapshot::must_be_empty(db).await?;
    let (manifest, digest) = Manifest::read(folder)?;
    may_be_read(&manifest)?;
    let archives = check(folder, &manifest)?;
    let strange = strangers(&blobs, &archives).await?;
    ensure!(strange == 0, "{strange} archives of another server are kept at {}", config.blobs_url);
    for (place, archive) in archives.iter().enumerate() {
        put(&blobs, folder, archive).await?;
        manifest::tell("archives", place + 1, archives.len());
    }
    let mut filling = Filling::begin(db).await?;
    for table in snapshot::TABLES {
        let path = table_path(folder, table.name);
        let mut rows = 0_u64;
        for line in BufReader::new(open(&path)?).lines() {
            let row: Map<String, Value> = serde_json::from_str(&line?)
                .with_context(|| format!("{}, line {}", path.display(), rows + 1))?;
            filling.put(table, Record(row)).await?;
            rows += 1;
        }
        eprintln!("{}: {rows} rows", table.name);
    }
    let entry = Entry {
        at: Clock.now(),
        actor: None,
        action: "server.restore",
        subject: digest.to_string(),
        details: json!({ "made_at": manifest.at, "audit_line": manifest.audit.line }),
    };
    filling.end(entry).await?;
    println!("Restored what was there at {}: {} archives.", manifest.at, archives.len());
    if !manifest.damaged.is_empty() {
        let lost: Vec<_> = manifest.damaged.iter().map(|one| format!("\n  {one}")).collect();
        println!("These archives were lost before the backup was made:{}", lost.concat());
    }
    Ok(())
}

fn may_be_read(manifest: &Manifest) -> anyhow::Result<()> {
    ensure!(
        manifest.format == FORMAT,
        "the backup has the format {}, this program reads {FORMAT}",
        manifest.format
    );
    ensure!(
        manifest.schema == store::schema(),
        "the backup was made by testat {} with other tables than this one has: restore it with that \
         version, then start this one on it",
        manifest.testat
    );
    let named: Vec<&str> = manifest.tables.iter().map(|table| table.name.as_str()).collect();
    let wanted = snapshot::TABLES.map(|table| table.name);
    ensure!(named == wanted, "the backup has the tables {named:?}, and should have {wanted:?}");
    Ok(())
}

/// Holds every file against the manifest and names all that differ; the archives to be kept.
fn check(folder: &Path, manifest: &Manifest) -> anyhow::Result<BTreeSet<Digest>> {
    let mut faults = Vec::new();
    for table in &manifest.tables {
        faults.extend(check_table(folder, table)?);
    }
    let named = if faults.is_empty() { archives_named(folder)? } else { BTreeSet::new() };
    let damaged: BTreeSet<_> = manifest.damaged.iter().cloned().collect();
    let archives: BTreeSet<Digest> = named.difference(&damaged).cloned().collect();
    for (place, archive) in archives.iter().enumerate() {
        faults.extend(check_archive(folder, archive)?);
        manifest::tell("archives checked", place + 1, archives.len());
    }
    if faults.is_empty() && archives.len() != manifest.archives {
        faults.push(format!(
            "the submissions name {} archives, the manifest counts {}",
            archives.len(),
            manifest.archives
        ));
    }
    for fault in &faults {
        eprintln!("{fault}");
    }
    ensure!(
        faults.is_empty(),
        "nothing was restored: {} faults in the backup, the first: {}",
        faults.len(),
        faults.first().map_or("", String::as_str)
    );
    Ok(archives)
}

fn open(path: &Path) -> anyhow::Result<File> {
    File::open(path).with_context(|| path.display().to_string())
}

fn check_table(folder: &Path, table: &TableFile) -> anyhow::Result<Option<String>> {
    let path = table_path(folder, &table.name);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(fault) => return Ok(Some(format!("{}: {fault}", path.display()))),
    };
    let mut lines = BufReader::new(Hashed::new(file));
    let (mut rows, mut line) = (0, Vec::new());
    while lines.read_until(b'\n', &mut line)? > 0 {
        rows += 1;
        line.clear();
    }
    let (_, found, _) = lines.into_inner().finish();
    Ok((found != table.sha256 || rows != table.rows).then(|| {
        format!(
            "{} has {rows} rows and the digest {found}, and should have {} and {}",
            path.display(),
            table.rows,
            table.sha256
        )
    }))
}

fn archives_named(folder: &Path) -> anyhow::Result<BTreeSet<Digest>> {
    let path = table_path(folder, "submissions");
    let digest = |line: io::Result<String>| -> anyhow::Result<Digest> {
        let row: Value = serde_json::from_str(&line?)?;
        let digest = row.get("digest").and_then(Value::as_str).context("a row has no digest")?;
        Ok(digest.parse()?)
    };
    let digests: anyhow::Result<_> = BufReader::new(open(&path)?).lines().map(digest).collect();
    digests.with_context(|| path.display().to_string())
}

fn check_archive(folder: &Path, digest: &Digest) -> anyhow::Result<Option<String>> {
    let path = archive_path(folder, digest);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(fault) => return Ok(Some(format!("{}: {fault}", path.display()))),
    };
    let mut file = Hashed::new(file);
    io::copy(&mut file, &mut io::sink()).with_context(|| path.display().to_string())?;
    let (_, found, _) = file.finish();
    Ok((found != *digest)
        .then(|| format!("{} was changed: its bytes have the digest {found}", path.display())))
}

/// How many archives are kept that the backup does not have. Its own may be there, from a restore that
/// was cut off.
async fn strangers(blobs: &Blobs, own: &BTreeSet<Digest>) -> anyhow::Result<usize> {
    Ok(blobs.all().await?.iter().filter(|digest| !own.contains(digest)).count())
}

async fn put(blobs: &Blobs, folder: &Path, digest: &Digest) -> anyhow::Result<()> {
    let path = archive_path(folder, digest);
    let mut file = open(&path)?;
    let mut upload = blobs.begin(u64::MAX).await?;
    loop {
        let mut piece = vec![0; PIECE];
        let count = file.read(&mut piece).with_context(|| path.display().to_string())?;
        if count == 0 {
            break;
        }
        piece.truncate(count);
        upload.write(piece.into()).await?;
    }
    let received = upload.finish().await?;
    if received.digest() != digest {
        bail!("{} was changed while it was read", path.display());
    }
    blobs.put(&received).await?;
    Ok(())
}
