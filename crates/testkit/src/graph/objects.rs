//! `GET /{id}` for a number, a business account or a file, and the webhook subscription of a business account.

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::header::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::behaviour::{Call, Fault};
use super::server::{self, Object, Shares};
use super::{FakeGraph, Shared, media};

impl FakeGraph {
    /// Is the business account subscribed to webhooks?
    pub fn is_subscribed(&self, waba_id: &str) -> bool {
        self.shared.state().subscribed.contains(waba_id)
    }
}

/// What is behind an id is only known by looking.
pub(crate) async fn look_up(State(shared): Shares, Path((version, id)): Object, request: Request) -> Response {
    let path = request.uri().to_string();
    let query = request.uri().query().unwrap_or_default().to_owned();
    let headers = request.headers().clone();
    let is_object = {
        let state = shared.state();
        state.numbers.values().any(|number| number.phone_number_id == id || number.waba_id == id)
    };
    let call = if is_object { Call::Other } else { Call::MediaLookup };
    let work = async {
        server::version(&version)?;
        let token = known_token(&shared, &headers)?;
        let found = match object(&shared, &id, &token) {
            Some(object) => Some(object),
            None => media::look_up(&shared, &id, &query)?,
        };
        found.map(|object| Json(object).into_response()).ok_or_else(|| Fault::no_such_object(&id))
    };
    server::simple(&shared, call, ("GET", &path), work).await
}

pub(crate) async fn subscriptions(State(shared): Shares, Path((version, waba)): Object, request: Request) -> Response {
    let headers = request.headers().clone();
    let work = async {
        server::version(&version)?;
        own_waba(&shared, &headers, &waba)?;
        let app = json!({"whatsapp_business_api_data": {"id": "1", "name": "Balcao", "link": ""}});
        let apps: Vec<Value> = shared.state().subscribed.contains(&waba).then_some(app).into_iter().collect();
        Ok(Json(json!({ "data": apps })).into_response())
    };
    server::simple(&shared, Call::Other, ("GET", request.uri().path()), work).await
}

pub(crate) async fn subscribe(State(shared): Shares, Path((version, waba)): Object, request: Request) -> Response {
    let headers = request.headers().clone();
    let work = async {
        server::version(&version)?;
        own_waba(&shared, &headers, &waba)?;
        shared.state().subscribed.insert(waba.clone());
        Ok(Json(json!({"success": true})).into_response())
    };
    server::simple(&shared, Call::Other, ("POST", request.uri().path()), work).await
}

fn known_token(shared: &Shared, headers: &HeaderMap) -> Result<String, Fault> {
    let token = server::token(headers).ok_or_else(|| Fault::of(190))?;
    let known = shared.state().numbers.values().any(|number| number.access_token == token);
    if known { Ok(token.to_owned()) } else { Err(Fault::of(190)) }
}

fn own_waba(shared: &Shared, headers: &HeaderMap, waba: &str) -> Result<(), Fault> {
    let token = known_token(shared, headers)?;
    let own = shared.state().numbers.values().any(|number| number.waba_id == waba && number.access_token == token);
    if own { Ok(()) } else { Err(Fault::no_such_object(waba)) }
}

/// A number or business account this token may see.
fn object(shared: &Shared, id: &str, token: &str) -> Option<Value> {
    let state = shared.state();
    let mut visible = state.numbers.values().filter(|number| number.access_token == token);
    let found = visible.find(|number| number.phone_number_id == id || number.waba_id == id)?;
    if found.waba_id == id {
        return Some(json!({"id": id, "name": "Clínica Exemplo"}));
    }
    Some(json!({
        "id": id,
        "display_phone_number": found.display_phone_number,
        "verified_name": "Clínica Exemplo",
        "quality_rating": "GREEN",
        "code_verification_status": "VERIFIED",
        "throughput": {"level": "STANDARD"},
    }))
}
