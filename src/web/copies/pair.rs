//! Two submissions side by side, what they have in common marked; and that somebody has looked at them.

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

use super::percent;
use crate::copies::job::{StoredPart, StoredSpan};
use crate::course::access::{Action, On};
use crate::course::{CopyPairId, Remark, SubmissionId};
use crate::store::copy_pairs::{self, Pair, Review};
use crate::store::{semesters, submissions};
use crate::web::error::{Error, Result};
use crate::web::files::{TextFile, coloured, read};
use crate::web::guard::{Checked, Nothing, Visitor};
use crate::web::page::{see_other, visible};
use crate::web::routes::Routes;
use crate::web::{Shared, State};

/// Lines of one side that are shown.
const LINES: usize = 6_000;
/// Colours of parts.
const COLOURS: usize = 6;

/// Addresses of this file.
pub(super) fn routes(routes: &mut Routes) {
    routes
        .get("/copies/{id}", page)
        .post("/copies/{id}/review", review)
        .post("/copies/{id}/take-back", take_back);
}

#[derive(Serialize)]
struct PairPage {
    id: String,
    semester: String,
    project: i64,
    title: String,
    matched: i64,
    parts: Vec<PartRow>,
    sides: Vec<Side>,
    reviews: Vec<ReviewRow>,
    reviewed: bool,
}

/// One of the parts in common.
#[derive(Serialize)]
struct PartRow {
    number: usize,
    tokens: usize,
    left: String,
    right: String,
}

/// One of the two submissions.
#[derive(Serialize)]
struct Side {
    side: &'static str,
    other: &'static str,
    name: String,
    number: i64,
    received_at: i64,
    elsewhere: Option<String>,
    /// Where the submission is, and the student with all decisions, if this person may see it there.
    submission: Option<String>,
    student: Option<String>,
    share: i64,
    files: Vec<FileSide>,
}

#[derive(Serialize)]
struct FileSide {
    path: String,
    lines: Vec<LineSide>,
    cut: bool,
}

#[derive(Serialize)]
struct LineSide {
    number: usize,
    html: String,
    /// The part that the line is in, and its colour; 0 for none.
    part: usize,
    colour: usize,
    /// Whether the part begins here.
    begins: bool,
}

#[derive(Serialize)]
struct ReviewRow {
    note: String,
    by: String,
    at: i64,
    withdrawn_at: Option<i64>,
}

impl ReviewRow {
    fn of(review: Review) -> Self {
        Self {
            note: review.note,
            by: review.reviewer,
            at: review.reviewed_at,
            withdrawn_at: review.withdrawn_at,
        }
    }
}

/// The pair and its parts, if this person may see copies of its semester.
async fn find(
    state: &State,
    visitor: &Visitor,
    id: &CopyPairId,
) -> Result<(Pair, Vec<StoredPart>)> {
    let (pair, parts) = copy_pairs::get(&state.db, id).await?.ok_or(Error::NotFound)?;
    visitor.may(Action::SeeCopies, On::Semester(&pair.semester)).map_err(|_| Error::NotFound)?;
    Ok((pair, serde_json::from_str(&parts)?))
}

async fn page(state: Shared, visitor: Visitor, id: web::Path<CopyPairId>) -> Result<HttpResponse> {
    let (pair, parts) = find(&state, &visitor, &id).await?;
    let projects = semesters::projects(&state.db, &pair.semester).await?;
    let project = projects.iter().find(|one| one.number == pair.project).ok_or(Error::NotFound)?;
    let (left, right): (Vec<StoredSpan>, Vec<StoredSpan>) =
        parts.iter().map(|part| (part.left.clone(), part.right.clone())).unzip();
    let left = side(&state, &visitor, &pair, true, left).await?;
    let right = side(&state, &visitor, &pair, false, right).await?;
    let page = PairPage {
        id: pair.id.to_string(),
        semester: pair.semester.to_string(),
        project: pair.project.get(),
        title: project.title.clone(),
        matched: pair.matched,
        parts: parts.iter().zip(1..).map(|(part, number)| PartRow::of(part, number)).collect(),
        sides: vec![left, right],
        reviewed: pair.review.is_some(),
        reviews: copy_pairs::reviews(&state.db, &pair)
            .await?
            .into_iter()
            .map(ReviewRow::of)
            .collect(),
    };
    state.page("copy_pair.html", Some(&visitor), page)
}

