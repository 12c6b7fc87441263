-- One way to protect a tenant table: row-level security forced, one policy a role, rights named.
create procedure protect_tenant_table(name regclass, rights text default 'select, insert, update, delete')
language plpgsql set search_path = pg_catalog, public as $$
begin
  execute format('alter table %s enable row level security', name);
  execute format('alter table %s force row level security', name);
  execute format(
    'create policy tenant on %s to balcao_app using (organization_id = (select current_setting(''app.organization_id'')::uuid))', name);
  execute format('grant %s on %s to balcao_app', rights, name);
end $$;

-- Queue tables: besides, the worker role sees every organization's rows.
create procedure open_to_worker(name regclass, rights text default 'select, insert, update, delete')
language plpgsql set search_path = pg_catalog, public as $$
begin
  execute format('create policy worker on %s to balcao_worker using (true)', name);
  execute format('grant %s on %s to balcao_worker', rights, name);
end $$;

revoke execute on procedure protect_tenant_table, open_to_worker from public;
