//! The SQL of this domain. Every statement names the organization besides row-level security.

#[macro_use]
mod columns;
mod assignments;
mod attachments;
mod attempts;
mod conversations;
mod departures;
mod find;
mod list;
mod messages;
mod parked;
mod save;
mod versions;

pub(crate) use assignments::{OwnerChange, advance_seen, change_owner};
pub(crate) use attachments::{NewAttachment, attachment, attachments_of, insert_attachments, set_attachment};
pub(crate) use attempts::{
    AttemptRow, SendState, accept_attempt, attempt, attempts_of, begin_attempt, finish_attempt, lock_outgoing,
    lock_send, reset_send, save_send, simulate_attempt,
};
pub(crate) use conversations::{AccountFacts, NewDetails};
pub(crate) use conversations::{
    account_facts, active_of_contact, insert_conversation, latest_of_address, lock_conversation, lock_conversations,
    move_to_address, rename_contact, set_details, stuck_on_addresses, unit_exists,
};
pub(crate) use departures::{forget_author, live_work_of};
pub(crate) use find::{
    conversation, conversation_of_message, message_with_conversation, read_conversation, read_message,
    take_conversation,
};
pub(crate) use list::{
    ListKey, Take, Wanted, Whole, by_activity, by_contact, by_creation, by_number, by_owner, by_status, by_waiting,
    message_page,
};
pub(crate) use messages::{
    by_client_ids, by_external_id, clocks_to_restore, inbound_facts, lies_in, lock_external_id, lock_message,
    newer_than, record_external_id, save_content, save_delivery, save_reactions,
};
pub(crate) use parked::{NewParked, Parked, forget_parked, park, take_parked};
pub(crate) use save::{ExternalId, NewOwner, NewSend, Save, save, save_notes};
pub(crate) use versions::{has_version, insert_version, versions_of};
