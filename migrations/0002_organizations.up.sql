create table organizations (
  id uuid not null,
  slug text not null,
  name text not null,
  legal_name text,
  kind text not null,
  tax_id text,
  timezone text not null default 'America/Sao_Paulo',
  default_language text not null default 'pt-BR',
  languages text[] not null default '{pt-BR}',
  currency text not null default 'BRL',
  country text not null default 'BR',
  municipality_code text,
  status text not null default 'provisioning',
  suspension_mode text,
  status_reason text,
  closing_at timestamptz,
  simulation boolean not null default false,
  version bigint not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint organizations_pkey primary key (id),
  constraint organizations_slug_key unique (slug),
  constraint organizations_slug_check check (slug ~ '^[a-z0-9]([a-z0-9-]{1,61}[a-z0-9])$'),
  constraint organizations_name_check check (char_length(name) between 2 and 255),
  constraint organizations_kind_check check (kind in ('clinic', 'hospital', 'laboratory', 'imaging', 'pharmacy', 'company')),
  constraint organizations_status_check check (status in ('provisioning', 'active', 'suspended', 'closing', 'erased')),
  constraint organizations_suspension_mode_check check (suspension_mode in ('read_only', 'blocked')),
  constraint organizations_suspended_check check ((status = 'suspended') = (suspension_mode is not null))
);

alter table organizations enable row level security;
alter table organizations force row level security;
create policy tenant on organizations to balcao_app using (id = (select current_setting('app.organization_id')::uuid));
create policy worker on organizations for select to balcao_worker using (true);
create policy resolver on organizations for select to balcao_resolver using (true);
grant select, insert, update on organizations to balcao_app;
grant select (id, slug, name, status, suspension_mode, simulation, timezone) on organizations to balcao_worker, balcao_resolver;

-- Which organization a slug names: asked before the organization is known.
create function organization_by_slug(wanted text)
returns table (id uuid, slug text, name text, status text, suspension_mode text)
language sql stable security definer set search_path = pg_catalog, public as $$
  select o.id, o.slug, o.name, o.status, o.suspension_mode from organizations o where o.slug = wanted
$$;
alter function organization_by_slug owner to balcao_resolver;
revoke execute on function organization_by_slug from public;
grant execute on function organization_by_slug to balcao_app, balcao_worker;
