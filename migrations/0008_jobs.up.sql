create table jobs (
  id bigint generated always as identity,
  lane smallint not null,
  -- All zeros for the installation's own work.
  organization_id uuid not null,
  kind text not null,
  payload jsonb not null,
  -- When it may start; while it runs: until when its worker is believed alive.
  run_at timestamptz not null,
  deadline timestamptz,
  attempts smallint not null default 0,
  lease uuid,
  unique_key text,
  -- Jobs of one key run one after the other, in order.
  order_key text,
  request_id text not null,
  last_error text,
  created_at timestamptz not null,
  constraint jobs_pkey primary key (id)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);
create index jobs_due_idx on jobs (lane, organization_id, run_at, id);
-- One waiting job a key; while one runs, the next may wait behind it.
create unique index jobs_unique_idx on jobs (organization_id, kind, unique_key) where unique_key is not null and lease is null;
create index jobs_order_idx on jobs (order_key, id) where order_key is not null;
call protect_tenant_table('jobs', 'select, insert');
call open_to_worker('jobs');

create table dead_jobs (
  id bigint not null,
  lane smallint not null,
  organization_id uuid not null,
  kind text not null,
  payload jsonb not null,
  attempts smallint not null,
  order_key text,
  request_id text not null,
  error text not null,
  created_at timestamptz not null,
  died_at timestamptz not null,
  constraint dead_jobs_pkey primary key (id)
);
create index dead_jobs_organization_idx on dead_jobs (organization_id, died_at);
call protect_tenant_table('dead_jobs', 'select');
call open_to_worker('dead_jobs');

-- When each schedule fired last, so that a restart neither skips nor doubles.
create table schedule_runs (
  name text not null,
  last_due_at timestamptz not null,
  constraint schedule_runs_pkey primary key (name)
);
grant select, insert, update, delete on schedule_runs to balcao_worker;
