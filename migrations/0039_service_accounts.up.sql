-- Machines that act in an organization: like members they hold roles, unlike them they come in with keys only.
create table service_accounts (
  id uuid not null,
  organization_id uuid not null references organizations (id),
  name text not null,
  name_folded text not null,
  description text not null default '',
  status text not null default 'active',
  created_by uuid,
  -- The row outlives the account: what it did keeps its author.
  deleted_at timestamptz,
  version bigint not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint service_accounts_pkey primary key (id, organization_id),
  constraint service_accounts_status_check check (status in ('active', 'disabled')),
  constraint service_accounts_name_check check (char_length(name) between 2 and 80),
  constraint service_accounts_description_check check (char_length(description) <= 500)
);
create unique index service_accounts_name_idx on service_accounts (organization_id, name_folded) where deleted_at is null;

-- Before the table is protected: the check of a new foreign key would otherwise be refused to the owner.
alter table role_assignments no force row level security;
alter table role_assignments
  alter column membership_id drop not null,
  add column service_account_id uuid,
  add column version bigint not null default 1,
  add column updated_at timestamptz,
  add constraint role_assignments_service_account_fkey foreign key (service_account_id, organization_id)
    references service_accounts (id, organization_id),
  add constraint role_assignments_principal_check check (num_nonnulls(membership_id, service_account_id) = 1);
alter table role_assignments force row level security;
create index role_assignments_service_account_idx on role_assignments (service_account_id, organization_id)
  where service_account_id is not null;
create index role_assignments_scope_idx on role_assignments (scope_id, organization_id) where scope_id is not null;

call protect_tenant_table('service_accounts');

-- What roles can be scoped to, as their owners offer it.
create view active_units with (security_invoker = true) as
select organization_id, id as unit_id from units where status = 'active';
create view live_channel_accounts with (security_invoker = true) as
select organization_id, id as channel_account_id from channel_accounts where status <> 'archived';
grant select on active_units, live_channel_accounts to balcao_app;

-- Archiving a unit or account ends its assignments, whichever command archives it; at the time that this command notes.
create function end_assignments_of_archived() returns trigger
language plpgsql set search_path = pg_catalog, public as $$
begin
  update role_assignments a
  set effective_to = new.updated_at, effective_from = least(a.effective_from, new.updated_at),
    version = a.version + 1, updated_at = new.updated_at
  where a.organization_id = new.organization_id and a.scope_id = new.id
    and (a.effective_to is null or a.effective_to > new.updated_at);
  return null;
end $$;
revoke execute on function end_assignments_of_archived from public;
create trigger units_archived after update of status on units
  for each row when (new.status = 'archived' and old.status <> 'archived') execute function end_assignments_of_archived();
create trigger channel_accounts_archived after update of status on channel_accounts
  for each row when (new.status = 'archived' and old.status <> 'archived') execute function end_assignments_of_archived();
