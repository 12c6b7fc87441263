//! Checking a chain, in the database or of an export.

use crate::chain::{Broken, Checker, GENESIS};
use crate::handle::Audit;
use crate::head::{Head, SignedHead};
use crate::store;
use kernel::ids::OrganizationId;
use kernel::{Audience, Ctx, Error, NewEvent, Permission, Resource, StreamRef};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

/// Entries read at once.
const CHUNK: i64 = 5_000;

/// Which part of a chain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(example = json!({"from": 1}))]
pub struct Span {
    /// First entry; without it the oldest there is.
    pub from: Option<i64>,
    /// Last entry; without it the newest.
    pub to: Option<i64>,
    /// A head that was kept elsewhere.
    pub head: Option<SignedHead>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = AuditVerdict)]
pub struct Verdict {
    pub valid: bool,
    /// Entries that were checked and found right.
    #[schema(example = 1204)]
    pub checked: u64,
    pub first_seq: i64,
    pub last_seq: i64,
    /// The first bad or missing entry.
    pub broken_at: Option<i64>,
    /// What is wrong with it.
    pub problem: Option<String>,
}

impl Verdict {
    pub(crate) fn of(checker: &Checker, first_seq: i64, broken: Option<&Broken>) -> Self {
        Self {
            valid: broken.is_none(),
            checked: checker.checked(),
            first_seq,
            last_seq: checker.last().0,
            broken_at: broken.map(Broken::seq),
            problem: broken.map(ToString::to_string),
        }
    }
}

impl Audit {
    /// Checks the chain of an organization; a few thousand entries a transaction, so that nothing waits for it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn verify(&self, organization: OrganizationId, span: &Span) -> Result<Verdict, Error> {
        let mut tx = self.0.db.tenant(organization).await?;
        let (start, start_hash) = store::latest_checkpoint(&mut tx).await?.unwrap_or((0, GENESIS.to_vec()));
        tx.commit().await?;
        let mut checker = match span.from {
            Some(from) if from > start + 1 => Checker::from_the_middle(from - 1),
            _ => Checker::after(start, &start_hash),
        };
        let first = checker.last().0 + 1;
        let found = self.walk(organization, &mut checker, span).await?;
        Ok(Verdict::of(&checker, first, found.err().as_ref()))
    }

    async fn walk(
        &self,
        organization: OrganizationId,
        checker: &mut Checker,
        span: &Span,
    ) -> Result<Result<(), Broken>, Error> {
        let last_wanted = span.to.unwrap_or(i64::MAX);
        if let Some(head) = &span.head
            && (!self.0.head_key.made(head) || head.head.organization_id != *organization)
        {
            return Ok(Err(Broken::OtherHead { seq: head.head.seq }));
        }
        loop {
            let mut tx = self.0.db.tenant(organization).await?;
            let links = store::links_after(&mut tx, checker.last().0, CHUNK).await?;
            tx.commit().await?;
            let more = !links.is_empty();
            for link in links.iter().take_while(|link| link.seq <= last_wanted) {
                if let Err(broken) = checker.take(link) {
                    return Ok(Err(broken));
                }
                if let Some(SignedHead { head, .. }) = &span.head
                    && head.seq == link.seq
                    && head.hash != hex::encode(&link.hash)
                {
                    return Ok(Err(Broken::OtherHead { seq: link.seq }));
                }
            }
            if !more || checker.last().0 >= last_wanted {
                break;
            }
        }
        Ok(match &span.head {
            Some(head) if span.to.is_none() => checker.reaches(head.head.seq),
            _ => Ok(()),
        })
    }

    /// Where the chain ends now, signed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn head(&self, organization: OrganizationId) -> Result<SignedHead, Error> {
        let mut tx = self.0.db.tenant(organization).await?;
        let (seq, hash) = store::last_link(&mut tx).await?.unwrap_or((0, GENESIS.to_vec()));
        tx.commit().await?;
        let head = Head { organization_id: *organization, seq, hash: hex::encode(hash), at: self.0.clock.now() };
        Ok(self.0.head_key.sign(head))
    }

    /// [`Audit::verify`] asked for by a person: itself a fact.
    ///
    /// # Errors
    /// 403 without `audit.view`.
    pub(crate) async fn verification(&self, ctx: &Ctx, span: &Span) -> Result<Verdict, Error> {
        ctx.require(Permission::AUDIT_VIEW, &Resource::organization(ctx.organization_id()))?;
        let verdict = self.verify(ctx.organization_id(), span).await?;
        let mut tx = self.0.db.tenant(ctx.organization_id()).await?;
        tx.append(ctx, fact(ctx, "audit.verified", json!({ "valid": verdict.valid, "checked": verdict.checked })));
        tx.commit().await?;
        Ok(verdict)
    }
}

/// A fact about the audit itself.
pub(crate) fn fact(ctx: &Ctx, kind: &'static str, data: serde_json::Value) -> NewEvent {
    NewEvent {
        kind,
        version: 1,
        stream: StreamRef { kind: "organization".into(), id: *ctx.organization_id(), seq: None },
        actor: ctx.actor(),
        audience: Audience { permission: Some(Permission::AUDIT_VIEW.name().to_owned()), ..Audience::default() },
        data,
    }
}
