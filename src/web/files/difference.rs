//! What changed from one submission to a later one: line by line, file by file.

use std::time::{Duration, Instant};

use serde::Serialize;
use similar::{ChangeTag, TextDiff};

use super::reading::{Content, TextFile};
use super::shown::{Line, coloured};
use crate::code::lines;
use crate::web::page::visible;

/// Time for all files together; what is not done by then is shown as larger changes than need be.
const TIME: Duration = Duration::from_secs(2);
/// Unchanged lines around a change.
const AROUND: usize = 3;
/// Lines that a page shows.
const MOST: usize = 10_000;

/// A file that is not the same in both.
#[derive(Debug, Serialize)]
pub(super) struct Changed {
    path: String,
    /// What happened to it, in words.
    words: &'static str,
    /// The places where it changed.
    hunks: Vec<Hunk>,
    /// What is not shown, and why.
    note: Option<&'static str>,
}

/// Lines that changed, and some around them.
#[derive(Debug, Serialize)]
struct Hunk {
    rows: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Row {
    old: Option<usize>,
    new: Option<usize>,
    /// `added`, `removed` or nothing.
    change: &'static str,
    html: String,
}

/// The files of both, as changes from `before` to `after`; and how many are the same.
pub(super) fn difference(before: &[TextFile], after: &[TextFile]) -> (Vec<Changed>, usize) {
    let deadline = Instant::now() + TIME;
    let mut left = MOST;
    let mut changed = Vec::new();
    let mut same = 0;
    let old_of = |path: &str| before.iter().find(|file| file.path == path);
    for new in after {
        match old_of(&new.path) {
            Some(old) if old.size == new.size && old.content == new.content => same += 1,
            old => changed.push(one(old, Some(new), deadline, &mut left)),
        }
    }
    let gone = before.iter().filter(|old| !after.iter().any(|new| new.path == old.path));
    for old in gone {
        changed.push(one(Some(old), None, deadline, &mut left));
    }
    (changed, same)
}

fn one(
    old: Option<&TextFile>,
    new: Option<&TextFile>,
    deadline: Instant,
    left: &mut usize,
) -> Changed {
    let path = new.or(old).map_or("", |file| &file.path);
    let words = match (old, new) {
        (None, _) => "new",
        (_, None) => "gone",
        _ => "changed",
    };
    let is = |unlike: fn(&Content) -> bool| {
        [old, new].into_iter().flatten().any(|file| unlike(&file.content))
    };
    let mut note = None;
    if is(|content| matches!(content, Content::Cut(_))) {
        note = Some("Only the first 256 KiB are compared.");
    }
    if is(|content| matches!(content, Content::Binary(_))) {
        note = Some("It is no text, and not shown.");
    }
    if is(|content| matches!(content, Content::Unread)) {
        note = Some("It is beyond what one page compares; download both archives.");
    }
    let text = |file: Option<&TextFile>| file.map_or(Some(""), TextFile::text).map(str::to_owned);
    let mut hunks = Vec::new();
    if let (Some(old), Some(new)) = (text(old), text(new)) {
        hunks = hunks_of(path, &old, &new, deadline);
        for hunk in &mut hunks {
            hunk.rows.truncate(*left);
            *left -= hunk.rows.len();
        }
        if *left == 0 {
            note = Some("There is more than one page shows; download both archives.");
        }
        hunks.retain(|hunk| !hunk.rows.is_empty());
    }
    Changed { path: visible(path), words, hunks, note }
}

fn hunks_of(path: &str, old: &str, new: &str, deadline: Instant) -> Vec<Hunk> {
    let (old_lines, new_lines): (Vec<&str>, Vec<&str>) =
        (lines(old).collect(), lines(new).collect());
    let diff = TextDiff::configure().deadline(deadline).diff_slices(&old_lines, &new_lines);
    let (old_shown, new_shown) = (coloured(path, old), coloured(path, new));
    let html = |lines: &[Line], at: Option<usize>| {
        at.and_then(|at| lines.get(at)).map(|line| line.0.clone()).unwrap_or_default()
    };
    let groups = diff.grouped_ops(AROUND);
    let rows = |group: &Vec<similar::DiffOp>| {
        let changes = group.iter().flat_map(|op| diff.iter_changes(op));
        changes
            .map(|change| {
                let (old, new) = (change.old_index(), change.new_index());
                let (change, html) = match change.tag() {
                    ChangeTag::Equal => ("", html(&new_shown, new)),
                    ChangeTag::Insert => ("added", html(&new_shown, new)),
                    ChangeTag::Delete => ("removed", html(&old_shown, old)),
                };
                Row { old: old.map(|at| at + 1), new: new.map(|at| at + 1), change, html }
            })
            .collect()
    };
    groups.iter().map(|group| Hunk { rows: rows(group) }).collect()
}
