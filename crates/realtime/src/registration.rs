//! What domains open to sockets.

use futures_util::future::BoxFuture;
use kernel::{Ctx, Error};
use serde_json::Value;
use std::sync::Arc;
use uuid::Uuid;

/// A command open to sockets; it begins and commits its own transaction and runs what REST runs.
#[derive(Clone)]
pub struct SocketCommand {
    pub name: &'static str,
    pub run: Arc<RunCommand>,
}

/// A kind of room: `kind` alone (`inbox`) or `kind:<id>`.
#[derive(Clone)]
pub struct RoomKind {
    pub kind: &'static str,
    /// Whether this caller may join the room of this id now. Foreign and unknown rooms answer alike.
    pub resolve: Arc<ResolveRoom>,
}

type RunCommand = dyn Fn(Ctx, Value) -> BoxFuture<'static, Result<Value, Error>> + Send + Sync;
type ResolveRoom = dyn Fn(Ctx, Option<Uuid>) -> BoxFuture<'static, Result<bool, Error>> + Send + Sync;
