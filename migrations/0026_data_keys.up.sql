-- Each organization's own keys, wrapped by the installation's key provider. A destroyed one makes what it sealed unreadable.
create table data_keys (
  organization_id uuid not null references organizations (id),
  version integer not null,
  -- Null once it is destroyed.
  wrapped bytea,
  -- Which of the provider's keys wrapped it.
  wrapped_by text not null,
  created_at timestamptz not null,
  -- Seals from here on; until then every node learns of it.
  active_from timestamptz not null,
  destroyed_at timestamptz,
  constraint data_keys_pkey primary key (organization_id, version),
  constraint data_keys_destroyed_check check ((wrapped is null) = (destroyed_at is not null))
);
call protect_tenant_table('data_keys', 'select, insert, update');
create policy worker on data_keys for select to balcao_worker using (true);
grant select (organization_id, wrapped_by, destroyed_at) on data_keys to balcao_worker;
