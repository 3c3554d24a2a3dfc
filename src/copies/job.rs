//! A search for copies in the background: claimed from the store, the archives read one after the other, what
//! was found stored. A process that dies leaves it to the next.

use std::fs::File as Archive;
use std::io::{Seek, Write};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::compare::{Pair, Part, Program, Rules, Span, pairs};
use super::source::{File, Limits, Source};
use super::winnow::{Fingerprint, Known, fingerprints};
use crate::clock::Clock;
use crate::code::{Grammar, text};
use crate::course::{Legi, Slug};
use crate::export::starter::Starter;
use crate::intake::Trouble;
use crate::intake::archive::{ArchiveLimits, Glance, look};
use crate::intake::blobs::Blobs;
use crate::store::copies::{self, Compared, Found, NewPair, Run};
use crate::store::queue::Held;
use crate::store::{self, Db};

/// How often a process looks whether a search waits.
const LOOK: Duration = Duration::from_secs(2);
/// A search is another's when nothing was heard of it for so long.
const LEASE_MS: i64 = 120_000;
/// How often a sign of life is given while nothing else is to be told.
const BEAT: Duration = Duration::from_secs(20);
/// Submissions read between two notes of how far it is.
const STEP: usize = 20;
/// Bytes of program text that are compared: more than any solution has.
const GLANCE: Glance = Glance { each: 256 << 10, all: 2 << 20 };
/// Of a starter kit everything is read: it is ours.
const ALL: Limits = Limits { tokens: usize::MAX };

/// What a search needs.
#[derive(Clone, Debug)]
pub struct Desk {
    /// The store.
    pub db: Db,
    /// The archives.
    pub blobs: Blobs,
    /// The time.
    pub clock: Clock,
    /// The starter kits, whose parts are nobody's.
    pub starters: Vec<Starter>,
}

/// Lines of a file, as stored with a pair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredSpan {
    /// The file's path.
    pub file: String,
    /// The first line, from 1.
    pub from: u32,
    /// The last one.
    pub to: u32,
}

/// A part that two submissions have in common, as stored with a pair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredPart {
    /// Where in the one.
    pub left: StoredSpan,
    /// Where in the other.
    pub right: StoredSpan,
    /// How many tokens.
    pub tokens: usize,
}

/// Why a search can't be done now.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The database fails: somebody tries again when the lease has run out.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A starter kit of ours can't be read.
    #[error("reading the starter kit {kit}: {why}")]
    Kit {
        /// Its file.
        kit: String,
        /// Why not.
        why: String,
    },
    /// The parts can't be written down.
    #[error("writing the parts down: {0}")]
    Json(#[from] serde_json::Error),
    /// A thread of ours ended before its work.
    #[error("a thread ended: {0}")]
    Ended(#[from] tokio::task::JoinError),
}

/// Searches whenever a search is asked for, until `stop` says so; what is under way then waits again.
pub async fn run(desk: Desk, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        match step_unless(&desk, &mut stop).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(fault) => tracing::error!(%fault, "A search for copies failed"),
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = told(&mut stop) => {}
        }
    }
}

async fn told(stop: &mut watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        // Nobody is left who could say it.
        std::future::pending::<()>().await;
    }
}

/// Does the search that waits longest, if one does; says whether one did.
///
/// # Errors
/// The store fails; the search is taken up again when its lease has run out. Whatever else fails ends it.
pub async fn step(desk: &Desk) -> Result<bool, store::Error> {
    let (_never, mut stop) = watch::channel(false);
    step_unless(desk, &mut stop).await
}

async fn step_unless(desk: &Desk, stop: &mut watch::Receiver<bool>) -> Result<bool, store::Error> {
    let now = desk.clock.now();
    let Some(run) = copies::claim(&desk.db, now, now + LEASE_MS).await? else { return Ok(false) };
    let ended = tokio::select! {
        ended = search(desk, &run) => ended,
        () = told(stop) => {
            let held = copies::release(&desk.db, &run).await?;
            tracing::info!(run.id = %run.id, ?held, "Stopping: the search waits again");
            return Ok(false);
        }
    };
    match ended {
        Ok(Some(found)) => {
            let pairs = found.pairs.len();
            let held = copies::record(&desk.db, &run, &found, desk.clock.now()).await?;
            tracing::info!(run.id = %run.id, pairs, ?held, "A search for copies is done");
        }
        Ok(None) => tracing::warn!(run.id = %run.id, "Another process took the search over"),
        Err(Fault::Store(fault)) => return Err(fault),
        Err(fault) => {
            let now = desk.clock.now();
            let held = copies::give_up(&desk.db, &run, &fault.to_string(), now).await?;
            tracing::error!(run.id = %run.id, %fault, ?held, "A search for copies is given up");
        }
    }
    Ok(true)
}

/// A submission's part in a search.
struct Read {
    paths: Vec<String>,
    prints: Vec<Fingerprint>,
    partial: bool,
}

