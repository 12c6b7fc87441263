//! A small house with routes of every sort, and ways to ask it.

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use chrono::{TimeZone as _, Utc};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use http_body_util::BodyExt as _;
use http_kit::{
    Assembly, Authentication, Caller, Class, EdgeSettings, IfMatch, IfNoneMatch, Json, Paging, Path, Query, RawBody,
    Refusal, RequestInfo, assemble, etag, page_response,
};
use kernel::access::{Principal, Subject};
use kernel::ids::OrganizationId;
use kernel::{Clock, Error, ErrorKind, Ids, Page};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tower::ServiceExt as _;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

/// The assembled house and its clock.
pub struct House {
    pub router: Router,
    pub document: OpenApi,
    pub clock: Clock,
}

impl House {
    pub fn new() -> Self {
        Self::with(EdgeSettings::default())
    }

    pub fn with(edge: EdgeSettings) -> Self {
        let clock = Clock::manual(Utc.with_ymd_and_hms(2026, 3, 2, 12, 0, 0).unwrap());
        let (router, document) = assemble(Assembly {
            routes: vec![things(), odd()],
            outside: http_kit::health::routes(Vec::new()),
            hidden: Router::new(),
            wrap: Box::new(|api| api.layer(from_fn(authenticate))),
            docs: true,
            version: "0.1.0".into(),
            edge,
            clock: clock.clone(),
            ids: Ids::seeded(7),
        });
        Self { router, document, clock }
    }

    pub async fn ask(&self, request: http::request::Builder, body: impl Into<Body>) -> Answer {
        Answer::read(self.router.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap()).await
    }

    /// As the person whose token is `ana`.
    pub async fn get(&self, path: &str) -> Answer {
        self.ask(Request::get(path).header("authorization", "Bearer ana"), Body::empty()).await
    }

    pub async fn post(&self, path: &str, body: &str) -> Answer {
        let request =
            Request::post(path).header("authorization", "Bearer ana").header("content-type", "application/json");
        self.ask(request, body.to_owned()).await
    }

    pub async fn anonymous(&self, path: &str) -> Answer {
        self.ask(Request::get(path), Body::empty()).await
    }
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub async fn read(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        Self { status: parts.status, headers: parts.headers, body: body.collect().await.unwrap().to_bytes().to_vec() }
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {:?}", String::from_utf8_lossy(&self.body)))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The status and code of a problem answer, which every failure must be.
    pub fn problem(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        let body = self.json();
        assert_eq!(body["status"], self.status.as_u16());
        assert_eq!(body["request_id"], self.header("x-request-id"));
        (self.status.as_u16(), body["code"].as_str().unwrap().to_owned())
    }
}

/// Where everybody is.
pub const ORGANIZATION: OrganizationId = OrganizationId(Uuid::from_u128(1));

/// Tokens: `ana` and `bia` are two people of one organization; any other is bad.
pub async fn authenticate(mut request: Request, next: Next) -> Response {
    let token = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let known = |n: u128| {
        let mut subject = Subject::system(ORGANIZATION);
        subject.principal =
            Principal::User { user_id: Uuid::from_u128(n).into(), membership_id: Uuid::from_u128(n).into() };
        Authentication::Known(Arc::new(subject))
    };
    let authentication = match token {
        None => Authentication::Anonymous,
        Some("Bearer ana") => known(10),
        Some("Bearer bia") => known(11),
        Some(_) => {
            Authentication::Refused(Error::new(ErrorKind::Unauthenticated, "TOKEN_INVALID", "The token is not valid."))
        }
    };
    request.extensions_mut().insert(authentication);
    next.run(request).await
}

#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewThing {
    pub name: String,
    #[serde(default)]
    pub parts: Vec<Part>,
}

#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Part {
    pub size: u32,
    #[serde(default)]
    pub kind: Kind,
}

#[derive(Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    #[default]
    Plain,
    Fancy,
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    pub status: Option<Kind>,
    pub minimum: Option<u32>,
    #[serde(flatten)]
    pub paging: Paging,
}

fn things() -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(find, change))
        .routes(routes!(login))
        .routes(routes!(intake))
}

#[utoipa::path(get, path = "/things", operation_id = "things_list", tag = "things", params(Filter),
    responses((status = 200, description = "A page.")), extensions(("x-permission" = json!("messaging.view"))))]
async fn list(caller: Caller, Query(filter): Query<Filter>) -> Result<Response, Refusal> {
    let page = filter.paging.request();
    let data = vec![json!({
        "limit": page.limit, "cursor": page.cursor, "status": filter.status, "minimum": filter.minimum,
        "user": caller.ctx.subject.user_id().map(|id| id.to_string()),
    })];
    page_response(&caller.info, &Page { data, next_cursor: Some("next/one".into()) })
}

