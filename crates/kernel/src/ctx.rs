//! Who asks, when, and under which request: the first parameter of every command.

use crate::access::{Principal, Resource, Subject, authorize};
use crate::clock::{Clock, Ids};
use crate::error::{Error, ErrorKind};
use crate::event::{Actor, ActorKind};
use crate::ids::{OrganizationId, UserId};
use crate::masks::{self, MaskSet};
use crate::permission::Permission;
use chrono::{DateTime, Utc};
use std::net::IpAddr;
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
    /// Where the request comes from; `None` for the product's own work.
    pub origin: Option<Arc<Origin>>,
}

/// Where a request comes from. Personal data: for the audit alone, never for logs or events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    pub ip: IpAddr,
    pub user_agent: Option<String>,
}

impl Ctx {
    pub fn new(subject: Arc<Subject>, clock: Clock, ids: Ids, request_id: Arc<str>) -> Self {
        Self { subject, clock, ids, request_id, origin: None }
    }

    /// The circumstances of work that the product does by itself in one organization (a job, a reader, an intake).
    pub fn system(organization_id: OrganizationId, clock: Clock, ids: Ids, request_id: Arc<str>) -> Self {
        Self::new(Arc::new(Subject::system(organization_id)), clock, ids, request_id)
    }

    /// The same circumstances with where the request comes from.
    #[must_use]
    pub fn with_origin(mut self, origin: Arc<Origin>) -> Self {
        self.origin = Some(origin);
        self
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

    /// Refuses the command unless the person proved within ten minutes who he is (at the sign-in or by
    /// `POST /api/auth/reauthenticate`). For what needs that without a permission marked `recent`: password, e-mail,
    /// factors, passkeys, API keys, granting `admin`. An API key cannot prove anything and is always refused.
    ///
    /// # Errors
    /// 403 `REAUTH_REQUIRED`.
    pub fn require_recent(&self) -> Result<(), Error> {
        if self.subject.is_recent(self.now()) {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Forbidden, "REAUTH_REQUIRED", "Prove again who you are, then repeat this.")
            .with_denied("own", "reauth_required"))
    }

    /// The person who acts on his own account (profile, password, factors, sessions, preferences), which needs no
    /// permission. Neither an API key nor somebody who acts in the person's name is he.
    ///
    /// # Errors
    /// 403 `PERSON_REQUIRED` for keys, 403 `IMPERSONATION_FORBIDDEN`.
    pub fn require_person(&self) -> Result<UserId, Error> {
        if self.subject.impersonation.is_some() {
            return Err(Error::new(
                ErrorKind::Forbidden,
                "IMPERSONATION_FORBIDDEN",
                "Nobody may do this in somebody else's name.",
            )
            .with_denied("own", "impersonation_forbidden"));
        }
        self.subject.user_id().ok_or_else(|| {
            Error::new(ErrorKind::Forbidden, "PERSON_REQUIRED", "Only a person can do this, not an API key.")
        })
    }

    /// What is masked for the caller of a resource.
    pub fn masks(&self, resource: &Resource) -> MaskSet {
        masks::of(&self.subject, resource, self.now())
    }
}
