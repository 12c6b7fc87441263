-- How long a session may lie unused: the organization's setting when it was opened or last refreshed.
alter table sessions add column idle_minutes integer not null default 10080;

-- All sessions of a person, in every organization, end with the change that asks for it: one command, one commit.
create policy resolver on sessions to balcao_resolver using (true);
grant select, update on sessions to balcao_resolver;
create function end_sessions_of(wanted uuid, but uuid, reason text, at timestamptz)
returns table (organization_id uuid, session_id uuid)
language sql security definer set search_path = pg_catalog, public as $$
  update sessions s set revoked_at = at, revoked_reason = reason
  where s.user_id = wanted and s.revoked_at is null and s.id is distinct from but
  returning s.organization_id, s.id
$$;
alter function end_sessions_of owner to balcao_resolver;
revoke execute on function end_sessions_of from public;
grant execute on function end_sessions_of to balcao_app;

-- Notes a sign-in on the login, unless its password changed since the one who signs in was looked at: a sign-in and a new
-- password come one after the other, and the one that comes later sees the other.
create function record_sign_in(wanted uuid, organization uuid, seen_hash text, better_hash text, at timestamptz) returns boolean
language plpgsql security definer set search_path = pg_catalog, public as $$
begin
  update users set last_login_at = at, last_organization_id = organization, password_hash = coalesce(better_hash, password_hash)
  where id = wanted and status = 'active' and password_hash is not distinct from seen_hash;
  return found;
end $$;
alter function record_sign_in owner to balcao_resolver;
revoke execute on function record_sign_in from public;
grant execute on function record_sign_in to balcao_app;

-- Devices that a person has signed in from, as keyed hashes: enough to know one again, not to say which it is.
create table known_devices (
  user_id uuid not null references users (id),
  device_hash bytea not null,
  first_seen_at timestamptz not null,
  last_seen_at timestamptz not null,
  constraint known_devices_pkey primary key (user_id, device_hash)
);
alter table known_devices enable row level security;
alter table known_devices force row level security;
create policy whole on known_devices to balcao_app using (true);
grant select, insert, update, delete on known_devices to balcao_app;
