//! CONNECT: who is it, may they, and from where do they go on.

use crate::connection::Connection;
use crate::gate::{EngineSocket, Stage};
use crate::hub::Inner;
use crate::room::Room;
use crate::session::stands;
use crate::{counts, packet, resume, subscribe};
use axum::http::header::ORIGIN;
use engineioxide::DisconnectReason;
use futures_util::{StreamExt, stream};
use kernel::ids::{OrganizationId, UserId};
use kernel::{Error, ErrorKind, Subject};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use uuid::Uuid;

/// Longest token taken, in bytes.
const LONGEST_TOKEN: usize = 8_192;
/// The whole handshake has to be through by then.
const PATIENCE: Duration = Duration::from_secs(9);

/// Why a client is not let in: `data.code` of CONNECT_ERROR.
struct Refusal {
    code: &'static str,
    message: &'static str,
    retry_after_ms: Option<u64>,
}

enum Outcome {
    Refused(Refusal),
    /// It cannot be decided now: the transport is closed, and clients come back by themselves.
    NotNow,
}

const fn refusal(code: &'static str, message: &'static str) -> Refusal {
    Refusal { code, message, retry_after_ms: None }
}

const TOKEN_MISSING: Refusal = refusal("AUTH_TOKEN_MISSING", "An access token is needed.");
const TOKEN_INVALID: Refusal = refusal("AUTH_TOKEN_INVALID", "The access token is not valid.");
const TOKEN_EXPIRED: Refusal = refusal("AUTH_TOKEN_EXPIRED", "The access token is past its end.");
const SESSION_REVOKED: Refusal = refusal("AUTH_SESSION_REVOKED", "The session has ended.");
const ORGANIZATION_REQUIRED: Refusal = refusal("ORGANIZATION_REQUIRED", "The token names no organization.");
const ACCESS_DENIED: Refusal = refusal("ORGANIZATION_ACCESS_DENIED", "There is no access to this organization.");
const ORIGIN_NOT_ALLOWED: Refusal = refusal("ORIGIN_NOT_ALLOWED", "Pages of this origin may not connect.");
const TOO_MANY: Refusal =
    Refusal { code: "TOO_MANY_CONNECTIONS", message: "Too many connections.", retry_after_ms: Some(5_000) };

/// Answers one CONNECT packet.
pub(crate) async fn run(hub: &Arc<Inner>, socket: &Arc<EngineSocket>, auth: Value) {
    let outcome = tokio::time::timeout(PATIENCE, admit(hub, socket, &auth)).await.unwrap_or(Err(Outcome::NotNow));
    match outcome {
        Ok(connection) => resume::begin(hub, &connection, auth.get("cursor")).await,
        Err(Outcome::Refused(Refusal { code, message, retry_after_ms })) => {
            metrics::counter!("realtime_refused_total", "code" => code).increment(1);
            back_to_new(socket);
            // The transport stays until the time for a handshake is over: a polling client still has to fetch this.
            if socket.emit(packet::connect_error(code, message, retry_after_ms)).is_err() {
                socket.close(DisconnectReason::TransportError);
            }
        }
        Err(Outcome::NotNow) => socket.close(DisconnectReason::ClosingServer),
    }
}

async fn admit(hub: &Arc<Inner>, socket: &Arc<EngineSocket>, auth: &Value) -> Result<Arc<Connection>, Outcome> {
    check_origin(hub, socket).map_err(Outcome::Refused)?;
    let token = token(auth).map_err(Outcome::Refused)?;
    let subject =
        (hub.authenticate)(token.to_owned(), hub.address_of(socket)).await.map_err(|error| outcome_of(&error))?;
    let Some(user_id) = principal(&subject) else { return Err(Outcome::Refused(TOKEN_INVALID)) };
    check_subject(hub, &subject, auth).map_err(Outcome::Refused)?;
    // Within the patience of the handshake; at the start of a server the port is open before the log was read.
    hub.started.cancelled().await;

    let session = hub.registry.session(&subject);
    session.renew(&subject);
    let number = hub.last_number.fetch_add(1, Ordering::Relaxed) + 1;
    let connection = Arc::new(Connection::new(number, Arc::clone(socket), &subject, user_id, session));
    let most = counts::most_here(hub, &subject).await;
    if !hub.registry.enter(&connection, hub.settings.sockets_per_user, most) {
        return Err(Outcome::Refused(TOO_MANY));
    }
    if let Some(own) = Room::own(&subject) {
        hub.registry.join(&connection, &own);
    }
    join_wishes(hub, &connection, &subject, auth).await;
    settle(hub, socket, connection)
}

