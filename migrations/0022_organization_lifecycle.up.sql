-- What an organization's life needs besides its status.
alter table organizations
  add column logo_file_id uuid,
  add column status_changed_at timestamptz,
  add column erased_at timestamptz,
  -- Counts that outlive an erasure.
  add column totals jsonb not null default '{}';
grant select (status_reason, closing_at, created_at, tax_id, kind, erased_at, version) on organizations to balcao_worker;
grant select (status_reason, closing_at, created_at, tax_id, kind, version) on organizations to balcao_resolver;
create index organizations_closing_idx on organizations (closing_at) where status = 'closing';

-- Names an organization had: they lead to it for a while, and nobody else may take them meanwhile.
create table former_slugs (
  slug text not null,
  organization_id uuid not null references organizations (id),
  -- Whether it still leads there; the name of an erased one is only kept from others.
  redirects boolean not null,
  kept_until timestamptz not null,
  constraint former_slugs_pkey primary key (slug, organization_id)
);
create index former_slugs_organization_idx on former_slugs (organization_id);
call protect_tenant_table('former_slugs');
create policy resolver on former_slugs for select to balcao_resolver using (true);
grant select on former_slugs to balcao_resolver;

-- Which organization had this name: asked before the organization is known.
create function organization_by_former_slug(wanted text, at timestamptz)
returns table (id uuid, slug text, name text, status text, suspension_mode text)
language sql stable security definer set search_path = pg_catalog, public as $$
  select o.id, o.slug, o.name, o.status, o.suspension_mode
  from former_slugs f join organizations o on o.id = f.organization_id
  where f.slug = wanted and f.redirects and f.kept_until > at order by f.kept_until desc limit 1
$$;

-- Whether another organization has this name or keeps it from others.
create function slug_is_kept(wanted text, for_organization uuid, at timestamptz) returns boolean
language sql stable security definer set search_path = pg_catalog, public as $$
  select exists (select from former_slugs f where f.slug = wanted and f.organization_id <> for_organization and f.kept_until > at)
$$;

create index organizations_tax_id_idx on organizations (tax_id) where tax_id is not null;

-- What other domains may know of their organization's standing.
create view organization_facts with (security_invoker = true) as
select o.id as organization_id,
  -- Whether what comes in is worked on, only kept, or refused.
  case when o.status = 'active' or (o.status = 'suspended' and o.suspension_mode = 'read_only') then 'processed'
    when o.status in ('suspended', 'closing') then 'kept' else 'refused' end as inbound,
  o.status = 'active' as outbound
from organizations o;
grant select on organization_facts to balcao_app;

alter function organization_by_former_slug owner to balcao_resolver;
alter function slug_is_kept owner to balcao_resolver;
revoke execute on function organization_by_former_slug, slug_is_kept from public;
grant execute on function organization_by_former_slug, slug_is_kept to balcao_app;

-- The first start shows a token once; whoever has it makes the first organization. Only its hash is here.
create table setup_token (
  one boolean not null default true,
  token_hash bytea not null,
  made_at timestamptz not null,
  used_at timestamptz,
  constraint setup_token_pkey primary key (one),
  constraint setup_token_one_check check (one)
);
alter table setup_token enable row level security;
alter table setup_token force row level security;
create policy whole on setup_token to balcao_app using (true);
grant select, insert, update on setup_token to balcao_app;

-- Whether any organization is here: asked at the start.
create function any_organization() returns boolean
language sql stable security definer set search_path = pg_catalog, public as $$
  select exists (select from organizations)
$$;
alter function any_organization owner to balcao_resolver;
revoke execute on function any_organization from public;
grant execute on function any_organization to balcao_app;

-- Archives of everything that an organization has.
create table organization_exports (
  id uuid not null,
  organization_id uuid not null references organizations (id),
  state text not null default 'waiting',
  blob_key text,
  size bigint,
  requested_by uuid,
  requested_at timestamptz not null,
  ready_at timestamptz,
  expires_at timestamptz,
  constraint organization_exports_pkey primary key (id, organization_id),
  constraint organization_exports_state_check check (state in ('waiting', 'ready', 'expired'))
);
create unique index organization_exports_waiting_idx on organization_exports (organization_id) where state = 'waiting';
call protect_tenant_table('organization_exports');
create policy worker on organization_exports for select to balcao_worker using (true);
grant select (organization_id, state, expires_at) on organization_exports to balcao_worker;

-- The log of an erased organization goes with it; of no other one can anything be removed.
create policy auditor on organizations for select to balcao_auditor using (true);
grant select (id, status) on organizations to balcao_auditor;
create policy auditor on events to balcao_auditor using (
  exists (select from organizations o where o.id = events.organization_id and o.status = 'erased'));
grant select (id, organization_id, occurred_at), delete on events to balcao_auditor;
create function erase_events(erased uuid, most integer) returns bigint
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  gone bigint;
begin
  delete from events e where (e.id, e.organization_id, e.occurred_at) in (
    select x.id, x.organization_id, x.occurred_at from events x where x.organization_id = erased limit most);
  get diagnostics gone = row_count;
  return gone;
end $$;
alter function erase_events owner to balcao_auditor;
revoke execute on function erase_events from public;
grant execute on function erase_events to balcao_app;
