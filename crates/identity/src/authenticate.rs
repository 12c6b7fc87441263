//! The middleware that says who a request comes from.

use crate::access_token::Claims;
use crate::handle::Identity;
use crate::subject::{Known, Use};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, header};
use http_kit::Authentication;
use kernel::{Error, ErrorKind};
use std::sync::Arc;

/// The organization that a request means, by id or slug, where no token says it.
pub const ORGANIZATION_HEADER: &str = "x-organization-id";

/// Looking at one's own token does not keep a session alive.
const LOOKS_ONLY: &str = "/auth/validate";

/// Puts [`Authentication`] into the request's extensions, and for known callers what their token says. Never answers
/// itself: routes that need nobody work with a bad token too.
pub async fn authenticate(State(identity): State<Identity>, mut request: Request, next: Next) -> Response {
    let usage = if request.uri().path().ends_with(LOOKS_ONLY) { Use::Looks } else { Use::Renews };
    let authentication = match identity.authenticate(request.headers(), usage).await {
        Ok(None) => Authentication::Anonymous,
        Ok(Some(presented)) => {
            let subject = presented.known.subject.clone();
            request.extensions_mut().insert(presented);
            Authentication::Known(subject)
        }
        Err(error) => Authentication::Refused(error),
    };
    request.extensions_mut().insert(authentication);
    next.run(request).await
}

/// A good token and what is known of its session.
#[derive(Clone)]
pub struct Presented {
    pub claims: Arc<Claims>,
    pub known: Arc<Known>,
}

impl Identity {
    async fn authenticate(&self, headers: &HeaderMap, usage: Use) -> Result<Option<Presented>, Error> {
        let Some(token) = bearer(headers)? else { return Ok(None) };
        let claims = self.verify(token).await?;
        let known = self.known_of(&claims, usage).await?;
        match headers.get(ORGANIZATION_HEADER).map(|value| value.to_str().unwrap_or_default().trim()) {
            Some(named) if !names(named, &known) => Err(Error::new(
                ErrorKind::Forbidden,
                "ORGANIZATION_ACCESS_DENIED",
                "This token belongs to another organization than X-Organization-ID names.",
            )),
            _ => Ok(Some(Presented { claims, known })),
        }
    }
}

/// The token of `Authorization: Bearer <token>` (RFC 6750); the scheme's case does not count.
///
/// # Errors
/// 401 `AUTH_TOKEN_INVALID` for another scheme or an unreadable header.
pub fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Error> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let token = value
        .to_str()
        .ok()
        .and_then(|text| text.trim().split_once(' '))
        .filter(|(scheme, token)| scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty())
        .map(|(_, token)| token.trim());
    token.map(Some).ok_or_else(|| {
        Error::new(
            ErrorKind::Unauthenticated,
            "AUTH_TOKEN_INVALID",
            "Send the token as `Authorization: Bearer <token>`.",
        )
    })
}

fn names(named: &str, known: &Known) -> bool {
    named.eq_ignore_ascii_case(&known.slug)
        || named.parse().is_ok_and(|id: uuid::Uuid| id == *known.subject.organization_id)
}
