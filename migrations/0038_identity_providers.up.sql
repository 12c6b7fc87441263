create table identity_providers (
  id uuid not null,
  organization_id uuid not null references organizations (id),
  name text not null,
  issuer text not null,
  client_id text not null,
  secret_sealed bytea not null,
  domains text[] not null,
  jit boolean not null default false,
  -- Roles by id: a role made anew under an old name is not meant.
  default_role_id uuid not null,
  group_claim text not null default 'groups',
  group_role_map jsonb not null default '{}',
  enforced boolean not null default false,
  break_glass_user_id uuid,
  version bigint not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint identity_providers_pkey primary key (id, organization_id),
  constraint identity_providers_name_check check (char_length(name) between 1 and 80),
  constraint identity_providers_break_glass_check check (not enforced or break_glass_user_id is not null)
);
create index identity_providers_organization_idx on identity_providers (organization_id);
call protect_tenant_table('identity_providers');
create policy resolver on identity_providers for select to balcao_resolver using (true);
grant select on identity_providers to balcao_resolver;

-- Who a person is at a provider: of the platform by its key, of an organization by the provider's id.
create table user_identities (
  id uuid not null,
  user_id uuid not null references users (id),
  provider text not null,
  issuer text not null,
  subject text not null,
  created_at timestamptz not null,
  last_used_at timestamptz,
  constraint user_identities_pkey primary key (id),
  constraint user_identities_subject_key unique (provider, issuer, subject)
);
create index user_identities_user_idx on user_identities (user_id);

alter table user_identities enable row level security;
alter table user_identities force row level security;
create policy person on user_identities to balcao_app using (exists (
  select from memberships m
  where m.user_id = user_identities.user_id and m.organization_id = (select current_setting('app.organization_id')::uuid)));
create policy resolver on user_identities for select to balcao_resolver using (true);
grant select, insert, update, delete on user_identities to balcao_app;
grant select on user_identities to balcao_resolver;

create function organization_of_provider(wanted uuid) returns table (organization_id uuid)
language sql stable security definer set search_path = pg_catalog, public as $$
  select p.organization_id from identity_providers p where p.id = wanted
$$;
create function user_by_identity(wanted_provider text, wanted_issuer text, wanted_subject text) returns table (user_id uuid)
language sql stable security definer set search_path = pg_catalog, public as $$
  select i.user_id from user_identities i
  where i.provider = wanted_provider and i.issuer = wanted_issuer and i.subject = wanted_subject
$$;
alter function organization_of_provider owner to balcao_resolver;
alter function user_by_identity owner to balcao_resolver;
revoke execute on function organization_of_provider, user_by_identity from public;
grant execute on function organization_of_provider, user_by_identity to balcao_app;
