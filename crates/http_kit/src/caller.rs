//! The authenticated caller of a handler, and the transaction that its command runs in.

use crate::json::json_response;
use crate::rate_limit::charge_principal;
use crate::refusal::Refusal;
use crate::request::RequestInfo;
use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::response::Response;
use http::request::Parts;
use http::{HeaderName, HeaderValue, StatusCode, header};
use kernel::access::{Debt, admit};
use kernel::{Ctx, Deny, Error, ErrorKind, Principal, Subject};
use serde::Serialize;
use std::ops::Deref;
use std::sync::Arc;
use store::idempotency::{self, KeptAnswer, KeyOf, Reservation};
use store::{Database, TenantTx};
use uuid::Uuid;

/// Who a request comes from. The authentication middleware puts it into the request's extensions.
#[derive(Clone, Debug)]
pub enum Authentication {
    /// No credential was presented.
    Anonymous,
    /// A good one was.
    Known(Arc<Subject>),
    /// A bad one was, or it could not be checked now.
    Refused(Error),
}

/// Extractor: the authenticated caller. Without one the answer is 401 (or what the authentication says); 403 to those
/// who may not come in ([`kernel::access::admit`]), whoever still owes a password or a second factor among them.
#[derive(Clone)]
pub struct Caller {
    pub ctx: Ctx,
    pub info: RequestInfo,
}

/// Extractor: a caller who may still owe something ([`Debt`]). For the few routes that lead out of the debt or only say
/// who one is; each names the debts in its description (`x-owing`).
#[derive(Clone)]
pub struct Owing<const PASSWORD: bool, const SECOND_FACTOR: bool>(Caller);

pub type OwingPassword = Owing<true, false>;
pub type OwingSecondFactor = Owing<false, true>;
pub type OwingAnything = Owing<true, true>;

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        Self::come_in(parts, state, &[]).await
    }
}

impl<const PASSWORD: bool, const SECOND_FACTOR: bool, S: Sync> FromRequestParts<S> for Owing<PASSWORD, SECOND_FACTOR> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let open_to: &[Debt] = match (PASSWORD, SECOND_FACTOR) {
            (true, true) => &[Debt::Password, Debt::SecondFactor],
            (true, false) => &[Debt::Password],
            (false, true) => &[Debt::SecondFactor],
            (false, false) => &[],
        };
        Caller::come_in(parts, state, open_to).await.map(Self)
    }
}

impl<const PASSWORD: bool, const SECOND_FACTOR: bool> Deref for Owing<PASSWORD, SECOND_FACTOR> {
    type Target = Caller;
    fn deref(&self) -> &Caller {
        &self.0
    }
}

impl Caller {
    async fn come_in<S: Sync>(parts: &mut Parts, state: &S, open_to: &[Debt]) -> Result<Self, Refusal> {
        let info = RequestInfo::from_request_parts(parts, state).await?;
        let subject = match parts.extensions.get::<Authentication>() {
            Some(Authentication::Known(subject)) => subject.clone(),
            Some(Authentication::Refused(error)) => {
                // Guessing credentials is counted like asking without any.
                if error.kind() == ErrorKind::Unauthenticated {
                    info.limiter.charge_address(&info)?;
                }
                return Err(error.clone().into());
            }
            Some(Authentication::Anonymous) | None => return Err(unauthenticated().into()),
        };
        charge_principal(&info, &subject)?;
        admit(&subject, open_to, info.clock.now()).map_err(Deny::at_the_door)?;
        Ok(Self { ctx: info.ctx(subject), info })
    }

    /// Whether the answer must be kept: then the command needs a transaction of its own, from [`Caller::begin`] to
    /// [`Caller::commit`], and cannot share one with others.
    pub fn has_idempotency_key(&self) -> bool {
        self.info.idempotency.is_some()
    }

