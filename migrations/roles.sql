-- Roles are cluster-wide; this file is run by whoever may create roles, before the migrations, and may be run again.
-- Passwords are set by the product afterwards (derived from the installation's key), never here.
do $$
begin
  if not exists (select from pg_roles where rolname = 'balcao_owner') then create role balcao_owner nologin; end if;
  if not exists (select from pg_roles where rolname = 'balcao_app') then create role balcao_app login; end if;
  if not exists (select from pg_roles where rolname = 'balcao_worker') then create role balcao_worker login; end if;
  if not exists (select from pg_roles where rolname = 'balcao_resolver') then create role balcao_resolver nologin; end if;
  -- Owns the functions that remove audit entries: the product's own roles can only add them.
  if not exists (select from pg_roles where rolname = 'balcao_auditor') then create role balcao_auditor nologin; end if;
  if current_user <> 'balcao_owner' and not pg_has_role(current_user, 'balcao_owner', 'usage') then
    execute format('grant balcao_owner to %I', current_user);
  end if;
  if not pg_has_role('balcao_owner', 'balcao_resolver', 'usage') then grant balcao_resolver to balcao_owner; end if;
  if not pg_has_role('balcao_owner', 'balcao_auditor', 'usage') then grant balcao_auditor to balcao_owner; end if;
  execute format('grant connect on database %I to balcao_app, balcao_worker', current_database());
  execute format('grant create on database %I to balcao_owner', current_database());
end $$;

-- Limits: a request that waits longer than this is lost anyway, and an idle transaction holds the log's horizon.
alter role balcao_app set statement_timeout = '5s';
alter role balcao_app set lock_timeout = '1s';
alter role balcao_app set idle_in_transaction_session_timeout = '10s';
alter role balcao_worker set statement_timeout = '30s';
alter role balcao_worker set lock_timeout = '2s';
alter role balcao_worker set idle_in_transaction_session_timeout = '10s';

revoke create on schema public from public;
grant usage on schema public to balcao_app, balcao_worker, balcao_resolver, balcao_auditor;
grant usage, create on schema public to balcao_owner with grant option;
grant create on schema public to balcao_resolver, balcao_auditor;

-- Every statement of the product is made for one index, so its plan need not look at the parameters. Left alone, planning
-- anew costs the lists and batches (limits and arrays as parameters) more than running them.
alter role balcao_app set plan_cache_mode = force_generic_plan;
