-- What a service account comes in with. The secret is shown once; here is its hash.
create table api_keys (
  id uuid not null,
  organization_id uuid not null,
  service_account_id uuid not null,
  -- The part that people may see: it names the key, it opens nothing.
  prefix text not null,
  secret_hash bytea not null,
  name text,
  scopes text[] not null,
  masks text[] not null default '{}',
  -- Networks it may come from (CIDR); empty: any.
  ip_allowlist text[] not null default '{}',
  expires_at timestamptz not null,
  last_used_at timestamptz,
  revoked_at timestamptz,
  revoked_reason text,
  -- The key that took its place.
  successor_id uuid,
  -- Days before the end of the last warning given; 0: its end was told.
  warned_days smallint,
  created_by uuid,
  created_at timestamptz not null,
  constraint api_keys_pkey primary key (id, organization_id),
  constraint api_keys_hash_key unique (secret_hash, organization_id),
  constraint api_keys_service_account_fkey foreign key (service_account_id, organization_id)
    references service_accounts (id, organization_id),
  constraint api_keys_life_check check (expires_at <= created_at + interval '365 days'),
  constraint api_keys_revoked_check check ((revoked_at is null) = (revoked_reason is null))
);
create index api_keys_hash_idx on api_keys (secret_hash);
create index api_keys_account_idx on api_keys (service_account_id, organization_id);
create index api_keys_expiry_idx on api_keys (expires_at) where revoked_at is null;
call protect_tenant_table('api_keys');
create policy resolver on api_keys for select to balcao_resolver using (true);
grant select on api_keys to balcao_resolver;

-- Which organization and key a secret belongs to: asked before the organization is known.
create function api_key_by_hash(wanted bytea)
returns table (organization_id uuid, api_key_id uuid)
language sql stable security definer set search_path = pg_catalog, public as $$
  select k.organization_id, k.id from api_keys k where k.secret_hash = wanted
$$;

-- Organizations with keys whose end has to be told: 14 and 3 days before, and when it came.
create function organizations_with_ending_keys(at timestamptz) returns setof uuid
language sql stable security definer set search_path = pg_catalog, public as $$
  select distinct k.organization_id from api_keys k
  where k.revoked_at is null and k.expires_at <= at + interval '14 days'
    and k.warned_days is distinct from 0
    and (k.warned_days is null or (k.warned_days > 3 and k.expires_at <= at + interval '3 days') or k.expires_at <= at)
$$;
alter function api_key_by_hash owner to balcao_resolver;
alter function organizations_with_ending_keys owner to balcao_resolver;
revoke execute on function api_key_by_hash, organizations_with_ending_keys from public;
grant execute on function api_key_by_hash to balcao_app;
grant execute on function organizations_with_ending_keys to balcao_app, balcao_worker;
