//! Typed ids: one type a kind of thing, so that a contact's id cannot be passed for a message's.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! typed_ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
        #[serde(transparent)]
        #[sqlx(transparent)]
        #[schema(value_type = Uuid, example = "01990c5e-8f6a-7000-8000-000000000001")]
        pub struct $name(pub Uuid);

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }
        impl std::ops::Deref for $name {
            type Target = Uuid;
            fn deref(&self) -> &Uuid {
                &self.0
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    )+};
}

typed_ids! {
    /// The tenant: the border of isolation.
    OrganizationId,
    /// A person with one login in the whole installation (random, without a creation time in it).
    UserId,
    /// That person's place in one organization.
    MembershipId,
    /// A role of one organization, built-in or custom.
    RoleId,
    /// One sign-in of one person in one organization.
    SessionId,
    /// A part of an organization.
    UnitId,
    /// A customer or patient.
    ContactId,
    /// One address of a contact on one channel.
    IdentityId,
    /// The group of identities that are the same address (phone and business-scoped id of one WhatsApp user).
    AddressId,
    /// One configured number, mailbox, bot or widget.
    ChannelAccountId,
    /// The thread with a contact on a channel account.
    ConversationId,
    /// One entry in a conversation.
    MessageId,
    /// One file that came or goes with a message.
    AttachmentId,
    /// One stored file.
    FileId,
    /// One webhook body as it came in.
    InboundRawId,
    /// One item of such a body.
    InboundItemId,
    /// One try to hand a message to a provider.
    AttemptId,
    /// One fact of the event log.
    EventId,
}
