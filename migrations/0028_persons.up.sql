-- What belongs to one person alone is sealed with a key of that person; erasing the person destroys the key, so that
-- what an old backup or a forgotten copy still holds cannot be read. Only functions reach the keys.
create table person_keys (
  user_id uuid not null references users (id),
  key_sealed bytea,
  created_at timestamptz not null,
  destroyed_at timestamptz,
  constraint person_keys_pkey primary key (user_id),
  constraint person_keys_destroyed_check check ((key_sealed is null) = (destroyed_at is not null))
);
alter table person_keys enable row level security;
alter table person_keys force row level security;
create policy resolver on person_keys to balcao_resolver using (true);
grant select, insert, update on person_keys to balcao_resolver;

alter table users drop column phone;
alter table users
  add column phone_sealed bytea,
  add column pending_email_sealed bytea,
  -- The address before the last change, while the change can be undone.
  add column previous_email_sealed bytea,
  add column previous_email_until timestamptz,
  add column avatar_file_id uuid,
  add column avatar_key text,
  add column avatar_type text,
  -- When the login is to be erased, and why: asked for by the person, or nobody's member any more.
  add column erase_at timestamptz,
  add column erase_cause text,
  add constraint users_erase_check check ((erase_at is null) = (erase_cause is null)),
  add constraint users_erase_cause_check check (erase_cause in ('own', 'alone'));
create index users_erase_idx on users (erase_at) where erase_at is not null;
grant select (phone_sealed, pending_email_sealed, previous_email_sealed, previous_email_until, avatar_file_id, avatar_key, avatar_type, erase_at, erase_cause),
  update (phone_sealed, pending_email_sealed, previous_email_sealed, previous_email_until, avatar_file_id, avatar_key, avatar_type)
  on users to balcao_app;

alter table memberships drop column signature;
alter table memberships
  add column signature_sealed bytea,
  -- What the organization knows of somebody who is not (yet, any more) active here: what it typed or last saw. Set
  -- exactly while the membership is invited or removed; the login itself may say something else.
  add column known_name text,
  add column known_name_norm text,
  add column known_email text,
  add column known_language text,
  add column erased_at timestamptz,
  add column erased_number integer,
  add column held_at timestamptz,
  add column hold_reason text,
  add constraint memberships_known_name_check check (char_length(known_name) between 1 and 150);
create unique index memberships_erased_idx on memberships (organization_id, erased_number) where erased_number is not null;

-- People as an organization may know them.
create view people with (security_invoker = true) as
select m.organization_id, m.id as membership_id, m.user_id, m.status,
  coalesce(m.known_name, u.name) as name,
  coalesce(m.known_name_norm, u.name_norm) as name_norm,
  case when m.known_name is null then u.email else coalesce(m.known_email, '') end as email,
  case when m.known_name is null then u.email_verified_at end as email_verified_at,
  case when m.known_name is null then u.language else coalesce(m.known_language, 'pt-BR') end as language,
  case when m.known_name is null then u.timezone end as timezone,
  case when m.known_name is null then u.phone_sealed end as phone_sealed,
  case when m.known_name is null then u.last_login_at end as last_login_at,
  case when m.known_name is null then u.avatar_file_id end as avatar_file_id,
  m.display_name, m.job_title, m.signature_sealed, m.languages, m.preferences, m.joined_at, m.suspended_at, m.version,
  m.erased_at
from memberships m join users u on u.id = m.user_id;
grant select on people to balcao_app;

-- The person's key: made with the first value that needs one; null once it is destroyed.
create function person_key(wanted uuid, fresh bytea, at timestamptz) returns bytea
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  found bytea;
begin
  insert into person_keys (user_id, key_sealed, created_at) values (wanted, fresh, at) on conflict (user_id) do nothing;
  select k.key_sealed into found from person_keys k where k.user_id = wanted;
  return found;
end $$;

create function person_keys_of(wanted uuid[]) returns table (user_id uuid, key_sealed bytea)
language sql stable security definer set search_path = pg_catalog, public as $$
  select k.user_id, k.key_sealed from person_keys k where k.user_id = any (wanted) and k.key_sealed is not null
$$;

-- The login of this e-mail, made with an unproven e-mail if there is none.
create function make_login(new_id uuid, new_email text, new_email_norm text, new_name text, new_name_norm text,
  new_language text, new_hash text, must_change boolean, at timestamptz)
returns table (user_id uuid, made boolean)
language plpgsql security definer set search_path = pg_catalog, public as $$
begin
  insert into users (id, email, email_norm, name, name_norm, language, password_hash, password_changed_at,
    must_change_password, created_at, updated_at)
  values (new_id, new_email, new_email_norm, new_name, new_name_norm, new_language, new_hash,
    case when new_hash is null then null else at end, must_change, at, at)
  on conflict (email_norm) do nothing;
  return query select u.id, u.id = new_id from users u where u.email_norm = new_email_norm;
end $$;

-- A login that has a place again is not erased for having none.
create function keep_login(wanted uuid, at timestamptz) returns void
language sql security definer set search_path = pg_catalog, public as $$
  update users set status = 'active', erase_at = null, erase_cause = null, version = version + 1, updated_at = at
  where id = wanted and status = 'disabled' and erase_cause = 'alone'
