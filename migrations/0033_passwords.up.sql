-- Hashes that a person may not come back to. Nobody but the functions below reads or writes them.
create table password_history (
  user_id uuid not null references users (id),
  password_hash text not null,
  -- When it was replaced.
  replaced_at timestamptz not null,
  constraint password_history_pkey primary key (user_id, password_hash)
);
alter table password_history enable row level security;
alter table password_history force row level security;
create policy resolver on password_history to balcao_resolver using (true);
grant select, insert, delete on password_history to balcao_resolver;

-- A login as the person himself is known by: for links, own changes and mail.
create function login_by_id(wanted uuid)
returns table (user_id uuid, status text, email text, email_norm text, email_verified_at timestamptz, name text,
  language text, timezone text, password_hash text, password_changed_at timestamptz, must_change_password boolean,
  last_login_at timestamptz, last_organization_id uuid)
language sql stable security definer set search_path = pg_catalog, public as $$
  select u.id, u.status, u.email, u.email_norm, u.email_verified_at, u.name, u.language, u.timezone, u.password_hash,
    u.password_changed_at, u.must_change_password, u.last_login_at, u.last_organization_id
  from users u where u.id = wanted
$$;

-- Sign-in reads a little more of a login than before.
drop function login_by_email;
create function login_by_email(wanted text)
returns table (user_id uuid, status text, email text, email_norm text, email_verified_at timestamptz, name text,
  language text, timezone text, password_hash text, password_changed_at timestamptz, must_change_password boolean,
  last_login_at timestamptz, last_organization_id uuid)
language sql stable security definer set search_path = pg_catalog, public as $$
  select u.id, u.status, u.email, u.email_norm, u.email_verified_at, u.name, u.language, u.timezone, u.password_hash,
    u.password_changed_at, u.must_change_password, u.last_login_at, u.last_organization_id
  from users u where u.email_norm = wanted
$$;

-- The present hash and the newest replaced ones.
create function known_hashes(wanted uuid, how_many integer) returns setof text
language sql stable security definer set search_path = pg_catalog, public as $$
  (select u.password_hash from users u where u.id = wanted and u.password_hash is not null)
  union all
  (select h.password_hash from password_history h where h.user_id = wanted order by h.replaced_at desc limit greatest(how_many - 1, 0))
$$;

-- A new password of one's own choice: the old hash goes into the history, which keeps `keep` of them.
create function set_password(wanted uuid, new_hash text, keep integer, at timestamptz) returns void
language plpgsql security definer set search_path = pg_catalog, public as $$
begin
  insert into password_history (user_id, password_hash, replaced_at)
    select u.id, u.password_hash, at from users u where u.id = wanted and u.password_hash is not null
    on conflict do nothing;
  delete from password_history h where h.user_id = wanted and h.password_hash not in (
    select k.password_hash from password_history k where k.user_id = wanted order by k.replaced_at desc limit greatest(keep, 1));
  update users set password_hash = new_hash, password_changed_at = at, must_change_password = false,
    version = version + 1, updated_at = at where id = wanted;
end $$;

-- An old password still opens the door, to the one command that replaces it.
create function must_change_password(wanted uuid) returns void
language sql security definer set search_path = pg_catalog, public as $$
  update users set must_change_password = true where id = wanted
$$;

-- The address was proven. Says whether it was not before.
create function email_verified(wanted uuid, at timestamptz) returns boolean
language sql security definer set search_path = pg_catalog, public as $$
  with done as (
    update users set email_verified_at = at, version = version + 1, updated_at = at
    where id = wanted and email_verified_at is null returning 1)
  select exists (select from done)
$$;

alter function login_by_email owner to balcao_resolver;
alter function login_by_id owner to balcao_resolver;
alter function known_hashes owner to balcao_resolver;
alter function set_password owner to balcao_resolver;
alter function must_change_password owner to balcao_resolver;
alter function email_verified owner to balcao_resolver;
revoke execute on function login_by_email, login_by_id, known_hashes, set_password, must_change_password, email_verified from public;
grant execute on function login_by_email, login_by_id, known_hashes, set_password, must_change_password, email_verified to balcao_app;
