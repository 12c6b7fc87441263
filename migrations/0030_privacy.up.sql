-- Erasures of people: asked for, done, and the receipt of what went. No personal value is in it.
create table erasures (
  id uuid not null,
  organization_id uuid not null,
  membership_id uuid not null,
  user_id uuid not null,
  cause text not null,
  requested_by uuid,
  requested_at timestamptz not null,
  due_at timestamptz not null,
  done_at timestamptz,
  canceled_at timestamptz,
  number integer,
  login_erased boolean not null default false,
  -- The receipt: store and how much went there.
  stores jsonb not null default '{}',
  constraint erasures_pkey primary key (id, organization_id),
  constraint erasures_membership_fkey foreign key (membership_id, organization_id) references memberships (id, organization_id),
  constraint erasures_cause_check check (cause in ('request', 'own', 'alone', 'restore'))
);
create index erasures_membership_idx on erasures (membership_id, organization_id);
create unique index erasures_open_idx on erasures (organization_id, membership_id) where done_at is null and canceled_at is null;
call protect_tenant_table('erasures');

-- What a person asked to be given of the own data; the archive is sealed with the key of the person it is about.
create table privacy_exports (
  id uuid not null,
  organization_id uuid not null,
  membership_id uuid not null,
  user_id uuid not null,
  -- The one person who may fetch it.
  requested_by uuid not null,
  state text not null default 'waiting',
  blob_key text,
  size bigint,
  requested_at timestamptz not null,
  ready_at timestamptz,
  expires_at timestamptz,
  downloaded_at timestamptz,
  constraint privacy_exports_pkey primary key (id, organization_id),
  constraint privacy_exports_membership_fkey foreign key (membership_id, organization_id) references memberships (id, organization_id),
  constraint privacy_exports_state_check check (state in ('waiting', 'ready', 'expired'))
);
create index privacy_exports_membership_idx on privacy_exports (membership_id, organization_id);
create index privacy_exports_expiry_idx on privacy_exports (expires_at) where state = 'ready';
call protect_tenant_table('privacy_exports');
create policy resolver on privacy_exports for select to balcao_resolver using (true);
grant select on privacy_exports to balcao_resolver;

create function expired_exports(at timestamptz, most integer)
returns table (organization_id uuid, export_id uuid)
language sql stable security definer set search_path = pg_catalog, public as $$
  select e.organization_id, e.id from privacy_exports e where e.state = 'ready' and e.expires_at <= at order by e.expires_at limit most
$$;

create function schedule_login_erasure(wanted uuid, due timestamptz, at timestamptz) returns void
language sql security definer set search_path = pg_catalog, public as $$
  update users set erase_at = due, erase_cause = 'own', version = version + 1, updated_at = at where id = wanted and status <> 'erased'
$$;

create function cancel_login_erasure(wanted uuid, at timestamptz) returns boolean
language plpgsql security definer set search_path = pg_catalog, public as $$
begin
  update users set erase_at = null, erase_cause = null, version = version + 1, updated_at = at
  where id = wanted and erase_cause = 'own' and status = 'active';
  return found;
end $$;

create function due_login_erasures(at timestamptz, most integer) returns table (user_id uuid, cause text)
language sql stable security definer set search_path = pg_catalog, public as $$
  select u.id, u.erase_cause from users u where u.erase_at <= at and u.status <> 'erased' order by u.erase_at limit most
$$;

-- Every place of a login, ended ones too: erasing goes through all of them.
create function places_of(wanted uuid) returns table (organization_id uuid, membership_id uuid, held boolean)
language sql stable security definer set search_path = pg_catalog, public as $$
  select m.organization_id, m.id, m.held_at is not null from memberships m where m.user_id = wanted order by m.organization_id
$$;

-- Nothing of the person is left in the login, the key of what was sealed is destroyed, the e-mail is free again.
-- Answers where the picture lay.
create function erase_login(wanted uuid, shown text, at timestamptz) returns text
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  picture text;
begin
  select u.avatar_key into picture from users u where u.id = wanted for update;
  update person_keys set key_sealed = null, destroyed_at = at where user_id = wanted and key_sealed is not null;
  delete from password_history where user_id = wanted;
  delete from platform_staff where user_id = wanted;
  update users set email = '', email_norm = 'erased:' || id, email_verified_at = null, name = shown, name_norm = lower(shown),
    language = 'pt-BR', timezone = null, phone_sealed = null, pending_email_sealed = null, previous_email_sealed = null,
    previous_email_until = null, avatar_file_id = null, avatar_key = null, avatar_type = null, status = 'erased',
    password_hash = null, password_changed_at = null, must_change_password = false, last_login_at = null,
    last_organization_id = null, erase_at = null, erase_cause = null, version = version + 1, updated_at = at
  where id = wanted;
  return picture;
end $$;

alter function expired_exports owner to balcao_resolver;
alter function schedule_login_erasure owner to balcao_resolver;
alter function cancel_login_erasure owner to balcao_resolver;
alter function due_login_erasures owner to balcao_resolver;
alter function places_of owner to balcao_resolver;
alter function erase_login owner to balcao_resolver;
revoke execute on function expired_exports, schedule_login_erasure, cancel_login_erasure, due_login_erasures, places_of, erase_login from public;
grant execute on function expired_exports, schedule_login_erasure, cancel_login_erasure, due_login_erasures, places_of, erase_login to balcao_app;
