//! The page of a submission's files.

use std::collections::HashMap;

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

use super::difference::{Changed, difference};
use super::reading::{Content, TextFile, is_furniture, read};
use super::shown::{anchor, coloured};
use crate::course::SubmissionId;
use crate::course::access::{Action, On};
use crate::store::comments::{self, Comment};
use crate::store::submissions::{self, Submission};
use crate::store::{people, semesters};
use crate::web::error::{Error, Result};
use crate::web::guard::Visitor;
use crate::web::page::visible;
use crate::web::routes::Routes;
use crate::web::submission::{find, size};
use crate::web::{Shared, State};

/// Lines that one page shows, and of one file.
const LINES: usize = 12_000;
const LINES_OF_FILE: usize = 6_000;

/// Addresses of this file.
pub(super) fn routes(routes: &mut Routes) {
    routes.get("/submissions/{id}/files", page);
}

/// What a page is asked for.
#[derive(Deserialize)]
struct Asked {
    /// The line to be commented on: `solution.py:12`.
    comment: Option<String>,
    /// The submission that this one is held against.
    against: Option<SubmissionId>,
}

/// What both pages have.
#[derive(Serialize)]
struct Head {
    id: String,
    number: i64,
    semester: String,
    slug: String,
    title: String,
    by: Option<String>,
    student: String,
    staff: bool,
    /// The student's other submissions of the project, newest first.
    others: Vec<Other>,
}

#[derive(Serialize)]
struct Other {
    id: String,
    number: i64,
    received_at: i64,
}

#[derive(Serialize)]
struct FilesPage {
    head: Head,
    files: Vec<FileShown>,
    comments: Vec<Remarked>,
    may_comment: bool,
}

#[derive(Serialize)]
struct DifferencePage {
    head: Head,
    against: i64,
    changed: Vec<Changed>,
    same: usize,
}

/// A file on the page.
#[derive(Serialize)]
struct FileShown {
    path: String,
    anchor: String,
    size: String,
    /// Whether it stands open.
    open: bool,
    note: Option<String>,
    lines: Vec<LineShown>,
}

#[derive(Serialize)]
struct LineShown {
    number: usize,
    html: String,
    comments: Vec<Remarked>,
    /// The form for a comment stands here.
    form: Option<Form>,
}

#[derive(Serialize)]
struct Form {
    file: String,
    line: usize,
}

/// A comment as it is shown.
#[derive(Clone, Serialize)]
struct Remarked {
    id: String,
    by: String,
    at: i64,
    text: String,
    place: String,
    href: String,
    withdrawn_at: Option<i64>,
}

impl Remarked {
    fn of(comment: &Comment) -> Self {
        Self {
            id: comment.id.to_string(),
            by: format!("{} {}", comment.first_name, comment.family_name),
            at: comment.at,
            text: comment.text.clone(),
            place: format!("{}, line {}", visible(&comment.file), comment.line),
            href: format!("#{}-L{}", anchor(&comment.file), comment.line),
            withdrawn_at: comment.withdrawn_at,
        }
    }
}

async fn page(
    state: Shared,
    visitor: Visitor,
    id: web::Path<SubmissionId>,
    asked: web::Query<Asked>,
) -> Result<HttpResponse> {
    let submission = find(&state, &visitor, &id).await?;
    let head = head(&state, &visitor, &submission).await?;
    if let Some(against) = &asked.against {
        let (against, changed, same) = held_against(&state, &visitor, &submission, against).await?;
        let page = DifferencePage { head, against, changed, same };
        return state.page("difference.html", Some(&visitor), page);
    }
    let on = On::Student(&submission.semester, &submission.person);
    let may_comment = visitor.may(Action::Comment, on).is_ok();
    let all = comments::of_submission(&state.db, &submission.id).await?;
    // What was taken back is there for those who may write; the student never sees it again.
    let all: Vec<Comment> =
        all.into_iter().filter(|one| may_comment || one.withdrawn_at.is_none()).collect();
    let asked = asked.comment.as_deref().filter(|_| may_comment).and_then(place);
    let summary = all.iter().filter(|one| one.withdrawn_at.is_none()).map(Remarked::of).collect();
    let files = read(&state, &submission, move |files| shown(&files, &all, asked.as_ref())).await?;
    let page = FilesPage { head, files, comments: summary, may_comment };
    state.page("files.html", Some(&visitor), page)
}

