//! Who is connected to this node: by organization, room, user.

use crate::connection::Connection;
use crate::room::Room;
use crate::session::Session;
use kernel::Subject;
use kernel::ids::{OrganizationId, SessionId, UserId};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

#[derive(Default)]
pub(crate) struct Registry(RwLock<HashMap<OrganizationId, Sockets>>);

/// The sockets of one organization.
#[derive(Default)]
struct Sockets {
    all: HashMap<u64, Arc<Connection>>,
    rooms: HashMap<Room, Vec<Arc<Connection>>>,
    users: HashMap<UserId, usize>,
}

impl Registry {
    /// Takes a connection in, unless the user or the organization has too many.
    pub(crate) fn enter(&self, connection: &Arc<Connection>, per_user: usize, per_organization: usize) -> bool {
        let mut organizations = self.write();
        let sockets = organizations.entry(connection.organization_id).or_default();
        let of_user = sockets.users.entry(connection.user_id).or_default();
        if *of_user >= per_user || sockets.all.len() >= per_organization {
            if *of_user == 0 {
                sockets.users.remove(&connection.user_id);
            }
            return false;
        }
        *of_user += 1;
        sockets.all.insert(connection.number, Arc::clone(connection));
        metrics::gauge!("realtime_sockets").increment(1);
        true
    }

    /// Adds a room to a connection that has entered.
    pub(crate) fn join(&self, connection: &Arc<Connection>, room: &Room) {
        let mut organizations = self.write();
        let Some(sockets) = organizations.get_mut(&connection.organization_id) else { return };
        if !sockets.all.contains_key(&connection.number) {
            return;
        }
        let mut pass = connection.pass();
        if !pass.rooms.contains(room) {
            pass.rooms.push(room.clone());
            sockets.rooms.entry(room.clone()).or_default().push(Arc::clone(connection));
        }
    }

    pub(crate) fn part(&self, connection: &Arc<Connection>, room: &Room) {
        let mut organizations = self.write();
        let Some(sockets) = organizations.get_mut(&connection.organization_id) else { return };
        connection.pass().rooms.retain(|joined| joined != room);
        sockets.forget(connection, room);
    }

    pub(crate) fn leave(&self, connection: &Arc<Connection>) {
        let mut organizations = self.write();
        let Some(sockets) = organizations.get_mut(&connection.organization_id) else { return };
        if sockets.all.remove(&connection.number).is_none() {
            return;
        }
        metrics::gauge!("realtime_sockets").decrement(1);
        for room in std::mem::take(&mut connection.pass().rooms) {
            sockets.forget(connection, &room);
        }
        if let Some(count) = sockets.users.get_mut(&connection.user_id) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                sockets.users.remove(&connection.user_id);
            }
        }
        if sockets.all.is_empty() {
            organizations.remove(&connection.organization_id);
        }
    }

    /// Sockets by organization.
    pub(crate) fn counts(&self) -> HashMap<OrganizationId, usize> {
        self.read().iter().map(|(organization, sockets)| (*organization, sockets.all.len())).collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.read().is_empty()
    }

    /// The connections of an organization that wish to hear at least one of `rooms`, each once.
    pub(crate) fn in_rooms(&self, organization_id: OrganizationId, rooms: &[Room]) -> Vec<Arc<Connection>> {
        let organizations = self.read();
        let Some(sockets) = organizations.get(&organization_id) else { return Vec::new() };
        let mut found: Vec<Arc<Connection>> =
            rooms.iter().filter_map(|room| sockets.rooms.get(room)).flatten().map(Arc::clone).collect();
        if rooms.len() > 1 {
            found.sort_unstable_by_key(|connection| connection.number);
            found.dedup_by_key(|connection| connection.number);
        }
        found
    }

    pub(crate) fn all(&self) -> Vec<Arc<Connection>> {
        self.read().values().flat_map(|sockets| sockets.all.values().map(Arc::clone)).collect()
    }

    /// The connections of one session.
    pub(crate) fn of_session(&self, organization_id: OrganizationId, session: SessionId) -> Vec<Arc<Connection>> {
        let organizations = self.read();
        let Some(sockets) = organizations.get(&organization_id) else { return Vec::new() };
        sockets.all.values().filter(|connection| connection.session().id == Some(session)).map(Arc::clone).collect()
    }

    /// The session that other sockets of the same sign-in share, or a new one.
    pub(crate) fn session(&self, subject: &Arc<Subject>) -> Arc<Session> {
        let organizations = self.read();
        let shared = subject.user_id().zip(subject.session_id).and_then(|(user, session)| {
            let joined = organizations.get(&subject.organization_id)?.rooms.get(&Room::user(user))?;
            joined.iter().map(|connection| connection.session()).find(|shared| shared.id == Some(session))
        });
        shared.unwrap_or_else(|| Arc::new(Session::new(Arc::clone(subject))))
    }

    fn read(&self) -> RwLockReadGuard<'_, HashMap<OrganizationId, Sockets>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<OrganizationId, Sockets>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sockets {
    fn forget(&mut self, connection: &Connection, room: &Room) {
        if let Some(joined) = self.rooms.get_mut(room) {
            joined.retain(|other| other.number != connection.number);
            if joined.is_empty() {
                self.rooms.remove(room);
            }
        }
    }
}
