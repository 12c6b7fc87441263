//! Conversations and messages: how a thread lives, how a message is stored, ordered, sent and shown.
//!
//! Owns the tables `conversations`, `conversation_numbers`, `conversation_assignments`, `conversation_participants`,
//! `messages`, `message_attachments`, `message_external_ids`, `message_versions`, `parked_updates`, `outbound_sends`,
//! `send_attempts`; the permissions `messaging.*`; the events listed in [`EVENTS`]; the job kinds [`SEND_MESSAGE`] and
//! [`FETCH_MEDIA`] (channels run them); the rooms `inbox`, `conversation`, `unit`. Reads the view `channel_facts`.
//! Deliberately absent: any provider (channels fill [`Inbound`] and drive [`outbound`]), people and addresses (contacts),
//! and so far flows, snoozing, drafts, held sends, merges, tags, search and chat among users.

mod assign;
mod attachments;
mod author;
mod change;
pub mod content;
mod conversation;
mod delivery;
mod departures;
mod desk;
mod details;
mod echo;
mod events;
mod find;
mod handle;
mod inbound;
mod lifecycle;
mod limits;
mod list;
mod message;
mod note;
pub mod outbound;
mod parked;
mod receive;
mod reply;
mod resources;
mod retry;
mod routes;
mod seen;
mod sockets;
pub mod status;
mod statuses;
mod store;
mod system_line;
mod threading;
mod transition;
mod updates;
mod upkeep;
mod written;

pub use assign::{Assignment, assign, claim, release};
pub use attachments::{
    FETCH_MEDIA, FetchMedia, Fetched, PendingAttachment, attachment_failed, attachment_fetched, pending_attachment,
};
pub use author::{Author, Authors};
pub use conversation::{Conversation, ConversationStatus, Floor, Window};
pub use departures::forget_author;
pub use details::{DetailsBody, edit_details};
pub use echo::record_echo;
pub use events::EVENTS;
pub use find::{AttemptView, VersionView, attempts, find_conversation, find_message, may_view, versions};
pub use handle::{Messaging, Settings, module};
pub use inbound::{Applied, Inbound, InboundAccount, InboundEdit, InboundReaction, InboundRevoke, StatusEvidence};
pub use lifecycle::{CLOSE_REASONS, StatusBody, block_contact, close, reopen, set_archived, set_status};
pub use list::{ConversationFilter, ConversationSort, MessagePlace, list_conversations, list_messages};
pub use message::{Attachment, Message, ReplyTo, Sender, StoredReaction};
pub use note::{NoteBody, note};
pub use outbound::{SEND_MESSAGE, SendMessage};
pub use receive::{Received, receive};
pub use reply::{Posted, ReplyBody, ReplySegment, Then, reply};
pub use retry::retry;
pub use seen::{Seen, SeenBody, seen};
pub use statuses::apply_status;
pub use system_line::{add_system_line, apply_identity_change};
pub use transition::{Step, Trigger, allowed, steps};
pub use updates::{apply_edit, apply_reaction, apply_revoke};
