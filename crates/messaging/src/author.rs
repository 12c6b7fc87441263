//! Who writes, as it is stored with a message: name included, as it was at the time.

use identity::UserView;
use kernel::ids::{OrganizationId, UserId};
use kernel::{Ctx, Error, Principal};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use store::TenantTx;
use uuid::Uuid;

/// The sender of what a subject writes.
#[derive(Clone, Debug)]
pub struct Author {
    /// `user`, `service_account` or `system`.
    pub(crate) kind: &'static str,
    pub(crate) id: Option<Uuid>,
    pub(crate) name: Option<Arc<str>>,
    /// `console` for people, `api` for keys, `system` for the product.
    pub(crate) source: &'static str,
}

/// How long a name is believed without asking.
const FRESH: Duration = Duration::from_secs(60);
/// Names kept at most; when full, all are asked for again.
const MOST: usize = 10_000;

type Known = HashMap<(OrganizationId, UserId), (Arc<str>, Instant)>;

/// Names of the people who write here, so that a message costs no look-up.
#[derive(Clone, Default)]
pub struct Authors(Arc<Mutex<Known>>);

impl Authors {
    /// The author that this subject is.
    ///
    /// # Errors
    /// When the name must be looked up and the database fails.
    pub async fn of(&self, ctx: &Ctx, tx: &mut TenantTx) -> Result<Author, Error> {
        if let Some(author) = self.known(ctx) {
            return Ok(author);
        }
        let Principal::User { user_id, .. } = ctx.subject.principal else { return Ok(automatic(ctx)) };
        let user = member(ctx, tx, user_id).await?.ok_or_else(Error::not_found)?;
        let name: Arc<str> = user.display_name.unwrap_or(user.name).into();
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if names.len() >= MOST {
            names.clear();
        }
        names.insert((ctx.organization_id(), user_id), (name.clone(), Instant::now()));
        Ok(person(user_id, name))
    }

    /// The author, where the name is known and fresh.
    pub(crate) fn known(&self, ctx: &Ctx) -> Option<Author> {
        let Principal::User { user_id, .. } = ctx.subject.principal else { return Some(automatic(ctx)) };
        let names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (name, since) = names.get(&(ctx.organization_id(), user_id))?;
        (since.elapsed() < FRESH).then(|| person(user_id, name.clone()))
    }
}

/// A member of the organization, or `None`. Asked for by the product itself: whoever may write need not be allowed to
/// list people.
pub(crate) async fn member(ctx: &Ctx, tx: &mut TenantTx, id: UserId) -> Result<Option<UserView>, Error> {
    let system = Ctx::system(ctx.organization_id(), ctx.clock.clone(), ctx.ids.clone(), ctx.request_id.clone());
    match identity::find_user(&system, tx, id).await {
        Ok(user) => Ok(Some(user)),
        Err(error) if error.kind() == kernel::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn person(id: UserId, name: Arc<str>) -> Author {
    Author { kind: "user", id: Some(id.0), name: Some(name), source: "console" }
}

fn automatic(ctx: &Ctx) -> Author {
    match ctx.subject.principal {
        Principal::ServiceAccount { id } => Author { kind: "service_account", id: Some(id), name: None, source: "api" },
        _ => Author { kind: "system", id: None, name: None, source: "system" },
    }
}
