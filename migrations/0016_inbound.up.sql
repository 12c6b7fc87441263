-- Webhook bodies as they came, sealed; one body may concern several organizations, so it belongs to the installation.
create table inbound_raw (
  id uuid not null,
  connector text not null,
  received_at timestamptz not null,
  headers jsonb not null,
  body_sealed bytea not null,
  -- Keyed: an identical redelivery is known without the body being readable.
  body_hash bytea not null,
  state text not null default 'stored',
  attempts integer not null default 0,
  error text,
  processed_at timestamptz,
  constraint inbound_raw_pkey primary key (id),
  constraint inbound_raw_hash_key unique (body_hash, connector),
  constraint inbound_raw_state_check check (state in ('stored', 'processed', 'ignored', 'dead'))
);
create index inbound_raw_waiting_idx on inbound_raw (received_at, id) where state = 'stored';
create index inbound_raw_age_idx on inbound_raw (received_at);
alter table inbound_raw enable row level security;
alter table inbound_raw force row level security;
create policy worker on inbound_raw to balcao_worker using (true);
grant select, insert, update, delete on inbound_raw to balcao_worker;

-- What a body holds, item by item, each with its own dedupe key.
create table inbound_items (
  id uuid not null,
  organization_id uuid not null references organizations (id),
  channel_account_id uuid not null,
  raw_id uuid not null,
  position integer not null,
  kind text not null,
  dedupe_key text not null,
  -- Items of one sender run in order of receipt; a keyed hash, so that no address stands here.
  sender_key text not null,
  -- Null once it is old: the key stays, so that a late repetition is still known.
  event_sealed bytea,
  state text not null default 'stored',
  -- Failed runs; for an ignored item, why it is not shown.
  attempts integer not null default 0,
  error text,
  received_at timestamptz not null,
  processed_at timestamptz,
  constraint inbound_items_pkey primary key (id, organization_id),
  constraint inbound_items_dedupe_key unique (organization_id, channel_account_id, dedupe_key),
  constraint inbound_items_account_fkey foreign key (channel_account_id, organization_id) references channel_accounts (id, organization_id),
  constraint inbound_items_state_check check (state in ('stored', 'processed', 'ignored', 'dead'))
);
create index inbound_items_list_idx on inbound_items (organization_id, channel_account_id, state, id);
create index inbound_items_account_idx on inbound_items (channel_account_id, organization_id);
call protect_tenant_table('inbound_items');
-- Only to forget old contents.
call open_to_worker('inbound_items', 'select (id, event_sealed), update (event_sealed)');

-- Items whose number no account of the installation owns, kept to be replayed when one is activated.
create table unrouted_items (
  id uuid not null,
  connector text not null,
  external_id text,
  raw_id uuid not null,
  position integer not null,
  received_at timestamptz not null,
  constraint unrouted_items_pkey primary key (id),
  constraint unrouted_items_position_key unique (raw_id, position)
);
create index unrouted_items_account_idx on unrouted_items (connector, external_id, received_at, position);
alter table unrouted_items enable row level security;
alter table unrouted_items force row level security;
create policy worker on unrouted_items to balcao_worker using (true);
grant select, insert, delete on unrouted_items to balcao_worker;