/// `solution.py:12`.
fn place(text: &str) -> Option<(String, usize)> {
    let (file, line) = text.rsplit_once(':')?;
    Some((file.to_owned(), line.parse().ok()?))
}

async fn head(state: &State, visitor: &Visitor, submission: &Submission) -> Result<Head> {
    let Submission { semester, person, slug, project, .. } = submission;
    let named = semesters::project(&state.db, semester, slug).await?.ok_or(Error::NotFound)?;
    let own = *person == visitor.person.id;
    let by = if own { None } else { people::by_id(&state.db, person).await? };
    let all = submissions::of_student(&state.db, semester, person, *project).await?;
    let others = all.iter().filter(|one| one.id != submission.id).map(|one| Other {
        id: one.id.to_string(),
        number: one.number,
        received_at: one.received_at,
    });
    Ok(Head {
        id: submission.id.to_string(),
        number: submission.number,
        semester: semester.to_string(),
        slug: slug.to_string(),
        title: named.title,
        by: by.map(|person| format!("{} {}", person.first_name, person.family_name)),
        student: person.to_string(),
        staff: visitor.may(Action::SeeClass, On::Semester(semester)).is_ok(),
        others: others.collect(),
    })
}

/// What changed since another submission of the same student and project, and which number that has.
async fn held_against(
    state: &State,
    visitor: &Visitor,
    submission: &Submission,
    against: &SubmissionId,
) -> Result<(i64, Vec<Changed>, usize)> {
    let other = find(state, visitor, against).await?;
    let of = |one: &Submission| (one.semester.clone(), one.person.clone(), one.project);
    if of(&other) != of(submission) {
        return Err(Error::NotFound);
    }
    let before = read(state, &other, |files| files).await?;
    let (changed, same) = read(state, submission, move |after| difference(&before, &after)).await?;
    Ok((other.number, changed, same))
}

/// The files with their comments, and the form where it is asked for.
fn shown(
    files: &[TextFile],
    comments: &[Comment],
    asked: Option<&(String, usize)>,
) -> Vec<FileShown> {
    let mut at: HashMap<(&str, i64), Vec<Remarked>> = HashMap::new();
    for comment in comments {
        at.entry((&comment.file, comment.line)).or_default().push(Remarked::of(comment));
    }
    let mut left = LINES;
    files
        .iter()
        .map(|file| {
            let asked = asked.filter(|(path, _)| *path == file.path).map(|(_, line)| *line);
            let commented = comments.iter().any(|comment| comment.file == file.path);
            let mut lines = file.text().map_or_else(Vec::new, |text| coloured(&file.path, text));
            let all = lines.len();
            lines.truncate(left.min(LINES_OF_FILE));
            left -= lines.len();
            let note = note(file, all, lines.len());
            let numbered = lines.into_iter().zip(1..).map(|(line, number)| LineShown {
                number,
                html: line.0,
                comments: i64::try_from(number)
                    .ok()
                    .and_then(|line| at.remove(&(&file.path, line)))
                    .unwrap_or_default(),
                form: (asked == Some(number))
                    .then(|| Form { file: file.path.clone(), line: number }),
            });
            FileShown {
                lines: numbered.collect(),
                path: visible(&file.path),
                anchor: anchor(&file.path),
                size: size(i64::try_from(file.size).unwrap_or(i64::MAX)),
                open: !is_furniture(&file.path) || asked.is_some() || commented,
                note,
            }
        })
        .collect()
}

/// What of a file is not there, in words.
fn note(file: &TextFile, all: usize, shown: usize) -> Option<String> {
    match &file.content {
        Content::Binary(_) => Some("It is no text, and not shown.".to_owned()),
        Content::Unread => {
            Some("It is beyond what one page shows: download the archive to read it.".to_owned())
        }
        _ if shown < all => {
            Some(format!("{shown} of its lines are shown: download the archive to read the rest."))
        }
        Content::Cut(_) => {
            Some("Its first 256 KiB are shown: download the archive to read the rest.".to_owned())
        }
        Content::Text(text) if text.is_empty() => Some("It is empty.".to_owned()),
        Content::Text(_) => None,
    }
}
