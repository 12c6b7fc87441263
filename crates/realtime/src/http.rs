//! `GET /api/sync`: the same contract as the event `sync`, for clients that cannot hold a socket.

use crate::hub::Hub;
use crate::sync::{MAX_LIMIT, SyncPage, SyncRequest};
use axum::extract::State;
use http_kit::{Caller, Json, Query, Refusal};
use kernel::{Error, ErrorKind};
use serde::Deserialize;
use std::time::Duration;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Longest wait for the first entry, in seconds.
const LONGEST_WAIT: u64 = 25;

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct SyncParameters {
    /// Where to go on: `next_cursor` of the page before, or the `cursor` of an event or of `hello`. Without one the
    /// answer is a reset with a fresh cursor.
    #[param(example = "c_0Yk3")]
    cursor: Option<String>,
    /// Rooms, separated by commas; `inbox` when left out. The caller's own room is always among them.
    #[param(example = "inbox")]
    rooms: Option<String>,
    /// Entries a page, 1 to 500; 100 when left out.
    #[param(minimum = 1, maximum = 500, example = 100)]
    limit: Option<u32>,
    /// Seconds to wait for the first entry, 0 to 25.
    #[param(minimum = 0, maximum = 25, example = 0)]
    wait: Option<u64>,
}

impl Hub {
    /// `GET /sync`, relative to `/api`. A waiting request takes up to 25 s.
    pub fn routes(&self) -> OpenApiRouter {
        OpenApiRouter::new().routes(routes!(get_sync)).with_state(self.clone())
    }
}

/// What was missed since a cursor.
///
/// Entries are the envelopes of the event log that the caller may see, in order, as they came live, without `n`.
#[utoipa::path(
    get,
    path = "/sync",
    operation_id = "sync",
    tag = "realtime",
    params(SyncParameters),
    responses(
        (status = 200, description = "A page, or a reset: reload by REST and go on from the new cursor.", body = SyncPage),
    ),
    extensions(("x-permission" = json!("own"))),
)]
async fn get_sync(
    State(hub): State<Hub>,
    caller: Caller,
    Query(parameters): Query<SyncParameters>,
) -> Result<Json<SyncPage>, Refusal> {
    let SyncParameters { cursor, rooms, limit, wait } = parameters;
    if limit.is_some_and(|limit| !(1..=MAX_LIMIT).contains(&limit)) {
        return Err(out_of_range("`limit` must be between 1 and 500.").into());
    }
    if wait.is_some_and(|wait| wait > LONGEST_WAIT) {
        return Err(out_of_range("`wait` must be between 0 and 25.").into());
    }
    let rooms = rooms.as_deref().unwrap_or("inbox");
    let request = SyncRequest {
        cursor: cursor.filter(|cursor| !cursor.is_empty()),
        rooms: rooms.split(',').map(str::trim).filter(|room| !room.is_empty()).map(str::to_owned).collect(),
        limit,
        wait: Duration::from_secs(wait.unwrap_or_default()),
    };
    Ok(Json(hub.sync(&caller.ctx, request).await?))
}

fn out_of_range(detail: &'static str) -> Error {
    Error::new(ErrorKind::BadRequest, "INVALID_PARAMETER", detail)
}
