//! What `authorize` reads of this domain's things, for those who ask about one by its id.

use crate::store;
use kernel::ids::{ConversationId, MessageId};
use module::ResourceKind;
use std::sync::Arc;

/// A message is decided by its conversation.
pub(crate) fn resources() -> Vec<ResourceKind> {
    vec![
        ResourceKind {
            kind: "conversation",
            load: Arc::new(|tx, id| {
                Box::pin(async move {
                    let found = store::conversation(tx, ConversationId(id)).await?;
                    Ok(found.map(|conversation| conversation.resource(tx.organization_id())))
                })
            }),
        },
        ResourceKind {
            kind: "message",
            load: Arc::new(|tx, id| {
                Box::pin(async move {
                    let found = store::conversation_of_message(tx, MessageId(id)).await?;
                    Ok(found.map(|conversation| conversation.resource(tx.organization_id())))
                })
            }),
        },
    ]
}
