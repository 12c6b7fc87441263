//! Who asks, when, and under which request: the first parameter of every command.

use crate::access::{Principal, Resource, Subject, authorize};
use crate::clock::{Clock, Ids};
use crate::error::Error;
use crate::event::{Actor, ActorKind};
use crate::ids::OrganizationId;
use crate::permission::Permission;
use chrono::{DateTime, Utc};
use std::sync::Arc;
use uuid::Uuid;

/// The circumstances of one command. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Ctx {
    pub subject: Arc<Subject>,
    pub clock: Clock,
    pub ids: Ids,
    /// Joins the request, its events and its jobs (`X-Request-ID`).
    pub request_id: Arc<str>,
}

impl Ctx {
    pub fn new(subject: Arc<Subject>, clock: Clock, ids: Ids, request_id: Arc<str>) -> Self {
        Self { subject, clock, ids, request_id }
    }

    /// The circumstances of work that the product does by itself in one organization (a job, a reader, an intake).
    pub fn system(organization_id: OrganizationId, clock: Clock, ids: Ids, request_id: Arc<str>) -> Self {
        Self::new(Arc::new(Subject::system(organization_id)), clock, ids, request_id)
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub fn organization_id(&self) -> OrganizationId {
        self.subject.organization_id
    }

    /// A new time-ordered id.
    pub fn new_id<T: From<Uuid>>(&self) -> T {
        self.ids.sortable(self.now())
    }

    /// The actor that this command's events name.
    pub fn actor(&self) -> Actor {
        match &self.subject.principal {
            Principal::User { user_id, .. } => Actor { kind: ActorKind::User, id: Some(user_id.0) },
            Principal::ServiceAccount { id } => Actor { kind: ActorKind::ServiceAccount, id: Some(*id) },
            Principal::System => Actor { kind: ActorKind::System, id: None },
        }
    }

    /// Refuses the command unless its subject may do `action` on `resource`.
    ///
    /// # Errors
    /// 404 when the subject may not even view the resource, else 403 `PERMISSION_DENIED` with `required`.
    pub fn require(&self, action: Permission, resource: &Resource) -> Result<(), Error> {
        authorize(&self.subject, action, resource, self.now())
            .map(|_| ())
            .map_err(|deny| deny.into_error(&self.subject, action, resource, self.now()))
    }
}
