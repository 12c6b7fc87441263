-- Where an audited fact came from (address, device), until the audit has taken it. Kept beside the log and not in it,
-- because nothing can be erased from the log.
create table event_origins (
  event_id uuid not null,
  organization_id uuid not null,
  ip text,
  user_agent text,
  session_id uuid,
  impersonator_id uuid,
  constraint event_origins_pkey primary key (event_id, organization_id)
);
call protect_tenant_table('event_origins', 'select, insert, delete');

-- The security audit: one chain an organization (and one of the installation, under the nil id). Rows are only added.
create table audit_entries (
  organization_id uuid not null,
  seq bigint not null,
  id uuid not null,
  event_id uuid not null,
  at timestamptz not null,
  action text not null,
  category text not null,
  actor_kind text not null,
  actor_id uuid,
  impersonator_id uuid,
  resource_type text not null,
  resource_id uuid not null,
  result text not null,
  request_id text not null,
  -- json, not jsonb: the text is hashed, so it must come back as it went in.
  details json not null,
  commitments json not null,
  prev_hash bytea not null,
  hash bytea not null,
  constraint audit_entries_pkey primary key (organization_id, seq),
  constraint audit_entries_id_key unique (organization_id, id),
  constraint audit_entries_event_key unique (organization_id, event_id),
  constraint audit_entries_result_check check (result in ('success', 'denied', 'failed'))
);
create index audit_entries_actor_idx on audit_entries (organization_id, actor_id, seq);
create index audit_entries_resource_idx on audit_entries (organization_id, resource_type, resource_id, seq);
create index audit_entries_action_idx on audit_entries (organization_id, action, seq);
create index audit_entries_at_idx on audit_entries (organization_id, at);
call protect_tenant_table('audit_entries', 'select, insert');

-- Personal values of entries: the chain holds salted commitments to them, so they can be destroyed without breaking it.
create table audit_values (
  organization_id uuid not null,
  seq bigint not null,
  field text not null,
  person_id uuid,
  salt bytea not null,
  -- Keyed hash of the value, to find it again by the whole value.
  lookup bytea not null,
  value_sealed bytea not null,
  constraint audit_values_pkey primary key (organization_id, seq, field)
);
create index audit_values_person_idx on audit_values (person_id, organization_id);
create index audit_values_lookup_idx on audit_values (organization_id, lookup, seq);
call protect_tenant_table('audit_values', 'select, insert');

-- What was removed by retention: the last entry that went, so that verification can start behind it.
create table audit_checkpoints (
  organization_id uuid not null,
  seq bigint not null,
  hash bytea not null,
  last_at timestamptz not null,
  signature bytea not null,
  created_at timestamptz not null,
  constraint audit_checkpoints_pkey primary key (organization_id, seq)
);
call protect_tenant_table('audit_checkpoints', 'select');

-- Requested exports; the file is made by a job.
create table audit_exports (
  id uuid not null,
  organization_id uuid not null,
  requested_by uuid not null,
  format text not null,
  filter jsonb not null,
  state text not null default 'waiting',
  entries bigint,
  blob_key text,
  size bigint,
  created_at timestamptz not null,
  ready_at timestamptz,
  expires_at timestamptz,
  constraint audit_exports_pkey primary key (id, organization_id),
  constraint audit_exports_format_check check (format in ('jsonl', 'csv')),
  constraint audit_exports_state_check check (state in ('waiting', 'ready', 'expired'))
);
call protect_tenant_table('audit_exports');

-- Which attribute of a record changed from what to what; kept as long as the record.
create table record_history (
  organization_id uuid not null,
  id uuid not null,
  event_id uuid not null,
  at timestamptz not null,
  resource_type text not null,
  resource_id uuid not null,
  actor_kind text not null,
  actor_id uuid,
  action text not null,
  request_id text not null,
  changes jsonb not null,
  constraint record_history_pkey primary key (organization_id, id),
  constraint record_history_event_key unique (organization_id, event_id)
);
create index record_history_resource_idx on record_history (organization_id, resource_type, resource_id, id);
call protect_tenant_table('record_history', 'select, insert');

-- Removing is the work of another role than the product's own, reached by the worker role through two functions.
create policy auditor on audit_entries to balcao_auditor using (true);
create policy auditor on audit_values to balcao_auditor using (true);
create policy auditor on audit_checkpoints to balcao_auditor using (true);
grant select, delete on audit_entries to balcao_auditor;
grant select, delete on audit_values to balcao_auditor;
grant select, insert on audit_checkpoints to balcao_auditor;

-- Removes the entries up to and including `upto` and leaves a checkpoint; answers how many went.
create function audit_prune(organization uuid, upto bigint, signature bytea, at timestamptz) returns bigint
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  gone bigint;
begin
  insert into audit_checkpoints (organization_id, seq, hash, last_at, signature, created_at)
  select e.organization_id, e.seq, e.hash, e.at, audit_prune.signature, audit_prune.at
  from audit_entries e where e.organization_id = organization and e.seq = upto;
  if not found then return 0; end if;
  delete from audit_values v where v.organization_id = organization and v.seq <= upto;
  delete from audit_entries e where e.organization_id = organization and e.seq <= upto;
  get diagnostics gone = row_count;
  return gone;
end $$;

-- Destroys the personal values of one person's entries; the chain stays whole.
create function audit_forget(organization uuid, person uuid) returns bigint
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  gone bigint;
begin
  delete from audit_values v where v.organization_id = organization and v.person_id = person;
  get diagnostics gone = row_count;
  return gone;
end $$;

alter function audit_prune owner to balcao_auditor;
alter function audit_forget owner to balcao_auditor;
revoke execute on function audit_prune, audit_forget from public;
grant execute on function audit_prune, audit_forget to balcao_worker;