#[utoipa::path(post, path = "/things", operation_id = "things_create", tag = "things",
    request_body(content = NewThing, example = json!({"name": "Chair"})),
    responses((status = 201, description = "Made.")), extensions(("x-permission" = json!("messaging.manage"))))]
async fn create(_caller: Caller, Json(thing): Json<NewThing>) -> Result<Response, Refusal> {
    Ok((StatusCode::CREATED, Json(thing)).into_response())
}

#[utoipa::path(get, path = "/things/{thing_id}", operation_id = "things_find", tag = "things",
    params(("thing_id" = Uuid, Path)), responses((status = 200, description = "It.")),
    extensions(("x-permission" = json!("messaging.view"))))]
async fn find(_caller: Caller, Path(id): Path<Uuid>, has: IfNoneMatch) -> Result<Response, Refusal> {
    if has.has(7) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, etag(7))]).into_response());
    }
    Ok(([(header::ETAG, etag(7))], Json(json!({"id": id}))).into_response())
}

#[utoipa::path(patch, path = "/things/{thing_id}", operation_id = "things_change", tag = "things",
    params(("thing_id" = Uuid, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 200, description = "Changed.")), extensions(("x-permission" = json!("messaging.manage"))))]
async fn change(_caller: Caller, Path(_id): Path<Uuid>, expected: IfMatch) -> Result<Response, Refusal> {
    if expected.required()? < 0 {
        return Err(Error::not_found().into());
    }
    expected.check(7)?;
    Ok(Json(json!({"version": 8})).into_response())
}

#[utoipa::path(post, path = "/auth/login", operation_id = "auth_login", tag = "auth",
    responses((status = 200, description = "In.")), extensions(("x-permission" = json!("public"))))]
async fn login(info: RequestInfo) -> Response {
    Json(json!({"ip": info.ip.to_string(), "secret": "s".repeat(4_000)})).into_response()
}

#[utoipa::path(post, path = "/channels/webhooks/sim", operation_id = "webhook", tag = "channels",
    responses((status = 200, description = "Stored.")), extensions(("x-permission" = json!("public"))))]
async fn intake(RawBody(body): RawBody) -> String {
    body.len().to_string()
}

/// Routes that go wrong in every way a handler can.
fn odd() -> OpenApiRouter {
    use axum::routing::{get, post};
    OpenApiRouter::new()
        .route(
            "/odd/internal",
            get(|| async { Refusal::from(Error::internal("the password of the database is hunter2")) }),
        )
        .route(
            "/odd/unavailable",
            get(|| async {
                Refusal::from(
                    Error::new(ErrorKind::Unavailable, "DATABASE_UNAVAILABLE", "Not ready.").with_retry_after_ms(1_500),
                )
            }),
        )
        .route("/odd/panic", get(panics))
        .route("/odd/slow", get(|| async { std::future::pending::<String>().await }))
        .route("/odd/status", get(|| async { (StatusCode::CONFLICT, "in plain words") }))
        .route(
            "/odd/extra",
            get(|| async {
                Refusal::from(
                    Error::new(ErrorKind::Forbidden, "PERMISSION_DENIED", "No.")
                        .with("required", "tags.view")
                        .with("status", 9),
                )
            }),
        )
        .route("/odd/large", get(|| async { Json(json!({"text": "abc ".repeat(2_000)})) }))
        .route(
            "/odd/own-headers",
            get(|| async {
                let own = [
                    (header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache")),
                    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox")),
                ];
                (own, "a file")
            }),
        )
        .route(
            "/odd/upload",
            post(|RawBody(body): RawBody| async move { body.len().to_string() })
                .layer(DefaultBodyLimit::max(3_000_000)),
        )
        .route(
            "/odd/facts",
            get(|info: RequestInfo| async move {
                Json(json!({"id": &*info.request_id, "ip": info.ip.to_string(), "agent": info.user_agent(),
                "trace": info.trace.trace_id().to_string(), "route": info.route_template()}))
            }),
        )
}

async fn panics() -> String {
    panic!("a bug in a handler")
}

/// Settings with short times, for tests that wait for them.
pub fn hasty() -> EdgeSettings {
    EdgeSettings { request_timeout: Duration::from_millis(50), ..EdgeSettings::default() }
}

/// Settings with these limits for one class.
pub fn limited(class: Class, minute: Option<u32>, hour: Option<u32>) -> EdgeSettings {
    let mut settings = EdgeSettings::default();
    settings.limits.set(class, minute, hour);
    settings
}

pub fn name(text: &'static str) -> HeaderName {
    HeaderName::from_static(text)
}
