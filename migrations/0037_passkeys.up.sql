create table passkeys (
  id uuid not null,
  user_id uuid not null references users (id),
  credential_id bytea not null,
  -- Public key, counter and flags, as the WebAuthn library keeps them.
  credential jsonb not null,
  name text not null,
  created_at timestamptz not null,
  last_used_at timestamptz,
  constraint passkeys_pkey primary key (id),
  constraint passkeys_credential_key unique (credential_id),
  constraint passkeys_name_check check (char_length(name) between 1 and 60)
);
create index passkeys_user_idx on passkeys (user_id);

alter table passkeys enable row level security;
alter table passkeys force row level security;
create policy person on passkeys to balcao_app using (exists (
  select from memberships m
  where m.user_id = passkeys.user_id and m.organization_id = (select current_setting('app.organization_id')::uuid)));
create policy resolver on passkeys for select to balcao_resolver using (true);
grant select, insert, update, delete on passkeys to balcao_app;
grant select on passkeys to balcao_resolver;

-- Whose passkey it is: asked before the organization is known.
create function user_by_passkey(wanted bytea) returns table (user_id uuid)
language sql stable security definer set search_path = pg_catalog, public as $$
  select p.user_id from passkeys p where p.credential_id = wanted
$$;
alter function user_by_passkey owner to balcao_resolver;
revoke execute on function user_by_passkey from public;
grant execute on function user_by_passkey to balcao_app;
