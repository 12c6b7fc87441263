//! What a provider would know of our replies. Only `simulate` asks: it stands in for the provider, to whom each reply
//! was handed with the attempt's id as its tag.

use crate::failure::Failure;
use crate::house::Domains;
use kernel::ids::{AttemptId, ChannelAccountId, ConversationId, MessageId};
use kernel::{Ctx, PageRequest};
use messaging::{ConversationFilter, MessagePlace};
use store::TenantTx;

/// Conversations that are looked through for the newest reply.
const LOOK: u32 = 10;

/// A reply and the last attempt to hand it over.
#[derive(Debug)]
pub struct Reply {
    pub message_id: MessageId,
    pub channel_account_id: ChannelAccountId,
    pub attempt_id: AttemptId,
    /// The provider's id; in simulation there is none.
    pub external_id: Option<String>,
    /// Whether the attempt has ended.
    pub handed_over: bool,
}

/// The reply of this id, or else the newest one of the conversations that moved last. `None`: it was not handed to
/// anybody yet.
pub async fn reply(
    domains: &Domains,
    ctx: &Ctx,
    tx: &mut TenantTx,
    of: Option<MessageId>,
) -> Result<Option<Reply>, Failure> {
    let found = match of {
        Some(id) => {
            let message = messaging::find_message(ctx, tx, id).await?;
            Some((id, message.conversation_id))
        }
        None => newest(domains, ctx, tx).await?,
    };
    let Some((message_id, conversation_id)) = found else { return Ok(None) };
    let account = messaging::find_conversation(ctx, tx, conversation_id).await?.channel_account_id;
    let attempt = messaging::attempts(ctx, tx, message_id).await?.pop();
    let (Some(channel_account_id), Some(attempt)) = (account, attempt) else { return Ok(None) };
    let handed_over = attempt.finished_at.is_some();
    Ok(Some(Reply {
        message_id,
        channel_account_id,
        attempt_id: attempt.id,
        external_id: attempt.external_id,
        handed_over,
    }))
}

async fn newest(
    domains: &Domains,
    ctx: &Ctx,
    tx: &mut TenantTx,
) -> Result<Option<(MessageId, ConversationId)>, Failure> {
    let page = PageRequest { limit: LOOK, cursor: None };
    let moved = messaging::list_conversations(ctx, tx, &domains.cursors, &ConversationFilter::default(), &page).await?;
    let mut newest = None;
    for conversation in moved.data {
        let page = PageRequest { limit: 25, cursor: None };
        let place = MessagePlace::default();
        let messages = messaging::list_messages(ctx, tx, &domains.cursors, conversation.id, place, &page).await?;
        let replies = messages.data.into_iter().filter(|message| message.direction == "outbound");
        newest = newest.max(replies.map(|message| (message.created_at, message.id.0, conversation.id.0)).max());
    }
    Ok(newest.map(|(_, message, conversation)| (MessageId(message), ConversationId(conversation))))
}
