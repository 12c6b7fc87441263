-- What is on its way out. Only an outbound message of an external conversation fits: the keys say so.
create table outbound_sends (
  message_id uuid not null,
  organization_id uuid not null,
  direction text not null default 'outbound',
  audience text not null default 'external',
  purpose text not null default 'service',
  automated boolean not null default false,
  floor_token bigint,
  state text not null default 'waiting',
  tries integer not null default 0,
  -- When the outcome became unclear; evidence is awaited for two minutes from here.
  unclear_since timestamptz,
  created_at timestamptz not null,
  finished_at timestamptz,
  constraint outbound_sends_pkey primary key (message_id, organization_id),
  constraint outbound_sends_message_fkey foreign key (message_id, organization_id, direction, audience)
    references messages (id, organization_id, direction, audience),
  constraint outbound_sends_direction_check check (direction = 'outbound'),
  constraint outbound_sends_audience_check check (audience = 'external'),
  constraint outbound_sends_purpose_check check (purpose in ('service', 'transactional', 'marketing')),
  constraint outbound_sends_state_check check (state in ('waiting', 'calling', 'unclear', 'done'))
);
call protect_tenant_table('outbound_sends');

create table send_attempts (
  id uuid not null,
  organization_id uuid not null,
  message_id uuid not null,
  number integer not null,
  started_at timestamptz not null,
  lease_until timestamptz not null,
  finished_at timestamptz,
  outcome text,
  external_id text,
  address_used text,
  error jsonb,
  constraint send_attempts_pkey primary key (id, organization_id),
  constraint send_attempts_number_key unique (organization_id, message_id, number),
  constraint send_attempts_send_fkey foreign key (message_id, organization_id) references outbound_sends (message_id, organization_id),
  constraint send_attempts_outcome_check check (outcome in ('accepted', 'rejected', 'unclear', 'simulated'))
);
-- At most one running attempt a message.
create unique index send_attempts_running_idx on send_attempts (organization_id, message_id) where outcome is null;
create index send_attempts_send_idx on send_attempts (message_id, organization_id);
call protect_tenant_table('send_attempts');
