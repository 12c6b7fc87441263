-- The ordered log. Readers follow (txid, id) up to the oldest transaction still running, so that one which commits late
-- is never passed over. `txid` is the writing transaction, or the newest one that had ended when the event was written if
-- that is larger: of two that waited for one another (for a conversation's row), the later one then comes later, even if
-- it began first. It is never below the writing transaction, so the readers' horizon holds.
create table events (
  id bigint generated always as identity,
  txid bigint not null default (greatest(pg_current_xact_id()::text::bigint, pg_snapshot_xmax(pg_current_snapshot())::text::bigint - 1)),
  organization_id uuid not null,
  event_id uuid not null,
  kind text not null,
  version smallint not null,
  occurred_at timestamptz not null,
  stream_kind text not null,
  stream_id uuid not null,
  stream_seq bigint,
  actor_kind text not null,
  actor_id uuid,
  request_id text not null,
  audience jsonb not null,
  data jsonb not null,
  constraint events_pkey primary key (id, organization_id, occurred_at)
) partition by range (occurred_at);
create index events_position_idx on events (txid, id);
create index events_organization_idx on events (organization_id, txid, id);
create table events_default partition of events default;
alter table events_default enable row level security;
alter table events_default force row level security;
call protect_tenant_table('events', 'select, insert');
call open_to_worker('events', 'select');

-- Makes the partition of the month that holds `day` (owner's work, asked for by the maintenance job).
create function ensure_event_partition(day date) returns boolean
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  first date := date_trunc('month', day);
  name text := 'events_' || to_char(day, 'YYYY_MM');
begin
  if to_regclass('public.' || name) is not null then return false; end if;
  execute format('create table public.%I partition of public.events for values from (%L) to (%L)', name, first, (first + interval '1 month')::date);
  execute format('alter table public.%I enable row level security', name);
  execute format('alter table public.%I force row level security', name);
  return true;
end $$;
revoke execute on function ensure_event_partition from public;
grant execute on function ensure_event_partition to balcao_worker;

-- Clients' cursors carry the epoch: after a restore to an earlier time it changes and they start afresh.
create table installation (
  one boolean not null default true,
  epoch bigint not null default 1,
  constraint installation_pkey primary key (one),
  constraint installation_one_check check (one)
);
insert into installation default values;
grant select on installation to balcao_app, balcao_worker;

-- Durable place of each reader in the log.
create table reader_cursors (
  reader text not null,
  txid bigint not null,
  event bigint not null,
  leased_by uuid,
  leased_until timestamptz,
  updated_at timestamptz not null,
  constraint reader_cursors_pkey primary key (reader)
);
grant select, insert, update, delete on reader_cursors to balcao_worker;

-- Events that a reader could not take, in order per organization: the first is tried again, those behind it wait.
create table reader_backlog (
  reader text not null,
  organization_id uuid not null,
  txid bigint not null,
  event bigint not null,
  state text not null default 'waiting',
  attempts integer not null default 0,
  due_at timestamptz not null,
  error text,
  constraint reader_backlog_pkey primary key (reader, organization_id, txid, event),
  constraint reader_backlog_state_check check (state in ('waiting', 'dead'))
);
create index reader_backlog_due_idx on reader_backlog (reader, state, due_at);
call protect_tenant_table('reader_backlog', 'select');
call open_to_worker('reader_backlog');