$$;

-- After a membership ended: a login without any is disabled and erased at `due`. Whether it was the last one.
create function leave_login(wanted uuid, due timestamptz, at timestamptz) returns boolean
language plpgsql security definer set search_path = pg_catalog, public as $$
begin
  -- One after the other: of two last memberships that end at the same time, the later one sees none left.
  perform from users u where u.id = wanted for update;
  if exists (select from memberships m where m.user_id = wanted and m.status <> 'removed') then return false; end if;
  update users set status = 'disabled', erase_at = coalesce(erase_at, due), erase_cause = coalesce(erase_cause, 'alone'),
    version = version + 1, updated_at = at
  where id = wanted and status = 'active';
  return true;
end $$;

-- What acceptance, change of e-mail and erasure ask of a login, whoever's it is.
create function login_facts(wanted uuid)
returns table (email text, email_norm text, name text, language text, status text, email_verified_at timestamptz,
  has_password boolean, must_change_password boolean, erase_at timestamptz, erase_cause text)
language sql stable security definer set search_path = pg_catalog, public as $$
  select u.email, u.email_norm, u.name, u.language, u.status, u.email_verified_at, u.password_hash is not null,
    u.must_change_password, u.erase_at, u.erase_cause
  from users u where u.id = wanted
$$;

-- Whether the login has a living membership besides the one here.
create function is_member_elsewhere(wanted uuid, here uuid) returns boolean
language sql stable security definer set search_path = pg_catalog, public as $$
  select exists (select from memberships m where m.user_id = wanted and m.organization_id <> here and m.status in ('active', 'suspended'))
$$;

-- The e-mail is proven. Where it was not before, whoever made the login may have been anybody: name and password are
-- then those given now.
create function claim_login(wanted uuid, new_name text, new_name_norm text, new_hash text, at timestamptz) returns boolean
language plpgsql security definer set search_path = pg_catalog, public as $$
begin
  update users set email_verified_at = at, name = new_name, name_norm = new_name_norm, password_hash = new_hash,
    password_changed_at = case when new_hash is null then null else at end, must_change_password = false,
    version = version + 1, updated_at = at
  where id = wanted and email_verified_at is null;
  return found;
end $$;

create function change_login_email(wanted uuid, new_email text, new_email_norm text, at timestamptz) returns void
language sql security definer set search_path = pg_catalog, public as $$
  update users set email = new_email, email_norm = new_email_norm, email_verified_at = at, pending_email_sealed = null,
    version = version + 1, updated_at = at
  where id = wanted and status = 'active'
$$;

create function only_organization() returns uuid
language sql stable security definer set search_path = pg_catalog, public as $$
  select case when count(*) = 1 then (array_agg(o.id))[1] end from (select id from organizations where status <> 'erased' limit 2) o
$$;

alter function person_key owner to balcao_resolver;
alter function person_keys_of owner to balcao_resolver;
alter function make_login owner to balcao_resolver;
alter function keep_login owner to balcao_resolver;
alter function leave_login owner to balcao_resolver;
alter function login_facts owner to balcao_resolver;
alter function is_member_elsewhere owner to balcao_resolver;
alter function claim_login owner to balcao_resolver;
alter function change_login_email owner to balcao_resolver;
alter function only_organization owner to balcao_resolver;
revoke execute on function person_key, person_keys_of, make_login, keep_login, leave_login, login_facts, is_member_elsewhere, claim_login,
  change_login_email, only_organization from public;
grant execute on function person_key, person_keys_of, make_login, keep_login, leave_login, login_facts, is_member_elsewhere, claim_login,
  change_login_email, only_organization to balcao_app;

-- What units offer to whoever makes members: exactly these units, or the fallback unit where none is named. Answers
-- null, and changes nothing, where one of them is not there or archived.
create function set_member_units(organization uuid, member uuid, wanted uuid[], at timestamptz) returns uuid[]
language plpgsql set search_path = pg_catalog, public as $$
declare
  chosen uuid[] := wanted;
begin
  if cardinality(chosen) = 0 then
    chosen := array(select u.id from units u where u.organization_id = organization and u.is_fallback);
  end if;
  if (select count(*) from units u where u.organization_id = organization and u.id = any (chosen) and u.status = 'active')
     <> (select count(distinct c) from unnest(chosen) c) then
    return null;
  end if;
  delete from unit_members x where x.organization_id = organization and x.membership_id = member and x.unit_id <> all (chosen);
  insert into unit_members (unit_id, organization_id, membership_id, created_at)
  select distinct c, organization, member, at from unnest(chosen) c on conflict do nothing;
  return chosen;
end $$;

-- And to whoever ends a membership.
create function leave_units(organization uuid, member uuid) returns void
language sql set search_path = pg_catalog, public as $$
  delete from unit_members where organization_id = organization and membership_id = member
$$;
revoke execute on function set_member_units, leave_units from public;
grant execute on function set_member_units, leave_units to balcao_app;
