//! Socket.IO for the house: handshake, rooms, delivery with authorization, resume, back-pressure.
//!
//! Every node follows the event log by itself and delivers from it; nothing is delivered that is not in the log, but
//! for typing and viewing, which may be lost. Transports, heartbeats and upgrades are Engine.IO's (`engineioxide`); the
//! packets above it are read here, because a refused handshake has to carry a code, and a slow reader's queue has to be
//! in our hands. Absent on purpose: knowledge of a domain (commands and kinds of rooms are registered), SQL.

mod connection;
mod counts;
mod cursor;
mod envelope;
mod ephemeral;
mod flow;
mod gate;
mod handshake;
mod http;
mod hub;
mod inbound;
mod limits;
mod packet;
mod queue;
mod refresh;
mod refusal;
mod registration;
mod registry;
mod resume;
mod room;
mod session;
mod settings;
mod sight;
mod subscribe;
mod sweep;
mod sync;
mod tail;

pub use hub::{Authenticate, Hub, HubParts, Refreshed};
pub use registration::{RoomKind, SocketCommand};
pub use settings::{Rates, Settings};
pub use sync::{SyncPage, SyncRequest};
