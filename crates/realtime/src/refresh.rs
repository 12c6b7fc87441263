//! `auth_refresh`: a new token for the same user and organization lets the socket stay.

use crate::connection::Connection;
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
    let subject = (hub.authenticate)(token).await?;
    if subject.user_id() != Some(connection.user_id)
        || subject.organization_id != connection.organization_id
        || !stands(&subject)
    {
        return Err(Error::new(
            ErrorKind::Forbidden,
            "ORGANIZATION_ACCESS_DENIED",
            "The token is for another user or organization.",
        ));
    }
    let session = hub.registry.session(&subject);
    let mut pass = connection.pass();
    pass.grants = session.grants();
    pass.session = session;
    pass.expires_at = subject.expires_at;
    pass.warned = false;
    Ok(json!({ "expires_at": subject.expires_at.map(|end| end.to_rfc3339_opts(SecondsFormat::Millis, true)) }))
}
