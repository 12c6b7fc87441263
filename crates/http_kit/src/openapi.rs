//! The OpenAPI 3.1 document: what modules say of their routes, plus what holds for all of them.

use crate::problem::ProblemSchema;
use crate::query::Paging;
use kernel::FieldError;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    Components, ContentBuilder, InfoBuilder, License, OpenApi, OpenApiBuilder, Ref, RefOr, Required, ResponseBuilder,
    Server,
};
use utoipa::{IntoParams as _, PartialSchema as _, ToSchema as _};

/// Extension that names the permission of an operation: a permission, `own` (any authenticated) or `public`.
const PERMISSION: &str = "x-permission";
const BEARER: &str = "bearer";

/// Problem answers that operations refer to: status, name of the component, description.
const PROBLEMS: [(&str, &str, &str); 9] = [
    ("400", "BadRequest", "Malformed, or a parameter that is not known here."),
    ("401", "Unauthenticated", "No credential, or one that is not good any more."),
    ("403", "Forbidden", "You may see this, but not do it."),
    ("404", "NotFound", "There is nothing here that you may see."),
    ("409", "Conflict", "The state does not allow it, or the first request with this Idempotency-Key still runs."),
    ("412", "PreconditionFailed", "It was changed since the version in If-Match."),
    (
        "422",
        "Invalid",
        "Fields are unknown, missing or wrong (`errors`), or an Idempotency-Key was used for another request.",
    ),
    ("429", "RateLimited", "Too many requests; wait as long as Retry-After says."),
    ("500", "InternalError", "Something went wrong on our side; it was recorded."),
];

/// An empty document with the product's name and version.
pub(crate) fn empty(version: &str) -> OpenApi {
    let info = InfoBuilder::new()
        .title("Balcao")
        .version(version)
        .description(Some(
            "The front desk of an organization. Lists are keyset pages, errors are problem answers (RFC 9457), every POST \
             takes an `Idempotency-Key`. Every path below `/api` is served below `/api/v1` too. Whoever still owes a new \
             password or a second factor may ask for the operations alone that say so in `x-owing`.",
        ))
        .license(Some(License::new("Apache-2.0")))
        .build();
    OpenApiBuilder::new().info(info).servers(Some([Server::new("/")])).build()
}

/// Adds what holds for every operation: security, the common problem answers, `Idempotency-Key`.
pub(crate) fn complete(document: &mut OpenApi) {
    let components = document.components.get_or_insert_with(Components::new);
    add_components(components);
    document.security = Some(vec![SecurityRequirement::new(BEARER, Vec::<String>::new())]);
    for (path, item) in &mut document.paths.paths {
        let with_parameters = path.contains('{');
        for (method, operation) in operations(item) {
            complete_operation(operation, method, with_parameters);
        }
    }
}

fn complete_operation(operation: &mut Operation, method: &str, with_parameters: bool) {
    let permission = operation.extensions.as_ref().and_then(|extensions| extensions.get(PERMISSION)?.as_str());
    let public = permission == Some("public");
    let changes = method != "get";
    if public {
        operation.security = Some(Vec::new());
    }
    let parameters = operation.parameters.get_or_insert_default();
    spread_paging(parameters);
    if !public && matches!(method, "post" | "patch") {
        parameters.push(RefOr::Ref(Ref::new("#/components/parameters/IdempotencyKey")));
    }
    let with_query = parameters
        .iter()
        .any(|parameter| matches!(parameter, RefOr::T(Parameter { parameter_in: ParameterIn::Query, .. })));
    let with_if_match = parameters
        .iter()
        .any(|parameter| matches!(parameter, RefOr::T(parameter) if parameter.name.eq_ignore_ascii_case("if-match")));
    if parameters.is_empty() {
        operation.parameters = None;
    }
    let with_body = operation.request_body.is_some();
    for (status, name, _) in PROBLEMS {
        let applies = match status {
            "400" => with_body || with_query || (changes && !public),
            "401" => !public,
            "403" => !public,
            "404" => with_parameters,
            "409" => changes && !public,
            "412" => with_if_match,
            "422" => with_body,
            _ => true,
        };
        if applies {
            // What a route says itself is more exact.
            operation
                .responses
                .responses
                .entry(status.to_owned())
                .or_insert_with(|| RefOr::Ref(Ref::from_response_name(name)));
        }
    }
}

/// A query type holds its [`Paging`] flattened, which the document's generator takes for one parameter.
fn spread_paging(parameters: &mut Vec<RefOr<Parameter>>) {
    let before = parameters.len();
    parameters.retain(|parameter| {
        !matches!(parameter, RefOr::T(Parameter { name, parameter_in: ParameterIn::Query, .. }) if name == "paging")
    });
    if parameters.len() < before {
        parameters.extend(Paging::into_params(|| None).into_iter().map(RefOr::T));
    }
}

fn add_components(components: &mut Components) {
    let mut schemas = vec![
        (FieldError::name().into_owned(), FieldError::schema()),
        (ProblemSchema::name().into_owned(), ProblemSchema::schema()),
    ];
    ProblemSchema::schemas(&mut schemas);
    components.schemas.extend(schemas);
    for (_, name, description) in PROBLEMS {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(ProblemSchema::name()))).build();
        let response =
            ResponseBuilder::new().description(description).content("application/problem+json", content).build();
        components.responses.insert(name.to_owned(), RefOr::T(response));
    }
    let key = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "Makes a repeat safe: for 24 hours the same key with the same request answers what the first one did, marked \
             `Idempotency-Replayed: true`. 1 to 255 visible ASCII characters.",
        ))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String).max_length(Some(257)).build()))
        .build();
    components.parameters.insert("IdempotencyKey".to_owned(), RefOr::T(key));
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("The access token of `POST /api/auth/login` or `/api/auth/refresh`."))
        .build();
    components.add_security_scheme(BEARER, SecurityScheme::Http(bearer));
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let all = [
        ("get", &mut item.get),
        ("put", &mut item.put),
        ("post", &mut item.post),
        ("delete", &mut item.delete),
        ("patch", &mut item.patch),
        ("head", &mut item.head),
        ("options", &mut item.options),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}
