//! A project's starter kit, for whoever may see the project's page.

use actix_web::http::header::{
    ContentDisposition, ContentEncoding, ETag, EntityTag, Header, IfNoneMatch,
};
use actix_web::{HttpRequest, HttpResponse, web};

use super::error::{Error, Result};
use super::guard::Visitor;
use super::routes::Routes;
use super::{Shared, State};
use crate::course::access::{Action, On};
use crate::course::{Language, SemesterName, Slug};
use crate::export::starter::Starter;
use crate::store::semesters;

/// Addresses of this file.
pub(super) fn routes(routes: &mut Routes) {
    routes.get("/semesters/{semester}/projects/{slug}/starter/{language}", from_the_page);
}

/// Semester, project, language.
pub(super) type OfKit = web::Path<(SemesterName, Slug, Language)>;

async fn from_the_page(
    state: Shared,
    visitor: Visitor,
    path: OfKit,
    request: HttpRequest,
) -> Result<HttpResponse> {
    let (semester, ..) = &*path;
    visitor.may(Action::SeeSemester, On::Semester(semester)).map_err(|_| Error::NotFound)?;
    answer(&state, &path, &request).await
}

/// The kit of a project of that semester.
pub(super) async fn answer(
    state: &State,
    (semester, slug, language): &(SemesterName, Slug, Language),
    request: &HttpRequest,
) -> Result<HttpResponse> {
    semesters::project(&state.db, semester, slug).await?.ok_or(Error::NotFound)?;
    let kit = state.starter(slug, *language).ok_or(Error::NotFound)?;
    Ok(send(kit, request))
}

/// As a file to be saved; nothing, if the browser has the very same one.
fn send(kit: &Starter, request: &HttpRequest) -> HttpResponse {
    let tag = EntityTag::new_strong(kit.digest.to_string());
    let has_it = match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|one| one.weak_eq(&tag)),
        Err(_) => false,
    };
    let mut response = if has_it { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header(ETag(tag)).insert_header(("cache-control", "private, no-cache"));
    if has_it {
        return response.finish();
    }
    response
        .content_type("application/zip")
        // Compressed it is already.
        .insert_header(ContentEncoding::Identity)
        .insert_header(ContentDisposition::attachment(kit.file_name.clone()))
        .body(kit.bytes.clone())
}