impl PartRow {
    fn of(part: &StoredPart, number: usize) -> Self {
        let words = |span: &StoredSpan| {
            format!("{}, lines {} to {}", visible(&span.file), span.from, span.to)
        };
        Self { number, tokens: part.tokens, left: words(&part.left), right: words(&part.right) }
    }
}

async fn side(
    state: &State,
    visitor: &Visitor,
    pair: &Pair,
    left: bool,
    spans: Vec<StoredSpan>,
) -> Result<Side> {
    let (id, name, share): (&SubmissionId, &String, i64) = match left {
        true => (&pair.left_one, &pair.left_name, pair.left_share),
        false => (&pair.right_one, &pair.right_name, pair.right_share),
    };
    let submission = submissions::get(&state.db, id).await?.ok_or(Error::NotFound)?;
    let on = On::Student(&submission.semester, &submission.person);
    let may_see = visitor.may(Action::SeeSubmission, on).is_ok();
    let files = read(state, &submission, move |files| marked(&files, &spans)).await?;
    let elsewhere = submission.semester != pair.semester;
    let (side, other) = if left { ("left", "right") } else { ("right", "left") };
    Ok(Side {
        side,
        other,
        name: name.clone(),
        number: submission.number,
        received_at: submission.received_at,
        elsewhere: elsewhere.then(|| submission.semester.to_string()),
        submission: may_see.then(|| format!("/submissions/{}/files", submission.id)),
        student: may_see
            .then(|| format!("/class/{}/students/{}", submission.semester, submission.person)),
        share: percent(share),
        files,
    })
}

/// The files that have parts in common, those marked.
fn marked(files: &[TextFile], spans: &[StoredSpan]) -> Vec<FileSide> {
    let mut left = LINES;
    let with_parts = files.iter().filter(|file| spans.iter().any(|span| span.file == file.path));
    with_parts
        .map(|file| {
            let mut lines = file.text().map_or_else(Vec::new, |text| coloured(&file.path, text));
            let cut = lines.len() > left;
            lines.truncate(left);
            left -= lines.len();
            // Of two parts that meet in a line, the later one has it: so each has a line where it begins.
            let mut parts = vec![0; lines.len() + 1];
            for (span, number) in spans.iter().zip(1..).filter(|(span, _)| span.file == file.path) {
                let (from, to) = (span.from as usize, (span.to as usize).min(lines.len()));
                if let Some(inside) = parts.get_mut(from..=to) {
                    inside.fill(number);
                }
            }
            let mut before = 0;
            let line = |(line, number): (_, usize)| {
                let crate::web::files::Line(html) = line;
                let part = parts[number];
                let begins = part != 0 && part != before;
                before = part;
                let colour = if part == 0 { 0 } else { (part - 1) % COLOURS + 1 };
                LineSide { number, html, part, colour, begins }
            };
            let lines = lines.into_iter().zip(1..).map(line).collect();
            FileSide { path: visible(&file.path), lines, cut }
        })
        .collect()
}

#[derive(Deserialize)]
struct Noted {
    note: String,
}

async fn review(
    state: Shared,
    visitor: Visitor,
    id: web::Path<CopyPairId>,
    form: Checked<Noted>,
) -> Result<HttpResponse> {
    let (pair, _) = find(&state, &visitor, &id).await?;
    let note: Option<Remark> = match form.0.note.trim() {
        "" => None,
        text => Some(
            text.parse()
                .map_err(|_| Error::Refused("A note has at most 4,000 characters.".into()))?,
        ),
    };
    copy_pairs::review(&state.db, &pair, note.as_ref(), &visitor.person.id, state.now()).await?;
    Ok(see_other(&format!("/copies/{id}")))
}

async fn take_back(
    state: Shared,
    visitor: Visitor,
    id: web::Path<CopyPairId>,
    _form: Checked<Nothing>,
) -> Result<HttpResponse> {
    let (pair, _) = find(&state, &visitor, &id).await?;
    copy_pairs::take_back_review(&state.db, &pair, &visitor.person.id, state.now()).await?;
    Ok(see_other(&format!("/copies/{id}")))
}
