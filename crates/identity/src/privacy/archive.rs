//! What a person is given: everything that the organization keeps of the login and the membership, as JSON.

use super::zip;
use crate::handle::Identity;
use crate::store::privacy::{self as rows, LoggedFact};
use crate::store::{people, sign_in};
use crate::users::own_view;
use kernel::audited::category;
use kernel::ids::UserId;
use kernel::{Ctx, Error};
use serde::Serialize;
use serde_json::{Value, json};
use store::TenantTx;

/// Facts read in one transaction.
const PAGE: i64 = 5_000;

/// What the log holds that the person did.
#[derive(Default)]
struct Deeds {
    sign_ins: Vec<Value>,
    audit: Vec<Value>,
    authored: Vec<Value>,
}

impl Identity {
    /// The archive of a member, as the bytes of a zip.
    ///
    /// # Errors
    /// 404 for somebody who is not here any more; when the database fails.
    pub(super) async fn archive_of(&self, ctx: &Ctx, user: UserId) -> Result<Vec<u8>, Error> {
        let mut tx = self.0.db.tenant(ctx.organization_id()).await?;
        let profile = own_view(&mut tx, &self.0.persons, user).await?;
        let preferences = people::preferences(&mut tx, profile.membership_id).await?;
        let sessions = rows::sessions(&mut tx, user).await?;
        let records = rows::records_of_person(&mut tx, user).await?;
        // One's own memberships are known to oneself alone; somebody else who asks gets this organization's.
        let memberships = self.memberships_for(ctx, &mut tx, user).await?;
        tx.commit().await?;
        let deeds = self.deeds(ctx, user).await?;
        zip::archive(&[
            ("profile.json", text(&profile)?),
            ("preferences.json", text(&preferences)?),
            ("memberships.json", text(&memberships)?),
            ("sign_ins.json", text(&deeds.sign_ins)?),
            ("sessions.json", text(&sessions)?),
            // People of an organization are asked for none so far; the file says so.
            ("consents.json", text(&Vec::<Value>::new())?),
            ("audit.json", text(&deeds.audit)?),
            ("authored.json", text(&deeds.authored)?),
            ("records.json", text(&records)?),
        ])
    }

    async fn memberships_for(&self, ctx: &Ctx, tx: &mut TenantTx, user: UserId) -> Result<Vec<Value>, Error> {
        let all = sign_in::memberships_of(tx.conn(), user).await?;
        let own = ctx.subject.user_id() == Some(user);
        let seen = all.into_iter().filter(|one| own || one.organization_id == ctx.organization_id());
        Ok(seen
            .map(|one| json!({ "organization_id": one.organization_id, "organization": one.name, "status": one.membership_status }))
            .collect())
    }

    async fn deeds(&self, ctx: &Ctx, user: UserId) -> Result<Deeds, Error> {
        let (mut deeds, mut after) = (Deeds::default(), (0, 0));
        loop {
            let mut tx = self.0.db.tenant(ctx.organization_id()).await?;
            let facts = rows::facts_after(&mut tx, user, after, PAGE).await?;
            tx.commit().await?;
            let Some(last) = facts.last() else { return Ok(deeds) };
            after = (last.txid, last.id);
            facts.into_iter().filter(|fact| fact.own).for_each(|fact| deeds.take(&fact));
        }
    }
}

impl Deeds {
    fn take(&mut self, fact: &LoggedFact) {
        if fact.kind == "auth.login_succeeded" {
            self.sign_ins.push(json!({ "at": fact.occurred_at }));
        }
        if let Some(category) = category(&fact.kind) {
            self.audit.push(json!({
                "at": fact.occurred_at, "action": fact.kind, "category": category,
                "resource_type": fact.stream_kind, "resource_id": fact.stream_id,
            }));
        }
        if let (true, Some(id)) = (fact.kind == "message.created", &fact.message_id) {
            self.authored.push(
                json!({ "kind": "message", "id": id, "conversation_id": fact.stream_id, "at": fact.occurred_at }),
            );
        }
    }
}

fn text(value: &impl Serialize) -> Result<Vec<u8>, Error> {
    serde_json::to_vec_pretty(value).map_err(Error::internal)
}
