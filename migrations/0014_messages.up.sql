create table messages (
  id uuid not null,
  organization_id uuid not null,
  conversation_id uuid not null,
  audience text not null default 'external',
  seq bigint not null,
  direction text not null,
  kind text not null,
  sender_kind text not null,
  sender_id uuid,
  sender_name text,
  source text not null,
  segments jsonb not null,
  reply_to_id uuid,
  reply_to_external_id text,
  client_id text,
  -- What the client id was used with: repeating it with another body is refused.
  client_fingerprint bytea,
  -- Outbound only: shown status, and what is known of each state (a lattice: it only grows).
  status text,
  delivery jsonb,
  deferred_until timestamptz,
  deferred_reason text,
  expires_at timestamptz,
  stale_override boolean not null default false,
  simulated boolean not null default false,
  standby boolean not null default false,
  forwarded boolean not null default false,
  -- What this reply ended, to be given back if it fails for good and no other followed.
  answered_since timestamptz,
  was_first_response boolean not null default false,
  -- One entry a reactor: {"kind", "id", "emoji", "at"}; an empty emoji is a removed reaction.
  reactions jsonb not null default '[]',
  metadata jsonb not null default '{}',
  created_at timestamptz not null,
  received_at timestamptz,
  provider_at timestamptz,
  edited_at timestamptz,
  deleted_at timestamptz,
  constraint messages_pkey primary key (id, organization_id),
  constraint messages_seq_key unique (organization_id, conversation_id, seq),
  constraint messages_sendable_key unique (id, organization_id, direction, audience),
  constraint messages_conversation_fkey foreign key (conversation_id, organization_id, audience)
    references conversations (id, organization_id, audience),
  constraint messages_reply_fkey foreign key (reply_to_id, organization_id) references messages (id, organization_id),
  constraint messages_seq_check check (seq > 0),
  constraint messages_direction_check check (direction in ('inbound', 'outbound', 'internal')),
  constraint messages_private_check check (kind not in ('note', 'system') or direction = 'internal'),
  constraint messages_status_check check ((direction = 'outbound') = (status is not null)),
  constraint messages_status_name_check check (status in ('queued', 'accepted', 'sent', 'delivered', 'read', 'played', 'failed')),
  constraint messages_sender_check check (sender_kind in
    ('contact', 'user', 'service_account', 'flow', 'attendant', 'automation', 'system'))
);
create unique index messages_client_idx on messages (organization_id, conversation_id, sender_id, client_id)
  where client_id is not null;
create index messages_reply_idx on messages (reply_to_id, organization_id) where reply_to_id is not null;
call protect_tenant_table('messages');

create table message_attachments (
  id uuid not null,
  organization_id uuid not null,
  message_id uuid not null,
  position smallint not null,
  name text not null,
  mime_type text not null,
  size bigint,
  sha256 text,
  provider_ref text,
  file_id uuid,
  fetch_status text not null default 'pending',
  fetch_error text,
  scan_status text not null default 'pending',
  expires_at timestamptz,
  constraint message_attachments_pkey primary key (id, organization_id),
  constraint message_attachments_message_fkey foreign key (message_id, organization_id) references messages (id, organization_id),
  constraint message_attachments_file_fkey foreign key (file_id, organization_id) references stored_files (id, organization_id),
  constraint message_attachments_fetch_check check (fetch_status in ('pending', 'fetched', 'failed', 'expired')),
  constraint message_attachments_scan_check check (scan_status in ('pending', 'clean', 'infected', 'failed', 'skipped'))
);
create index message_attachments_message_idx on message_attachments (message_id, organization_id);
create index message_attachments_file_idx on message_attachments (file_id, organization_id) where file_id is not null;
call protect_tenant_table('message_attachments');

-- A provider's id of a message; the primary key is also what makes a second copy impossible.
create table message_external_ids (
  organization_id uuid not null,
  channel_account_id uuid not null,
  direction text not null,
  external_id text not null,
  message_id uuid not null,
  part smallint not null default 0,
  -- Which attempt the provider answered with this id.
  attempt integer not null default 1,
  constraint message_external_ids_pkey primary key (external_id, channel_account_id, direction, organization_id),
  constraint message_external_ids_account_fkey foreign key (channel_account_id, organization_id) references channel_accounts (id, organization_id),
  constraint message_external_ids_message_fkey foreign key (message_id, organization_id) references messages (id, organization_id)
);
create index message_external_ids_message_idx on message_external_ids (message_id, organization_id);
create index message_external_ids_account_idx on message_external_ids (channel_account_id, organization_id);
call protect_tenant_table('message_external_ids');

create table message_versions (
  organization_id uuid not null,
  message_id uuid not null,
  version integer not null,
  segments jsonb not null,
  external_id text,
  at timestamptz not null,
  constraint message_versions_pkey primary key (message_id, version, organization_id),
  constraint message_versions_message_fkey foreign key (message_id, organization_id) references messages (id, organization_id)
);
call protect_tenant_table('message_versions');

-- What came for a message that is not known yet: statuses, reactions, edits, revocations.
create table parked_updates (
  id uuid not null,
  organization_id uuid not null,
  channel_account_id uuid not null,
  kind text not null,
  direction text not null,
  external_id text not null,
  callback_tag text,
  payload jsonb not null,
  received_at timestamptz not null,
  expires_at timestamptz not null,
  constraint parked_updates_pkey primary key (id, organization_id),
  constraint parked_updates_account_fkey foreign key (channel_account_id, organization_id) references channel_accounts (id, organization_id),
  constraint parked_updates_kind_check check (kind in ('status', 'reaction', 'edit', 'revoke'))
);
create index parked_updates_target_idx on parked_updates (organization_id, channel_account_id, external_id);
create index parked_updates_tag_idx on parked_updates (organization_id, callback_tag) where callback_tag is not null;
create index parked_updates_account_idx on parked_updates (channel_account_id, organization_id);
call protect_tenant_table('parked_updates');