    /// Begins the transaction of the caller's organization. With an `Idempotency-Key` (POST, PATCH) the key is taken
    /// in it: a running duplicate is waited for, a finished one's answer comes back as the error.
    ///
    /// # Errors
    /// When no transaction can be had, the key is in use (409 `IDEMPOTENCY_IN_PROGRESS`) or was used for another
    /// request (422 `IDEMPOTENCY_KEY_REUSED`).
    pub async fn begin(&self, db: &Database) -> Result<TenantTx, Refusal> {
        let mut tx = db.tenant(self.ctx.organization_id()).await?;
        let Some(reservation) = self.reserve(&mut tx).await? else { return Ok(tx) };
        match reservation {
            Reservation::Fresh => Ok(tx),
            Reservation::Answered(kept) => Err(Refusal::replay(kept)),
            Reservation::Running => Err(Error::new(
                ErrorKind::Conflict,
                "IDEMPOTENCY_IN_PROGRESS",
                "The first request with this Idempotency-Key still runs.",
            )
            .with_retry_after_ms(1_000)
            .into()),
            Reservation::Reused => Err(Error::new(
                ErrorKind::Invalid,
                "IDEMPOTENCY_KEY_REUSED",
                "This Idempotency-Key was used for another request.",
            )
            .into()),
        }
    }

    /// Commits, and answers `body` as JSON with `status`. With an `Idempotency-Key` the answer is kept in the same
    /// transaction.
    ///
    /// # Errors
    /// When a statement or the commit fails; nothing of the transaction is kept then.
    pub async fn commit<T: Serialize + Sync>(
        &self,
        tx: TenantTx,
        status: StatusCode,
        body: &T,
    ) -> Result<Response, Refusal> {
        self.commit_with(tx, status, [], body).await
    }

    /// [`Caller::commit`] with more headers (`Location`, `ETag`). A 204 has no body, whatever is given.
    ///
    /// # Errors
    /// As [`Caller::commit`].
    pub async fn commit_with<T: Serialize + Sync, const N: usize>(
        &self,
        mut tx: TenantTx,
        status: StatusCode,
        headers: [(HeaderName, HeaderValue); N],
        body: &T,
    ) -> Result<Response, Refusal> {
        let empty = status == StatusCode::NO_CONTENT;
        let body = if empty { Vec::new() } else { serde_json::to_vec(body).map_err(Error::internal)? };
        if let Some((route, fingerprint)) = self.key_parts() {
            let mut kept: Vec<(String, String)> = Vec::with_capacity(N + 1);
            for (name, value) in &headers {
                kept.push((name.as_str().to_owned(), value.to_str().unwrap_or_default().to_owned()));
            }
            if !empty {
                kept.push((header::CONTENT_TYPE.as_str().to_owned(), "application/json".to_owned()));
            }
            let answer = KeptAnswer { status: status.as_u16(), headers: kept, body: body.clone() };
            idempotency::keep(&mut tx, &self.key_of(&route, fingerprint), &answer).await?;
        }
        tx.commit().await?;
        let mut response = if empty { Response::new(Body::empty()) } else { json_response(body) };
        *response.status_mut() = status;
        response.headers_mut().extend(headers);
        Ok(response)
    }

    async fn reserve(&self, tx: &mut TenantTx) -> Result<Option<Reservation>, Refusal> {
        let Some((route, fingerprint)) = self.key_parts() else { return Ok(None) };
        Ok(Some(idempotency::reserve(tx, &self.key_of(&route, fingerprint), self.ctx.now()).await?))
    }

    /// Method and path, and the fingerprint, where the request has a key.
    fn key_parts(&self) -> Option<(String, [u8; 32])> {
        let given = self.info.idempotency.as_ref()?;
        let (method, uri) = (&self.info.method, &self.info.uri);
        Some((format!("{method} {}", uri.path()), given.fingerprint(method, uri)))
    }

    fn key_of<'a>(&'a self, route: &'a str, fingerprint: [u8; 32]) -> KeyOf<'a> {
        let key = self.info.idempotency.as_ref().map_or("", |given| &given.key);
        KeyOf { principal_id: principal_id(&self.ctx.subject), key, route, fingerprint }
    }
}

/// The id that a principal's keys and counters are kept under.
pub(crate) fn principal_id(subject: &Subject) -> Uuid {
    match &subject.principal {
        Principal::User { user_id, .. } => user_id.0,
        Principal::ServiceAccount { id } => *id,
        Principal::System => Uuid::nil(),
    }
}

fn unauthenticated() -> Error {
    Error::new(ErrorKind::Unauthenticated, "AUTH_TOKEN_MISSING", "Sign in first: send `Authorization: Bearer <token>`.")
}
