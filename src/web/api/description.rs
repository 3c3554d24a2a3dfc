//! `/api/openapi.json`: made from the handlers and the shapes, with what they all share added here.

use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi as Document, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{Modify, OpenApi};

use super::shapes::Problem;

/// The media type of RFC 9457.
const PROBLEM: &str = "application/problem+json";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Testat",
        version = "1",
        description = "Course projects: hand in, follow the grading, read the report.\n\n\
            Times are RFC 3339 with milliseconds and the offset of Europe/Zurich. A seed and a SHA-256 are \
            64 hexadecimal digits. What one may not know of is answered as if it were not there (404). \
            Every answer that is no success is a problem as in RFC 9457."
    ),
    paths(
        super::me, super::health, super::list_semesters, super::one_semester, super::list_projects,
        super::one_project, super::list_submissions, super::submit, super::starter_kit, super::own_results,
        super::admissions, super::one_submission, super::archive
    ),
    components(schemas(Problem)),
    modifiers(&BearerToken, &Problems),
    security(("bearer" = []))
)]
pub(super) struct Description;

struct BearerToken;

impl Modify for BearerToken {
    fn modify(&self, openapi: &mut Document) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("Made on the profile page or by `testat admin token`."));
        let components = openapi.components.get_or_insert_with(Default::default);
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme.build()));
    }
}

/// Problems have a media type of their own, and any call may come without a token.
struct Problems;

impl Modify for Problems {
    fn modify(&self, openapi: &mut Document) {
        for path in openapi.paths.paths.values_mut() {
            for operation in [&mut path.get, &mut path.post].into_iter().flatten() {
                // Else the module that a handler is in.
                operation.tags = None;
                let responses = &mut operation.responses.responses;
                responses.insert("401".to_owned(), RefOr::T(without_token()));
                let refusals = responses.iter_mut().filter(|(status, _)| !status.starts_with('2'));
                for (_, response) in refusals {
                    as_problem(response);
                }
            }
        }
    }
}

fn without_token() -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    ResponseBuilder::new()
        .description("no token, or one that is unknown, expired or revoked")
        .content(PROBLEM, content)
        .build()
}

fn as_problem(response: &mut RefOr<Response>) {
    if let RefOr::T(response) = response
        && let Some(content) = response.content.swap_remove("application/json")
    {
        response.content.insert(PROBLEM.to_owned(), content);
    }
}
