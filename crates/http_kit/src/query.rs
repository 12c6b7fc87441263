//! Query parameters, path parameters and the part of a list that is asked for.

use crate::json::{dotted, field_error};
use crate::refusal::Refusal;
use axum::extract::FromRequestParts;
use http::request::Parts;
use kernel::page::{DEFAULT_LIMIT, MAX_LIMIT};
use kernel::{Error, ErrorKind, PageRequest};
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, de::DeserializeOwned};

/// Extractor: the query, read strictly. The type says `#[serde(deny_unknown_fields)]`; then an unknown name is 400
/// `UNKNOWN_PARAMETER`, a bad or repeated value 400 `INVALID_PARAMETER`. [`Paging`] goes in with `#[serde(flatten)]`
/// under the name `paging` (which works with
/// `deny_unknown_fields` on the outer type).
#[derive(Clone, Copy, Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        Ok(Self(parse_query(parts.uri.query().unwrap_or_default())?))
    }
}

/// Extractor: path parameters. One that cannot be read (no uuid) names nothing: 404.
#[derive(Clone, Copy, Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let found = axum::extract::Path::from_request_parts(parts, state).await;
        Ok(Self(found.map_err(|_| Error::not_found())?.0))
    }
}

/// `?limit=` (1 to 100, default 25) and `?cursor=`. Inside a query type by `#[serde(flatten)]`, or an extractor of its
/// own for lists without filters. The cursor's content is checked by whoever opens it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, utoipa::IntoParams, utoipa::ToSchema)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// Entries a page, 1 to 100; 25 when left out.
    #[serde(default, deserialize_with = "limit")]
    #[param(minimum = 1, maximum = 100, example = 25)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[serde(default)]
    pub cursor: Option<String>,
}

impl Paging {
    pub fn request(&self) -> PageRequest {
        PageRequest {
            limit: self.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT),
            cursor: self.cursor.clone().filter(|cursor| !cursor.is_empty()),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Paging {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let OnlyPaging { paging } = parse_query(parts.uri.query().unwrap_or_default())?;
        Ok(paging)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OnlyPaging {
    #[serde(flatten)]
    paging: Paging,
}

/// Inside a flattened type the value arrives as text, whatever its type.
fn limit<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    let text = String::deserialize(deserializer)?;
    match text.parse() {
        Ok(limit @ 1..=MAX_LIMIT) => Ok(Some(limit)),
        _ => Err(D::Error::custom("`limit` is a number from 1 to 100")),
    }
}

/// Reads a query strictly; what [`Query`] does.
///
/// # Errors
/// 400 `UNKNOWN_PARAMETER` or `INVALID_PARAMETER` with the parameter in `errors`.
pub fn parse_query<T: DeserializeOwned>(query: &str) -> Result<T, Error> {
    if let Ok(value) = serde_urlencoded::from_str(query) {
        return if query.contains("%00") { Err(invalid("", "NUL characters are not allowed.")) } else { Ok(value) };
    }
    let pairs = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
    match serde_path_to_error::deserialize::<_, T>(pairs) {
        // Cannot be: it failed a moment ago.
        Ok(value) => Ok(value),
        Err(error) => Err(invalid(&dotted(error.path()), &error.inner().to_string())),
    }
}

fn invalid(path: &str, message: &str) -> Error {
    let field = field_error(path, message);
    let (code, detail) = if field.code == "UNKNOWN_FIELD" {
        ("UNKNOWN_PARAMETER", "The query has a parameter that is not known here.")
    } else {
        ("INVALID_PARAMETER", "The query has a parameter with a bad value.")
    };
    Error::new(ErrorKind::BadRequest, code, detail).with_fields(vec![field])
}
