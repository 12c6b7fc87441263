create table conversation_numbers (
  organization_id uuid not null references organizations (id),
  last_number bigint not null,
  constraint conversation_numbers_pkey primary key (organization_id)
);
call protect_tenant_table('conversation_numbers');

create table conversations (
  id uuid not null,
  organization_id uuid not null references organizations (id),
  number bigint not null,
  audience text not null,
  channel_account_id uuid,
  channel_kind text not null,
  contact_id uuid,
  identity_id uuid,
  address_id uuid,
  -- The contact as contacts last told it, so that a list is one index scan: name (null: unknown) and address of the thread.
  contact_name text,
  contact_address text,
  status text not null,
  status_reason text,
  snoozed_until timestamptz,
  archived_at timestamptz,
  merged_into_id uuid,
  unit_id uuid,
  owner_id uuid,
  -- Collaborators and observers, kept equal to conversation_participants: what the scope "own" reads.
  participants uuid[] not null default '{}',
  priority text not null default 'normal',
  subject text,
  summary text,
  language text,
  tags text[] not null default '{}',
  custom_attributes jsonb not null default '{}',
  origin text not null,
  handled_by text not null default 'none',
  last_seq bigint not null default 0,
  version bigint not null default 1,
  first_response_at timestamptz,
  waiting_since timestamptz,
  last_inbound_at timestamptz,
  last_outbound_at timestamptz,
  last_activity_at timestamptz not null,
  closed_at timestamptz,
  reopened_count integer not null default 0,
  previous_conversation_id uuid,
  thread_control text not null default 'ours',
  floor_holder text not null default 'nobody',
  floor_holder_id uuid,
  floor_token bigint not null default 1,
  floor_since timestamptz,
  window_opens_at timestamptz,
  window_closes_at timestamptz,
  window_evidence_id uuid,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint conversations_pkey primary key (id, organization_id),
  constraint conversations_audience_key unique (id, organization_id, audience),
  constraint conversations_number_key unique (organization_id, number),
  constraint conversations_account_fkey foreign key (channel_account_id, organization_id) references channel_accounts (id, organization_id),
  constraint conversations_contact_fkey foreign key (contact_id, organization_id) references contacts (id, organization_id),
  constraint conversations_identity_fkey foreign key (identity_id, organization_id) references contact_identities (id, organization_id),
  constraint conversations_unit_fkey foreign key (unit_id, organization_id) references units (id, organization_id),
  constraint conversations_owner_fkey foreign key (organization_id, owner_id) references memberships (organization_id, user_id),
  constraint conversations_audience_check check (audience in ('external', 'internal')),
  constraint conversations_external_check check (audience = 'internal'
    or (channel_account_id is not null and contact_id is not null and identity_id is not null and address_id is not null)),
  constraint conversations_status_check check (status in ('pending', 'open', 'waiting', 'snoozed', 'closed')),
  constraint conversations_closed_check check ((status = 'closed') = (closed_at is not null)),
  constraint conversations_priority_check check (priority in ('low', 'normal', 'high', 'urgent')),
  constraint conversations_handled_by_check check (handled_by in ('none', 'bot', 'human', 'mixed')),
  constraint conversations_floor_check check (floor_holder in ('nobody', 'flow', 'attendant', 'person'))
);
-- Single-thread channels: at most one non-closed conversation an address.
create unique index conversations_thread_idx on conversations (organization_id, channel_account_id, address_id)
  where status <> 'closed' and audience = 'external' and channel_kind in ('whatsapp', 'telegram', 'sms', 'webchat');
create index conversations_latest_idx on conversations (organization_id, channel_account_id, address_id, id);
create index conversations_activity_idx on conversations (organization_id, last_activity_at desc, id desc);
create index conversations_status_idx on conversations (organization_id, status, last_activity_at desc, id desc);
create index conversations_owner_idx on conversations (organization_id, owner_id, last_activity_at desc, id desc);
create index conversations_unit_idx on conversations (unit_id, organization_id);
create index conversations_contact_idx on conversations (contact_id, organization_id);
create index conversations_waiting_idx on conversations (organization_id, waiting_since, id) where waiting_since is not null;
create index conversations_identity_idx on conversations (identity_id, organization_id);
call protect_tenant_table('conversations');

create table conversation_assignments (
  id uuid not null,
  organization_id uuid not null,
  conversation_id uuid not null,
  user_id uuid not null,
  kind text not null default 'primary',
  reason text not null,
  assigned_by uuid,
  since timestamptz not null,
  until timestamptz,
  constraint conversation_assignments_pkey primary key (id, organization_id),
  constraint conversation_assignments_conversation_fkey foreign key (conversation_id, organization_id) references conversations (id, organization_id),
  constraint conversation_assignments_user_fkey foreign key (organization_id, user_id) references memberships (organization_id, user_id),
  constraint conversation_assignments_kind_check check (kind in ('primary', 'shadow', 'escalation'))
);
create unique index conversation_assignments_primary_idx on conversation_assignments (organization_id, conversation_id)
  where kind = 'primary' and until is null;
create index conversation_assignments_conversation_idx on conversation_assignments (conversation_id, organization_id);
create index conversation_assignments_user_idx on conversation_assignments (organization_id, user_id);
call protect_tenant_table('conversation_assignments');

create table conversation_participants (
  organization_id uuid not null,
  conversation_id uuid not null,
  user_id uuid not null,
  role text not null,
  source text not null,
  last_seen_seq bigint not null default 0,
  created_at timestamptz not null,
  constraint conversation_participants_pkey primary key (conversation_id, user_id, organization_id),
  constraint conversation_participants_conversation_fkey foreign key (conversation_id, organization_id) references conversations (id, organization_id),
  constraint conversation_participants_user_fkey foreign key (organization_id, user_id) references memberships (organization_id, user_id),
  constraint conversation_participants_role_check check (role in ('collaborator', 'observer', 'bot', 'none'))
);
create index conversation_participants_user_idx on conversation_participants (organization_id, user_id);
call protect_tenant_table('conversation_participants');
