//! Checking a chain in the database: entry by entry, against its checkpoints, and against a head kept elsewhere.

use crate::chain::{Broken, Checker, GENESIS, Link};
use crate::handle::Audit;
use crate::head::{Head, HeadKeys, SignedHead};
use crate::store;
use kernel::ids::OrganizationId;
use kernel::{Audience, Ctx, Error, NewEvent, Permission, Resource, StreamRef};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::VecDeque;
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
    /// The public key that vouches for an export; compare it with one that you kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_key: Option<String>,
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
            public_key: None,
        }
    }
}

/// What stands beside the entries: checkpoints whose signatures hold, and where the chain begins.
struct Beside {
    /// Where retention ended, or the beginning.
    start: (i64, Vec<u8>),
    /// Number, place and hash of each checkpoint, in their order.
    checkpoints: VecDeque<(i64, i64, Vec<u8>)>,
}

impl Audit {
    /// Checks the chain of an organization; a few thousand entries a transaction, so that nothing waits for it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn verify(&self, organization: OrganizationId, span: &Span) -> Result<Verdict, Error> {
        let keys = self.head_keys().await?;
        let nothing = Checker::after(0, &GENESIS);
        if let Some(head) = &span.head
            && (!keys.made(head) || head.head.organization_id != *organization)
        {
            return Ok(Verdict::of(&nothing, 1, Some(&Broken::OtherHead { seq: head.head.seq })));
        }
        let beside = match self.beside(organization, &keys).await? {
            Ok(beside) => beside,
            Err(broken) => return Ok(Verdict::of(&nothing, 1, Some(&broken))),
        };
        let (start, hash) = &beside.start;
        let mut checker = match span.from {
            Some(from) if from > start + 1 => Checker::from_the_middle(from - 1),
            _ => Checker::after(*start, hash),
        };
        let first = checker.last().0 + 1;
        let found = self.walk(organization, &mut checker, span, beside.checkpoints).await?;
        Ok(Verdict::of(&checker, first, found.err().as_ref()))
    }

    /// Reads the checkpoints and checks that each is signed and none is missing.
    async fn beside(&self, organization: OrganizationId, keys: &HeadKeys) -> Result<Result<Beside, Broken>, Error> {
        let mut tx = self.0.db.tenant(organization).await?;
        let mut start = (0, GENESIS.to_vec());
        for row in store::retention_checkpoints(&mut tx).await? {
            let (seq, hash) = (row.seq, hex::encode(&row.hash));
            let head = Head { organization_id: *organization, number: None, seq, hash, at: row.created_at };
            if !keys.made_raw(&head, &row.signature) {
                return Ok(Err(Broken::ForgedRetention { seq }));
            }
            start = (seq, row.hash);
        }
        let (mut checkpoints, mut number) = (VecDeque::new(), 0);
        loop {
            let rows = store::checkpoints_after(&mut tx, number, CHUNK).await?;
            if rows.is_empty() {
                tx.commit().await?;
                return Ok(Ok(Beside { start, checkpoints }));
            }
            for row in rows {
                number += 1;
                let seq = row.seq;
                if row.number != number {
                    return Ok(Err(Broken::MissingCheckpoint { number, seq }));
                }
                let hash = hex::encode(&row.hash);
                let head = Head { organization_id: *organization, number: Some(number), seq, hash, at: row.at };
                if !keys.made_raw(&head, &row.signature) {
                    return Ok(Err(Broken::ForgedCheckpoint { number, seq }));
                }
                checkpoints.push_back((number, seq, row.hash));
            }
        }
    }

    async fn walk(
        &self,
        organization: OrganizationId,
        checker: &mut Checker,
        span: &Span,
        mut checkpoints: VecDeque<(i64, i64, Vec<u8>)>,
    ) -> Result<Result<(), Broken>, Error> {
        let last_wanted = span.to.unwrap_or(i64::MAX);
        // Of what retention removed, or what was not asked for, nothing can be compared any more.
        checkpoints.retain(|(_, seq, _)| *seq > checker.last().0);
        loop {
            let mut tx = self.0.db.tenant(organization).await?;
            let links = store::links_after(&mut tx, checker.last().0, CHUNK).await?;
            tx.commit().await?;
            let more = !links.is_empty();
            for link in links.iter().take_while(|link| link.seq <= last_wanted) {
                if let Err(broken) = take(checker, link, span, &mut checkpoints) {
                    return Ok(Err(broken));
                }
            }
            if !more || checker.last().0 >= last_wanted {
                break;
            }
        }
        if span.to.is_some() {
            return Ok(Ok(()));
        }
        if let Some((number, head, _)) = checkpoints.pop_front() {
            return Ok(Err(Broken::CutOffCheckpoint { number, last: checker.last().0, head }));
        }
        Ok(span.head.as_ref().map_or(Ok(()), |head| checker.reaches(head.head.seq)))
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

/// The next entry: right in itself, the one that its checkpoints name, and the head's.
fn take(
    checker: &mut Checker,
    link: &Link,
    span: &Span,
    checkpoints: &mut VecDeque<(i64, i64, Vec<u8>)>,
) -> Result<(), Broken> {
    let next = checker.last().0 + 1;
    if checker.checked() == 0 && span.from.is_none() && link.seq > next {
        return Err(Broken::Uncovered { seq: next, first: link.seq });
    }
    checker.take(link)?;
    while let Some((number, _, hash)) = checkpoints.pop_front_if(|(_, seq, _)| *seq == link.seq) {
        if hash != link.hash {
            return Err(Broken::OtherCheckpoint { number, seq: link.seq });
        }
    }
    match &span.head {
        Some(SignedHead { head, .. }) if head.seq == link.seq && head.hash != hex::encode(&link.hash) => {
            Err(Broken::OtherHead { seq: link.seq })
        }
        _ => Ok(()),
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
