create table sessions (
  id uuid not null,
  organization_id uuid not null,
  membership_id uuid not null,
  user_id uuid not null references users (id),
  device_name text,
  user_agent text,
  ip_first text,
  ip_last text,
  amr text[] not null,
  created_at timestamptz not null,
  authenticated_at timestamptz not null,
  last_used_at timestamptz not null,
  expires_at timestamptz not null,
  revoked_at timestamptz,
  revoked_reason text,
  constraint sessions_pkey primary key (id, organization_id),
  constraint sessions_membership_fkey foreign key (membership_id, organization_id) references memberships (id, organization_id)
);
create index sessions_membership_idx on sessions (membership_id, organization_id) where revoked_at is null;
create index sessions_user_idx on sessions (user_id);
call protect_tenant_table('sessions');

create table refresh_tokens (
  token_hash bytea not null,
  organization_id uuid not null,
  session_id uuid not null,
  generation integer not null,
  created_at timestamptz not null,
  used_at timestamptz,
  constraint refresh_tokens_pkey primary key (token_hash, organization_id),
  constraint refresh_tokens_generation_key unique (session_id, generation, organization_id),
  constraint refresh_tokens_session_fkey foreign key (session_id, organization_id) references sessions (id, organization_id) on delete cascade
);
call protect_tenant_table('refresh_tokens');
create policy resolver on refresh_tokens for select to balcao_resolver using (true);
grant select on refresh_tokens to balcao_resolver;

-- Which organization and session a refresh token belongs to: asked before the organization is known.
create function session_by_refresh_token(wanted bytea)
returns table (organization_id uuid, session_id uuid)
language sql stable security definer set search_path = pg_catalog, public as $$
  select t.organization_id, t.session_id from refresh_tokens t where t.token_hash = wanted
$$;
alter function session_by_refresh_token owner to balcao_resolver;
revoke execute on function session_by_refresh_token from public;
grant execute on function session_by_refresh_token to balcao_app;