/// None if the search is no longer ours.
async fn search(desk: &Desk, run: &Run) -> Result<Option<Found>, Fault> {
    let known = Arc::new(known(desk, &run.slug).await?);
    let compared = copies::to_compare(&desk.db, &run.semester, &run.slug).await?;
    let mut read = Vec::with_capacity(compared.len());
    for (done, one) in compared.iter().enumerate() {
        if done % STEP == 0 && tell(desk, run, done, compared.len()).await? == Held::Lost {
            return Ok(None);
        }
        read.push(read_one(desk, one, &known).await?);
    }
    let unread = read.iter().filter(|one| one.as_ref().is_none_or(|one| one.partial)).count();
    let mut paths = Vec::with_capacity(read.len());
    let mut programs = Vec::with_capacity(read.len());
    let authors = authors(&compared);
    for ((one, author), read) in compared.iter().zip(authors).zip(read) {
        let (own, prints) = read.map_or_else(Default::default, |read| (read.paths, read.prints));
        paths.push(own);
        programs.push(Program { author, asked: one.semester == run.semester, prints });
    }
    let comparing = tokio::task::spawn_blocking(move || pairs(&programs, Rules::default()));
    let Some(pairs) = beating(desk, run, compared.len(), comparing).await? else { return Ok(None) };
    let stored = |pair: &Pair| stored(pair, &compared, &paths);
    let pairs = pairs.iter().map(stored).collect::<Result<_, _>>()?;
    Ok(Some(Found { pairs, unread: number(unread) }))
}

/// Waits for the work while giving signs of life; none if the search is no longer ours.
async fn beating(
    desk: &Desk,
    run: &Run,
    total: usize,
    mut work: tokio::task::JoinHandle<Vec<Pair>>,
) -> Result<Option<Vec<Pair>>, Fault> {
    let mut beat = tokio::time::interval(BEAT);
    loop {
        tokio::select! {
            pairs = &mut work => return Ok(Some(pairs?)),
            _ = beat.tick() => {
                if tell(desk, run, total, total).await? == Held::Lost {
                    return Ok(None);
                }
            }
        }
    }
}

async fn tell(desk: &Desk, run: &Run, done: usize, total: usize) -> Result<Held, store::Error> {
    let until = desk.clock.now() + LEASE_MS;
    copies::progress(&desk.db, run, number(done), number(total), until).await
}

/// Counts of submissions are far below.
fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A number for each: the same student is the same one in every semester.
fn authors(compared: &[Compared]) -> Vec<usize> {
    let mut known: std::collections::HashMap<&Legi, usize> = std::collections::HashMap::new();
    compared
        .iter()
        .map(|one| {
            let next = known.len();
            *known.entry(&one.legi).or_insert(next)
        })
        .collect()
}

/// None if the archive can't be had: that one is not compared, and counted.
async fn read_one(desk: &Desk, one: &Compared, known: &Arc<Known>) -> Result<Option<Read>, Fault> {
    let archive = match desk.blobs.get(&one.digest).await {
        Ok(archive) => archive,
        Err(fault) => {
            tracing::error!(submission.id = %one.submission, %fault, "An archive is not compared");
            return Ok(None);
        }
    };
    let known = Arc::clone(known);
    let reading = tokio::task::spawn_blocking(move || {
        let source = source(&archive, &known, Limits::default())?;
        let prints = fingerprints(&source, &known);
        Ok::<_, Trouble>(Read { prints, paths: source.paths, partial: source.partial })
    });
    match reading.await? {
        Ok(read) => Ok(Some(read)),
        Err(trouble) => {
            tracing::error!(submission.id = %one.submission, %trouble, "An archive is not compared");
            Ok(None)
        }
    }
}

/// The program text of an archive, without the files that are the kit's.
fn source(archive: &Archive, known: &Known, limits: Limits) -> Result<Source, Trouble> {
    let is_program = |path: &str| Grammar::of_path(path).is_some();
    let mut beyond = false;
    let mut files = Vec::new();
    for member in look(archive, &ArchiveLimits::default(), GLANCE, &is_program)? {
        let Some(head) = member.head else {
            beyond |= is_program(&member.path);
            continue;
        };
        let cut = (head.len() as u64) < member.size;
        let found = text(&head, cut).filter(|text| !known.has_file(text));
        beyond |= cut || text(&head, cut).is_none();
        files.extend(found.map(|text| File { path: member.path, text: text.to_owned() }));
    }
    let mut source = Source::of(&files, limits);
    source.partial |= beyond;
    Ok(source)
}

/// All that is in the project's starter kits.
async fn known(desk: &Desk, slug: &Slug) -> Result<Known, Fault> {
    let kits: Vec<Starter> =
        desk.starters.iter().filter(|kit| kit.slug == *slug).cloned().collect();
    let reading = tokio::task::spawn_blocking(move || {
        let mut known = Known::default();
        for kit in kits {
            let fault = |why: String| Fault::Kit { kit: kit.file_name.clone(), why };
            let archive = as_file(&kit.bytes).map_err(|error| fault(error.to_string()))?;
            let files = source(&archive, &Known::default(), ALL)
                .map_err(|trouble| fault(trouble.to_string()))?;
            known.add(&files);
        }
        Ok(known)
    });
    reading.await?
}

fn as_file(bytes: &[u8]) -> std::io::Result<Archive> {
    let mut file = tempfile::tempfile()?;
    file.write_all(bytes)?;
    file.rewind()?;
    Ok(file)
}

fn stored(pair: &Pair, compared: &[Compared], paths: &[Vec<String>]) -> Result<NewPair, Fault> {
    let span = |program: usize, span: Span| StoredSpan {
        file: paths[program].get(span.file as usize).cloned().unwrap_or_default(),
        from: span.from,
        to: span.to,
    };
    let part = |part: &Part| StoredPart {
        left: span(pair.left, part.left),
        right: span(pair.right, part.right),
        tokens: part.tokens,
    };
    let parts: Vec<StoredPart> = pair.parts.iter().map(part).collect();
    Ok(NewPair {
        left: compared[pair.left].submission.clone(),
        right: compared[pair.right].submission.clone(),
        left_share: i64::from(pair.left_share),
        right_share: i64::from(pair.right_share),
        matched: number(pair.matched),
        parts: serde_json::to_string(&parts)?,
    })
}
