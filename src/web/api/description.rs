//! `/api/openapi.json`: made from the handlers and the shapes, with what they all share added here.

use utoipa::openapi::path::{HttpMethod, Operation, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, OpenApi as Document, Ref, RefOr, Response, ResponseBuilder, Schema,
    SchemaFormat,
};
use utoipa::{Modify, OpenApi};

use super::shapes::Problem;

/// The media type of RFC 9457.
const PROBLEM: &str = "application/problem+json";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Testat",
        version = "1",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
        description = "Course projects: hand in, follow the grading, read the report.\n\n\
            Times are RFC 3339 with milliseconds and the offset of Europe/Zurich. A seed and a SHA-256 are \
            64 hexadecimal digits. What one may not know of is answered as if it were not there (404). \
            Every answer that is no success is a problem as in RFC 9457.\n\n\
            A token has a scope: `read` reads what is its owner's and the course's, `submit` hands in \
            besides, `staff` reads besides what instructors and admins may see."
    ),
    paths(
        super::me, super::health, super::list_semesters, super::one_semester, super::list_projects,
        super::one_project, super::list_submissions, super::submit, super::starter_kit, super::own_results,
        super::admissions, super::one_submission, super::archive
    ),
    components(schemas(Problem)),
    modifiers(&BearerToken, &Parameters, &Problems),
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

fn operations(openapi: &mut Document) -> impl Iterator<Item = (HttpMethod, &mut Operation)> {
    openapi.paths.paths.values_mut().flat_map(|path| {
        [(HttpMethod::Get, &mut path.get), (HttpMethod::Post, &mut path.post)]
            .into_iter()
            .filter_map(|(method, operation)| operation.as_mut().map(|one| (method, one)))
    })
}

/// What the parts of an address are made of, the same wherever they stand.
struct Parameters;

impl Modify for Parameters {
    fn modify(&self, openapi: &mut Document) {
        for (_, operation) in operations(openapi) {
            for parameter in operation.parameters.iter_mut().flatten() {
                if let RefOr::T(parameter) = parameter
                    && parameter.parameter_in == ParameterIn::Path
                {
                    parameter.schema = form_of(&parameter.name);
                }
            }
        }
    }
}

fn form_of(parameter: &str) -> Option<RefOr<Schema>> {
    let text = ObjectBuilder::new().schema_type(SchemaType::new(Type::String));
    let text = match parameter {
        "semester" => {
            text.pattern(Some("^(HS|FS)20[0-9]{2}$")).examples([serde_json::json!("HS2026")])
        }
        "slug" => text
            .pattern(Some("^[a-z0-9]+(-[a-z0-9]+)*$"))
            .max_length(Some(40))
            .examples([serde_json::json!("backprop")]),
        "language" => text.enum_values(Some(["python", "rust"])),
        _ => text
            .format(Some(SchemaFormat::Custom("uuid".to_owned())))
            .examples([serde_json::json!("019a20cf-e681-772d-a623-a9b6eca6a121")]),
    };
    Some(RefOr::T(text.build().into()))
}

/// Problems have a media type of their own; any call may come without a token, and any may find the
/// server at fault.
struct Problems;

impl Modify for Problems {
    fn modify(&self, openapi: &mut Document) {
        for (_, operation) in operations(openapi) {
            // Else the module that a handler is in.
            operation.tags = None;
            let responses = &mut operation.responses.responses;
            for (status, words) in [
                ("401", "no token, or one that is unknown, expired or revoked"),
                ("500", "our fault, and logged"),
            ] {
                responses.insert(status.to_owned(), RefOr::T(problem(words)));
            }
            let refusals = responses.iter_mut().filter(|(status, _)| status.as_str() >= "4");
            for (_, response) in refusals {
                as_problem(response);
            }
        }
    }
}

fn problem(words: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    ResponseBuilder::new().description(words).content(PROBLEM, content).build()
}

fn as_problem(response: &mut RefOr<Response>) {
    if let RefOr::T(response) = response
        && let Some(content) = response.content.swap_remove("application/json")
    {
        response.content.insert(PROBLEM.to_owned(), content);
    }
}
