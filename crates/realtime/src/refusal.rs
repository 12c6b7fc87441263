//! Errors as client events are answered with them: the codes and members of REST's problem answers.

use kernel::{Error, ErrorKind, FieldError};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// `{"ok":false,"error":{"code","status","title","detail","errors",..}}`
pub(crate) fn body(error: &Error) -> Value {
    if error.kind() == ErrorKind::Internal {
        tracing::error!(code = error.code(), private = error.private(), "realtime: a client event failed");
    }
    let status = http_kit::status_of(error.kind());
    let mut members = Map::new();
    members.insert("code".to_owned(), error.code().into());
    members.insert("status".to_owned(), status.as_u16().into());
    members.insert("title".to_owned(), status.canonical_reason().unwrap_or_default().into());
    members.insert("detail".to_owned(), error.detail().into());
    members.insert("errors".to_owned(), json!(error.fields()));
    if let Some(wait) = error.retry_after_ms() {
        members.insert("retry_after_ms".to_owned(), wait.into());
    }
    for (name, value) in error.extra() {
        members.entry(name.clone()).or_insert_with(|| value.clone());
    }
    json!({ "ok": false, "error": members })
}

/// Reads the body of a client event strictly: unknown and wrong fields are `VALIDATION_FAILED`.
pub(crate) fn read<T: DeserializeOwned>(body: Value) -> Result<T, Error> {
    serde_json::from_value(body).map_err(|error| {
        let text = error.to_string();
        let quoted = text.split('`').nth(1).unwrap_or_default();
        let code = match text.split_whitespace().next() {
            Some("unknown") if text.starts_with("unknown field") => "UNKNOWN_FIELD",
            Some("missing") => "REQUIRED",
            _ => "INVALID",
        };
        let field = if code == "INVALID" { String::new() } else { quoted.to_owned() };
        Error::invalid(vec![FieldError { field: field.into(), code: code.into(), message: text.into() }])
    })
}
