//! What each kind of item does: channels call contacts and messaging, which know no provider.

use crate::accounts;
use crate::connector::{
    Address, ErrorClass, IdentityChange, IdentityChangeKind, InboundEdit, InboundEvent, InboundKind, InboundMessage,
    InboundReaction, InboundRevoke, StatusUpdate,
};
use crate::store::accounts::Brief;
use ::store::TenantTx;
use chrono::{DateTime, Utc};
use contacts::{IdentityMove, Sender};
use kernel::{Ctx, Error};
use messaging::{Inbound, InboundAccount, StatusEvidence};

/// How an item ended well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Processed,
    /// Kept, not shown, for this reason.
    Ignored(&'static str),
}

/// An item on its way: where it came through, when, and what is known of its account.
struct Coming<'a> {
    ctx: &'a Ctx,
    account: InboundAccount,
    business: Option<String>,
    provider_at: Option<DateTime<Utc>>,
    received_at: DateTime<Utc>,
}

/// Runs the effect of one item in the item's transaction.
pub(crate) async fn of(
    ctx: &Ctx,
    tx: &mut TenantTx,
    account: &Brief,
    event: &InboundEvent,
    received_at: DateTime<Utc>,
) -> Result<Effect, Error> {
    let coming = Coming {
        ctx,
        account: InboundAccount {
            id: account.id,
            kind: account.kind.clone(),
            unit_id: account.unit_id,
            simulation: account.simulation,
        },
        business: event.business_external_id.clone().or_else(|| account.business_account_id.clone()),
        provider_at: event.occurred_at,
        received_at,
    };
    match &event.kind {
        InboundKind::Message(message) => coming.message(tx, message).await,
        InboundKind::Echo(message) => coming.echo(tx, message).await,
        InboundKind::Edit(edit) => coming.edit(tx, edit).await,
        InboundKind::Revoke(revoke) => coming.revoke(tx, revoke).await,
        InboundKind::Reaction(reaction) => coming.reaction(tx, reaction).await,
        InboundKind::Status(status) => coming.status(tx, status).await,
        InboundKind::IdentityChange(change) => coming.identity(tx, change).await,
        InboundKind::Preference(_) => Ok(Effect::Ignored("preference")),
        InboundKind::AccountChange(_) => Ok(Effect::Ignored("account_change")),
        InboundKind::TemplateChange(_) => Ok(Effect::Ignored("template_change")),
        InboundKind::ThreadControl(_) => Ok(Effect::Ignored("thread_control")),
        InboundKind::Unknown(item) => Ok(Effect::Ignored(item.reason.as_str())),
    }
}

impl Coming<'_> {
    async fn message(&self, tx: &mut TenantTx, message: &InboundMessage) -> Result<Effect, Error> {
        messaging::receive(self.ctx, tx, self.inbound(message)).await?;
        Ok(Effect::Processed)
    }

    /// What staff wrote in the provider's app.
    async fn echo(&self, tx: &mut TenantTx, message: &InboundMessage) -> Result<Effect, Error> {
        messaging::record_echo(self.ctx, tx, self.inbound(message)).await?;
        Ok(Effect::Processed)
    }

    async fn edit(&self, tx: &mut TenantTx, edit: &InboundEdit) -> Result<Effect, Error> {
        let edit = messaging::InboundEdit {
            account: self.account.clone(),
            external_id: edit.external_id.clone(),
            target_external_id: edit.target_external_id.clone(),
            by_business: edit.by_business,
            kind: edit.kind,
            segments: edit.segments.clone(),
            at: self.at(),
            received_at: self.received_at,
        };
        messaging::apply_edit(self.ctx, tx, edit).await?;
        Ok(Effect::Processed)
    }

    async fn revoke(&self, tx: &mut TenantTx, revoke: &InboundRevoke) -> Result<Effect, Error> {
        let revoke = messaging::InboundRevoke {
            account: self.account.clone(),
            target_external_id: revoke.target_external_id.clone(),
            by_business: revoke.by_business,
            at: self.at(),
            received_at: self.received_at,
        };
        messaging::apply_revoke(self.ctx, tx, revoke).await?;
        Ok(Effect::Processed)
    }

    async fn reaction(&self, tx: &mut TenantTx, reaction: &InboundReaction) -> Result<Effect, Error> {
        let reaction = messaging::InboundReaction {
            account: self.account.clone(),
            contact: self.sender(&reaction.contact),
            target_external_id: reaction.target_external_id.clone(),
            by_business: reaction.by_business,
            emoji: reaction.emoji.clone(),
            at: self.at(),
            received_at: self.received_at,
        };
        messaging::apply_reaction(self.ctx, tx, reaction).await?;
        Ok(Effect::Processed)
    }

    async fn status(&self, tx: &mut TenantTx, status: &StatusUpdate) -> Result<Effect, Error> {
        let Some(evidence) = status.evidence(self.received_at) else { return Ok(Effect::Ignored("unknown_status")) };
        if let Some(error) = status.error.as_ref().filter(|error| error.class.stops_account()) {
            let reason = reason_of(error.class);
            accounts::provider_refuses(self.ctx, tx, self.account.id, reason).await?;
        }
        let evidence = StatusEvidence {
            external_id: status.external_id.clone(),
            tag: status.callback_tag.clone(),
            evidence,
            received_at: self.received_at,
        };
        messaging::apply_status(self.ctx, tx, self.account.id, evidence).await?;
        Ok(Effect::Processed)
    }

    async fn identity(&self, tx: &mut TenantTx, change: &IdentityChange) -> Result<Effect, Error> {
        if change.change == IdentityChangeKind::SecurityKey {
            return Ok(Effect::Ignored("security_key"));
        }
        let (previous, current) = (self.sender(&change.previous), self.sender(&change.current));
        match messaging::apply_identity_change(self.ctx, tx, &self.account, &previous, &current).await? {
            IdentityMove::Unknown => Ok(Effect::Ignored("unknown_contact")),
            IdentityMove::Moved { .. } | IdentityMove::KeptApart { .. } => Ok(Effect::Processed),
        }
    }

    fn inbound(&self, message: &InboundMessage) -> Inbound {
        Inbound {
            account: self.account.clone(),
            contact: self.sender(&message.contact),
            external_id: message.external_id.clone(),
            kind: message.kind,
            segments: message.segments.clone(),
            reply_to_external_id: message.reply_to_external_id.clone(),
            forwarded: message.forwarded || message.frequently_forwarded,
            standby: message.standby,
            provider_at: self.provider_at,
            received_at: self.received_at,
        }
    }

    fn sender(&self, address: &Address) -> Sender {
        Sender {
            phone_raw: address.phone_raw.clone(),
            bsuid: address.bsuid.clone(),
            parent_bsuid: address.parent_bsuid.clone(),
            profile_name: address.profile_name.clone(),
            scope: self.business.clone(),
            origin: self.account.kind.clone(),
            seen_at: self.received_at,
        }
    }

    /// The provider's time, else that of receipt.
    fn at(&self) -> DateTime<Utc> {
        self.provider_at.unwrap_or(self.received_at)
    }
}

/// Why an account cannot be used, in a stable word.
pub(crate) fn reason_of(class: ErrorClass) -> &'static str {
    match class {
        ErrorClass::Auth => "CREDENTIALS_REJECTED",
        ErrorClass::Account => "ACCOUNT_RESTRICTED",
        _ => "PROVIDER_REFUSES",
    }
}