/// Makes the transport the connection's, unless it went away meanwhile.
fn settle(hub: &Inner, socket: &EngineSocket, connection: Arc<Connection>) -> Result<Arc<Connection>, Outcome> {
    let mut state = socket.data.lock();
    if !matches!(state.stage, Stage::Connecting) || hub.stopping.is_cancelled() {
        drop(state);
        connection.left(hub);
        return Err(Outcome::NotNow);
    }
    state.stage = Stage::Connected(Arc::downgrade(&connection));
    Ok(connection)
}

fn back_to_new(socket: &EngineSocket) {
    let mut state = socket.data.lock();
    if matches!(state.stage, Stage::Connecting) {
        state.stage = Stage::New;
    }
}

/// Browsers name the page's origin on the request that opened the transport; other clients name none.
fn check_origin(hub: &Inner, socket: &EngineSocket) -> Result<(), Refusal> {
    match socket.req_parts.headers.get(ORIGIN) {
        None => Ok(()),
        Some(origin) if hub.allows_origin(origin) => Ok(()),
        Some(_) => Err(ORIGIN_NOT_ALLOWED),
    }
}

fn token(auth: &Value) -> Result<&str, Refusal> {
    match auth.get("token") {
        None | Some(Value::Null) => Err(TOKEN_MISSING),
        Some(Value::String(token)) if token.is_empty() => Err(TOKEN_MISSING),
        Some(Value::String(token)) if token.len() <= LONGEST_TOKEN => Ok(token),
        Some(_) => Err(TOKEN_INVALID),
    }
}

fn check_subject(hub: &Inner, subject: &Subject, auth: &Value) -> Result<(), Refusal> {
    if subject.expires_at.is_some_and(|end| end <= hub.clock.now()) {
        return Err(TOKEN_EXPIRED);
    }
    if !stands(subject, hub.clock.now()) {
        return Err(ACCESS_DENIED);
    }
    match auth.get("organization_id") {
        None | Some(Value::Null) => Ok(()),
        Some(Value::String(id)) if Uuid::parse_str(id).map(OrganizationId) == Ok(subject.organization_id) => Ok(()),
        Some(_) => Err(ACCESS_DENIED),
    }
}

/// A person or a service account: what limits, presence and other sockets know it by.
pub(crate) fn principal(subject: &Subject) -> Option<UserId> {
    subject.principal_id().map(UserId)
}

fn outcome_of(error: &Error) -> Outcome {
    let known = [TOKEN_MISSING, TOKEN_INVALID, TOKEN_EXPIRED, SESSION_REVOKED, ORGANIZATION_REQUIRED, ACCESS_DENIED];
    if let Some(refusal) = known.into_iter().find(|refusal| refusal.code == error.code()) {
        return Outcome::Refused(refusal);
    }
    match error.kind() {
        ErrorKind::Forbidden | ErrorKind::NotFound => Outcome::Refused(ACCESS_DENIED),
        ErrorKind::Internal | ErrorKind::Unavailable | ErrorKind::TooManyRequests => {
            tracing::warn!(
                code = error.code(),
                private = error.private(),
                "realtime: a handshake could not be decided"
            );
            Outcome::NotNow
        }
        _ => Outcome::Refused(TOKEN_INVALID),
    }
}

/// Joins the rooms named in the handshake; what may not be joined is left out.
async fn join_wishes(hub: &Arc<Inner>, connection: &Arc<Connection>, subject: &Arc<Subject>, auth: &Value) {
    let Some(Value::Array(rooms)) = auth.get("rooms") else { return };
    let wishes = rooms.iter().filter_map(Value::as_str).take(hub.settings.rooms_per_socket);
    let ctx = hub.ctx(Arc::clone(subject));
    stream::iter(wishes)
        .for_each_concurrent(8, |wish| {
            let ctx = ctx.clone();
            async move {
                subscribe::join(hub, connection, &ctx, wish).await;
            }
        })
        .await;
}
