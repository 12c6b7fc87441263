//! The middleware that says who a request comes from.

use crate::access_token::Claims;
use crate::handle::Identity;
use crate::service_accounts::is_key;
use crate::subject::{Known, Use};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, Method, header};
use http_kit::{Authentication, RequestInfo, error_of};
use kernel::{Error, ErrorKind, Subject};
use std::net::IpAddr;
use std::sync::Arc;

/// The organization that a request means, by id or slug, where no token says it.
pub const ORGANIZATION_HEADER: &str = "x-organization-id";

/// Looking at one's own token does not keep a session alive.
const LOOKS_ONLY: &str = "/auth/validate";

/// Puts [`Authentication`] into the request's extensions, and for known callers what their credential says. Never
/// answers itself: routes that need nobody work with a bad credential too. A refusal by the rules of access is noted.
pub async fn authenticate(State(identity): State<Identity>, mut request: Request, next: Next) -> Response {
    let usage = if request.uri().path().ends_with(LOOKS_ONLY) { Use::Looks } else { Use::Renews };
    let info = request.extensions().get::<RequestInfo>().cloned();
    let ip = info.as_ref().map(|info| info.ip);
    let authentication = match identity.authenticate(request.headers(), ip, usage).await {
        Ok(None) => Authentication::Anonymous,
        Ok(Some(presented)) => match in_name_of(&presented.known.subject, request.method(), request.uri().path()) {
            Ok(()) => {
                let subject = presented.known.subject.clone();
                request.extensions_mut().insert(presented);
                Authentication::Known(subject)
            }
            Err(error) => {
                identity.note_denial(info.as_ref().map(|info| info.ctx(presented.known.subject.clone())), &error).await;
                Authentication::Refused(error)
            }
        },
        Err(error) => Authentication::Refused(error),
    };
    let subject = match &authentication {
        Authentication::Known(subject) => Some(subject.clone()),
        _ => None,
    };
    request.extensions_mut().insert(authentication);
    let response = next.run(request).await;
    if let (Some(error), Some(subject), Some(info)) = (error_of(&response), subject, info) {
        identity.note_denial(Some(info.ctx(subject)), error).await;
    }
    response
}

/// A good credential and what is known of its principal.
#[derive(Clone)]
pub struct Presented {
    /// What the access token says; API keys say nothing themselves.
    pub claims: Option<Arc<Claims>>,
    pub known: Arc<Known>,
}

impl Identity {
    async fn authenticate(
        &self,
        headers: &HeaderMap,
        ip: Option<IpAddr>,
        usage: Use,
    ) -> Result<Option<Presented>, Error> {
        let Some(token) = bearer(headers)? else { return Ok(None) };
        let presented = if is_key(token) {
            Presented { claims: None, known: self.known_key(token, ip).await? }
        } else {
            let claims = self.verify(token).await?;
            Presented { known: self.known_of(&claims, usage).await?, claims: Some(claims) }
        };
        match headers.get(ORGANIZATION_HEADER).map(|value| value.to_str().unwrap_or_default().trim()) {
            Some(named) if !names(named, &presented.known) => Err(Error::new(
                ErrorKind::Forbidden,
                "ORGANIZATION_ACCESS_DENIED",
                "This token belongs to another organization than X-Organization-ID names.",
            )),
            _ => Ok(Some(presented)),
        }
    }
}

/// The second fence around acting in somebody's name, besides `authorize`: member impersonation only reads, and nobody
/// reaches the own account of the person whose name he bears.
fn in_name_of(subject: &Subject, method: &Method, path: &str) -> Result<(), Error> {
    let Some(acting) = &subject.impersonation else { return Ok(()) };
    let path = path.strip_prefix("/api").unwrap_or(path);
    let ends = path == "/impersonation" || path == "/auth/logout" || path == LOOKS_ONLY;
    let own = path == "/me" || path.starts_with("/me/") || path.starts_with("/auth/");
    let looks = method.is_safe() || path == "/authorize/explain";
    if ends || (!own && (looks || acting.writes)) {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Forbidden, "IMPERSONATION_FORBIDDEN", "Nobody may do this in somebody else's name.")
        .with_denied("own", "impersonation_forbidden"))
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
