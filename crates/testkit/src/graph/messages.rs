//! `POST /{version}/{phone_number_id}/messages`: sending, and read receipts.

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::header::{CONTENT_TYPE, HeaderMap};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Value, json};

use super::behaviour::{Behaviour, Call, Fault};
use super::record::SendResult;
use super::server::{self, Object, Shares};
use super::{Number, Shared, check, ids, statuses};

pub(crate) async fn send(State(shared): Shares, Path((version, number)): Object, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let answer = handle(&shared, &version, &number, request).await;
    shared.record_call(Call::Send, "POST", &path, server::answered(&answer));
    answer
}

async fn handle(shared: &Shared, version: &str, phone_number_id: &str, request: Request) -> Response {
    let headers = request.headers().clone();
    // A rule may look at the body, so a cut "before reading" reads it too; the caller cannot tell.
    let Some(bytes) = server::read(request).await else { return server::cut() };
    let body: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    let behaviour = shared.state().rules.take(Call::Send, &body);
    let behaviour = server::patience(behaviour).await;
    let record = |result| shared.record_send(phone_number_id, &body, result);
    match &behaviour {
        Behaviour::Refuse(fault) => {
            record(SendResult::Refused { code: fault.code });
            return server::refusal(shared, fault);
        }
        Behaviour::Html(status) => {
            record(SendResult::Lost);
            return server::html(*status);
        }
        Behaviour::DropBeforeReading => {
            record(SendResult::Lost);
            return server::cut();
        }
        _ => {}
    }
    let number = match admitted(shared, version, phone_number_id, &headers, &body) {
        Ok(number) => number,
        Err(fault) => {
            let details = fault.details.clone().unwrap_or_else(|| fault.message.clone());
            record(SendResult::Invalid { code: fault.code, details });
            return server::refusal(shared, &fault);
        }
    };
    if body.get("status").is_some() {
        return Json(json!({"success": true})).into_response();
    }
    accept(shared, &number, &body, &behaviour).await
}

/// Token, path and body are in order.
fn admitted(
    shared: &Shared,
    version: &str,
    phone_number_id: &str,
    headers: &HeaderMap,
    body: &Value,
) -> Result<Number, Fault> {
    server::version(version)?;
    let state = shared.state();
    let number = state.numbers.get(phone_number_id).ok_or_else(|| Fault::no_such_object(phone_number_id))?;
    if server::token(headers) != Some(&number.access_token) {
        return Err(Fault::of(190));
    }
    let json = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if !json.is_some_and(|kind| kind.starts_with("application/json")) {
        return Err(Fault::of(100).because("the content type is not application/json"));
    }
    if body.get("status").is_some() {
        check::read_receipt(body)?
    } else {
        check::message(body, number, &state)?
    }
    Ok(number.clone())
}

async fn accept(shared: &Shared, number: &Number, body: &Value, behaviour: &Behaviour) -> Response {
    let message_id = ids::message_id(shared);
    let answered = !matches!(behaviour, Behaviour::DropAfterAccepting | Behaviour::Garble);
    shared.record_send(
        &number.phone_number_id,
        body,
        SendResult::Accepted { message_id: message_id.clone(), answered },
    );
    let contact = contact(shared, body);
    statuses::follow(shared, number, body, &contact, &message_id).await;
    match behaviour {
        Behaviour::DropAfterAccepting => server::cut(),
        Behaviour::Garble => (StatusCode::OK, "\u{0}\u{1} not what you asked for").into_response(),
        _ => Json(json!({
            "messaging_product": "whatsapp",
            "contacts": [contact],
            "messages": [{"id": message_id, "message_status": "accepted"}],
        }))
        .into_response(),
    }
}

/// Whom it really went to: `input` and `wa_id`, or `input` and `user_id`.
fn contact(shared: &Shared, body: &Value) -> Value {
    match (body["to"].as_str(), body["recipient"].as_str()) {
        (Some(to), _) => {
            let digits = to.strip_prefix('+').unwrap_or(to);
            let real = shared.state().resolves.get(digits).cloned();
            json!({"input": to, "wa_id": real.unwrap_or_else(|| digits.to_owned())})
        }
        (None, id) => json!({"input": id, "user_id": id}),
    }
}
