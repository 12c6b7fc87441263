//! What must hold before a reply is stored; read under the conversation's lock.

use super::{Made, NewReply};
use crate::conversation::{ConversationRow, ConversationStatus};
use crate::message::{Message, MessageRow};
use crate::store::{self, AccountFacts};
use ::store::TenantTx;
use kernel::ids::{ChannelAccountId, ConversationId, MessageId};
use kernel::{Error, ErrorKind, Permission};
use serde_json::json;
use std::collections::HashMap;
use uuid::Uuid;

/// What was read for a whole batch.
pub(super) struct Known {
    pub accounts: HashMap<ChannelAccountId, AccountFacts>,
    /// Stored before under a client id of the batch.
    repeated: Vec<MessageRow>,
}

/// How a reply passed.
pub(super) enum Passed {
    /// To be stored; the quoted message was found.
    New(Option<MessageId>),
    /// It is stored already.
    Stored(Box<Message>),
}

impl Known {
    pub async fn load(
        tx: &mut TenantTx,
        replies: &[NewReply],
        rows: &HashMap<ConversationId, ConversationRow>,
    ) -> Result<Self, Error> {
        let mut accounts: Vec<Uuid> = rows.values().filter_map(|row| row.channel_account_id).map(|id| id.0).collect();
        accounts.sort_unstable();
        accounts.dedup();
        let accounts = if accounts.is_empty() { Vec::new() } else { store::account_facts(tx, &accounts).await? };
        let (mut conversations, mut senders, mut client_ids) = (Vec::new(), Vec::new(), Vec::new());
        for reply in replies {
            if let (Some(sender), Some(client_id)) = (reply.author.id, &reply.body.client_id) {
                conversations.push(reply.conversation_id.0);
                senders.push(sender);
                client_ids.push(client_id.clone());
            }
        }
        // After the lock, in a statement of its own: who stored such a message before has committed by now.
        let repeated = if client_ids.is_empty() {
            Vec::new()
        } else {
            store::by_client_ids(tx, &conversations, &senders, &client_ids).await?
        };
        Ok(Self { accounts: accounts.into_iter().map(|facts| (facts.id, facts)).collect(), repeated })
    }
}

/// Checks one reply; `made` are those of the same batch before it.
pub(super) async fn check(
    tx: &mut TenantTx,
    reply: &NewReply,
    row: Option<&ConversationRow>,
    known: &mut Known,
    made: &[Made],
) -> Result<Passed, Error> {
    let row = row.ok_or_else(Error::not_found)?;
    let ctx = &reply.ctx;
    reply.author.require(ctx, Permission::MESSAGING_REPLY, &row.resource(ctx.organization_id()))?;
    if let Some(stored) = stored_before(reply, known, made)? {
        return Ok(Passed::Stored(Box::new(stored)));
    }
    reply.body.validate()?;
    if let Some(target) = row.merged_into_id {
        return Err(Error::new(
            ErrorKind::Conflict,
            "CONVERSATION_MERGED",
            "This conversation was merged into another.",
        )
        .with("target_id", target.to_string()));
    }
    if !row.is_external() {
        return Err(Error::new(
            ErrorKind::Invalid,
            "CAPABILITY_MISSING",
            "Internal conversations are written to by chat.",
        ));
    }
    if reply.author.kind != "user" {
        identity::limits::machines_go_on(ctx, tx).await?;
    }
    may_leave(tx, reply, row, known).await?;
    not_stale(tx, reply, row, made).await?;
    let quoted = match reply.body.reply_to {
        Some(quoted) => Some(quoted_message(tx, row, quoted, made).await?),
        None => None,
    };
    Ok(Passed::New(quoted))
}

fn stored_before(reply: &NewReply, known: &Known, made: &[Made]) -> Result<Option<Message>, Error> {
    let (Some(client_id), Some(sender)) = (&reply.body.client_id, reply.author.id) else { return Ok(None) };
    let same = |message: &&MessageRow| {
        message.conversation_id == reply.conversation_id
            && message.sender_id == Some(sender)
            && message.client_id.as_ref() == Some(client_id)
    };
    let found = known.repeated.iter().find(same).or_else(|| made.iter().map(|one| &one.message).find(same));
    match found {
        None => Ok(None),
        Some(message) if message.client_fingerprint.as_deref() == Some(&reply.body.fingerprint()) => {
            Ok(Some(message.show(Vec::new())))
        }
        Some(_) => Err(Error::new(
            ErrorKind::Invalid,
            "IDEMPOTENCY_KEY_REUSED",
            "This client_id was used for another message.",
        )),
    }
}

/// Account, block, window.
async fn may_leave(tx: &mut TenantTx, reply: &NewReply, row: &ConversationRow, known: &Known) -> Result<(), Error> {
    let account = row.channel_account_id.and_then(|id| known.accounts.get(&id)).ok_or_else(Error::not_found)?;
    if matches!(account.status.as_str(), "draft" | "archived") {
        return Err(Error::new(
            ErrorKind::Conflict,
            "ACCOUNT_NOT_ACTIVE",
            "The channel account of this conversation is not active.",
        ));
    }
    // Blocking closes every thread, so only a closed one can be a blocked contact's.
    if row.status == ConversationStatus::Closed
        && let Some(contact) = row.contact_id
        && contacts::is_blocked(tx, contact).await?
    {
        return Err(Error::new(ErrorKind::Invalid, "CONTACT_BLOCKED", "This contact is blocked."));
    }
    if !row.window_is_open(reply.ctx.now()) {
        return Err(Error::new(
            ErrorKind::Invalid,
            "WINDOW_CLOSED",
            "The contact has not written within the last 24 hours; free text cannot be sent.",
        )
        .with("window_closes_at", json!(row.window_closes_at))
        .with("templates", json!([])));
    }
    Ok(())
}

/// Nobody else said anything to the contact, nor the contact to us, since the writer looked.
async fn not_stale(tx: &mut TenantTx, reply: &NewReply, row: &ConversationRow, made: &[Made]) -> Result<(), Error> {
    let Some(expected) = reply.body.expected_last_seq else { return Ok(()) };
    if expected >= row.last_seq || reply.body.override_stale {
        return Ok(());
    }
    let mut newer: Vec<Message> = store::newer_than(tx, row.id, expected, reply.author.id)
        .await?
        .iter()
        .map(|message| message.show(Vec::new()))
        .collect();
    let of_others = made.iter().map(|one| &one.message).filter(|message| {
        message.conversation_id == row.id && message.seq > expected && message.sender_id != reply.author.id
    });
    newer.extend(of_others.map(|message| message.show(Vec::new())));
    newer.truncate(20);
    if newer.is_empty() {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Conflict, "STALE_REPLY", "Somebody wrote since you looked; read it, then send again.")
        .with("last_seq", row.last_seq)
        .with("newer", serde_json::to_value(newer).unwrap_or_default()))
}

async fn quoted_message(
    tx: &mut TenantTx,
    row: &ConversationRow,
    id: MessageId,
    made: &[Made],
) -> Result<MessageId, Error> {
    let in_batch = made.iter().any(|one| one.message.id == id && one.message.conversation_id == row.id);
    let there = in_batch || store::lies_in(tx, row.id, id).await?;
    there.then_some(id).ok_or_else(|| {
        Error::new(
            ErrorKind::Invalid,
            "REPLY_TARGET_NOT_FOUND",
            "The message to answer is not one of this conversation.",
        )
    })
}
