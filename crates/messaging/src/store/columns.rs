//! The columns of the two big rows, written once: a query is its `from ... where ...` and its parameters.

/// A checked query for whole `ConversationRow`s from `conversations` named `c`; the text goes on with `from`.
macro_rules! conversation_rows {
    ($tail:tt $(+ $more:tt)* $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            crate::conversation::ConversationRow,
            r#"select c.id as "id: ConversationId", c.number, c.audience, c.channel_account_id as "channel_account_id: ChannelAccountId",
                 c.channel_kind, c.contact_id as "contact_id: ContactId", c.identity_id as "identity_id: IdentityId",
                 c.address_id as "address_id: AddressId", c.contact_name, c.contact_address,
                 c.status as "status: ConversationStatus", c.status_reason, c.snoozed_until, c.archived_at,
                 c.merged_into_id as "merged_into_id: ConversationId", c.unit_id as "unit_id: UnitId", c.owner_id as "owner_id: UserId",
                 c.participants, c.priority, c.subject, c.summary, c.language, c.tags, c.origin, c.handled_by, c.last_seq, c.version,
                 c.first_response_at, c.waiting_since, c.last_inbound_at, c.last_outbound_at, c.last_activity_at, c.closed_at,
                 c.reopened_count, c.previous_conversation_id as "previous_conversation_id: ConversationId", c.thread_control,
                 c.floor_holder, c.floor_holder_id, c.floor_token, c.floor_since, c.window_opens_at, c.window_closes_at,
                 c.window_evidence_id as "window_evidence_id: MessageId", c.created_at, c.updated_at
               "# + $tail $(+ $more)*
            $(, $argument)*
        )
    };
}

/// The same inside a transaction; the text goes on after `from conversations c`.
macro_rules! conversation_query {
    ($tail:tt $(+ $more:tt)* $(, $argument:expr)* $(,)?) => {
        conversation_rows!("from conversations c " + $tail $(+ $more)* $(, $argument)*)
    };
}

/// The same for `store::Reads`: sets the organization `$1` first. The text goes on after
/// `where c.organization_id = .. and` and ends with `limit` or `offset`.
macro_rules! conversation_read {
    ($tail:tt $(+ $more:tt)* $(, $argument:expr)* $(,)?) => {
        conversation_rows!(
            "from (select set_config('app.organization_id', $1::uuid::text, true)::uuid as organization_id) tenant
             cross join lateral (select c.* from conversations c where c.organization_id = tenant.organization_id and " +
            $tail $(+ $more)* + ") c" $(, $argument)*
        )
    };
}

/// A checked query for whole `MessageRow`s from `messages` named `m`; the text goes on with `from`.
macro_rules! message_rows {
    ($tail:tt $(+ $more:tt)* $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            crate::message::MessageRow,
            r#"select m.id as "id: MessageId", m.conversation_id as "conversation_id: ConversationId", m.audience, m.seq, m.direction,
                 m.kind, m.sender_kind, m.sender_id, m.sender_name, m.source, m.segments as "segments: Json<Box<RawValue>>",
                 m.reply_to_id as "reply_to_id: MessageId", m.reply_to_external_id, m.client_id, m.client_fingerprint, m.status,
                 m.delivery as "delivery: Json<Delivery>", m.deferred_until, m.deferred_reason, m.expires_at, m.stale_override,
                 m.simulated, m.standby, m.forwarded, m.answered_since, m.was_first_response,
                 m.reactions as "reactions: Json<Vec<StoredReaction>>", m.metadata, m.created_at, m.received_at, m.provider_at,
                 m.edited_at, m.deleted_at
               "# + $tail $(+ $more)*
            $(, $argument)*
        )
    };
}

/// The same inside a transaction; the text goes on after `from messages m`.
macro_rules! message_query {
    ($tail:tt $(, $argument:expr)* $(,)?) => {
        message_rows!("from messages m " + $tail $(, $argument)*)
    };
}

/// The same for `store::Reads`, as `conversation_read!`.
macro_rules! message_read {
    ($tail:tt $(, $argument:expr)* $(,)?) => {
        message_rows!(
            "from (select set_config('app.organization_id', $1::uuid::text, true)::uuid as organization_id) tenant
             cross join lateral (select m.* from messages m where m.organization_id = tenant.organization_id and " +
            $tail + ") m" $(, $argument)*
        )
    };
}
