//! Who writes, as it is stored with a message: name included, as it was at the time.

use identity::{Behalf, UserView};
use kernel::ids::{OrganizationId, UserId};
use kernel::{Ctx, Error, Permission, Principal, Resource};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
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
    /// The key that writes in this person's name.
    pub(crate) behalf: Option<Arc<InName>>,
}

/// A key that writes in a member's name, and where it is remembered that this was noted.
#[derive(Debug)]
pub(crate) struct InName {
    behalf: Behalf,
    noted: Noted,
}

impl Author {
    /// Whether the writer may do this: a person or key for itself, of a key and the person it names both.
    pub(crate) fn require(&self, ctx: &Ctx, action: Permission, resource: &Resource) -> Result<(), Error> {
        match &self.behalf {
            Some(by) => by.behalf.require(action, resource),
            None => ctx.require(action, resource),
        }
    }

    /// What is kept with a message besides its sender.
    pub(crate) fn metadata(&self) -> Value {
        match &self.behalf {
            Some(by) => {
                json!({"via": {"service_account_id": by.behalf.service_account_id, "api_key_id": by.behalf.api_key_id}})
            }
            None => json!({}),
        }
    }

    /// To be called with what was written: appends that a key did it in somebody's name.
    pub(crate) fn note(&self, tx: &mut TenantTx) {
        if let Some(by) = &self.behalf {
            by.noted.note(tx, &by.behalf);
        }
    }
}

/// How long a name is believed without asking.
const FRESH: Duration = Duration::from_secs(60);
/// Names kept at most; when full, all are asked for again.
const MOST: usize = 10_000;

/// That a key acted in a member's name is noted again after this.
const NOTED: Duration = Duration::from_secs(600);

type Known = HashMap<(OrganizationId, UserId), (Arc<str>, Instant)>;

/// Names of the people who write here, so that a message costs no look-up.
#[derive(Clone, Default)]
pub struct Authors(Arc<Mutex<Known>>, Noted);

/// Which key was noted lately to act in whose name.
#[derive(Clone, Debug, Default)]
struct Noted(Arc<Mutex<HashMap<(Uuid, UserId), Instant>>>);

impl Noted {
    /// Appends that the key acted in the member's name, unless it was noted lately on this node.
    fn note(&self, tx: &mut TenantTx, behalf: &Behalf) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        noted.retain(|_, at| at.elapsed() < NOTED);
        if let Entry::Vacant(new) = noted.entry((behalf.api_key_id, behalf.user_id)) {
            new.insert(Instant::now());
            behalf.note(tx);
        }
    }
}

impl Authors {
    /// Who writes, and under which circumstances: the caller, or the member whom a key names.
    ///
    /// # Errors
    /// 403 `ON_BEHALF_NOT_ALLOWED`, 422 `MEMBER_UNKNOWN`, or when the database fails.
    pub async fn writer(
        &self,
        ctx: &Ctx,
        tx: &mut TenantTx,
        on_behalf_of: Option<UserId>,
    ) -> Result<(Ctx, Author), Error> {
        let Some(user_id) = on_behalf_of else { return Ok((ctx.clone(), self.of(ctx, tx).await?)) };
        let behalf = identity::on_behalf_of(ctx, tx, user_id).await?;
        let author = self.of(&behalf.member, tx).await?;
        let member = behalf.member.clone();
        let by = InName { behalf, noted: self.1.clone() };
        Ok((member, Author { source: "api", behalf: Some(Arc::new(by)), ..author }))
    }

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
    Author { kind: "user", id: Some(id.0), name: Some(name), source: "console", behalf: None }
}

fn automatic(ctx: &Ctx) -> Author {
    match ctx.subject.principal {
        Principal::ServiceAccount { id } => {
            Author { kind: "service_account", id: Some(id), name: None, source: "api", behalf: None }
        }
        _ => Author { kind: "system", id: None, name: None, source: "system", behalf: None },
    }
}
