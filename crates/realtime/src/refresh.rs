//! `auth_refresh`: a new token for the same user and organization lets the socket stay.

use crate::connection::Connection;
use crate::handshake::principal;
use crate::hub::Inner;
use crate::refusal;
use crate::session::stands;
use chrono::SecondsFormat;
use kernel::{Error, ErrorKind};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Token {
    token: String,
}

pub(crate) async fn auth_refresh(hub: &Arc<Inner>, connection: &Arc<Connection>, body: Value) -> Result<Value, Error> {
    let Token { token } = refusal::read(body)?;
    let subject = (hub.authenticate)(token, hub.address_of(&connection.socket)).await?;
    let before = connection.session().subject();
    if principal(&subject) != Some(connection.user_id)
        || subject.impersonator_id() != before.impersonator_id()
        || subject.organization_id != connection.organization_id
        || !stands(&subject, hub.clock.now())
    {
        return Err(Error::new(
            ErrorKind::Forbidden,
            "ORGANIZATION_ACCESS_DENIED",
            "The token is for another user or organization.",
        ));
    }
    let session = hub.registry.session(&subject);
    // Sockets of one sign-in share its subject, whose end is now that of the newer token.
    session.renew(&subject);
    let mut pass = connection.pass();
    pass.grants = session.grants();
    pass.session = session;
    pass.expires_at = subject.expires_at;
    pass.warned = false;
    Ok(json!({ "expires_at": subject.expires_at.map(|end| end.to_rfc3339_opts(SecondsFormat::Millis, true)) }))
}
