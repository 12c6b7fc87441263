//! The Socket.IO layer over Engine.IO: takes packets apart and keeps a transport to the protocol.

use crate::connection::Connection;
use crate::hub::Inner;
use crate::packet::{self, Malformed, Packet};
use crate::{handshake, inbound};
use bytes::Bytes;
use engineioxide::handler::EngineIoHandler;
use engineioxide::{DisconnectReason, Str};
use serde_json::Value;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

/// A transport with what this crate keeps beside it.
pub(crate) type EngineSocket = engineioxide::Socket<Slot>;

/// What Engine.IO calls.
pub(crate) struct Gate {
    hub: Arc<Inner>,
}

/// Where a transport stands.
#[derive(Default)]
pub(crate) struct Slot(Mutex<SlotState>);

#[derive(Default)]
pub(crate) struct SlotState {
    pub(crate) stage: Stage,
    /// Binary frames that still belong to a refused event.
    skip: usize,
}

#[derive(Default)]
pub(crate) enum Stage {
    #[default]
    New,
    Connecting,
    Connected(Weak<Connection>),
    Gone,
}

/// Names that the protocol keeps for itself.
const RESERVED: [&str; 6] =
    ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

impl Slot {
    pub(crate) fn lock(&self) -> MutexGuard<'_, SlotState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SlotState {
    fn connection(&self) -> Option<Arc<Connection>> {
        match &self.stage {
            Stage::Connected(connection) => connection.upgrade(),
            _ => None,
        }
    }
}

impl Gate {
    pub(crate) fn new(hub: Arc<Inner>) -> Self {
        Self { hub }
    }

    fn take(&self, text: &str, socket: &Arc<EngineSocket>) -> Result<(), Malformed> {
        let packet = Packet::parse(text)?;
        if socket.data.lock().skip > 0 {
            return Err(Malformed);
        }
        match packet {
            Packet::Connect { namespace: "/", auth } => self.connect(auth, socket),
            Packet::Connect { namespace, .. } => {
                // Copied from the client's own text; it may name anything that the protocol allows.
                socket.emit(packet::invalid_namespace(namespace)).map_err(|_| Malformed)
            }
            Packet::Disconnect { namespace: "/" } => {
                self.leave(socket);
                Ok(())
            }
            Packet::Event { namespace: "/", ack, arguments } => self.event(socket, arguments, ack, false),
            Packet::BinaryEvent { namespace: "/", ack, arguments, attachments } => {
                socket.data.lock().skip = attachments;
                self.event(socket, arguments, ack, true)
            }
            Packet::BinaryAck { attachments } => {
                socket.data.lock().skip = attachments;
                Ok(())
            }
            // Answers to nothing, and packets for namespaces that nobody is in.
            _ => Ok(()),
        }
    }

    fn connect(&self, auth: Option<&str>, socket: &Arc<EngineSocket>) -> Result<(), Malformed> {
        let auth = match auth {
            None => Value::Null,
            Some(text) => serde_json::from_str(text).map_err(|_| Malformed)?,
        };
        {
            let mut state = socket.data.lock();
            match state.stage {
                Stage::New => state.stage = Stage::Connecting,
                // A second CONNECT for the same namespace changes nothing.
                _ => return Ok(()),
            }
        }
        let (hub, socket) = (Arc::clone(&self.hub), Arc::clone(socket));
        let tasks = hub.tasks.clone();
        tasks.spawn(async move { handshake::run(&hub, &socket, auth).await });
        Ok(())
    }

    fn event(
        &self,
        socket: &Arc<EngineSocket>,
        arguments: &str,
        ack: Option<u64>,
        binary: bool,
    ) -> Result<(), Malformed> {
        let mut arguments = serde_json::from_str::<Vec<Value>>(arguments).map_err(|_| Malformed)?.into_iter();
        let Some(Value::String(name)) = arguments.next() else { return Err(Malformed) };
        if RESERVED.contains(&name.as_str()) {
            return Err(Malformed);
        }
        // Events before the handshake is through break the protocol; after the end they are late.
        let Some(connection) = socket.data.lock().connection() else { return Err(Malformed) };
        let arguments: Vec<Value> = arguments.collect();
        inbound::receive(&self.hub, &connection, inbound::Inbound::new(name, arguments, ack, binary));
        Ok(())
    }

    /// The client left the namespace; the transport stays.
    fn leave(&self, socket: &Arc<EngineSocket>) {
        let stage = {
            let mut state = socket.data.lock();
            match state.stage {
                Stage::Connected(_) => std::mem::take(&mut state.stage),
                _ => return,
            }
        };
        if let Stage::Connected(connection) = stage
            && let Some(connection) = connection.upgrade()
        {
            connection.left(&self.hub);
        }
        self.hub.newcomers().push_back((Instant::now(), Arc::downgrade(socket)));
    }
}

impl EngineIoHandler for Gate {
    type Data = Slot;

    fn on_connect(self: Arc<Self>, socket: Arc<EngineSocket>) {
        if self.hub.stopping.is_cancelled() {
            socket.close(DisconnectReason::ClosingServer);
            return;
        }
        self.hub.newcomers().push_back((Instant::now(), Arc::downgrade(&socket)));
    }

    fn on_disconnect(&self, socket: Arc<EngineSocket>, _reason: DisconnectReason) {
        let stage = std::mem::replace(&mut socket.data.lock().stage, Stage::Gone);
        if let Stage::Connected(connection) = stage
            && let Some(connection) = connection.upgrade()
        {
            connection.left(&self.hub);
        }
    }

    fn on_message(self: &Arc<Self>, message: Str, socket: Arc<EngineSocket>) {
        if self.take(&message, &socket) == Err(Malformed) {
            metrics::counter!("realtime_malformed_total").increment(1);
            socket.close(DisconnectReason::PacketParsingError);
        }
    }

    fn on_binary(self: &Arc<Self>, _data: Bytes, socket: Arc<EngineSocket>) {
        let mut state = socket.data.lock();
        if state.skip > 0 {
            state.skip -= 1;
            return;
        }
        drop(state);
        socket.close(DisconnectReason::PacketParsingError);
    }
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Gate")
    }
}
