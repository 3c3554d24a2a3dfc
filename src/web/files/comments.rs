//! Comments on lines: written and taken back.

use actix_web::{HttpResponse, web};
use serde::Deserialize;

use super::reading::read;
use super::shown::anchor;
use crate::code::lines;
use crate::course::access::{Action, On};
use crate::course::{CommentId, Remark, SubmissionId};
use crate::store::comments::{self, Place};
use crate::store::submissions;
use crate::web::Shared;
use crate::web::error::{Error, Result};
use crate::web::guard::{Checked, Nothing, Visitor};
use crate::web::page::see_other;
use crate::web::routes::Routes;

/// Addresses of this file.
pub(super) fn routes(routes: &mut Routes) {
    routes.post("/submissions/{id}/comments", write).post("/comments/{id}/take-back", take_back);
}

#[derive(Deserialize)]
struct Written {
    file: String,
    line: String,
    text: String,
}

async fn write(
    state: Shared,
    visitor: Visitor,
    id: web::Path<SubmissionId>,
    form: Checked<Written>,
) -> Result<HttpResponse> {
    let submission = submissions::get(&state.db, &id).await?.ok_or(Error::NotFound)?;
    let on = On::Student(&submission.semester, &submission.person);
    visitor.may(Action::Comment, on).map_err(|_| Error::NotFound)?;
    let Written { file, line, text } = form.0;
    let text: Remark =
        text.parse().map_err(|_| Error::Refused("A comment has 1 to 4,000 characters.".into()))?;
    let number: usize =
        line.parse().map_err(|_| Error::Bad(format!("`{line}` is no line's number.")))?;
    let wanted = file.clone();
    let there = read(&state, &submission, move |files| {
        let found = files.iter().find(|one| one.path == wanted).and_then(|one| one.text());
        found.is_some_and(|text| (1..=lines(text).count()).contains(&number))
    });
    if !there.await? {
        return Err(Error::Refused(format!(
            "This submission has no line {number} in a text file `{file}`."
        )));
    }
    let place = Place { file: &file, line: i64::try_from(number).unwrap_or(i64::MAX) };
    let by = &visitor.person.id;
    comments::write(&state.db, &submission.id, place, &text, by, state.now()).await?;
    Ok(see_other(&format!("/submissions/{id}/files#{}-L{number}", anchor(&file))))
}

async fn take_back(
    state: Shared,
    visitor: Visitor,
    id: web::Path<CommentId>,
    _form: Checked<Nothing>,
) -> Result<HttpResponse> {
    let comment = comments::get(&state.db, &id).await?.ok_or(Error::NotFound)?;
    let submission =
        submissions::get(&state.db, &comment.submission).await?.ok_or(Error::NotFound)?;
    let on = On::Student(&submission.semester, &submission.person);
    visitor.may(Action::Comment, on).map_err(|_| Error::NotFound)?;
    comments::take_back(&state.db, &id, &visitor.person.id, state.now()).await?;
    let (submission, file) = (&submission.id, anchor(&comment.file));
    Ok(see_other(&format!("/submissions/{submission}/files#{file}-L{}", comment.line)))
}
