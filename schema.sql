-- The tables after all migrations, by `cargo xtask gen schema`. Do not edit.
CREATE FUNCTION public.any_organization() RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  select exists (select from organizations)
$$;

ALTER FUNCTION public.any_organization() OWNER TO balcao_resolver;

CREATE FUNCTION public.api_key_by_hash(wanted bytea) RETURNS TABLE(organization_id uuid, api_key_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  select k.organization_id, k.id from api_keys k where k.secret_hash = wanted
$$;

ALTER FUNCTION public.api_key_by_hash(wanted bytea) OWNER TO balcao_resolver;

CREATE FUNCTION public.audit_forget(organization uuid, person uuid) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
declare
  gone bigint;
begin
  delete from audit_values v where v.organization_id = organization and v.person_id = person;
  get diagnostics gone = row_count;
  return gone;
end $$;

ALTER FUNCTION public.audit_forget(organization uuid, person uuid) OWNER TO balcao_auditor;

CREATE FUNCTION public.audit_prune(organization uuid, upto bigint, signature bytea, at timestamp with time zone) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
declare
  gone bigint;
begin
  if exists (select from memberships m where m.held_at is not null
      and (m.organization_id = organization or organization = '00000000-0000-0000-0000-000000000000')) then
    return 0;
  end if;
  insert into audit_checkpoints (organization_id, seq, hash, last_at, signature, created_at)
  select e.organization_id, e.seq, e.hash, e.at, audit_prune.signature, audit_prune.at
  from audit_entries e where e.organization_id = organization and e.seq = upto;
  if not found then return 0; end if;
  delete from audit_values v where v.organization_id = organization and v.seq <= upto;
  delete from audit_entries e where e.organization_id = organization and e.seq <= upto;
  get diagnostics gone = row_count;
  return gone;
end $$;

ALTER FUNCTION public.audit_prune(organization uuid, upto bigint, signature bytea, at timestamp with time zone) OWNER TO balcao_auditor;

CREATE FUNCTION public.cancel_login_erasure(wanted uuid, at timestamp with time zone) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
begin
  update users set erase_at = null, erase_cause = null, version = version + 1, updated_at = at
  where id = wanted and erase_cause = 'own' and status = 'active';
  return found;
end $$;

ALTER FUNCTION public.cancel_login_erasure(wanted uuid, at timestamp with time zone) OWNER TO balcao_resolver;

CREATE FUNCTION public.change_login_email(wanted uuid, new_email text, new_email_norm text, at timestamp with time zone) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  update users set email = new_email, email_norm = new_email_norm, email_verified_at = at, pending_email_sealed = null,
    version = version + 1, updated_at = at
  where id = wanted and status = 'active'
$$;

ALTER FUNCTION public.change_login_email(wanted uuid, new_email text, new_email_norm text, at timestamp with time zone) OWNER TO balcao_resolver;

CREATE FUNCTION public.channel_account_by_external_id(wanted_kind text, wanted text) RETURNS TABLE(organization_id uuid, channel_account_id uuid, status text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  select a.organization_id, a.id, a.status from channel_accounts a
  where a.kind = wanted_kind and a.external_id = wanted and a.status in ('active', 'paused', 'error')
$$;

ALTER FUNCTION public.channel_account_by_external_id(wanted_kind text, wanted text) OWNER TO balcao_resolver;

CREATE FUNCTION public.claim_login(wanted uuid, new_name text, new_name_norm text, new_hash text, at timestamp with time zone) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
begin
  update users set email_verified_at = at, name = new_name, name_norm = new_name_norm, password_hash = new_hash,
    password_changed_at = case when new_hash is null then null else at end, must_change_password = false,
    version = version + 1, updated_at = at
  where id = wanted and email_verified_at is null;
  return found;
end $$;

ALTER FUNCTION public.claim_login(wanted uuid, new_name text, new_name_norm text, new_hash text, at timestamp with time zone) OWNER TO balcao_resolver;

CREATE FUNCTION public.counted_audit_values() RETURNS TABLE(beginning bytea, of_it bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  select substring(v.value_sealed from 1 for 5), count(*) from audit_values v group by 1
$$;

ALTER FUNCTION public.counted_audit_values() OWNER TO balcao_auditor;

CREATE FUNCTION public.counted_person_keys() RETURNS TABLE(beginning bytea, of_it bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  select substring(k.key_sealed from 1 for 5), count(*) from person_keys k where k.key_sealed is not null group by 1
$$;

ALTER FUNCTION public.counted_person_keys() OWNER TO balcao_resolver;

CREATE FUNCTION public.due_login_erasures(at timestamp with time zone, most integer) RETURNS TABLE(user_id uuid, cause text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  select u.id, u.erase_cause from users u where u.erase_at <= at and u.status <> 'erased' order by u.erase_at limit most
$$;

ALTER FUNCTION public.due_login_erasures(at timestamp with time zone, most integer) OWNER TO balcao_resolver;

CREATE FUNCTION public.email_verified(wanted uuid, at timestamp with time zone) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  with done as (
    update users set email_verified_at = at, version = version + 1, updated_at = at
    where id = wanted and email_verified_at is null returning 1)
  select exists (select from done)
$$;

ALTER FUNCTION public.email_verified(wanted uuid, at timestamp with time zone) OWNER TO balcao_resolver;

CREATE FUNCTION public.end_assignments_of_archived() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public'
    AS $$
begin
  update role_assignments a
  set effective_to = new.updated_at, effective_from = least(a.effective_from, new.updated_at),
    version = a.version + 1, updated_at = new.updated_at
  where a.organization_id = new.organization_id and a.scope_id = new.id
    and (a.effective_to is null or a.effective_to > new.updated_at);
  return null;
end $$;

ALTER FUNCTION public.end_assignments_of_archived() OWNER TO balcao_owner;

CREATE FUNCTION public.end_sessions_of(wanted uuid, but uuid, reason text, at timestamp with time zone) RETURNS TABLE(organization_id uuid, session_id uuid)
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  update sessions s set revoked_at = at, revoked_reason = reason
  where s.user_id = wanted and s.revoked_at is null and s.id is distinct from but
  returning s.organization_id, s.id
$$;

ALTER FUNCTION public.end_sessions_of(wanted uuid, but uuid, reason text, at timestamp with time zone) OWNER TO balcao_resolver;

CREATE FUNCTION public.ensure_event_partition(day date) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
declare
  first date := date_trunc('month', day);
  name text := 'events_' || to_char(day, 'YYYY_MM');
begin
  if to_regclass('public.' || name) is not null then return false; end if;
  execute format('create table public.%I partition of public.events for values from (%L) to (%L)', name, first, (first + interval '1 month')::date);
  execute format('alter table public.%I enable row level security', name);
  execute format('alter table public.%I force row level security', name);
  return true;
end $$;

ALTER FUNCTION public.ensure_event_partition(day date) OWNER TO balcao_owner;

CREATE FUNCTION public.erase_events(erased uuid, most integer) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
declare
  gone bigint;
begin
  delete from events e where (e.id, e.organization_id, e.occurred_at) in (
    select x.id, x.organization_id, x.occurred_at from events x where x.organization_id = erased limit most);
  get diagnostics gone = row_count;
  return gone;
end $$;

ALTER FUNCTION public.erase_events(erased uuid, most integer) OWNER TO balcao_auditor;

CREATE FUNCTION public.erase_login(wanted uuid, shown text, at timestamp with time zone) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
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

ALTER FUNCTION public.erase_login(wanted uuid, shown text, at timestamp with time zone) OWNER TO balcao_resolver;

CREATE FUNCTION public.expired_exports(at timestamp with time zone, most integer) RETURNS TABLE(organization_id uuid, export_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  select e.organization_id, e.id from privacy_exports e where e.state = 'ready' and e.expires_at <= at order by e.expires_at limit most
$$;

ALTER FUNCTION public.expired_exports(at timestamp with time zone, most integer) OWNER TO balcao_resolver;

CREATE FUNCTION public.expired_invitations(at timestamp with time zone, most integer) RETURNS TABLE(organization_id uuid, invitation_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  select i.organization_id, i.id from invitations i where i.status = 'pending' and i.expires_at <= at order by i.expires_at limit most
$$;

ALTER FUNCTION public.expired_invitations(at timestamp with time zone, most integer) OWNER TO balcao_resolver;

CREATE FUNCTION public.forget_author_in_events(organization uuid, person uuid, shown text, from_txid bigint, from_id bigint, most integer) RETURNS TABLE(last_txid bigint, last_id bigint)
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  with page as (
    select e.txid, e.id, e.occurred_at from events e
    where e.organization_id = organization and (e.txid, e.id) > (from_txid, from_id) order by e.txid, e.id limit most
  ), changed as (
    update events e set data = jsonb_set(e.data, '{message,sender,name}', to_jsonb(shown))
    from page p
    where e.organization_id = organization and e.id = p.id and e.occurred_at = p.occurred_at
      and e.data #>> '{message,sender,id}' = person::text and e.data #>> '{message,sender,kind}' = 'user'
  )
  select p.txid, p.id from page p order by p.txid desc, p.id desc limit 1
$$;

ALTER FUNCTION public.forget_author_in_events(organization uuid, person uuid, shown text, from_txid bigint, from_id bigint, most integer) OWNER TO balcao_resolver;

CREATE FUNCTION public.forget_factors(wanted uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  delete from totp_factors where user_id = wanted;
  delete from recovery_codes where user_id = wanted;
  delete from passkeys where user_id = wanted;
  delete from user_identities where user_id = wanted
$$;

ALTER FUNCTION public.forget_factors(wanted uuid) OWNER TO balcao_resolver;

CREATE FUNCTION public.grant_platform_role(wanted_email_norm text, new_role text, at timestamp with time zone) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
declare
  found uuid;
begin
  select u.id into found from users u where u.email_norm = wanted_email_norm and u.status = 'active';
  if found is null then return null; end if;
  if new_role is null then
    delete from platform_staff where user_id = found;
  else
    insert into platform_staff (user_id, role, granted_at) values (found, new_role, at)
    on conflict (user_id) do update set role = excluded.role, granted_at = excluded.granted_at;
  end if;
  return found;
end $$;

ALTER FUNCTION public.grant_platform_role(wanted_email_norm text, new_role text, at timestamp with time zone) OWNER TO balcao_resolver;

CREATE FUNCTION public.invitation_by_token(wanted bytea) RETURNS TABLE(organization_id uuid, invitation_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  select i.organization_id, i.id from invitations i where i.token_hash = wanted
$$;

ALTER FUNCTION public.invitation_by_token(wanted bytea) OWNER TO balcao_resolver;

CREATE FUNCTION public.invitations_of(wanted uuid, at timestamp with time zone) RETURNS TABLE(invitation_id uuid, organization_id uuid, slug text, name text, message text, expires_at timestamp with time zone, created_at timestamp with time zone)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  select i.id, o.id, o.slug, o.name, i.message, i.expires_at, i.created_at
  from invitations i join organizations o on o.id = i.organization_id
  where i.user_id = wanted and i.status = 'pending' and i.expires_at > at and o.status = 'active' order by i.created_at desc
$$;

ALTER FUNCTION public.invitations_of(wanted uuid, at timestamp with time zone) OWNER TO balcao_resolver;

CREATE FUNCTION public.is_member_elsewhere(wanted uuid, here uuid) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  select exists (select from memberships m where m.user_id = wanted and m.organization_id <> here and m.status in ('active', 'suspended'))
$$;

ALTER FUNCTION public.is_member_elsewhere(wanted uuid, here uuid) OWNER TO balcao_resolver;

CREATE FUNCTION public.keep_login(wanted uuid, at timestamp with time zone) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  update users set status = 'active', erase_at = null, erase_cause = null, version = version + 1, updated_at = at
  where id = wanted and status = 'disabled' and erase_cause = 'alone'
$$;

ALTER FUNCTION public.keep_login(wanted uuid, at timestamp with time zone) OWNER TO balcao_resolver;

CREATE FUNCTION public.known_hashes(wanted uuid, how_many integer) RETURNS SETOF text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  (select u.password_hash from users u where u.id = wanted and u.password_hash is not null)
  union all
  (select h.password_hash from password_history h where h.user_id = wanted order by h.replaced_at desc limit greatest(how_many - 1, 0))
$$;

ALTER FUNCTION public.known_hashes(wanted uuid, how_many integer) OWNER TO balcao_resolver;

CREATE FUNCTION public.leave_login(wanted uuid, due timestamp with time zone, at timestamp with time zone) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
begin
  -- One after the other: of two last memberships that end at the same time, the later one sees none left.
  perform from users u where u.id = wanted for update;
  if exists (select from memberships m where m.user_id = wanted and m.status <> 'removed') then return false; end if;
  update users set status = 'disabled', erase_at = coalesce(erase_at, due), erase_cause = coalesce(erase_cause, 'alone'),
    version = version + 1, updated_at = at
  where id = wanted and status = 'active';
  return true;
end $$;

ALTER FUNCTION public.leave_login(wanted uuid, due timestamp with time zone, at timestamp with time zone) OWNER TO balcao_resolver;

CREATE FUNCTION public.leave_units(organization uuid, member uuid) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  delete from unit_members where organization_id = organization and membership_id = member
$$;

ALTER FUNCTION public.leave_units(organization uuid, member uuid) OWNER TO balcao_owner;

CREATE FUNCTION public.login_by_email(wanted text) RETURNS TABLE(user_id uuid, status text, email text, email_norm text, email_verified_at timestamp with time zone, name text, language text, timezone text, password_hash text, password_changed_at timestamp with time zone, must_change_password boolean, last_login_at timestamp with time zone, last_organization_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  select u.id, u.status, u.email, u.email_norm, u.email_verified_at, u.name, u.language, u.timezone, u.password_hash,
    u.password_changed_at, u.must_change_password, u.last_login_at, u.last_organization_id
  from users u where u.email_norm = wanted
$$;

ALTER FUNCTION public.login_by_email(wanted text) OWNER TO balcao_resolver;

CREATE FUNCTION public.login_by_id(wanted uuid) RETURNS TABLE(user_id uuid, status text, email text, email_norm text, email_verified_at timestamp with time zone, name text, language text, timezone text, password_hash text, password_changed_at timestamp with time zone, must_change_password boolean, last_login_at timestamp with time zone, last_organization_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  select u.id, u.status, u.email, u.email_norm, u.email_verified_at, u.name, u.language, u.timezone, u.password_hash,
    u.password_changed_at, u.must_change_password, u.last_login_at, u.last_organization_id
  from users u where u.id = wanted
$$;

ALTER FUNCTION public.login_by_id(wanted uuid) OWNER TO balcao_resolver;

CREATE FUNCTION public.login_facts(wanted uuid) RETURNS TABLE(email text, email_norm text, name text, language text, status text, email_verified_at timestamp with time zone, has_password boolean, must_change_password boolean, erase_at timestamp with time zone, erase_cause text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  select u.email, u.email_norm, u.name, u.language, u.status, u.email_verified_at, u.password_hash is not null,
    u.must_change_password, u.erase_at, u.erase_cause
  from users u where u.id = wanted
$$;

ALTER FUNCTION public.login_facts(wanted uuid) OWNER TO balcao_resolver;

CREATE FUNCTION public.login_for_email(new_id uuid, new_email text, new_email_norm text, new_name text, new_name_norm text, new_hash text, must_change boolean, at timestamp with time zone) RETURNS TABLE(user_id uuid, made boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
begin
  insert into users (id, email, email_norm, email_verified_at, name, name_norm, password_hash, password_changed_at,
    must_change_password, created_at, updated_at)
  values (new_id, new_email, new_email_norm, at, new_name, new_name_norm, new_hash,
    case when new_hash is null then null else at end, must_change, at, at)
  on conflict (email_norm) do nothing;
  return query select u.id, u.id = new_id from users u where u.email_norm = new_email_norm;
end $$;

ALTER FUNCTION public.login_for_email(new_id uuid, new_email text, new_email_norm text, new_name text, new_name_norm text, new_hash text, must_change boolean, at timestamp with time zone) OWNER TO balcao_resolver;

CREATE FUNCTION public.make_login(new_id uuid, new_email text, new_email_norm text, new_name text, new_name_norm text, new_language text, new_hash text, must_change boolean, at timestamp with time zone) RETURNS TABLE(user_id uuid, made boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
begin
  insert into users (id, email, email_norm, name, name_norm, language, password_hash, password_changed_at,
    must_change_password, created_at, updated_at)
  values (new_id, new_email, new_email_norm, new_name, new_name_norm, new_language, new_hash,
    case when new_hash is null then null else at end, must_change, at, at)
  on conflict (email_norm) do nothing;
  return query select u.id, u.id = new_id from users u where u.email_norm = new_email_norm;
end $$;

ALTER FUNCTION public.make_login(new_id uuid, new_email text, new_email_norm text, new_name text, new_name_norm text, new_language text, new_hash text, must_change boolean, at timestamp with time zone) OWNER TO balcao_resolver;

CREATE FUNCTION public.memberships_of(wanted uuid) RETURNS TABLE(membership_id uuid, organization_id uuid, membership_status text, slug text, name text, organization_status text, suspension_mode text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  select m.id, o.id, m.status, o.slug, o.name, o.status, o.suspension_mode
  from memberships m join organizations o on o.id = m.organization_id
  where m.user_id = wanted and m.status <> 'removed' order by o.slug
$$;

ALTER FUNCTION public.memberships_of(wanted uuid) OWNER TO balcao_resolver;

CREATE FUNCTION public.must_change_password(wanted uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  update users set must_change_password = true where id = wanted
$$;

ALTER FUNCTION public.must_change_password(wanted uuid) OWNER TO balcao_resolver;

CREATE FUNCTION public.only_organization() RETURNS uuid
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  select case when count(*) = 1 then (array_agg(o.id))[1] end from (select id from organizations where status <> 'erased' limit 2) o
$$;

ALTER FUNCTION public.only_organization() OWNER TO balcao_resolver;

CREATE PROCEDURE public.open_to_worker(IN name regclass, IN rights text DEFAULT 'select, insert, update, delete'::text)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public'
    AS $$
begin
  execute format('create policy worker on %s to balcao_worker using (true)', name);
  execute format('grant %s on %s to balcao_worker', rights, name);
end $$;

ALTER PROCEDURE public.open_to_worker(IN name regclass, IN rights text) OWNER TO balcao_owner;

CREATE FUNCTION public.organization_by_former_slug(wanted text, at timestamp with time zone) RETURNS TABLE(id uuid, slug text, name text, status text, suspension_mode text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  select o.id, o.slug, o.name, o.status, o.suspension_mode
  from former_slugs f join organizations o on o.id = f.organization_id
  where f.slug = wanted and f.redirects and f.kept_until > at order by f.kept_until desc limit 1
$$;

ALTER FUNCTION public.organization_by_former_slug(wanted text, at timestamp with time zone) OWNER TO balcao_resolver;

CREATE FUNCTION public.organization_by_slug(wanted text) RETURNS TABLE(id uuid, slug text, name text, status text, suspension_mode text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  select o.id, o.slug, o.name, o.status, o.suspension_mode from organizations o where o.slug = wanted
$$;

ALTER FUNCTION public.organization_by_slug(wanted text) OWNER TO balcao_resolver;

CREATE FUNCTION public.organization_of_provider(wanted uuid) RETURNS TABLE(organization_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  select p.organization_id from identity_providers p where p.id = wanted
$$;

ALTER FUNCTION public.organization_of_provider(wanted uuid) OWNER TO balcao_resolver;

CREATE FUNCTION public.organizations_for_staff(after_slug text, wanted_status text, part text, most integer) RETURNS TABLE(id uuid, slug text, name text, kind text, status text, suspension_mode text, status_reason text, closing_at timestamp with time zone, plan text, subscription_status text, seats_taken bigint, same_tax_id boolean, created_at timestamp with time zone, version bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  select o.id, o.slug, o.name, o.kind, o.status, o.suspension_mode, o.status_reason, o.closing_at, s.plan, s.status,
    (select count(*) from memberships m where m.organization_id = o.id and m.status in ('active', 'invited')),
    same_tax_id(o.tax_id, o.id), o.created_at, o.version
  from organizations o join subscriptions s on s.organization_id = o.id
  where o.slug > after_slug and (wanted_status = '' or o.status = wanted_status)
    and (part = '' or position(part in o.slug) > 0 or position(part in lower(o.name)) > 0)
  order by o.slug limit most
$$;

ALTER FUNCTION public.organizations_for_staff(after_slug text, wanted_status text, part text, most integer) OWNER TO balcao_resolver;

CREATE FUNCTION public.organizations_with_ended_impersonations(at timestamp with time zone) RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  select distinct i.organization_id from impersonations i
  where i.status in ('requested', 'approved', 'started') and i.expires_at <= at
$$;

ALTER FUNCTION public.organizations_with_ended_impersonations(at timestamp with time zone) OWNER TO balcao_resolver;

CREATE FUNCTION public.organizations_with_ending_keys(at timestamp with time zone) RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  select distinct k.organization_id from api_keys k
  where k.revoked_at is null and k.expires_at <= at + interval '14 days'
    and k.warned_days is distinct from 0
    and (k.warned_days is null or (k.warned_days > 3 and k.expires_at <= at + interval '3 days') or k.expires_at <= at)
$$;

ALTER FUNCTION public.organizations_with_ending_keys(at timestamp with time zone) OWNER TO balcao_resolver;

CREATE FUNCTION public.person_key(wanted uuid, fresh bytea, at timestamp with time zone) RETURNS bytea
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
declare
  found bytea;
begin
  insert into person_keys (user_id, key_sealed, created_at) values (wanted, fresh, at) on conflict (user_id) do nothing;
  select k.key_sealed into found from person_keys k where k.user_id = wanted;
  return found;
end $$;

ALTER FUNCTION public.person_key(wanted uuid, fresh bytea, at timestamp with time zone) OWNER TO balcao_resolver;

CREATE FUNCTION public.person_keys_of(wanted uuid[]) RETURNS TABLE(user_id uuid, key_sealed bytea)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  select k.user_id, k.key_sealed from person_keys k where k.user_id = any (wanted) and k.key_sealed is not null
$$;

ALTER FUNCTION public.person_keys_of(wanted uuid[]) OWNER TO balcao_resolver;

CREATE FUNCTION public.places_of(wanted uuid) RETURNS TABLE(organization_id uuid, membership_id uuid, held boolean)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  select m.organization_id, m.id, m.held_at is not null from memberships m where m.user_id = wanted order by m.organization_id
$$;

ALTER FUNCTION public.places_of(wanted uuid) OWNER TO balcao_resolver;

CREATE FUNCTION public.platform_staff_list() RETURNS TABLE(user_id uuid, email text, name text, role text, granted_at timestamp with time zone)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  select s.user_id, u.email, u.name, s.role, s.granted_at from platform_staff s join users u on u.id = s.user_id order by u.email
$$;

ALTER FUNCTION public.platform_staff_list() OWNER TO balcao_resolver;

CREATE PROCEDURE public.protect_tenant_table(IN name regclass, IN rights text DEFAULT 'select, insert, update, delete'::text)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public'
    AS $$
begin
  execute format('alter table %s enable row level security', name);
  execute format('alter table %s force row level security', name);
  execute format(
    'create policy tenant on %s to balcao_app using (organization_id = (select current_setting(''app.organization_id'')::uuid))', name);
  execute format('grant %s on %s to balcao_app', rights, name);
end $$;

ALTER PROCEDURE public.protect_tenant_table(IN name regclass, IN rights text) OWNER TO balcao_owner;

CREATE FUNCTION public.record_login(wanted uuid, organization uuid, better_hash text, at timestamp with time zone) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  update users set last_login_at = at, last_organization_id = organization,
    password_hash = coalesce(better_hash, password_hash) where id = wanted
$$;

ALTER FUNCTION public.record_login(wanted uuid, organization uuid, better_hash text, at timestamp with time zone) OWNER TO balcao_resolver;

CREATE FUNCTION public.record_sign_in(wanted uuid, organization uuid, seen_hash text, better_hash text, at timestamp with time zone) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
begin
  update users set last_login_at = at, last_organization_id = organization, password_hash = coalesce(better_hash, password_hash)
  where id = wanted and status = 'active' and password_hash is not distinct from seen_hash;
  return found;
end $$;

ALTER FUNCTION public.record_sign_in(wanted uuid, organization uuid, seen_hash text, better_hash text, at timestamp with time zone) OWNER TO balcao_resolver;

CREATE FUNCTION public.release_domain(wanted text, for_organization uuid) RETURNS TABLE(organization_id uuid, domain_id uuid)
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  update organization_domains d set verified_at = null, version = d.version + 1
  where d.domain = wanted and d.verified_at is not null and d.organization_id <> for_organization
  returning d.organization_id, d.id
$$;

ALTER FUNCTION public.release_domain(wanted text, for_organization uuid) OWNER TO balcao_resolver;

CREATE FUNCTION public.reseal_audit_values(organization bytea, place bytea, sealed bytea, anew bytea) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  with done as (
    update audit_values v set value_sealed = reseal_audit_values.anew
    where v.organization_id = encode(reseal_audit_values.organization, 'hex')::uuid
      and v.seq = ('x' || encode(substring(reseal_audit_values.place from 1 for 8), 'hex'))::bit(64)::bigint
      and v.field = convert_from(substring(reseal_audit_values.place from 9), 'UTF8')
      and v.value_sealed = reseal_audit_values.sealed returning 1)
  select exists (select from done)
$$;

ALTER FUNCTION public.reseal_audit_values(organization bytea, place bytea, sealed bytea, anew bytea) OWNER TO balcao_auditor;

CREATE FUNCTION public.reseal_person_keys(organization bytea, place bytea, sealed bytea, anew bytea) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  with done as (
    update person_keys k set key_sealed = reseal_person_keys.anew
    where k.user_id = encode(reseal_person_keys.place, 'hex')::uuid and k.key_sealed = reseal_person_keys.sealed returning 1)
  select exists (select from done)
$$;

ALTER FUNCTION public.reseal_person_keys(organization bytea, place bytea, sealed bytea, anew bytea) OWNER TO balcao_resolver;

CREATE FUNCTION public.same_tax_id(wanted text, own uuid) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  select wanted is not null and exists (select from organizations o where o.tax_id = wanted and o.id <> own)
$$;

ALTER FUNCTION public.same_tax_id(wanted text, own uuid) OWNER TO balcao_resolver;

CREATE FUNCTION public.schedule_login_erasure(wanted uuid, due timestamp with time zone, at timestamp with time zone) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  update users set erase_at = due, erase_cause = 'own', version = version + 1, updated_at = at where id = wanted and status <> 'erased'
$$;

ALTER FUNCTION public.schedule_login_erasure(wanted uuid, due timestamp with time zone, at timestamp with time zone) OWNER TO balcao_resolver;

CREATE FUNCTION public.sealed_audit_values(beginning bytea, most bigint) RETURNS TABLE(organization bytea, place bytea, sealed bytea)
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  select uuid_send(v.organization_id), int8send(v.seq) || convert_to(v.field, 'UTF8'), v.value_sealed from audit_values v
  where substring(v.value_sealed from 1 for 5) <> beginning
  limit most for update skip locked
$$;

ALTER FUNCTION public.sealed_audit_values(beginning bytea, most bigint) OWNER TO balcao_auditor;

CREATE FUNCTION public.sealed_person_keys(beginning bytea, most bigint) RETURNS TABLE(organization bytea, place bytea, sealed bytea)
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  select uuid_send('00000000-0000-0000-0000-000000000000'), uuid_send(k.user_id), k.key_sealed from person_keys k
  where k.key_sealed is not null and substring(k.key_sealed from 1 for 5) <> beginning
  limit most for update skip locked
$$;

ALTER FUNCTION public.sealed_person_keys(beginning bytea, most bigint) OWNER TO balcao_resolver;

CREATE FUNCTION public.session_by_refresh_token(wanted bytea) RETURNS TABLE(organization_id uuid, session_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  select t.organization_id, t.session_id from refresh_tokens t where t.token_hash = wanted
$$;

ALTER FUNCTION public.session_by_refresh_token(wanted bytea) OWNER TO balcao_resolver;

CREATE FUNCTION public.set_member_units(organization uuid, member uuid, wanted uuid[], at timestamp with time zone) RETURNS uuid[]
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public'
    AS $$
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

ALTER FUNCTION public.set_member_units(organization uuid, member uuid, wanted uuid[], at timestamp with time zone) OWNER TO balcao_owner;

CREATE FUNCTION public.set_password(wanted uuid, new_hash text, keep integer, at timestamp with time zone) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
begin
  insert into password_history (user_id, password_hash, replaced_at)
    select u.id, u.password_hash, at from users u where u.id = wanted and u.password_hash is not null
    on conflict do nothing;
  delete from password_history h where h.user_id = wanted and h.password_hash not in (
    select k.password_hash from password_history k where k.user_id = wanted order by k.replaced_at desc limit greatest(keep, 1));
  update users set password_hash = new_hash, password_changed_at = at, must_change_password = false,
    version = version + 1, updated_at = at where id = wanted;
end $$;

ALTER FUNCTION public.set_password(wanted uuid, new_hash text, keep integer, at timestamp with time zone) OWNER TO balcao_resolver;

CREATE FUNCTION public.slug_is_kept(wanted text, for_organization uuid, at timestamp with time zone) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  select exists (select from former_slugs f where f.slug = wanted and f.organization_id <> for_organization and f.kept_until > at)
$$;

ALTER FUNCTION public.slug_is_kept(wanted text, for_organization uuid, at timestamp with time zone) OWNER TO balcao_resolver;

CREATE FUNCTION public.support_session_place(wanted uuid, staff uuid) RETURNS uuid
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  select i.organization_id from impersonations i where i.id = wanted and i.by_user_id = staff and i.kind = 'support'
$$;

ALTER FUNCTION public.support_session_place(wanted uuid, staff uuid) OWNER TO balcao_resolver;

CREATE FUNCTION public.user_by_identity(wanted_provider text, wanted_issuer text, wanted_subject text) RETURNS TABLE(user_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  select i.user_id from user_identities i
  where i.provider = wanted_provider and i.issuer = wanted_issuer and i.subject = wanted_subject
$$;

ALTER FUNCTION public.user_by_identity(wanted_provider text, wanted_issuer text, wanted_subject text) OWNER TO balcao_resolver;

CREATE FUNCTION public.user_by_passkey(wanted bytea) RETURNS TABLE(user_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  select p.user_id from passkeys p where p.credential_id = wanted
$$;

ALTER FUNCTION public.user_by_passkey(wanted bytea) OWNER TO balcao_resolver;

CREATE TABLE public._sqlx_migrations (
    version bigint NOT NULL,
    description text NOT NULL,
    installed_on timestamp with time zone DEFAULT now() NOT NULL,
    success boolean NOT NULL,
    checksum bytea NOT NULL,
    execution_time bigint NOT NULL
);

ALTER TABLE public._sqlx_migrations OWNER TO balcao_owner;

CREATE TABLE public.units (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    parent_id uuid,
    name text NOT NULL,
    slug text NOT NULL,
    kind text NOT NULL,
    status text DEFAULT 'active'::text NOT NULL,
    "position" integer DEFAULT 0 NOT NULL,
    is_fallback boolean DEFAULT false NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT units_fallback_check CHECK (((NOT is_fallback) OR (status = 'active'::text))),
    CONSTRAINT units_kind_check CHECK ((kind = ANY (ARRAY['department'::text, 'squad'::text, 'queue'::text, 'project'::text, 'branch'::text]))),
    CONSTRAINT units_name_check CHECK (((char_length(name) >= 2) AND (char_length(name) <= 120))),
    CONSTRAINT units_status_check CHECK ((status = ANY (ARRAY['active'::text, 'archived'::text])))
);

ALTER TABLE ONLY public.units FORCE ROW LEVEL SECURITY;

ALTER TABLE public.units OWNER TO balcao_owner;

CREATE VIEW public.active_units WITH (security_invoker='true') AS
 SELECT units.organization_id,
    units.id AS unit_id
   FROM public.units
  WHERE (units.status = 'active'::text);

ALTER TABLE public.active_units OWNER TO balcao_owner;

CREATE TABLE public.api_keys (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    service_account_id uuid NOT NULL,
    prefix text NOT NULL,
    secret_hash bytea NOT NULL,
    name text,
    scopes text[] NOT NULL,
    masks text[] DEFAULT '{}'::text[] NOT NULL,
    ip_allowlist text[] DEFAULT '{}'::text[] NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    last_used_at timestamp with time zone,
    revoked_at timestamp with time zone,
    revoked_reason text,
    successor_id uuid,
    warned_days smallint,
    created_by uuid,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT api_keys_life_check CHECK ((expires_at <= (created_at + '365 days'::interval))),
    CONSTRAINT api_keys_revoked_check CHECK (((revoked_at IS NULL) = (revoked_reason IS NULL)))
);

ALTER TABLE ONLY public.api_keys FORCE ROW LEVEL SECURITY;

ALTER TABLE public.api_keys OWNER TO balcao_owner;

CREATE TABLE public.audit_checkpoints (
    organization_id uuid NOT NULL,
    seq bigint NOT NULL,
    hash bytea NOT NULL,
    last_at timestamp with time zone NOT NULL,
    signature bytea NOT NULL,
    created_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.audit_checkpoints FORCE ROW LEVEL SECURITY;

ALTER TABLE public.audit_checkpoints OWNER TO balcao_owner;

CREATE TABLE public.audit_entries (
    organization_id uuid NOT NULL,
    seq bigint NOT NULL,
    id uuid NOT NULL,
    event_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    action text NOT NULL,
    category text NOT NULL,
    actor_kind text NOT NULL,
    actor_id uuid,
    impersonator_id uuid,
    resource_type text NOT NULL,
    resource_id uuid NOT NULL,
    result text NOT NULL,
    request_id text NOT NULL,
    details json NOT NULL,
    commitments json NOT NULL,
    prev_hash bytea NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT audit_entries_result_check CHECK ((result = ANY (ARRAY['success'::text, 'denied'::text, 'failed'::text])))
);

ALTER TABLE ONLY public.audit_entries FORCE ROW LEVEL SECURITY;

ALTER TABLE public.audit_entries OWNER TO balcao_owner;

CREATE TABLE public.audit_exports (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    requested_by uuid NOT NULL,
    format text NOT NULL,
    filter jsonb NOT NULL,
    state text DEFAULT 'waiting'::text NOT NULL,
    entries bigint,
    blob_key text,
    size bigint,
    created_at timestamp with time zone NOT NULL,
    ready_at timestamp with time zone,
    expires_at timestamp with time zone,
    manifest jsonb,
    CONSTRAINT audit_exports_format_check CHECK ((format = ANY (ARRAY['jsonl'::text, 'csv'::text]))),
    CONSTRAINT audit_exports_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'ready'::text, 'expired'::text])))
);

ALTER TABLE ONLY public.audit_exports FORCE ROW LEVEL SECURITY;

ALTER TABLE public.audit_exports OWNER TO balcao_owner;

CREATE TABLE public.audit_heads (
    organization_id uuid NOT NULL,
    number bigint NOT NULL,
    seq bigint NOT NULL,
    hash bytea NOT NULL,
    at timestamp with time zone NOT NULL,
    signature bytea NOT NULL
);

ALTER TABLE ONLY public.audit_heads FORCE ROW LEVEL SECURITY;

ALTER TABLE public.audit_heads OWNER TO balcao_owner;

CREATE TABLE public.audit_values (
    organization_id uuid NOT NULL,
    seq bigint NOT NULL,
    field text NOT NULL,
    person_id uuid,
    salt bytea NOT NULL,
    lookup bytea NOT NULL,
    value_sealed bytea NOT NULL
);

ALTER TABLE ONLY public.audit_values FORCE ROW LEVEL SECURITY;

ALTER TABLE public.audit_values OWNER TO balcao_owner;

CREATE TABLE public.ceremonies (
    token_hash bytea NOT NULL,
    purpose text NOT NULL,
    sealed bytea NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT ceremonies_purpose_check CHECK ((purpose = ANY (ARRAY['second_factor'::text, 'passkey_registration'::text, 'passkey_sign_in'::text, 'oidc_flow'::text, 'oidc_code'::text])))
);

ALTER TABLE ONLY public.ceremonies FORCE ROW LEVEL SECURITY;

ALTER TABLE public.ceremonies OWNER TO balcao_owner;

CREATE TABLE public.channel_accounts (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    status text DEFAULT 'draft'::text NOT NULL,
    status_reason text,
    external_id text,
    unit_id uuid,
    simulation boolean DEFAULT false NOT NULL,
    settings jsonb DEFAULT '{}'::jsonb NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT channel_accounts_kind_check CHECK ((kind = ANY (ARRAY['whatsapp'::text, 'telegram'::text, 'email'::text, 'webchat'::text, 'sms'::text, 'api'::text, 'internal'::text]))),
    CONSTRAINT channel_accounts_name_check CHECK (((char_length(name) >= 1) AND (char_length(name) <= 120))),
    CONSTRAINT channel_accounts_status_check CHECK ((status = ANY (ARRAY['draft'::text, 'active'::text, 'paused'::text, 'error'::text, 'archived'::text])))
);

ALTER TABLE ONLY public.channel_accounts FORCE ROW LEVEL SECURITY;

ALTER TABLE public.channel_accounts OWNER TO balcao_owner;

CREATE TABLE public.organizations (
    id uuid NOT NULL,
    slug text NOT NULL,
    name text NOT NULL,
    legal_name text,
    kind text NOT NULL,
    tax_id text,
    timezone text DEFAULT 'America/Sao_Paulo'::text NOT NULL,
    default_language text DEFAULT 'pt-BR'::text NOT NULL,
    languages text[] DEFAULT '{pt-BR}'::text[] NOT NULL,
    currency text DEFAULT 'BRL'::text NOT NULL,
    country text DEFAULT 'BR'::text NOT NULL,
    municipality_code text,
    status text DEFAULT 'provisioning'::text NOT NULL,
    suspension_mode text,
    status_reason text,
    closing_at timestamp with time zone,
    simulation boolean DEFAULT false NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    logo_file_id uuid,
    status_changed_at timestamp with time zone,
    erased_at timestamp with time zone,
    totals jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT organizations_kind_check CHECK ((kind = ANY (ARRAY['clinic'::text, 'hospital'::text, 'laboratory'::text, 'imaging'::text, 'pharmacy'::text, 'company'::text]))),
    CONSTRAINT organizations_name_check CHECK (((char_length(name) >= 2) AND (char_length(name) <= 255))),
    CONSTRAINT organizations_slug_check CHECK ((slug ~ '^[a-z0-9]([a-z0-9-]{1,61}[a-z0-9])$'::text)),
    CONSTRAINT organizations_status_check CHECK ((status = ANY (ARRAY['provisioning'::text, 'active'::text, 'suspended'::text, 'closing'::text, 'erased'::text]))),
    CONSTRAINT organizations_suspended_check CHECK (((status = 'suspended'::text) = (suspension_mode IS NOT NULL))),
    CONSTRAINT organizations_suspension_mode_check CHECK ((suspension_mode = ANY (ARRAY['read_only'::text, 'blocked'::text])))
);

ALTER TABLE ONLY public.organizations FORCE ROW LEVEL SECURITY;

ALTER TABLE public.organizations OWNER TO balcao_owner;

CREATE VIEW public.channel_facts WITH (security_invoker='true') AS
 SELECT a.organization_id,
    a.id AS channel_account_id,
    a.status,
    (a.simulation OR o.simulation) AS simulation,
    COALESCE((a.settings ->> 'after_reply'::text), 'waiting'::text) AS after_reply,
    COALESCE(((a.settings ->> 'assign_on_reply'::text))::boolean, true) AS assign_on_reply
   FROM (public.channel_accounts a
     JOIN public.organizations o ON ((o.id = a.organization_id)));

ALTER TABLE public.channel_facts OWNER TO balcao_owner;

CREATE TABLE public.channel_secrets (
    organization_id uuid NOT NULL,
    channel_account_id uuid NOT NULL,
    name text NOT NULL,
    sealed bytea NOT NULL,
    last_four text NOT NULL,
    set_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.channel_secrets FORCE ROW LEVEL SECURITY;

ALTER TABLE public.channel_secrets OWNER TO balcao_owner;

CREATE TABLE public.contact_identities (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    address_id uuid NOT NULL,
    kind text NOT NULL,
    value text NOT NULL,
    match_key text NOT NULL,
    raw text NOT NULL,
    scope text,
    trust text NOT NULL,
    is_primary boolean DEFAULT false NOT NULL,
    first_seen timestamp with time zone NOT NULL,
    last_seen timestamp with time zone NOT NULL,
    retired_at timestamp with time zone,
    CONSTRAINT contact_identities_kind_check CHECK ((kind = ANY (ARRAY['phone'::text, 'email'::text, 'whatsapp'::text, 'whatsapp_parent'::text, 'telegram'::text, 'webchat'::text, 'external_id'::text, 'social'::text]))),
    CONSTRAINT contact_identities_trust_check CHECK ((trust = ANY (ARRAY['verified'::text, 'asserted'::text, 'claimed'::text])))
);

ALTER TABLE ONLY public.contact_identities FORCE ROW LEVEL SECURITY;

ALTER TABLE public.contact_identities OWNER TO balcao_owner;

CREATE TABLE public.conversations (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    number bigint NOT NULL,
    audience text NOT NULL,
    channel_account_id uuid,
    channel_kind text NOT NULL,
    contact_id uuid,
    identity_id uuid,
    address_id uuid,
    contact_name text,
    contact_address text,
    status text NOT NULL,
    status_reason text,
    snoozed_until timestamp with time zone,
    archived_at timestamp with time zone,
    merged_into_id uuid,
    unit_id uuid,
    owner_id uuid,
    participants uuid[] DEFAULT '{}'::uuid[] NOT NULL,
    priority text DEFAULT 'normal'::text NOT NULL,
    subject text,
    summary text,
    language text,
    tags text[] DEFAULT '{}'::text[] NOT NULL,
    custom_attributes jsonb DEFAULT '{}'::jsonb NOT NULL,
    origin text NOT NULL,
    handled_by text DEFAULT 'none'::text NOT NULL,
    last_seq bigint DEFAULT 0 NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    first_response_at timestamp with time zone,
    waiting_since timestamp with time zone,
    last_inbound_at timestamp with time zone,
    last_outbound_at timestamp with time zone,
    last_activity_at timestamp with time zone NOT NULL,
    closed_at timestamp with time zone,
    reopened_count integer DEFAULT 0 NOT NULL,
    previous_conversation_id uuid,
    thread_control text DEFAULT 'ours'::text NOT NULL,
    floor_holder text DEFAULT 'nobody'::text NOT NULL,
    floor_holder_id uuid,
    floor_token bigint DEFAULT 1 NOT NULL,
    floor_since timestamp with time zone,
    window_opens_at timestamp with time zone,
    window_closes_at timestamp with time zone,
    window_evidence_id uuid,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT conversations_audience_check CHECK ((audience = ANY (ARRAY['external'::text, 'internal'::text]))),
    CONSTRAINT conversations_closed_check CHECK (((status = 'closed'::text) = (closed_at IS NOT NULL))),
    CONSTRAINT conversations_external_check CHECK (((audience = 'internal'::text) OR ((channel_account_id IS NOT NULL) AND (contact_id IS NOT NULL) AND (identity_id IS NOT NULL) AND (address_id IS NOT NULL)))),
    CONSTRAINT conversations_floor_check CHECK ((floor_holder = ANY (ARRAY['nobody'::text, 'flow'::text, 'attendant'::text, 'person'::text]))),
    CONSTRAINT conversations_handled_by_check CHECK ((handled_by = ANY (ARRAY['none'::text, 'bot'::text, 'human'::text, 'mixed'::text]))),
    CONSTRAINT conversations_priority_check CHECK ((priority = ANY (ARRAY['low'::text, 'normal'::text, 'high'::text, 'urgent'::text]))),
    CONSTRAINT conversations_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'open'::text, 'waiting'::text, 'snoozed'::text, 'closed'::text])))
)
WITH (fillfactor='80');

ALTER TABLE ONLY public.conversations FORCE ROW LEVEL SECURITY;

ALTER TABLE public.conversations OWNER TO balcao_owner;

CREATE VIEW public.contact_threads WITH (security_invoker='true') AS
 SELECT conversations.organization_id,
    conversations.contact_id,
    conversations.unit_id,
    conversations.channel_account_id,
    conversations.owner_id,
    conversations.participants
   FROM public.conversations
  WHERE (conversations.contact_id IS NOT NULL);

ALTER TABLE public.contact_threads OWNER TO balcao_owner;

CREATE TABLE public.contacts (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    kind text DEFAULT 'person'::text NOT NULL,
    stage text DEFAULT 'lead'::text NOT NULL,
    status text DEFAULT 'active'::text NOT NULL,
    vip boolean DEFAULT false NOT NULL,
    name text,
    social_name text,
    profile_name text,
    language text,
    time_zone text,
    origin text NOT NULL,
    owner_id uuid,
    unit_id uuid,
    version bigint DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT contacts_kind_check CHECK ((kind = ANY (ARRAY['person'::text, 'company'::text]))),
    CONSTRAINT contacts_stage_check CHECK ((stage = ANY (ARRAY['visitor'::text, 'lead'::text, 'customer'::text]))),
    CONSTRAINT contacts_status_check CHECK ((status = ANY (ARRAY['active'::text, 'inactive'::text, 'blocked'::text])))
);

ALTER TABLE ONLY public.contacts FORCE ROW LEVEL SECURITY;

ALTER TABLE public.contacts OWNER TO balcao_owner;

CREATE TABLE public.conversation_assignments (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    user_id uuid NOT NULL,
    kind text DEFAULT 'primary'::text NOT NULL,
    reason text NOT NULL,
    assigned_by uuid,
    since timestamp with time zone NOT NULL,
    until timestamp with time zone,
    CONSTRAINT conversation_assignments_kind_check CHECK ((kind = ANY (ARRAY['primary'::text, 'shadow'::text, 'escalation'::text])))
);

ALTER TABLE ONLY public.conversation_assignments FORCE ROW LEVEL SECURITY;

ALTER TABLE public.conversation_assignments OWNER TO balcao_owner;

CREATE TABLE public.conversation_numbers (
    organization_id uuid NOT NULL,
    last_number bigint NOT NULL
);

ALTER TABLE ONLY public.conversation_numbers FORCE ROW LEVEL SECURITY;

ALTER TABLE public.conversation_numbers OWNER TO balcao_owner;

CREATE TABLE public.conversation_participants (
    organization_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    user_id uuid NOT NULL,
    role text NOT NULL,
    source text NOT NULL,
    last_seen_seq bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT conversation_participants_role_check CHECK ((role = ANY (ARRAY['collaborator'::text, 'observer'::text, 'bot'::text, 'none'::text])))
);

ALTER TABLE ONLY public.conversation_participants FORCE ROW LEVEL SECURITY;

ALTER TABLE public.conversation_participants OWNER TO balcao_owner;

CREATE VIEW public.conversation_starts WITH (security_invoker='true') AS
 SELECT conversations.organization_id,
    conversations.created_at,
    conversations.last_activity_at
   FROM public.conversations;

ALTER TABLE public.conversation_starts OWNER TO balcao_owner;

CREATE TABLE public.data_keys (
    organization_id uuid NOT NULL,
    version integer NOT NULL,
    wrapped bytea,
    wrapped_by text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    active_from timestamp with time zone NOT NULL,
    destroyed_at timestamp with time zone,
    CONSTRAINT data_keys_destroyed_check CHECK (((wrapped IS NULL) = (destroyed_at IS NOT NULL)))
);

ALTER TABLE ONLY public.data_keys FORCE ROW LEVEL SECURITY;

ALTER TABLE public.data_keys OWNER TO balcao_owner;

CREATE TABLE public.dead_jobs (
    id bigint NOT NULL,
    lane smallint NOT NULL,
    organization_id uuid NOT NULL,
    kind text NOT NULL,
    payload jsonb NOT NULL,
    attempts smallint NOT NULL,
    order_key text,
    request_id text NOT NULL,
    error text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    died_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.dead_jobs FORCE ROW LEVEL SECURITY;

ALTER TABLE public.dead_jobs OWNER TO balcao_owner;

CREATE TABLE public.erasures (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    membership_id uuid NOT NULL,
    user_id uuid NOT NULL,
    cause text NOT NULL,
    requested_by uuid,
    requested_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone NOT NULL,
    done_at timestamp with time zone,
    canceled_at timestamp with time zone,
    number integer,
    login_erased boolean DEFAULT false NOT NULL,
    stores jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT erasures_cause_check CHECK ((cause = ANY (ARRAY['request'::text, 'own'::text, 'alone'::text, 'restore'::text])))
);

ALTER TABLE ONLY public.erasures FORCE ROW LEVEL SECURITY;

ALTER TABLE public.erasures OWNER TO balcao_owner;

CREATE TABLE public.event_origins (
    event_id uuid NOT NULL,
    organization_id uuid NOT NULL,
    ip text,
    user_agent text,
    session_id uuid,
    impersonator_id uuid
);

ALTER TABLE ONLY public.event_origins FORCE ROW LEVEL SECURITY;

ALTER TABLE public.event_origins OWNER TO balcao_owner;

CREATE TABLE public.events (
    id bigint NOT NULL,
    txid bigint DEFAULT GREATEST(((pg_current_xact_id())::text)::bigint, (((pg_snapshot_xmax(pg_current_snapshot()))::text)::bigint - 1)) NOT NULL,
    organization_id uuid NOT NULL,
    event_id uuid NOT NULL,
    kind text NOT NULL,
    version smallint NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    stream_kind text NOT NULL,
    stream_id uuid NOT NULL,
    stream_seq bigint,
    actor_kind text NOT NULL,
    actor_id uuid,
    request_id text NOT NULL,
    audience jsonb NOT NULL,
    data jsonb NOT NULL
)
PARTITION BY RANGE (occurred_at);

ALTER TABLE ONLY public.events FORCE ROW LEVEL SECURITY;

ALTER TABLE public.events OWNER TO balcao_owner;

CREATE TABLE public.events_2026_11 (
    id bigint NOT NULL,
    txid bigint DEFAULT GREATEST(((pg_current_xact_id())::text)::bigint, (((pg_snapshot_xmax(pg_current_snapshot()))::text)::bigint - 1)) NOT NULL,
    organization_id uuid NOT NULL,
    event_id uuid NOT NULL,
    kind text NOT NULL,
    version smallint NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    stream_kind text NOT NULL,
    stream_id uuid NOT NULL,
    stream_seq bigint,
    actor_kind text NOT NULL,
    actor_id uuid,
    request_id text NOT NULL,
    audience jsonb NOT NULL,
    data jsonb NOT NULL
);

ALTER TABLE ONLY public.events_2026_11 FORCE ROW LEVEL SECURITY;

ALTER TABLE public.events_2026_11 OWNER TO balcao_owner;

CREATE TABLE public.events_2026_12 (
    id bigint NOT NULL,
    txid bigint DEFAULT GREATEST(((pg_current_xact_id())::text)::bigint, (((pg_snapshot_xmax(pg_current_snapshot()))::text)::bigint - 1)) NOT NULL,
    organization_id uuid NOT NULL,
    event_id uuid NOT NULL,
    kind text NOT NULL,
    version smallint NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    stream_kind text NOT NULL,
    stream_id uuid NOT NULL,
    stream_seq bigint,
    actor_kind text NOT NULL,
    actor_id uuid,
    request_id text NOT NULL,
    audience jsonb NOT NULL,
    data jsonb NOT NULL
);

ALTER TABLE ONLY public.events_2026_12 FORCE ROW LEVEL SECURITY;

ALTER TABLE public.events_2026_12 OWNER TO balcao_owner;

CREATE TABLE public.events_2027_01 (
    id bigint NOT NULL,
    txid bigint DEFAULT GREATEST(((pg_current_xact_id())::text)::bigint, (((pg_snapshot_xmax(pg_current_snapshot()))::text)::bigint - 1)) NOT NULL,
    organization_id uuid NOT NULL,
    event_id uuid NOT NULL,
    kind text NOT NULL,
    version smallint NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    stream_kind text NOT NULL,
    stream_id uuid NOT NULL,
    stream_seq bigint,
    actor_kind text NOT NULL,
    actor_id uuid,
    request_id text NOT NULL,
    audience jsonb NOT NULL,
    data jsonb NOT NULL
);

ALTER TABLE ONLY public.events_2027_01 FORCE ROW LEVEL SECURITY;

ALTER TABLE public.events_2027_01 OWNER TO balcao_owner;

CREATE TABLE public.events_default (
    id bigint NOT NULL,
    txid bigint DEFAULT GREATEST(((pg_current_xact_id())::text)::bigint, (((pg_snapshot_xmax(pg_current_snapshot()))::text)::bigint - 1)) NOT NULL,
    organization_id uuid NOT NULL,
    event_id uuid NOT NULL,
    kind text NOT NULL,
    version smallint NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    stream_kind text NOT NULL,
    stream_id uuid NOT NULL,
    stream_seq bigint,
    actor_kind text NOT NULL,
    actor_id uuid,
    request_id text NOT NULL,
    audience jsonb NOT NULL,
    data jsonb NOT NULL
);

ALTER TABLE ONLY public.events_default FORCE ROW LEVEL SECURITY;

ALTER TABLE public.events_default OWNER TO balcao_owner;

ALTER TABLE public.events ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.export_counts (
    organization_id uuid NOT NULL,
    day date NOT NULL,
    made integer NOT NULL
);

ALTER TABLE ONLY public.export_counts FORCE ROW LEVEL SECURITY;

ALTER TABLE public.export_counts OWNER TO balcao_owner;

CREATE VIEW public.fallback_units WITH (security_invoker='true') AS
 SELECT units.organization_id,
    units.id AS unit_id
   FROM public.units
  WHERE units.is_fallback;

ALTER TABLE public.fallback_units OWNER TO balcao_owner;

CREATE TABLE public.former_slugs (
    slug text NOT NULL,
    organization_id uuid NOT NULL,
    redirects boolean NOT NULL,
    kept_until timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.former_slugs FORCE ROW LEVEL SECURITY;

ALTER TABLE public.former_slugs OWNER TO balcao_owner;

CREATE TABLE public.idempotency_keys (
    organization_id uuid NOT NULL,
    principal_id uuid NOT NULL,
    key text NOT NULL,
    route text NOT NULL,
    fingerprint bytea NOT NULL,
    status smallint,
    headers jsonb,
    body bytea,
    created_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.idempotency_keys FORCE ROW LEVEL SECURITY;

ALTER TABLE public.idempotency_keys OWNER TO balcao_owner;

CREATE TABLE public.identity_providers (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    name text NOT NULL,
    issuer text NOT NULL,
    client_id text NOT NULL,
    secret_sealed bytea NOT NULL,
    domains text[] NOT NULL,
    jit boolean DEFAULT false NOT NULL,
    default_role_id uuid NOT NULL,
    group_claim text DEFAULT 'groups'::text NOT NULL,
    group_role_map jsonb DEFAULT '{}'::jsonb NOT NULL,
    enforced boolean DEFAULT false NOT NULL,
    break_glass_user_id uuid,
    version bigint DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT identity_providers_break_glass_check CHECK (((NOT enforced) OR (break_glass_user_id IS NOT NULL))),
    CONSTRAINT identity_providers_name_check CHECK (((char_length(name) >= 1) AND (char_length(name) <= 80)))
);

ALTER TABLE ONLY public.identity_providers FORCE ROW LEVEL SECURITY;

ALTER TABLE public.identity_providers OWNER TO balcao_owner;

CREATE TABLE public.impersonations (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    kind text NOT NULL,
    mode text NOT NULL,
    status text NOT NULL,
    reason text NOT NULL,
    minutes smallint NOT NULL,
    by_user_id uuid NOT NULL,
    by_name text NOT NULL,
    membership_id uuid,
    session_id uuid,
    requested_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    decided_by uuid,
    decided_at timestamp with time zone,
    started_at timestamp with time zone,
    ended_at timestamp with time zone,
    ended_by uuid,
    CONSTRAINT impersonations_kind_check CHECK ((kind = ANY (ARRAY['support'::text, 'member'::text]))),
    CONSTRAINT impersonations_minutes_check CHECK (((minutes >= 1) AND (minutes <= 60))),
    CONSTRAINT impersonations_mode_check CHECK (((mode = ANY (ARRAY['read'::text, 'write'::text])) AND ((kind = 'support'::text) OR (mode = 'read'::text)))),
    CONSTRAINT impersonations_reason_check CHECK (((char_length(reason) >= 10) AND (char_length(reason) <= 500))),
    CONSTRAINT impersonations_status_check CHECK ((status = ANY (ARRAY['requested'::text, 'approved'::text, 'rejected'::text, 'started'::text, 'ended'::text, 'expired'::text])))
);

ALTER TABLE ONLY public.impersonations FORCE ROW LEVEL SECURITY;

ALTER TABLE public.impersonations OWNER TO balcao_owner;

CREATE TABLE public.inbound_items (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    channel_account_id uuid NOT NULL,
    raw_id uuid NOT NULL,
    "position" integer NOT NULL,
    kind text NOT NULL,
    dedupe_key text NOT NULL,
    sender_key text NOT NULL,
    event_sealed bytea,
    state text DEFAULT 'stored'::text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    error text,
    received_at timestamp with time zone NOT NULL,
    processed_at timestamp with time zone,
    CONSTRAINT inbound_items_state_check CHECK ((state = ANY (ARRAY['stored'::text, 'kept'::text, 'processed'::text, 'ignored'::text, 'dead'::text])))
);

ALTER TABLE ONLY public.inbound_items FORCE ROW LEVEL SECURITY;

ALTER TABLE public.inbound_items OWNER TO balcao_owner;

CREATE TABLE public.inbound_raw (
    id uuid NOT NULL,
    connector text NOT NULL,
    received_at timestamp with time zone NOT NULL,
    headers jsonb NOT NULL,
    body_sealed bytea NOT NULL,
    body_hash bytea NOT NULL,
    state text DEFAULT 'stored'::text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    error text,
    processed_at timestamp with time zone,
    CONSTRAINT inbound_raw_state_check CHECK ((state = ANY (ARRAY['stored'::text, 'processed'::text, 'ignored'::text, 'dead'::text])))
);

ALTER TABLE ONLY public.inbound_raw FORCE ROW LEVEL SECURITY;

ALTER TABLE public.inbound_raw OWNER TO balcao_owner;

CREATE TABLE public.installation (
    one boolean DEFAULT true NOT NULL,
    epoch bigint DEFAULT 1 NOT NULL,
    erasures_seen bigint DEFAULT 0 NOT NULL,
    CONSTRAINT installation_one_check CHECK (one)
);

ALTER TABLE public.installation OWNER TO balcao_owner;

CREATE TABLE public.invitation_days (
    organization_id uuid NOT NULL,
    day date NOT NULL,
    sent integer NOT NULL
);

ALTER TABLE ONLY public.invitation_days FORCE ROW LEVEL SECURITY;

ALTER TABLE public.invitation_days OWNER TO balcao_owner;

CREATE TABLE public.invitations (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    membership_id uuid NOT NULL,
    user_id uuid NOT NULL,
    token_hash bytea NOT NULL,
    status text DEFAULT 'pending'::text NOT NULL,
    message text,
    invited_by uuid,
    sent_count integer DEFAULT 1 NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    accepted_at timestamp with time zone,
    version bigint DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT invitations_message_check CHECK ((char_length(message) <= 1000)),
    CONSTRAINT invitations_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'accepted'::text, 'expired'::text, 'revoked'::text])))
);

ALTER TABLE ONLY public.invitations FORCE ROW LEVEL SECURITY;

ALTER TABLE public.invitations OWNER TO balcao_owner;

CREATE TABLE public.jobs (
    id bigint NOT NULL,
    lane smallint NOT NULL,
    organization_id uuid NOT NULL,
    kind text NOT NULL,
    payload jsonb NOT NULL,
    run_at timestamp with time zone NOT NULL,
    deadline timestamp with time zone,
    attempts smallint DEFAULT 0 NOT NULL,
    lease uuid,
    unique_key text,
    order_key text,
    request_id text NOT NULL,
    last_error text,
    created_at timestamp with time zone NOT NULL
)
WITH (fillfactor='70', autovacuum_vacuum_scale_factor='0.01', autovacuum_vacuum_cost_delay='0');

ALTER TABLE ONLY public.jobs FORCE ROW LEVEL SECURITY;

ALTER TABLE public.jobs OWNER TO balcao_owner;

ALTER TABLE public.jobs ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.jobs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.known_devices (
    user_id uuid NOT NULL,
    device_hash bytea NOT NULL,
    first_seen_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.known_devices FORCE ROW LEVEL SECURITY;

ALTER TABLE public.known_devices OWNER TO balcao_owner;

CREATE TABLE public.lasting_keys (
    purpose text NOT NULL,
    version integer NOT NULL,
    key_sealed bytea NOT NULL,
    vouched bytea,
    created_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.lasting_keys FORCE ROW LEVEL SECURITY;

ALTER TABLE public.lasting_keys OWNER TO balcao_owner;

CREATE TABLE public.limit_notices (
    organization_id uuid NOT NULL,
    name text NOT NULL,
    level text NOT NULL,
    period date NOT NULL,
    noticed_at timestamp with time zone NOT NULL,
    CONSTRAINT limit_notices_level_check CHECK ((level = ANY (ARRAY['warning'::text, 'reached'::text])))
);

ALTER TABLE ONLY public.limit_notices FORCE ROW LEVEL SECURITY;

ALTER TABLE public.limit_notices OWNER TO balcao_owner;

CREATE VIEW public.live_channel_accounts WITH (security_invoker='true') AS
 SELECT channel_accounts.organization_id,
    channel_accounts.id AS channel_account_id
   FROM public.channel_accounts
  WHERE (channel_accounts.status <> 'archived'::text);

ALTER TABLE public.live_channel_accounts OWNER TO balcao_owner;

CREATE VIEW public.living_channel_accounts WITH (security_invoker='true') AS
 SELECT channel_accounts.organization_id,
    channel_accounts.id AS channel_account_id
   FROM public.channel_accounts
  WHERE (channel_accounts.status <> 'archived'::text);

ALTER TABLE public.living_channel_accounts OWNER TO balcao_owner;

CREATE TABLE public.login_throttles (
    email_hash bytea NOT NULL,
    failures integer NOT NULL,
    first_failure_at timestamp with time zone NOT NULL,
    blocked_until timestamp with time zone
);

ALTER TABLE ONLY public.login_throttles FORCE ROW LEVEL SECURITY;

ALTER TABLE public.login_throttles OWNER TO balcao_owner;

CREATE TABLE public.memberships (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    user_id uuid NOT NULL,
    status text NOT NULL,
    display_name text,
    job_title text,
    languages text[] DEFAULT '{}'::text[] NOT NULL,
    preferences jsonb DEFAULT '{}'::jsonb NOT NULL,
    joined_at timestamp with time zone,
    suspended_at timestamp with time zone,
    version bigint DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    signature_sealed bytea,
    known_name text,
    known_name_norm text,
    known_email text,
    known_language text,
    erased_at timestamp with time zone,
    erased_number integer,
    held_at timestamp with time zone,
    hold_reason text,
    CONSTRAINT memberships_display_name_check CHECK ((char_length(display_name) <= 40)),
    CONSTRAINT memberships_known_name_check CHECK (((char_length(known_name) >= 1) AND (char_length(known_name) <= 150))),
    CONSTRAINT memberships_status_check CHECK ((status = ANY (ARRAY['invited'::text, 'active'::text, 'suspended'::text, 'removed'::text])))
);

ALTER TABLE ONLY public.memberships FORCE ROW LEVEL SECURITY;

ALTER TABLE public.memberships OWNER TO balcao_owner;

CREATE TABLE public.message_attachments (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    message_id uuid NOT NULL,
    "position" smallint NOT NULL,
    name text NOT NULL,
    mime_type text NOT NULL,
    size bigint,
    sha256 text,
    provider_ref text,
    file_id uuid,
    fetch_status text DEFAULT 'pending'::text NOT NULL,
    fetch_error text,
    scan_status text DEFAULT 'pending'::text NOT NULL,
    expires_at timestamp with time zone,
    CONSTRAINT message_attachments_fetch_check CHECK ((fetch_status = ANY (ARRAY['pending'::text, 'fetched'::text, 'failed'::text, 'expired'::text]))),
    CONSTRAINT message_attachments_scan_check CHECK ((scan_status = ANY (ARRAY['pending'::text, 'clean'::text, 'infected'::text, 'failed'::text, 'skipped'::text])))
);

ALTER TABLE ONLY public.message_attachments FORCE ROW LEVEL SECURITY;

ALTER TABLE public.message_attachments OWNER TO balcao_owner;

CREATE TABLE public.message_external_ids (
    organization_id uuid NOT NULL,
    channel_account_id uuid NOT NULL,
    direction text NOT NULL,
    external_id text NOT NULL,
    message_id uuid NOT NULL,
    part smallint DEFAULT 0 NOT NULL,
    attempt integer DEFAULT 1 NOT NULL
);

ALTER TABLE ONLY public.message_external_ids FORCE ROW LEVEL SECURITY;

ALTER TABLE public.message_external_ids OWNER TO balcao_owner;

CREATE TABLE public.message_versions (
    organization_id uuid NOT NULL,
    message_id uuid NOT NULL,
    version integer NOT NULL,
    segments jsonb NOT NULL,
    external_id text,
    at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.message_versions FORCE ROW LEVEL SECURITY;

ALTER TABLE public.message_versions OWNER TO balcao_owner;

CREATE TABLE public.messages (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    audience text DEFAULT 'external'::text NOT NULL,
    seq bigint NOT NULL,
    direction text NOT NULL,
    kind text NOT NULL,
    sender_kind text NOT NULL,
    sender_id uuid,
    sender_name text,
    source text NOT NULL,
    segments jsonb NOT NULL,
    reply_to_id uuid,
    reply_to_external_id text,
    client_id text,
    client_fingerprint bytea,
    status text,
    delivery jsonb,
    deferred_until timestamp with time zone,
    deferred_reason text,
    expires_at timestamp with time zone,
    stale_override boolean DEFAULT false NOT NULL,
    simulated boolean DEFAULT false NOT NULL,
    standby boolean DEFAULT false NOT NULL,
    forwarded boolean DEFAULT false NOT NULL,
    answered_since timestamp with time zone,
    was_first_response boolean DEFAULT false NOT NULL,
    reactions jsonb DEFAULT '[]'::jsonb NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone,
    provider_at timestamp with time zone,
    edited_at timestamp with time zone,
    deleted_at timestamp with time zone,
    CONSTRAINT messages_direction_check CHECK ((direction = ANY (ARRAY['inbound'::text, 'outbound'::text, 'internal'::text]))),
    CONSTRAINT messages_private_check CHECK (((kind <> ALL (ARRAY['note'::text, 'system'::text])) OR (direction = 'internal'::text))),
    CONSTRAINT messages_sender_check CHECK ((sender_kind = ANY (ARRAY['contact'::text, 'user'::text, 'service_account'::text, 'flow'::text, 'attendant'::text, 'automation'::text, 'system'::text]))),
    CONSTRAINT messages_seq_check CHECK ((seq > 0)),
    CONSTRAINT messages_status_check CHECK (((direction = 'outbound'::text) = (status IS NOT NULL))),
    CONSTRAINT messages_status_name_check CHECK ((status = ANY (ARRAY['queued'::text, 'accepted'::text, 'sent'::text, 'delivered'::text, 'read'::text, 'played'::text, 'failed'::text])))
);

ALTER TABLE ONLY public.messages FORCE ROW LEVEL SECURITY;

ALTER TABLE public.messages OWNER TO balcao_owner;

CREATE TABLE public.mfa_requirements (
    organization_id uuid NOT NULL,
    required_for text NOT NULL,
    since timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.mfa_requirements FORCE ROW LEVEL SECURITY;

ALTER TABLE public.mfa_requirements OWNER TO balcao_owner;

CREATE TABLE public.one_time_links (
    user_id uuid NOT NULL,
    purpose text NOT NULL,
    token_hash bytea NOT NULL,
    data jsonb DEFAULT '{}'::jsonb NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.one_time_links FORCE ROW LEVEL SECURITY;

ALTER TABLE public.one_time_links OWNER TO balcao_owner;

CREATE TABLE public.organization_domains (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    domain text NOT NULL,
    purposes text[] NOT NULL,
    verification_token text NOT NULL,
    verified_at timestamp with time zone,
    last_checked_at timestamp with time zone,
    failures integer DEFAULT 0 NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT organization_domains_purposes_check CHECK (((purposes <@ '{console,portal,sign_in,email}'::text[]) AND (purposes <> '{}'::text[])))
);

ALTER TABLE ONLY public.organization_domains FORCE ROW LEVEL SECURITY;

ALTER TABLE public.organization_domains OWNER TO balcao_owner;

CREATE TABLE public.organization_exports (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    state text DEFAULT 'waiting'::text NOT NULL,
    blob_key text,
    size bigint,
    requested_by uuid,
    requested_at timestamp with time zone NOT NULL,
    ready_at timestamp with time zone,
    expires_at timestamp with time zone,
    CONSTRAINT organization_exports_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'ready'::text, 'expired'::text])))
);

ALTER TABLE ONLY public.organization_exports FORCE ROW LEVEL SECURITY;

ALTER TABLE public.organization_exports OWNER TO balcao_owner;

CREATE VIEW public.organization_facts WITH (security_invoker='true') AS
 SELECT o.id AS organization_id,
        CASE
            WHEN ((o.status = 'active'::text) OR ((o.status = 'suspended'::text) AND (o.suspension_mode = 'read_only'::text))) THEN 'processed'::text
            WHEN (o.status = ANY (ARRAY['suspended'::text, 'closing'::text])) THEN 'kept'::text
            ELSE 'refused'::text
        END AS inbound,
    (o.status = 'active'::text) AS outbound
   FROM public.organizations o;

ALTER TABLE public.organization_facts OWNER TO balcao_owner;

CREATE TABLE public.stored_files (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    blob_key text NOT NULL,
    name text NOT NULL,
    mime_type text NOT NULL,
    size bigint NOT NULL,
    sha256 text NOT NULL,
    created_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.stored_files FORCE ROW LEVEL SECURITY;

ALTER TABLE public.stored_files OWNER TO balcao_owner;

CREATE VIEW public.organization_files WITH (security_invoker='true') AS
 SELECT stored_files.organization_id,
    stored_files.id AS file_id,
    stored_files.blob_key,
    stored_files.mime_type,
    stored_files.size
   FROM public.stored_files;

ALTER TABLE public.organization_files OWNER TO balcao_owner;

CREATE TABLE public.organization_settings (
    organization_id uuid NOT NULL,
    given jsonb DEFAULT '{}'::jsonb NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    updated_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.organization_settings FORCE ROW LEVEL SECURITY;

ALTER TABLE public.organization_settings OWNER TO balcao_owner;

CREATE TABLE public.outbound_sends (
    message_id uuid NOT NULL,
    organization_id uuid NOT NULL,
    direction text DEFAULT 'outbound'::text NOT NULL,
    audience text DEFAULT 'external'::text NOT NULL,
    purpose text DEFAULT 'service'::text NOT NULL,
    automated boolean DEFAULT false NOT NULL,
    floor_token bigint,
    state text DEFAULT 'waiting'::text NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    unclear_since timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    CONSTRAINT outbound_sends_audience_check CHECK ((audience = 'external'::text)),
    CONSTRAINT outbound_sends_direction_check CHECK ((direction = 'outbound'::text)),
    CONSTRAINT outbound_sends_purpose_check CHECK ((purpose = ANY (ARRAY['service'::text, 'transactional'::text, 'marketing'::text]))),
    CONSTRAINT outbound_sends_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'calling'::text, 'unclear'::text, 'done'::text])))
);

ALTER TABLE ONLY public.outbound_sends FORCE ROW LEVEL SECURITY;

ALTER TABLE public.outbound_sends OWNER TO balcao_owner;

CREATE TABLE public.parked_updates (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    channel_account_id uuid NOT NULL,
    kind text NOT NULL,
    direction text NOT NULL,
    external_id text NOT NULL,
    callback_tag text,
    payload jsonb NOT NULL,
    received_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT parked_updates_kind_check CHECK ((kind = ANY (ARRAY['status'::text, 'reaction'::text, 'edit'::text, 'revoke'::text])))
);

ALTER TABLE ONLY public.parked_updates FORCE ROW LEVEL SECURITY;

ALTER TABLE public.parked_updates OWNER TO balcao_owner;

CREATE TABLE public.passkeys (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    credential_id bytea NOT NULL,
    credential jsonb NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    last_used_at timestamp with time zone,
    CONSTRAINT passkeys_name_check CHECK (((char_length(name) >= 1) AND (char_length(name) <= 60)))
);

ALTER TABLE ONLY public.passkeys FORCE ROW LEVEL SECURITY;

ALTER TABLE public.passkeys OWNER TO balcao_owner;

CREATE TABLE public.password_history (
    user_id uuid NOT NULL,
    password_hash text NOT NULL,
    replaced_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.password_history FORCE ROW LEVEL SECURITY;

ALTER TABLE public.password_history OWNER TO balcao_owner;

CREATE TABLE public.users (
    id uuid NOT NULL,
    email text NOT NULL,
    email_norm text NOT NULL,
    email_verified_at timestamp with time zone,
    name text NOT NULL,
    name_norm text NOT NULL,
    language text DEFAULT 'pt-BR'::text NOT NULL,
    timezone text,
    status text DEFAULT 'active'::text NOT NULL,
    password_hash text,
    password_changed_at timestamp with time zone,
    must_change_password boolean DEFAULT false NOT NULL,
    last_login_at timestamp with time zone,
    last_organization_id uuid,
    version bigint DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    phone_sealed bytea,
    pending_email_sealed bytea,
    previous_email_sealed bytea,
    previous_email_until timestamp with time zone,
    avatar_file_id uuid,
    avatar_key text,
    avatar_type text,
    erase_at timestamp with time zone,
    erase_cause text,
    CONSTRAINT users_erase_cause_check CHECK ((erase_cause = ANY (ARRAY['own'::text, 'alone'::text]))),
    CONSTRAINT users_erase_check CHECK (((erase_at IS NULL) = (erase_cause IS NULL))),
    CONSTRAINT users_name_check CHECK (((char_length(name) >= 1) AND (char_length(name) <= 150))),
    CONSTRAINT users_status_check CHECK ((status = ANY (ARRAY['active'::text, 'disabled'::text, 'erased'::text])))
);

ALTER TABLE ONLY public.users FORCE ROW LEVEL SECURITY;

ALTER TABLE public.users OWNER TO balcao_owner;

CREATE VIEW public.people WITH (security_invoker='true') AS
 SELECT m.organization_id,
    m.id AS membership_id,
    m.user_id,
    m.status,
    COALESCE(m.known_name, u.name) AS name,
    COALESCE(m.known_name_norm, u.name_norm) AS name_norm,
        CASE
            WHEN (m.known_name IS NULL) THEN u.email
            ELSE COALESCE(m.known_email, ''::text)
        END AS email,
        CASE
            WHEN (m.known_name IS NULL) THEN u.email_verified_at
            ELSE NULL::timestamp with time zone
        END AS email_verified_at,
        CASE
            WHEN (m.known_name IS NULL) THEN u.language
            ELSE COALESCE(m.known_language, 'pt-BR'::text)
        END AS language,
        CASE
            WHEN (m.known_name IS NULL) THEN u.timezone
            ELSE NULL::text
        END AS timezone,
        CASE
            WHEN (m.known_name IS NULL) THEN u.phone_sealed
            ELSE NULL::bytea
        END AS phone_sealed,
        CASE
            WHEN (m.known_name IS NULL) THEN u.last_login_at
            ELSE NULL::timestamp with time zone
        END AS last_login_at,
        CASE
            WHEN (m.known_name IS NULL) THEN u.avatar_file_id
            ELSE NULL::uuid
        END AS avatar_file_id,
    m.display_name,
    m.job_title,
    m.signature_sealed,
    m.languages,
    m.preferences,
    m.joined_at,
    m.suspended_at,
    m.version,
    m.erased_at
   FROM (public.memberships m
     JOIN public.users u ON ((u.id = m.user_id)));

ALTER TABLE public.people OWNER TO balcao_owner;

CREATE TABLE public.person_keys (
    user_id uuid NOT NULL,
    key_sealed bytea,
    created_at timestamp with time zone NOT NULL,
    destroyed_at timestamp with time zone,
    CONSTRAINT person_keys_destroyed_check CHECK (((key_sealed IS NULL) = (destroyed_at IS NOT NULL)))
);

ALTER TABLE ONLY public.person_keys FORCE ROW LEVEL SECURITY;

ALTER TABLE public.person_keys OWNER TO balcao_owner;

CREATE TABLE public.platform_settings (
    plan text DEFAULT ''::text NOT NULL,
    key text NOT NULL,
    value jsonb NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT platform_settings_plan_check CHECK ((plan = ANY (ARRAY[''::text, 'free'::text, 'pro'::text, 'enterprise'::text])))
);

ALTER TABLE ONLY public.platform_settings FORCE ROW LEVEL SECURITY;

ALTER TABLE public.platform_settings OWNER TO balcao_owner;

CREATE TABLE public.platform_staff (
    user_id uuid NOT NULL,
    role text NOT NULL,
    granted_at timestamp with time zone NOT NULL,
    CONSTRAINT platform_staff_role_check CHECK ((role = ANY (ARRAY['platform_admin'::text, 'platform_support'::text])))
);

ALTER TABLE ONLY public.platform_staff FORCE ROW LEVEL SECURITY;

ALTER TABLE public.platform_staff OWNER TO balcao_owner;

CREATE TABLE public.privacy_exports (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    membership_id uuid NOT NULL,
    user_id uuid NOT NULL,
    requested_by uuid NOT NULL,
    state text DEFAULT 'waiting'::text NOT NULL,
    blob_key text,
    size bigint,
    requested_at timestamp with time zone NOT NULL,
    ready_at timestamp with time zone,
    expires_at timestamp with time zone,
    downloaded_at timestamp with time zone,
    CONSTRAINT privacy_exports_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'ready'::text, 'expired'::text])))
);

ALTER TABLE ONLY public.privacy_exports FORCE ROW LEVEL SECURITY;

ALTER TABLE public.privacy_exports OWNER TO balcao_owner;

CREATE TABLE public.reader_backlog (
    reader text NOT NULL,
    organization_id uuid NOT NULL,
    txid bigint NOT NULL,
    event bigint NOT NULL,
    state text DEFAULT 'waiting'::text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    due_at timestamp with time zone NOT NULL,
    error text,
    CONSTRAINT reader_backlog_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'dead'::text])))
);

ALTER TABLE ONLY public.reader_backlog FORCE ROW LEVEL SECURITY;

ALTER TABLE public.reader_backlog OWNER TO balcao_owner;

CREATE TABLE public.reader_cursors (
    reader text NOT NULL,
    txid bigint NOT NULL,
    event bigint NOT NULL,
    leased_by uuid,
    leased_until timestamp with time zone,
    updated_at timestamp with time zone NOT NULL
);

ALTER TABLE public.reader_cursors OWNER TO balcao_owner;

CREATE TABLE public.record_history (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    event_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    resource_type text NOT NULL,
    resource_id uuid NOT NULL,
    actor_kind text NOT NULL,
    actor_id uuid,
    action text NOT NULL,
    request_id text NOT NULL,
    changes jsonb NOT NULL
);

ALTER TABLE ONLY public.record_history FORCE ROW LEVEL SECURITY;

ALTER TABLE public.record_history OWNER TO balcao_owner;

CREATE TABLE public.recovery_codes (
    user_id uuid NOT NULL,
    code_hash bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone
);

ALTER TABLE ONLY public.recovery_codes FORCE ROW LEVEL SECURITY;

ALTER TABLE public.recovery_codes OWNER TO balcao_owner;

CREATE TABLE public.refresh_tokens (
    token_hash bytea NOT NULL,
    organization_id uuid NOT NULL,
    session_id uuid NOT NULL,
    generation integer NOT NULL,
    created_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone
);

ALTER TABLE ONLY public.refresh_tokens FORCE ROW LEVEL SECURITY;

ALTER TABLE public.refresh_tokens OWNER TO balcao_owner;

CREATE TABLE public.role_assignments (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    membership_id uuid,
    role_id uuid NOT NULL,
    scope_type text NOT NULL,
    scope_id uuid,
    effective_from timestamp with time zone,
    effective_to timestamp with time zone,
    granted_by uuid,
    created_at timestamp with time zone NOT NULL,
    service_account_id uuid,
    version bigint DEFAULT 1 NOT NULL,
    updated_at timestamp with time zone,
    CONSTRAINT role_assignments_dates_check CHECK ((effective_from <= effective_to)),
    CONSTRAINT role_assignments_principal_check CHECK ((num_nonnulls(membership_id, service_account_id) = 1)),
    CONSTRAINT role_assignments_scope_check CHECK ((scope_type = ANY (ARRAY['organization'::text, 'unit'::text, 'team'::text, 'channel_account'::text, 'own'::text, 'unassigned'::text]))),
    CONSTRAINT role_assignments_scope_id_check CHECK (((scope_type = ANY (ARRAY['unit'::text, 'channel_account'::text])) = (scope_id IS NOT NULL)))
);

ALTER TABLE ONLY public.role_assignments FORCE ROW LEVEL SECURITY;

ALTER TABLE public.role_assignments OWNER TO balcao_owner;

CREATE TABLE public.roles (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    name text NOT NULL,
    name_folded text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    is_system boolean DEFAULT false NOT NULL,
    permissions text[] DEFAULT '{}'::text[] NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT roles_name_check CHECK (((char_length(name) >= 2) AND (char_length(name) <= 50)))
);

ALTER TABLE ONLY public.roles FORCE ROW LEVEL SECURITY;

ALTER TABLE public.roles OWNER TO balcao_owner;

CREATE TABLE public.schedule_runs (
    name text NOT NULL,
    last_due_at timestamp with time zone NOT NULL
);

ALTER TABLE public.schedule_runs OWNER TO balcao_owner;

CREATE TABLE public.send_attempts (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    message_id uuid NOT NULL,
    number integer NOT NULL,
    started_at timestamp with time zone NOT NULL,
    lease_until timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    outcome text,
    external_id text,
    address_used text,
    error jsonb,
    CONSTRAINT send_attempts_outcome_check CHECK ((outcome = ANY (ARRAY['accepted'::text, 'rejected'::text, 'unclear'::text, 'simulated'::text])))
);

ALTER TABLE ONLY public.send_attempts FORCE ROW LEVEL SECURITY;

ALTER TABLE public.send_attempts OWNER TO balcao_owner;

CREATE TABLE public.service_accounts (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    name text NOT NULL,
    name_folded text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    status text DEFAULT 'active'::text NOT NULL,
    created_by uuid,
    deleted_at timestamp with time zone,
    version bigint DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT service_accounts_description_check CHECK ((char_length(description) <= 500)),
    CONSTRAINT service_accounts_name_check CHECK (((char_length(name) >= 2) AND (char_length(name) <= 80))),
    CONSTRAINT service_accounts_status_check CHECK ((status = ANY (ARRAY['active'::text, 'disabled'::text])))
);

ALTER TABLE ONLY public.service_accounts FORCE ROW LEVEL SECURITY;

ALTER TABLE public.service_accounts OWNER TO balcao_owner;

CREATE TABLE public.sessions (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    membership_id uuid NOT NULL,
    user_id uuid NOT NULL,
    device_name text,
    user_agent text,
    ip_first text,
    ip_last text,
    amr text[] NOT NULL,
    created_at timestamp with time zone NOT NULL,
    authenticated_at timestamp with time zone NOT NULL,
    last_used_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    revoked_reason text,
    idle_minutes integer DEFAULT 10080 NOT NULL
);

ALTER TABLE ONLY public.sessions FORCE ROW LEVEL SECURITY;

ALTER TABLE public.sessions OWNER TO balcao_owner;

CREATE TABLE public.setup_token (
    one boolean DEFAULT true NOT NULL,
    token_hash bytea NOT NULL,
    made_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    CONSTRAINT setup_token_one_check CHECK (one)
);

ALTER TABLE ONLY public.setup_token FORCE ROW LEVEL SECURITY;

ALTER TABLE public.setup_token OWNER TO balcao_owner;

CREATE TABLE public.signing_keys (
    kid text NOT NULL,
    state text NOT NULL,
    public_jwk jsonb NOT NULL,
    private_sealed bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    activated_at timestamp with time zone,
    retiring_at timestamp with time zone,
    retired_at timestamp with time zone,
    CONSTRAINT signing_keys_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'active'::text, 'retiring'::text, 'retired'::text])))
);

ALTER TABLE ONLY public.signing_keys FORCE ROW LEVEL SECURITY;

ALTER TABLE public.signing_keys OWNER TO balcao_owner;

CREATE TABLE public.socket_counts (
    organization_id uuid NOT NULL,
    node_id uuid NOT NULL,
    sockets integer NOT NULL,
    noted_at timestamp with time zone NOT NULL,
    CONSTRAINT socket_counts_sockets_check CHECK ((sockets > 0))
);

ALTER TABLE ONLY public.socket_counts FORCE ROW LEVEL SECURITY;

ALTER TABLE public.socket_counts OWNER TO balcao_owner;

CREATE TABLE public.subscriptions (
    organization_id uuid NOT NULL,
    plan text NOT NULL,
    status text NOT NULL,
    seats integer,
    trial_ends_at timestamp with time zone,
    renews_at timestamp with time zone,
    past_due_since timestamp with time zone,
    limits jsonb DEFAULT '{}'::jsonb NOT NULL,
    features jsonb DEFAULT '{}'::jsonb NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT subscriptions_past_due_check CHECK (((status = 'past_due'::text) = (past_due_since IS NOT NULL))),
    CONSTRAINT subscriptions_plan_check CHECK ((plan = ANY (ARRAY['free'::text, 'pro'::text, 'enterprise'::text]))),
    CONSTRAINT subscriptions_seats_check CHECK ((seats > 0)),
    CONSTRAINT subscriptions_status_check CHECK ((status = ANY (ARRAY['trial'::text, 'active'::text, 'past_due'::text, 'canceled'::text]))),
    CONSTRAINT subscriptions_trial_check CHECK (((status <> 'trial'::text) OR (trial_ends_at IS NOT NULL)))
);

ALTER TABLE ONLY public.subscriptions FORCE ROW LEVEL SECURITY;

ALTER TABLE public.subscriptions OWNER TO balcao_owner;

CREATE TABLE public.unit_members (
    unit_id uuid NOT NULL,
    organization_id uuid NOT NULL,
    membership_id uuid NOT NULL,
    role text DEFAULT 'member'::text NOT NULL,
    weight smallint DEFAULT 1 NOT NULL,
    active boolean DEFAULT true NOT NULL,
    is_primary boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT unit_members_role_check CHECK ((role = ANY (ARRAY['owner'::text, 'leader'::text, 'member'::text, 'observer'::text]))),
    CONSTRAINT unit_members_weight_check CHECK (((weight >= 0) AND (weight <= 10)))
);

ALTER TABLE ONLY public.unit_members FORCE ROW LEVEL SECURITY;

ALTER TABLE public.unit_members OWNER TO balcao_owner;

CREATE VIEW public.team_units WITH (security_invoker='true') AS
 SELECT m.organization_id,
    m.membership_id,
    t.unit_id
   FROM (public.unit_members m
     CROSS JOIN LATERAL ( WITH RECURSIVE tree(unit_id, depth) AS (
                 SELECT m.unit_id,
                    1 AS "?column?"
                UNION ALL
                 SELECT u.id,
                    (tree_1.depth + 1)
                   FROM (tree tree_1
                     JOIN public.units u ON (((u.parent_id = tree_1.unit_id) AND (u.organization_id = m.organization_id))))
                  WHERE ((tree_1.depth < 8) AND (m.role = ANY (ARRAY['owner'::text, 'leader'::text])))
                )
         SELECT tree.unit_id
           FROM tree) t)
  WHERE m.active;

ALTER TABLE public.team_units OWNER TO balcao_owner;

CREATE TABLE public.totp_factors (
    user_id uuid NOT NULL,
    secret_sealed bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    confirmed_at timestamp with time zone,
    last_step bigint
);

ALTER TABLE ONLY public.totp_factors FORCE ROW LEVEL SECURITY;

ALTER TABLE public.totp_factors OWNER TO balcao_owner;

CREATE VIEW public.unit_memberships WITH (security_invoker='true') AS
 SELECT unit_members.organization_id,
    unit_members.unit_id,
    unit_members.membership_id,
    unit_members.role
   FROM public.unit_members
  WHERE unit_members.active;

ALTER TABLE public.unit_memberships OWNER TO balcao_owner;

CREATE VIEW public.unit_trees WITH (security_invoker='true') AS
 SELECT r.organization_id,
    r.id AS root_id,
    t.unit_id
   FROM (public.units r
     CROSS JOIN LATERAL ( WITH RECURSIVE tree(unit_id, depth) AS (
                 SELECT r.id,
                    1 AS "?column?"
                UNION ALL
                 SELECT u.id,
                    (tree_1.depth + 1)
                   FROM (tree tree_1
                     JOIN public.units u ON (((u.parent_id = tree_1.unit_id) AND (u.organization_id = r.organization_id))))
                  WHERE (tree_1.depth < 8)
                )
         SELECT tree.unit_id
           FROM tree) t);

ALTER TABLE public.unit_trees OWNER TO balcao_owner;

CREATE TABLE public.unrouted_items (
    id uuid NOT NULL,
    connector text NOT NULL,
    external_id text,
    raw_id uuid NOT NULL,
    "position" integer NOT NULL,
    received_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.unrouted_items FORCE ROW LEVEL SECURITY;

ALTER TABLE public.unrouted_items OWNER TO balcao_owner;

CREATE TABLE public.user_identities (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    provider text NOT NULL,
    issuer text NOT NULL,
    subject text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    last_used_at timestamp with time zone
);

ALTER TABLE ONLY public.user_identities FORCE ROW LEVEL SECURITY;

ALTER TABLE public.user_identities OWNER TO balcao_owner;

ALTER TABLE ONLY public.events ATTACH PARTITION public.events_2026_11 FOR VALUES FROM ('2026-11-01 00:00:00+00') TO ('2026-12-01 00:00:00+00');

ALTER TABLE ONLY public.events ATTACH PARTITION public.events_2026_12 FOR VALUES FROM ('2026-12-01 00:00:00+00') TO ('2027-01-01 00:00:00+00');

ALTER TABLE ONLY public.events ATTACH PARTITION public.events_2027_01 FOR VALUES FROM ('2027-01-01 00:00:00+00') TO ('2027-02-01 00:00:00+00');

ALTER TABLE ONLY public.events ATTACH PARTITION public.events_default DEFAULT;

ALTER TABLE ONLY public._sqlx_migrations
    ADD CONSTRAINT _sqlx_migrations_pkey PRIMARY KEY (version);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_hash_key UNIQUE (secret_hash, organization_id);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (id, organization_id);

ALTER TABLE ONLY public.audit_checkpoints
    ADD CONSTRAINT audit_checkpoints_pkey PRIMARY KEY (organization_id, seq);

ALTER TABLE ONLY public.audit_entries
    ADD CONSTRAINT audit_entries_event_key UNIQUE (organization_id, event_id);

ALTER TABLE ONLY public.audit_entries
    ADD CONSTRAINT audit_entries_id_key UNIQUE (organization_id, id);

ALTER TABLE ONLY public.audit_entries
    ADD CONSTRAINT audit_entries_pkey PRIMARY KEY (organization_id, seq);

ALTER TABLE ONLY public.audit_exports
    ADD CONSTRAINT audit_exports_pkey PRIMARY KEY (id, organization_id);

ALTER TABLE ONLY public.audit_heads
    ADD CONSTRAINT audit_heads_pkey PRIMARY KEY (organization_id, number);

ALTER TABLE ONLY public.audit_values
    ADD CONSTRAINT audit_values_pkey PRIMARY KEY (organization_id, seq, field);

ALTER TABLE ONLY public.ceremonies
    ADD CONSTRAINT ceremonies_pkey PRIMARY KEY (token_hash);

ALTER TABLE ONLY public.channel_accounts
    ADD CONSTRAINT channel_accounts_pkey PRIMARY KEY (id, organization_id);

ALTER TABLE ONLY public.channel_secrets
    ADD CONSTRAINT channel_secrets_pkey PRIMARY KEY (channel_account_id, name, organization_id);

ALTER TABLE ONLY public.contact_identities
    ADD CONSTRAINT contact_identities_pkey PRIMARY KEY (id, organization_id);

ALTER TABLE ONLY public.contacts
    ADD CONSTRAINT contacts_pkey PRIMARY KEY (id, organization_id);

ALTER TABLE ONLY public.conversation_assignments
    ADD CONSTRAINT conversation_assignments_pkey PRIMARY KEY (id, organization_id);

ALTER TABLE ONLY public.conversation_numbers
    ADD CONSTRAINT conversation_numbers_pkey PRIMARY KEY (organization_id);

ALTER TABLE ONLY public.conversation_participants
    ADD CONSTRAINT conversation_participants_pkey PRIMARY KEY (conversation_id, user_id, organization_id);

ALTER TABLE ONLY public.conversations
    ADD CONSTRAINT conversations_audience_key UNIQUE (id, organization_id, audience);

ALTER TABLE ONLY public.conversations
    ADD CONSTRAINT conversations_number_key UNIQUE (organization_id, number);

ALTER TABLE ONLY public.conversations
    ADD CONSTRAINT conversations_pkey PRIMARY KEY (id, organization_id);

ALTER TABLE ONLY public.data_keys
    ADD CONSTRAINT data_keys_pkey PRIMARY KEY (organization_id, version);

ALTER TABLE ONLY public.dead_jobs
    ADD CONSTRAINT dead_jobs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.erasures
    ADD CONSTRAINT erasures_pkey PRIMARY KEY (id, organization_id);

ALTER TABLE ONLY public.event_origins
    ADD CONSTRAINT event_origins_pkey PRIMARY KEY (event_id, organization_id);

ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (id, organization_id, occurred_at);

ALTER TABLE ONLY public.events_2026_11
    ADD CONSTRAINT events_2026_11_pkey PRIMARY KEY (id, organization_id, occurred_at);

ALTER TABLE ONLY public.events_2026_12
    ADD CONSTRAINT events_2026_12_pkey PRIMARY KEY (id, organization_id, occurred_at);

ALTER TABLE ONLY public.events_2027_01
    ADD CONSTRAINT events_2027_01_pkey PRIMARY KEY (id, organization_id, occurred_at);

ALTER TABLE ONLY public.events_default
    ADD CONSTRAINT events_default_pkey PRIMARY KEY (id, organization_id, occurred_at);

ALTER TABLE ONLY public.export_counts
    ADD CONSTRAINT export_counts_pkey PRIMARY KEY (organization_id, day);

ALTER TABLE ONLY public.former_slugs
    ADD CONSTRAINT former_slugs_pkey PRIMARY KEY (slug, organization_id);

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (organization_id, principal_id, route, key);

ALTER TABLE ONLY public.identity_providers
    ADD CONSTRAINT identity_providers_pkey PRIMARY KEY (id, organization_id);

ALTER TABLE ONLY public.impersonations
    ADD CONSTRAINT impersonations_pkey PRIMARY KEY (id, organization_id);

ALTER TABLE ONLY public.inbound_items
    ADD CONSTRAINT inbound_items_dedupe_key UNIQUE (organization_id, channel_account_id, dedupe_key);

ALTER TABLE ONLY public.inbound_items
    ADD CONSTRAINT inbound_items_pkey PRIMARY KEY (id, organization_id);

ALTER TABLE ONLY public.inbound_raw
    ADD CONSTRAINT inbound_raw_hash_key UNIQUE (body_hash, connector);

ALTER TABLE ONLY public.inbound_raw
    ADD CONSTRAINT inbound_raw_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.installation
    ADD CONSTRAINT installation_pkey PRIMARY KEY (one);

ALTER TABLE ONLY public.invitation_days
    ADD CONSTRAINT invitation_days_pkey PRIMARY KEY (organization_id, day);

ALTER TABLE ONLY public.invitations
    ADD CONSTRAINT invitations_pkey PRIMARY KEY (id, organization_id);

ALTER TABLE ONLY public.invitations
    ADD CONSTRAINT invitations_token_key UNIQUE (organization_id, token_hash);

ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT jobs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.known_devices
    ADD CONSTRAINT known_devices_pkey PRIMARY KEY (user_id, device_hash);

ALTER TABLE ONLY public.lasting_keys
    ADD CONSTRAINT lasting_keys_pkey PRIMARY KEY (purpose, version);

ALTER TABLE ONLY public.limit_notices
    ADD CONSTRAINT limit_notices_pkey PRIMARY KEY (organization_id, name, level, period);

ALTER TABLE ONLY public.login_throttles
    ADD CONSTRAINT login_throttles_pkey PRIMARY KEY (email_hash);

ALTER TABLE ONLY public.memberships
    ADD CONSTRAINT memberships_pkey PRIMARY KEY (id, organization_id);

ALTER TABLE ONLY public.memberships
    ADD CONSTRAINT memberships_user_key UNIQUE (organization_id, user_id);

ALTER TABLE ONLY public.message_attachments
    ADD CONSTRAINT message_attachments_pkey PRIMARY KEY (id, organization_id);

ALTER TABLE ONLY public.message_external_ids
    ADD CONSTRAINT message_external_ids_pkey PRIMARY KEY (external_id, channel_account_id, direction, organization_id);

ALTER TABLE ONLY public.message_versions
    ADD CONSTRAINT message_versions_pkey PRIMARY KEY (message_id, version, organization_id);

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_pkey PRIMARY KEY (id, organization_id);

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_sendable_key UNIQUE (id, organization_id, direction, audience);

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_seq_key UNIQUE (organization_id, conversation_id, seq);

ALTER TABLE ONLY public.mfa_requirements
    ADD CONSTRAINT mfa_requirements_pkey PRIMARY KEY (organization_id);

ALTER TABLE ONLY public.one_time_links
    ADD CONSTRAINT one_time_links_pkey PRIMARY KEY (user_id, purpose);

ALTER TABLE ONLY public.one_time_links
    ADD CONSTRAINT one_time_links_token_key UNIQUE (token_hash);

ALTER TABLE ONLY public.organization_domains
    ADD CONSTRAINT organization_domains_domain_key UNIQUE (organization_id, domain);

ALTER TABLE ONLY public.organization_domains
    ADD CONSTRAINT organization_domains_pkey PRIMARY KEY (id, organization_id);

ALTER TABLE ONLY public.organization_exports
    ADD CONSTRAINT organization_exports_pkey PRIMARY KEY (id, organization_id);

ALTER TABLE ONLY public.organization_settings
    ADD CONSTRAINT organization_settings_pkey PRIMARY KEY (organization_id);

ALTER TABLE ONLY public.organizations
    ADD CONSTRAINT organizations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.organizations
    ADD CONSTRAINT organizations_slug_key UNIQUE (slug);

ALTER TABLE ONLY public.outbound_sends
    ADD CONSTRAINT outbound_sends_pkey PRIMARY KEY (message_id, organization_id);

ALTER TABLE ONLY public.parked_updates
    ADD CONSTRAINT parked_updates_pkey PRIMARY KEY (id, organization_id);

ALTER TABLE ONLY public.passkeys
    ADD CONSTRAINT passkeys_credential_key UNIQUE (credential_id);

ALTER TABLE ONLY public.passkeys
    ADD CONSTRAINT passkeys_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.password_history
    ADD CONSTRAINT password_history_pkey PRIMARY KEY (user_id, password_hash);

ALTER TABLE ONLY public.person_keys
    ADD CONSTRAINT person_keys_pkey PRIMARY KEY (user_id);

ALTER TABLE ONLY public.platform_settings
    ADD CONSTRAINT platform_settings_pkey PRIMARY KEY (plan, key);

ALTER TABLE ONLY public.platform_staff
    ADD CONSTRAINT platform_staff_pkey PRIMARY KEY (user_id);

ALTER TABLE ONLY public.privacy_exports
    ADD CONSTRAINT privacy_exports_pkey PRIMARY KEY (id, organization_id);

ALTER TABLE ONLY public.reader_backlog
    ADD CONSTRAINT reader_backlog_pkey PRIMARY KEY (reader, organization_id, txid, event);

ALTER TABLE ONLY public.reader_cursors
    ADD CONSTRAINT reader_cursors_pkey PRIMARY KEY (reader);

ALTER TABLE ONLY public.record_history
    ADD CONSTRAINT record_history_event_key UNIQUE (organization_id, event_id);

ALTER TABLE ONLY public.record_history
    ADD CONSTRAINT record_history_pkey PRIMARY KEY (organization_id, id);

ALTER TABLE ONLY public.recovery_codes
    ADD CONSTRAINT recovery_codes_pkey PRIMARY KEY (user_id, code_hash);

ALTER TABLE ONLY public.refresh_tokens
    ADD CONSTRAINT refresh_tokens_generation_key UNIQUE (session_id, generation, organization_id);

ALTER TABLE ONLY public.refresh_tokens
    ADD CONSTRAINT refresh_tokens_pkey PRIMARY KEY (token_hash, organization_id);

ALTER TABLE ONLY public.role_assignments
    ADD CONSTRAINT role_assignments_pkey PRIMARY KEY (id, organization_id);

ALTER TABLE ONLY public.roles
    ADD CONSTRAINT roles_name_key UNIQUE (organization_id, name_folded);

ALTER TABLE ONLY public.roles
    ADD CONSTRAINT roles_pkey PRIMARY KEY (id, organization_id);

ALTER TABLE ONLY public.schedule_runs
    ADD CONSTRAINT schedule_runs_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.send_attempts
    ADD CONSTRAINT send_attempts_number_key UNIQUE (organization_id, message_id, number);

ALTER TABLE ONLY public.send_attempts
    ADD CONSTRAINT send_attempts_pkey PRIMARY KEY (id, organization_id);

ALTER TABLE ONLY public.service_accounts
    ADD CONSTRAINT service_accounts_pkey PRIMARY KEY (id, organization_id);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (id, organization_id);

ALTER TABLE ONLY public.setup_token
    ADD CONSTRAINT setup_token_pkey PRIMARY KEY (one);

ALTER TABLE ONLY public.signing_keys
    ADD CONSTRAINT signing_keys_pkey PRIMARY KEY (kid);

ALTER TABLE ONLY public.socket_counts
    ADD CONSTRAINT socket_counts_pkey PRIMARY KEY (organization_id, node_id);

ALTER TABLE ONLY public.stored_files
    ADD CONSTRAINT stored_files_pkey PRIMARY KEY (id, organization_id);

ALTER TABLE ONLY public.subscriptions
    ADD CONSTRAINT subscriptions_pkey PRIMARY KEY (organization_id);

ALTER TABLE ONLY public.totp_factors
    ADD CONSTRAINT totp_factors_pkey PRIMARY KEY (user_id);

ALTER TABLE ONLY public.unit_members
    ADD CONSTRAINT unit_members_pkey PRIMARY KEY (unit_id, membership_id, organization_id);

ALTER TABLE ONLY public.units
    ADD CONSTRAINT units_pkey PRIMARY KEY (id, organization_id);

ALTER TABLE ONLY public.units
    ADD CONSTRAINT units_slug_key UNIQUE (organization_id, slug);

ALTER TABLE ONLY public.unrouted_items
    ADD CONSTRAINT unrouted_items_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.unrouted_items
    ADD CONSTRAINT unrouted_items_position_key UNIQUE (raw_id, "position");

ALTER TABLE ONLY public.user_identities
    ADD CONSTRAINT user_identities_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.user_identities
    ADD CONSTRAINT user_identities_subject_key UNIQUE (provider, issuer, subject);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_email_norm_key UNIQUE (email_norm);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

CREATE INDEX api_keys_account_idx ON public.api_keys USING btree (service_account_id, organization_id);

CREATE INDEX api_keys_expiry_idx ON public.api_keys USING btree (expires_at) WHERE (revoked_at IS NULL);

CREATE INDEX api_keys_hash_idx ON public.api_keys USING btree (secret_hash);

CREATE INDEX audit_entries_action_idx ON public.audit_entries USING btree (organization_id, action, seq);

CREATE INDEX audit_entries_actor_idx ON public.audit_entries USING btree (organization_id, actor_id, seq);

CREATE INDEX audit_entries_at_idx ON public.audit_entries USING btree (organization_id, at);

CREATE INDEX audit_entries_resource_idx ON public.audit_entries USING btree (organization_id, resource_type, resource_id, seq);

CREATE INDEX audit_values_lookup_idx ON public.audit_values USING btree (organization_id, lookup, seq);

CREATE INDEX audit_values_person_idx ON public.audit_values USING btree (person_id, organization_id);

CREATE INDEX ceremonies_expires_idx ON public.ceremonies USING btree (expires_at);

CREATE UNIQUE INDEX channel_accounts_external_idx ON public.channel_accounts USING btree (kind, external_id) WHERE (status = ANY (ARRAY['active'::text, 'paused'::text, 'error'::text]));

CREATE INDEX channel_accounts_list_idx ON public.channel_accounts USING btree (organization_id, id);

CREATE INDEX channel_accounts_unit_idx ON public.channel_accounts USING btree (unit_id, organization_id) WHERE (unit_id IS NOT NULL);

CREATE INDEX contact_identities_address_idx ON public.contact_identities USING btree (organization_id, address_id);

CREATE INDEX contact_identities_contact_idx ON public.contact_identities USING btree (contact_id, organization_id);

CREATE UNIQUE INDEX contact_identities_live_idx ON public.contact_identities USING btree (organization_id, kind, match_key) WHERE ((retired_at IS NULL) AND (trust <> 'claimed'::text));

CREATE UNIQUE INDEX contact_identities_primary_idx ON public.contact_identities USING btree (organization_id, contact_id, kind) WHERE (is_primary AND (retired_at IS NULL));

CREATE INDEX contacts_list_idx ON public.contacts USING btree (organization_id, id);

CREATE INDEX contacts_unit_idx ON public.contacts USING btree (unit_id, organization_id) WHERE (unit_id IS NOT NULL);

CREATE INDEX conversation_assignments_conversation_idx ON public.conversation_assignments USING btree (conversation_id, organization_id);

CREATE UNIQUE INDEX conversation_assignments_primary_idx ON public.conversation_assignments USING btree (organization_id, conversation_id) WHERE ((kind = 'primary'::text) AND (until IS NULL));

CREATE INDEX conversation_assignments_user_idx ON public.conversation_assignments USING btree (organization_id, user_id);

CREATE INDEX conversation_participants_user_idx ON public.conversation_participants USING btree (organization_id, user_id);

CREATE INDEX conversations_activity_idx ON public.conversations USING btree (organization_id, last_activity_at DESC, id DESC);

CREATE INDEX conversations_contact_idx ON public.conversations USING btree (contact_id, organization_id);

CREATE INDEX conversations_identity_idx ON public.conversations USING btree (identity_id, organization_id);

CREATE INDEX conversations_latest_idx ON public.conversations USING btree (organization_id, channel_account_id, address_id, id);

CREATE INDEX conversations_owner_idx ON public.conversations USING btree (organization_id, owner_id, last_activity_at DESC, id DESC);

CREATE INDEX conversations_status_idx ON public.conversations USING btree (organization_id, status, last_activity_at DESC, id DESC);

CREATE UNIQUE INDEX conversations_thread_idx ON public.conversations USING btree (organization_id, channel_account_id, address_id) WHERE ((status <> 'closed'::text) AND (audience = 'external'::text) AND (channel_kind = ANY (ARRAY['whatsapp'::text, 'telegram'::text, 'sms'::text, 'webchat'::text])));

CREATE INDEX conversations_unit_idx ON public.conversations USING btree (unit_id, organization_id);

CREATE INDEX conversations_waiting_idx ON public.conversations USING btree (organization_id, waiting_since, id) WHERE (waiting_since IS NOT NULL);

CREATE INDEX dead_jobs_organization_idx ON public.dead_jobs USING btree (organization_id, died_at);

CREATE INDEX erasures_membership_idx ON public.erasures USING btree (membership_id, organization_id);

CREATE UNIQUE INDEX erasures_open_idx ON public.erasures USING btree (organization_id, membership_id) WHERE ((done_at IS NULL) AND (canceled_at IS NULL));

CREATE INDEX events_organization_idx ON ONLY public.events USING btree (organization_id, txid, id);

CREATE INDEX events_2026_11_organization_id_txid_id_idx ON public.events_2026_11 USING btree (organization_id, txid, id);

CREATE INDEX events_position_idx ON ONLY public.events USING btree (txid, id);

CREATE INDEX events_2026_11_txid_id_idx ON public.events_2026_11 USING btree (txid, id);

CREATE INDEX events_2026_12_organization_id_txid_id_idx ON public.events_2026_12 USING btree (organization_id, txid, id);

CREATE INDEX events_2026_12_txid_id_idx ON public.events_2026_12 USING btree (txid, id);

CREATE INDEX events_2027_01_organization_id_txid_id_idx ON public.events_2027_01 USING btree (organization_id, txid, id);

CREATE INDEX events_2027_01_txid_id_idx ON public.events_2027_01 USING btree (txid, id);

CREATE INDEX events_default_organization_id_txid_id_idx ON public.events_default USING btree (organization_id, txid, id);

CREATE INDEX events_default_txid_id_idx ON public.events_default USING btree (txid, id);

CREATE INDEX former_slugs_organization_idx ON public.former_slugs USING btree (organization_id);

CREATE INDEX idempotency_keys_age_idx ON public.idempotency_keys USING btree (created_at);

CREATE INDEX identity_providers_organization_idx ON public.identity_providers USING btree (organization_id);

CREATE INDEX impersonations_by_idx ON public.impersonations USING btree (by_user_id);

CREATE INDEX impersonations_list_idx ON public.impersonations USING btree (organization_id, kind, id);

CREATE INDEX impersonations_membership_idx ON public.impersonations USING btree (membership_id, organization_id);

CREATE INDEX impersonations_open_idx ON public.impersonations USING btree (expires_at) WHERE (status = ANY (ARRAY['requested'::text, 'approved'::text, 'started'::text]));

CREATE INDEX impersonations_session_idx ON public.impersonations USING btree (session_id, organization_id) WHERE (session_id IS NOT NULL);

CREATE INDEX inbound_items_account_idx ON public.inbound_items USING btree (channel_account_id, organization_id);

CREATE INDEX inbound_items_kept_idx ON public.inbound_items USING btree (organization_id, received_at, raw_id, "position") WHERE (state = 'kept'::text);

CREATE INDEX inbound_items_list_idx ON public.inbound_items USING btree (organization_id, channel_account_id, state, id);

CREATE INDEX inbound_raw_age_idx ON public.inbound_raw USING btree (received_at);

CREATE INDEX inbound_raw_waiting_idx ON public.inbound_raw USING btree (received_at, id) WHERE (state = 'stored'::text);

CREATE INDEX invitations_expiry_idx ON public.invitations USING btree (expires_at) WHERE (status = 'pending'::text);

CREATE UNIQUE INDEX invitations_live_idx ON public.invitations USING btree (organization_id, membership_id) WHERE (status = 'pending'::text);

CREATE INDEX invitations_membership_idx ON public.invitations USING btree (membership_id, organization_id);

CREATE INDEX invitations_token_idx ON public.invitations USING btree (token_hash);

CREATE INDEX invitations_user_idx ON public.invitations USING btree (user_id) WHERE (status = 'pending'::text);

CREATE INDEX jobs_due_idx ON public.jobs USING btree (lane, organization_id, run_at, id);

CREATE INDEX jobs_order_idx ON public.jobs USING btree (order_key, id) WHERE (order_key IS NOT NULL);

CREATE UNIQUE INDEX jobs_unique_idx ON public.jobs USING btree (organization_id, kind, unique_key) WHERE ((unique_key IS NOT NULL) AND (lease IS NULL));

CREATE UNIQUE INDEX memberships_erased_idx ON public.memberships USING btree (organization_id, erased_number) WHERE (erased_number IS NOT NULL);

CREATE INDEX memberships_user_idx ON public.memberships USING btree (user_id);

CREATE INDEX message_attachments_file_idx ON public.message_attachments USING btree (file_id, organization_id) WHERE (file_id IS NOT NULL);

CREATE INDEX message_attachments_message_idx ON public.message_attachments USING btree (message_id, organization_id);

CREATE INDEX message_external_ids_account_idx ON public.message_external_ids USING btree (channel_account_id, organization_id);

CREATE INDEX message_external_ids_message_idx ON public.message_external_ids USING btree (message_id, organization_id);

CREATE UNIQUE INDEX messages_client_idx ON public.messages USING btree (organization_id, conversation_id, sender_id, client_id) WHERE (client_id IS NOT NULL);

CREATE INDEX messages_reply_idx ON public.messages USING btree (reply_to_id, organization_id) WHERE (reply_to_id IS NOT NULL);

CREATE INDEX one_time_links_expires_idx ON public.one_time_links USING btree (expires_at);

CREATE INDEX organization_domains_check_idx ON public.organization_domains USING btree (last_checked_at) WHERE (verified_at IS NOT NULL);

CREATE UNIQUE INDEX organization_domains_verified_idx ON public.organization_domains USING btree (domain) WHERE (verified_at IS NOT NULL);

CREATE UNIQUE INDEX organization_exports_waiting_idx ON public.organization_exports USING btree (organization_id) WHERE (state = 'waiting'::text);

CREATE INDEX organizations_closing_idx ON public.organizations USING btree (closing_at) WHERE (status = 'closing'::text);

CREATE INDEX organizations_tax_id_idx ON public.organizations USING btree (tax_id) WHERE (tax_id IS NOT NULL);

CREATE INDEX parked_updates_account_idx ON public.parked_updates USING btree (channel_account_id, organization_id);

CREATE INDEX parked_updates_tag_idx ON public.parked_updates USING btree (organization_id, callback_tag) WHERE (callback_tag IS NOT NULL);

CREATE INDEX parked_updates_target_idx ON public.parked_updates USING btree (organization_id, channel_account_id, external_id);

CREATE INDEX passkeys_user_idx ON public.passkeys USING btree (user_id);

CREATE INDEX privacy_exports_expiry_idx ON public.privacy_exports USING btree (expires_at) WHERE (state = 'ready'::text);

CREATE INDEX privacy_exports_membership_idx ON public.privacy_exports USING btree (membership_id, organization_id);

CREATE INDEX reader_backlog_due_idx ON public.reader_backlog USING btree (reader, state, due_at);

CREATE INDEX record_history_resource_idx ON public.record_history USING btree (organization_id, resource_type, resource_id, id);

CREATE INDEX role_assignments_membership_idx ON public.role_assignments USING btree (membership_id, organization_id);

CREATE INDEX role_assignments_role_idx ON public.role_assignments USING btree (role_id, organization_id);

CREATE INDEX role_assignments_scope_idx ON public.role_assignments USING btree (scope_id, organization_id) WHERE (scope_id IS NOT NULL);

CREATE INDEX role_assignments_service_account_idx ON public.role_assignments USING btree (service_account_id, organization_id) WHERE (service_account_id IS NOT NULL);

CREATE UNIQUE INDEX send_attempts_running_idx ON public.send_attempts USING btree (organization_id, message_id) WHERE (outcome IS NULL);

CREATE INDEX send_attempts_send_idx ON public.send_attempts USING btree (message_id, organization_id);

CREATE UNIQUE INDEX service_accounts_name_idx ON public.service_accounts USING btree (organization_id, name_folded) WHERE (deleted_at IS NULL);

CREATE INDEX sessions_membership_idx ON public.sessions USING btree (membership_id, organization_id) WHERE (revoked_at IS NULL);

CREATE INDEX sessions_user_idx ON public.sessions USING btree (user_id);

CREATE UNIQUE INDEX signing_keys_one_idx ON public.signing_keys USING btree (state) WHERE (state = ANY (ARRAY['pending'::text, 'active'::text]));

CREATE INDEX subscriptions_due_idx ON public.subscriptions USING btree (status) WHERE (status = ANY (ARRAY['trial'::text, 'past_due'::text]));

CREATE INDEX unit_members_membership_idx ON public.unit_members USING btree (membership_id, organization_id);

CREATE UNIQUE INDEX units_fallback_idx ON public.units USING btree (organization_id) WHERE is_fallback;

CREATE INDEX units_parent_idx ON public.units USING btree (parent_id, organization_id) WHERE (parent_id IS NOT NULL);

CREATE INDEX unrouted_items_account_idx ON public.unrouted_items USING btree (connector, external_id, received_at, "position");

CREATE INDEX user_identities_user_idx ON public.user_identities USING btree (user_id);

CREATE INDEX users_erase_idx ON public.users USING btree (erase_at) WHERE (erase_at IS NOT NULL);

ALTER INDEX public.events_organization_idx ATTACH PARTITION public.events_2026_11_organization_id_txid_id_idx;

ALTER INDEX public.events_pkey ATTACH PARTITION public.events_2026_11_pkey;

ALTER INDEX public.events_position_idx ATTACH PARTITION public.events_2026_11_txid_id_idx;

ALTER INDEX public.events_organization_idx ATTACH PARTITION public.events_2026_12_organization_id_txid_id_idx;

ALTER INDEX public.events_pkey ATTACH PARTITION public.events_2026_12_pkey;

ALTER INDEX public.events_position_idx ATTACH PARTITION public.events_2026_12_txid_id_idx;

ALTER INDEX public.events_organization_idx ATTACH PARTITION public.events_2027_01_organization_id_txid_id_idx;

ALTER INDEX public.events_pkey ATTACH PARTITION public.events_2027_01_pkey;

ALTER INDEX public.events_position_idx ATTACH PARTITION public.events_2027_01_txid_id_idx;

ALTER INDEX public.events_organization_idx ATTACH PARTITION public.events_default_organization_id_txid_id_idx;

ALTER INDEX public.events_pkey ATTACH PARTITION public.events_default_pkey;

ALTER INDEX public.events_position_idx ATTACH PARTITION public.events_default_txid_id_idx;

CREATE TRIGGER channel_accounts_archived AFTER UPDATE OF status ON public.channel_accounts FOR EACH ROW WHEN (((new.status = 'archived'::text) AND (old.status <> 'archived'::text))) EXECUTE FUNCTION public.end_assignments_of_archived();

CREATE TRIGGER units_archived AFTER UPDATE OF status ON public.units FOR EACH ROW WHEN (((new.status = 'archived'::text) AND (old.status <> 'archived'::text))) EXECUTE FUNCTION public.end_assignments_of_archived();

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_service_account_fkey FOREIGN KEY (service_account_id, organization_id) REFERENCES public.service_accounts(id, organization_id);

ALTER TABLE ONLY public.channel_accounts
    ADD CONSTRAINT channel_accounts_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

ALTER TABLE ONLY public.channel_accounts
    ADD CONSTRAINT channel_accounts_unit_fkey FOREIGN KEY (unit_id, organization_id) REFERENCES public.units(id, organization_id);

ALTER TABLE ONLY public.channel_secrets
    ADD CONSTRAINT channel_secrets_account_fkey FOREIGN KEY (channel_account_id, organization_id) REFERENCES public.channel_accounts(id, organization_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.contact_identities
    ADD CONSTRAINT contact_identities_contact_fkey FOREIGN KEY (contact_id, organization_id) REFERENCES public.contacts(id, organization_id);

ALTER TABLE ONLY public.contacts
    ADD CONSTRAINT contacts_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

ALTER TABLE ONLY public.contacts
    ADD CONSTRAINT contacts_unit_fkey FOREIGN KEY (unit_id, organization_id) REFERENCES public.units(id, organization_id);

ALTER TABLE ONLY public.conversation_assignments
    ADD CONSTRAINT conversation_assignments_conversation_fkey FOREIGN KEY (conversation_id, organization_id) REFERENCES public.conversations(id, organization_id);

ALTER TABLE ONLY public.conversation_assignments
    ADD CONSTRAINT conversation_assignments_user_fkey FOREIGN KEY (organization_id, user_id) REFERENCES public.memberships(organization_id, user_id);

ALTER TABLE ONLY public.conversation_numbers
    ADD CONSTRAINT conversation_numbers_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

ALTER TABLE ONLY public.conversation_participants
    ADD CONSTRAINT conversation_participants_conversation_fkey FOREIGN KEY (conversation_id, organization_id) REFERENCES public.conversations(id, organization_id);

ALTER TABLE ONLY public.conversation_participants
    ADD CONSTRAINT conversation_participants_user_fkey FOREIGN KEY (organization_id, user_id) REFERENCES public.memberships(organization_id, user_id);

ALTER TABLE ONLY public.conversations
    ADD CONSTRAINT conversations_account_fkey FOREIGN KEY (channel_account_id, organization_id) REFERENCES public.channel_accounts(id, organization_id);

ALTER TABLE ONLY public.conversations
    ADD CONSTRAINT conversations_contact_fkey FOREIGN KEY (contact_id, organization_id) REFERENCES public.contacts(id, organization_id);

ALTER TABLE ONLY public.conversations
    ADD CONSTRAINT conversations_identity_fkey FOREIGN KEY (identity_id, organization_id) REFERENCES public.contact_identities(id, organization_id);

ALTER TABLE ONLY public.conversations
    ADD CONSTRAINT conversations_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

ALTER TABLE ONLY public.conversations
    ADD CONSTRAINT conversations_owner_fkey FOREIGN KEY (organization_id, owner_id) REFERENCES public.memberships(organization_id, user_id);

ALTER TABLE ONLY public.conversations
    ADD CONSTRAINT conversations_unit_fkey FOREIGN KEY (unit_id, organization_id) REFERENCES public.units(id, organization_id);

ALTER TABLE ONLY public.data_keys
    ADD CONSTRAINT data_keys_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

ALTER TABLE ONLY public.erasures
    ADD CONSTRAINT erasures_membership_fkey FOREIGN KEY (membership_id, organization_id) REFERENCES public.memberships(id, organization_id);

ALTER TABLE ONLY public.export_counts
    ADD CONSTRAINT export_counts_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

ALTER TABLE ONLY public.former_slugs
    ADD CONSTRAINT former_slugs_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

ALTER TABLE ONLY public.identity_providers
    ADD CONSTRAINT identity_providers_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

ALTER TABLE ONLY public.impersonations
    ADD CONSTRAINT impersonations_by_user_id_fkey FOREIGN KEY (by_user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.impersonations
    ADD CONSTRAINT impersonations_membership_fkey FOREIGN KEY (membership_id, organization_id) REFERENCES public.memberships(id, organization_id);

ALTER TABLE ONLY public.impersonations
    ADD CONSTRAINT impersonations_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

ALTER TABLE ONLY public.impersonations
    ADD CONSTRAINT impersonations_session_fkey FOREIGN KEY (session_id, organization_id) REFERENCES public.sessions(id, organization_id) ON DELETE SET NULL (session_id);

ALTER TABLE ONLY public.inbound_items
    ADD CONSTRAINT inbound_items_account_fkey FOREIGN KEY (channel_account_id, organization_id) REFERENCES public.channel_accounts(id, organization_id);

ALTER TABLE ONLY public.inbound_items
    ADD CONSTRAINT inbound_items_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

ALTER TABLE ONLY public.invitation_days
    ADD CONSTRAINT invitation_days_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

ALTER TABLE ONLY public.invitations
    ADD CONSTRAINT invitations_membership_fkey FOREIGN KEY (membership_id, organization_id) REFERENCES public.memberships(id, organization_id);

ALTER TABLE ONLY public.known_devices
    ADD CONSTRAINT known_devices_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.limit_notices
    ADD CONSTRAINT limit_notices_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

ALTER TABLE ONLY public.memberships
    ADD CONSTRAINT memberships_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

ALTER TABLE ONLY public.memberships
    ADD CONSTRAINT memberships_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.message_attachments
    ADD CONSTRAINT message_attachments_file_fkey FOREIGN KEY (file_id, organization_id) REFERENCES public.stored_files(id, organization_id);

ALTER TABLE ONLY public.message_attachments
    ADD CONSTRAINT message_attachments_message_fkey FOREIGN KEY (message_id, organization_id) REFERENCES public.messages(id, organization_id);

ALTER TABLE ONLY public.message_external_ids
    ADD CONSTRAINT message_external_ids_account_fkey FOREIGN KEY (channel_account_id, organization_id) REFERENCES public.channel_accounts(id, organization_id);

ALTER TABLE ONLY public.message_external_ids
    ADD CONSTRAINT message_external_ids_message_fkey FOREIGN KEY (message_id, organization_id) REFERENCES public.messages(id, organization_id);

ALTER TABLE ONLY public.message_versions
    ADD CONSTRAINT message_versions_message_fkey FOREIGN KEY (message_id, organization_id) REFERENCES public.messages(id, organization_id);

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_conversation_fkey FOREIGN KEY (conversation_id, organization_id, audience) REFERENCES public.conversations(id, organization_id, audience);

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_reply_fkey FOREIGN KEY (reply_to_id, organization_id) REFERENCES public.messages(id, organization_id);

ALTER TABLE ONLY public.mfa_requirements
    ADD CONSTRAINT mfa_requirements_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

ALTER TABLE ONLY public.one_time_links
    ADD CONSTRAINT one_time_links_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.organization_domains
    ADD CONSTRAINT organization_domains_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

ALTER TABLE ONLY public.organization_exports
    ADD CONSTRAINT organization_exports_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

ALTER TABLE ONLY public.organization_settings
    ADD CONSTRAINT organization_settings_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

ALTER TABLE ONLY public.outbound_sends
    ADD CONSTRAINT outbound_sends_message_fkey FOREIGN KEY (message_id, organization_id, direction, audience) REFERENCES public.messages(id, organization_id, direction, audience);

ALTER TABLE ONLY public.parked_updates
    ADD CONSTRAINT parked_updates_account_fkey FOREIGN KEY (channel_account_id, organization_id) REFERENCES public.channel_accounts(id, organization_id);

ALTER TABLE ONLY public.passkeys
    ADD CONSTRAINT passkeys_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.password_history
    ADD CONSTRAINT password_history_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.person_keys
    ADD CONSTRAINT person_keys_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.platform_staff
    ADD CONSTRAINT platform_staff_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.privacy_exports
    ADD CONSTRAINT privacy_exports_membership_fkey FOREIGN KEY (membership_id, organization_id) REFERENCES public.memberships(id, organization_id);

ALTER TABLE ONLY public.recovery_codes
    ADD CONSTRAINT recovery_codes_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.refresh_tokens
    ADD CONSTRAINT refresh_tokens_session_fkey FOREIGN KEY (session_id, organization_id) REFERENCES public.sessions(id, organization_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.role_assignments
    ADD CONSTRAINT role_assignments_membership_fkey FOREIGN KEY (membership_id, organization_id) REFERENCES public.memberships(id, organization_id);

ALTER TABLE ONLY public.role_assignments
    ADD CONSTRAINT role_assignments_role_fkey FOREIGN KEY (role_id, organization_id) REFERENCES public.roles(id, organization_id);

ALTER TABLE ONLY public.role_assignments
    ADD CONSTRAINT role_assignments_service_account_fkey FOREIGN KEY (service_account_id, organization_id) REFERENCES public.service_accounts(id, organization_id);

ALTER TABLE ONLY public.roles
    ADD CONSTRAINT roles_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

ALTER TABLE ONLY public.send_attempts
    ADD CONSTRAINT send_attempts_send_fkey FOREIGN KEY (message_id, organization_id) REFERENCES public.outbound_sends(message_id, organization_id);

ALTER TABLE ONLY public.service_accounts
    ADD CONSTRAINT service_accounts_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_membership_fkey FOREIGN KEY (membership_id, organization_id) REFERENCES public.memberships(id, organization_id);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.stored_files
    ADD CONSTRAINT stored_files_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

ALTER TABLE ONLY public.subscriptions
    ADD CONSTRAINT subscriptions_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

ALTER TABLE ONLY public.totp_factors
    ADD CONSTRAINT totp_factors_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.unit_members
    ADD CONSTRAINT unit_members_membership_fkey FOREIGN KEY (membership_id, organization_id) REFERENCES public.memberships(id, organization_id);

ALTER TABLE ONLY public.unit_members
    ADD CONSTRAINT unit_members_unit_fkey FOREIGN KEY (unit_id, organization_id) REFERENCES public.units(id, organization_id);

ALTER TABLE ONLY public.units
    ADD CONSTRAINT units_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

ALTER TABLE ONLY public.units
    ADD CONSTRAINT units_parent_fkey FOREIGN KEY (parent_id, organization_id) REFERENCES public.units(id, organization_id);

ALTER TABLE ONLY public.user_identities
    ADD CONSTRAINT user_identities_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE public.api_keys ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.audit_checkpoints ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.audit_entries ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.audit_exports ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.audit_heads ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.audit_values ENABLE ROW LEVEL SECURITY;

CREATE POLICY auditor ON public.audit_checkpoints TO balcao_auditor USING (true);

CREATE POLICY auditor ON public.audit_entries TO balcao_auditor USING (true);

CREATE POLICY auditor ON public.audit_values TO balcao_auditor USING (true);

CREATE POLICY auditor ON public.events TO balcao_auditor USING ((EXISTS ( SELECT
   FROM public.organizations o
  WHERE ((o.id = events.organization_id) AND (o.status = 'erased'::text)))));

CREATE POLICY auditor ON public.memberships FOR SELECT TO balcao_auditor USING ((held_at IS NOT NULL));

CREATE POLICY auditor ON public.organizations FOR SELECT TO balcao_auditor USING (true);

ALTER TABLE public.ceremonies ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.channel_accounts ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.channel_secrets ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.contact_identities ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.contacts ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.conversation_assignments ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.conversation_numbers ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.conversation_participants ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.conversations ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.data_keys ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.dead_jobs ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.erasures ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.event_origins ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.events ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.events_2026_11 ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.events_2026_12 ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.events_2027_01 ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.events_default ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.export_counts ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.former_slugs ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.idempotency_keys ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.identity_providers ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.impersonations ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.inbound_items ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.inbound_raw ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.invitation_days ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.invitations ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.jobs ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.known_devices ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.lasting_keys ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.limit_notices ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.login_throttles ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.memberships ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.message_attachments ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.message_external_ids ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.message_versions ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.messages ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.mfa_requirements ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.one_time_links ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.organization_domains ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.organization_exports ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.organization_settings ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.organizations ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.outbound_sends ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.parked_updates ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.passkeys ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.password_history ENABLE ROW LEVEL SECURITY;

CREATE POLICY person ON public.passkeys TO balcao_app USING ((EXISTS ( SELECT
   FROM public.memberships m
  WHERE ((m.user_id = passkeys.user_id) AND (m.organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting))))));

CREATE POLICY person ON public.recovery_codes TO balcao_app USING ((EXISTS ( SELECT
   FROM public.memberships m
  WHERE ((m.user_id = recovery_codes.user_id) AND (m.organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting))))));

CREATE POLICY person ON public.totp_factors TO balcao_app USING ((EXISTS ( SELECT
   FROM public.memberships m
  WHERE ((m.user_id = totp_factors.user_id) AND (m.organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting))))));

CREATE POLICY person ON public.user_identities TO balcao_app USING ((EXISTS ( SELECT
   FROM public.memberships m
  WHERE ((m.user_id = user_identities.user_id) AND (m.organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting))))));

ALTER TABLE public.person_keys ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.platform_settings ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.platform_staff ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.privacy_exports ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.reader_backlog ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.record_history ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.recovery_codes ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.refresh_tokens ENABLE ROW LEVEL SECURITY;

CREATE POLICY resolver ON public.api_keys FOR SELECT TO balcao_resolver USING (true);

CREATE POLICY resolver ON public.channel_accounts FOR SELECT TO balcao_resolver USING (true);

CREATE POLICY resolver ON public.events TO balcao_resolver USING (true);

CREATE POLICY resolver ON public.former_slugs FOR SELECT TO balcao_resolver USING (true);

CREATE POLICY resolver ON public.identity_providers FOR SELECT TO balcao_resolver USING (true);

CREATE POLICY resolver ON public.impersonations FOR SELECT TO balcao_resolver USING (true);

CREATE POLICY resolver ON public.invitations FOR SELECT TO balcao_resolver USING (true);

CREATE POLICY resolver ON public.memberships FOR SELECT TO balcao_resolver USING (true);

CREATE POLICY resolver ON public.organization_domains TO balcao_resolver USING (true);

CREATE POLICY resolver ON public.organizations FOR SELECT TO balcao_resolver USING (true);

CREATE POLICY resolver ON public.passkeys FOR SELECT TO balcao_resolver USING (true);

CREATE POLICY resolver ON public.password_history TO balcao_resolver USING (true);

CREATE POLICY resolver ON public.person_keys TO balcao_resolver USING (true);

CREATE POLICY resolver ON public.platform_staff TO balcao_resolver USING (true);

CREATE POLICY resolver ON public.privacy_exports FOR SELECT TO balcao_resolver USING (true);

CREATE POLICY resolver ON public.recovery_codes TO balcao_resolver USING (true);

CREATE POLICY resolver ON public.refresh_tokens FOR SELECT TO balcao_resolver USING (true);

CREATE POLICY resolver ON public.sessions TO balcao_resolver USING (true);

CREATE POLICY resolver ON public.subscriptions FOR SELECT TO balcao_resolver USING (true);

CREATE POLICY resolver ON public.totp_factors TO balcao_resolver USING (true);

CREATE POLICY resolver ON public.user_identities FOR SELECT TO balcao_resolver USING (true);

CREATE POLICY resolver ON public.users TO balcao_resolver USING (true);

CREATE POLICY resolver_forgets ON public.passkeys FOR DELETE TO balcao_resolver USING (true);

CREATE POLICY resolver_forgets ON public.user_identities FOR DELETE TO balcao_resolver USING (true);

ALTER TABLE public.role_assignments ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.roles ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.send_attempts ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.service_accounts ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.sessions ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.setup_token ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.signing_keys ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.socket_counts ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.stored_files ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.subscriptions ENABLE ROW LEVEL SECURITY;

CREATE POLICY tenant ON public.api_keys TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.audit_checkpoints TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.audit_entries TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.audit_exports TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.audit_heads TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.audit_values TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.channel_accounts TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.channel_secrets TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.contact_identities TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.contacts TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.conversation_assignments TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.conversation_numbers TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.conversation_participants TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.conversations TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.data_keys TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.dead_jobs TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.erasures TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.event_origins TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.events TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.export_counts TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.former_slugs TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.idempotency_keys TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.identity_providers TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.impersonations TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.inbound_items TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.invitation_days TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.invitations TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.jobs TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.limit_notices TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.memberships TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.message_attachments TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.message_external_ids TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.message_versions TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.messages TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.mfa_requirements TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.organization_domains TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.organization_exports TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.organization_settings TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.organizations TO balcao_app USING ((id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.outbound_sends TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.parked_updates TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.privacy_exports TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.reader_backlog TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.record_history TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.refresh_tokens TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.role_assignments TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.roles TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.send_attempts TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.service_accounts TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.sessions TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.socket_counts TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.stored_files TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.subscriptions TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.unit_members TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.units TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.users TO balcao_app USING ((EXISTS ( SELECT
   FROM public.memberships m
  WHERE ((m.user_id = users.id) AND (m.organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting))))));

ALTER TABLE public.totp_factors ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.unit_members ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.units ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.unrouted_items ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.user_identities ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.users ENABLE ROW LEVEL SECURITY;

CREATE POLICY whole ON public.ceremonies TO balcao_app USING (true);

CREATE POLICY whole ON public.known_devices TO balcao_app USING (true);

CREATE POLICY whole ON public.lasting_keys TO balcao_app USING (true);

CREATE POLICY whole ON public.login_throttles TO balcao_app USING (true);

CREATE POLICY whole ON public.one_time_links TO balcao_app USING (true);

CREATE POLICY whole ON public.platform_settings TO balcao_app USING (true);

CREATE POLICY whole ON public.platform_staff FOR SELECT TO balcao_app USING (true);

CREATE POLICY whole ON public.setup_token TO balcao_app USING (true);

CREATE POLICY whole ON public.signing_keys TO balcao_app USING (true);

CREATE POLICY worker ON public.data_keys FOR SELECT TO balcao_worker USING (true);

CREATE POLICY worker ON public.dead_jobs TO balcao_worker USING (true);

CREATE POLICY worker ON public.events TO balcao_worker USING (true);

CREATE POLICY worker ON public.idempotency_keys TO balcao_worker USING (true);

CREATE POLICY worker ON public.inbound_items TO balcao_worker USING (true);

CREATE POLICY worker ON public.inbound_raw TO balcao_worker USING (true);

CREATE POLICY worker ON public.jobs TO balcao_worker USING (true);

CREATE POLICY worker ON public.organization_domains FOR SELECT TO balcao_worker USING (true);

CREATE POLICY worker ON public.organization_exports FOR SELECT TO balcao_worker USING (true);

CREATE POLICY worker ON public.organizations FOR SELECT TO balcao_worker USING (true);

CREATE POLICY worker ON public.parked_updates TO balcao_worker USING (true);

CREATE POLICY worker ON public.reader_backlog TO balcao_worker USING (true);

CREATE POLICY worker ON public.socket_counts TO balcao_worker USING (true);

CREATE POLICY worker ON public.subscriptions FOR SELECT TO balcao_worker USING (true);

CREATE POLICY worker ON public.unrouted_items TO balcao_worker USING (true);

GRANT USAGE ON SCHEMA public TO balcao_app;
GRANT USAGE ON SCHEMA public TO balcao_worker;
GRANT ALL ON SCHEMA public TO balcao_resolver;
GRANT ALL ON SCHEMA public TO balcao_auditor;
GRANT ALL ON SCHEMA public TO balcao_owner WITH GRANT OPTION;

REVOKE ALL ON FUNCTION public.any_organization() FROM PUBLIC;
GRANT ALL ON FUNCTION public.any_organization() TO balcao_app;

REVOKE ALL ON FUNCTION public.api_key_by_hash(wanted bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION public.api_key_by_hash(wanted bytea) TO balcao_app;

REVOKE ALL ON FUNCTION public.audit_forget(organization uuid, person uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.audit_forget(organization uuid, person uuid) TO balcao_worker;

REVOKE ALL ON FUNCTION public.audit_prune(organization uuid, upto bigint, signature bytea, at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.audit_prune(organization uuid, upto bigint, signature bytea, at timestamp with time zone) TO balcao_worker;

REVOKE ALL ON FUNCTION public.cancel_login_erasure(wanted uuid, at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.cancel_login_erasure(wanted uuid, at timestamp with time zone) TO balcao_app;

REVOKE ALL ON FUNCTION public.change_login_email(wanted uuid, new_email text, new_email_norm text, at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.change_login_email(wanted uuid, new_email text, new_email_norm text, at timestamp with time zone) TO balcao_app;

REVOKE ALL ON FUNCTION public.channel_account_by_external_id(wanted_kind text, wanted text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.channel_account_by_external_id(wanted_kind text, wanted text) TO balcao_worker;

REVOKE ALL ON FUNCTION public.claim_login(wanted uuid, new_name text, new_name_norm text, new_hash text, at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.claim_login(wanted uuid, new_name text, new_name_norm text, new_hash text, at timestamp with time zone) TO balcao_app;

REVOKE ALL ON FUNCTION public.counted_audit_values() FROM PUBLIC;
GRANT ALL ON FUNCTION public.counted_audit_values() TO balcao_worker;

REVOKE ALL ON FUNCTION public.counted_person_keys() FROM PUBLIC;
GRANT ALL ON FUNCTION public.counted_person_keys() TO balcao_worker;

REVOKE ALL ON FUNCTION public.due_login_erasures(at timestamp with time zone, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.due_login_erasures(at timestamp with time zone, most integer) TO balcao_app;

REVOKE ALL ON FUNCTION public.email_verified(wanted uuid, at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.email_verified(wanted uuid, at timestamp with time zone) TO balcao_app;

REVOKE ALL ON FUNCTION public.end_assignments_of_archived() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.end_sessions_of(wanted uuid, but uuid, reason text, at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.end_sessions_of(wanted uuid, but uuid, reason text, at timestamp with time zone) TO balcao_app;

REVOKE ALL ON FUNCTION public.ensure_event_partition(day date) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ensure_event_partition(day date) TO balcao_worker;

REVOKE ALL ON FUNCTION public.erase_events(erased uuid, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.erase_events(erased uuid, most integer) TO balcao_app;

REVOKE ALL ON FUNCTION public.erase_login(wanted uuid, shown text, at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.erase_login(wanted uuid, shown text, at timestamp with time zone) TO balcao_app;

REVOKE ALL ON FUNCTION public.expired_exports(at timestamp with time zone, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.expired_exports(at timestamp with time zone, most integer) TO balcao_app;

REVOKE ALL ON FUNCTION public.expired_invitations(at timestamp with time zone, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.expired_invitations(at timestamp with time zone, most integer) TO balcao_app;

REVOKE ALL ON FUNCTION public.forget_author_in_events(organization uuid, person uuid, shown text, from_txid bigint, from_id bigint, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.forget_author_in_events(organization uuid, person uuid, shown text, from_txid bigint, from_id bigint, most integer) TO balcao_app;

REVOKE ALL ON FUNCTION public.forget_factors(wanted uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.forget_factors(wanted uuid) TO balcao_app;

REVOKE ALL ON FUNCTION public.grant_platform_role(wanted_email_norm text, new_role text, at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.grant_platform_role(wanted_email_norm text, new_role text, at timestamp with time zone) TO balcao_worker;

REVOKE ALL ON FUNCTION public.invitation_by_token(wanted bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION public.invitation_by_token(wanted bytea) TO balcao_app;

REVOKE ALL ON FUNCTION public.invitations_of(wanted uuid, at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.invitations_of(wanted uuid, at timestamp with time zone) TO balcao_app;

REVOKE ALL ON FUNCTION public.is_member_elsewhere(wanted uuid, here uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.is_member_elsewhere(wanted uuid, here uuid) TO balcao_app;

REVOKE ALL ON FUNCTION public.keep_login(wanted uuid, at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.keep_login(wanted uuid, at timestamp with time zone) TO balcao_app;

REVOKE ALL ON FUNCTION public.known_hashes(wanted uuid, how_many integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.known_hashes(wanted uuid, how_many integer) TO balcao_app;

REVOKE ALL ON FUNCTION public.leave_login(wanted uuid, due timestamp with time zone, at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.leave_login(wanted uuid, due timestamp with time zone, at timestamp with time zone) TO balcao_app;

REVOKE ALL ON FUNCTION public.leave_units(organization uuid, member uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.leave_units(organization uuid, member uuid) TO balcao_app;

REVOKE ALL ON FUNCTION public.login_by_email(wanted text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.login_by_email(wanted text) TO balcao_app;

REVOKE ALL ON FUNCTION public.login_by_id(wanted uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.login_by_id(wanted uuid) TO balcao_app;

REVOKE ALL ON FUNCTION public.login_facts(wanted uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.login_facts(wanted uuid) TO balcao_app;

REVOKE ALL ON FUNCTION public.login_for_email(new_id uuid, new_email text, new_email_norm text, new_name text, new_name_norm text, new_hash text, must_change boolean, at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.login_for_email(new_id uuid, new_email text, new_email_norm text, new_name text, new_name_norm text, new_hash text, must_change boolean, at timestamp with time zone) TO balcao_app;

REVOKE ALL ON FUNCTION public.make_login(new_id uuid, new_email text, new_email_norm text, new_name text, new_name_norm text, new_language text, new_hash text, must_change boolean, at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.make_login(new_id uuid, new_email text, new_email_norm text, new_name text, new_name_norm text, new_language text, new_hash text, must_change boolean, at timestamp with time zone) TO balcao_app;

REVOKE ALL ON FUNCTION public.memberships_of(wanted uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.memberships_of(wanted uuid) TO balcao_app;

REVOKE ALL ON FUNCTION public.must_change_password(wanted uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.must_change_password(wanted uuid) TO balcao_app;

REVOKE ALL ON FUNCTION public.only_organization() FROM PUBLIC;
GRANT ALL ON FUNCTION public.only_organization() TO balcao_app;

REVOKE ALL ON PROCEDURE public.open_to_worker(IN name regclass, IN rights text) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.organization_by_former_slug(wanted text, at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.organization_by_former_slug(wanted text, at timestamp with time zone) TO balcao_app;

REVOKE ALL ON FUNCTION public.organization_by_slug(wanted text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.organization_by_slug(wanted text) TO balcao_app;
GRANT ALL ON FUNCTION public.organization_by_slug(wanted text) TO balcao_worker;

REVOKE ALL ON FUNCTION public.organization_of_provider(wanted uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.organization_of_provider(wanted uuid) TO balcao_app;

REVOKE ALL ON FUNCTION public.organizations_for_staff(after_slug text, wanted_status text, part text, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.organizations_for_staff(after_slug text, wanted_status text, part text, most integer) TO balcao_app;

REVOKE ALL ON FUNCTION public.organizations_with_ended_impersonations(at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.organizations_with_ended_impersonations(at timestamp with time zone) TO balcao_app;
GRANT ALL ON FUNCTION public.organizations_with_ended_impersonations(at timestamp with time zone) TO balcao_worker;

REVOKE ALL ON FUNCTION public.organizations_with_ending_keys(at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.organizations_with_ending_keys(at timestamp with time zone) TO balcao_app;
GRANT ALL ON FUNCTION public.organizations_with_ending_keys(at timestamp with time zone) TO balcao_worker;

REVOKE ALL ON FUNCTION public.person_key(wanted uuid, fresh bytea, at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.person_key(wanted uuid, fresh bytea, at timestamp with time zone) TO balcao_app;

REVOKE ALL ON FUNCTION public.person_keys_of(wanted uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.person_keys_of(wanted uuid[]) TO balcao_app;

REVOKE ALL ON FUNCTION public.places_of(wanted uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.places_of(wanted uuid) TO balcao_app;

REVOKE ALL ON FUNCTION public.platform_staff_list() FROM PUBLIC;
GRANT ALL ON FUNCTION public.platform_staff_list() TO balcao_worker;

REVOKE ALL ON PROCEDURE public.protect_tenant_table(IN name regclass, IN rights text) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.record_login(wanted uuid, organization uuid, better_hash text, at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.record_login(wanted uuid, organization uuid, better_hash text, at timestamp with time zone) TO balcao_app;

REVOKE ALL ON FUNCTION public.record_sign_in(wanted uuid, organization uuid, seen_hash text, better_hash text, at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.record_sign_in(wanted uuid, organization uuid, seen_hash text, better_hash text, at timestamp with time zone) TO balcao_app;

REVOKE ALL ON FUNCTION public.release_domain(wanted text, for_organization uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.release_domain(wanted text, for_organization uuid) TO balcao_app;

REVOKE ALL ON FUNCTION public.reseal_audit_values(organization bytea, place bytea, sealed bytea, anew bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION public.reseal_audit_values(organization bytea, place bytea, sealed bytea, anew bytea) TO balcao_worker;

REVOKE ALL ON FUNCTION public.reseal_person_keys(organization bytea, place bytea, sealed bytea, anew bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION public.reseal_person_keys(organization bytea, place bytea, sealed bytea, anew bytea) TO balcao_worker;

REVOKE ALL ON FUNCTION public.same_tax_id(wanted text, own uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.same_tax_id(wanted text, own uuid) TO balcao_app;

REVOKE ALL ON FUNCTION public.schedule_login_erasure(wanted uuid, due timestamp with time zone, at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.schedule_login_erasure(wanted uuid, due timestamp with time zone, at timestamp with time zone) TO balcao_app;

REVOKE ALL ON FUNCTION public.sealed_audit_values(beginning bytea, most bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.sealed_audit_values(beginning bytea, most bigint) TO balcao_worker;

REVOKE ALL ON FUNCTION public.sealed_person_keys(beginning bytea, most bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.sealed_person_keys(beginning bytea, most bigint) TO balcao_worker;

REVOKE ALL ON FUNCTION public.session_by_refresh_token(wanted bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION public.session_by_refresh_token(wanted bytea) TO balcao_app;

REVOKE ALL ON FUNCTION public.set_member_units(organization uuid, member uuid, wanted uuid[], at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.set_member_units(organization uuid, member uuid, wanted uuid[], at timestamp with time zone) TO balcao_app;

REVOKE ALL ON FUNCTION public.set_password(wanted uuid, new_hash text, keep integer, at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.set_password(wanted uuid, new_hash text, keep integer, at timestamp with time zone) TO balcao_app;

REVOKE ALL ON FUNCTION public.slug_is_kept(wanted text, for_organization uuid, at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.slug_is_kept(wanted text, for_organization uuid, at timestamp with time zone) TO balcao_app;

REVOKE ALL ON FUNCTION public.support_session_place(wanted uuid, staff uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.support_session_place(wanted uuid, staff uuid) TO balcao_app;

REVOKE ALL ON FUNCTION public.user_by_identity(wanted_provider text, wanted_issuer text, wanted_subject text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.user_by_identity(wanted_provider text, wanted_issuer text, wanted_subject text) TO balcao_app;

REVOKE ALL ON FUNCTION public.user_by_passkey(wanted bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION public.user_by_passkey(wanted bytea) TO balcao_app;

GRANT SELECT ON TABLE public._sqlx_migrations TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.units TO balcao_app;

GRANT SELECT ON TABLE public.active_units TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.api_keys TO balcao_app;
GRANT SELECT ON TABLE public.api_keys TO balcao_resolver;

GRANT SELECT ON TABLE public.audit_checkpoints TO balcao_app;
GRANT SELECT,INSERT ON TABLE public.audit_checkpoints TO balcao_auditor;

GRANT SELECT,INSERT ON TABLE public.audit_entries TO balcao_app;
GRANT SELECT,DELETE ON TABLE public.audit_entries TO balcao_auditor;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.audit_exports TO balcao_app;

GRANT SELECT,INSERT ON TABLE public.audit_heads TO balcao_app;

GRANT SELECT,INSERT ON TABLE public.audit_values TO balcao_app;
GRANT SELECT,DELETE ON TABLE public.audit_values TO balcao_auditor;

GRANT UPDATE(value_sealed) ON TABLE public.audit_values TO balcao_auditor;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.ceremonies TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.channel_accounts TO balcao_app;

GRANT SELECT(id) ON TABLE public.channel_accounts TO balcao_resolver;

GRANT SELECT(organization_id) ON TABLE public.channel_accounts TO balcao_resolver;

GRANT SELECT(kind) ON TABLE public.channel_accounts TO balcao_resolver;

GRANT SELECT(status) ON TABLE public.channel_accounts TO balcao_resolver;

GRANT SELECT(external_id) ON TABLE public.channel_accounts TO balcao_resolver;

GRANT SELECT,INSERT,UPDATE ON TABLE public.organizations TO balcao_app;

GRANT SELECT(id) ON TABLE public.organizations TO balcao_worker;
GRANT SELECT(id) ON TABLE public.organizations TO balcao_resolver;
GRANT SELECT(id) ON TABLE public.organizations TO balcao_auditor;

GRANT SELECT(slug) ON TABLE public.organizations TO balcao_worker;
GRANT SELECT(slug) ON TABLE public.organizations TO balcao_resolver;

GRANT SELECT(name) ON TABLE public.organizations TO balcao_worker;
GRANT SELECT(name) ON TABLE public.organizations TO balcao_resolver;

GRANT SELECT(kind) ON TABLE public.organizations TO balcao_worker;
GRANT SELECT(kind) ON TABLE public.organizations TO balcao_resolver;

GRANT SELECT(tax_id) ON TABLE public.organizations TO balcao_worker;
GRANT SELECT(tax_id) ON TABLE public.organizations TO balcao_resolver;

GRANT SELECT(timezone) ON TABLE public.organizations TO balcao_worker;
GRANT SELECT(timezone) ON TABLE public.organizations TO balcao_resolver;

GRANT SELECT(status) ON TABLE public.organizations TO balcao_worker;
GRANT SELECT(status) ON TABLE public.organizations TO balcao_resolver;
GRANT SELECT(status) ON TABLE public.organizations TO balcao_auditor;

GRANT SELECT(suspension_mode) ON TABLE public.organizations TO balcao_worker;
GRANT SELECT(suspension_mode) ON TABLE public.organizations TO balcao_resolver;

GRANT SELECT(status_reason) ON TABLE public.organizations TO balcao_worker;
GRANT SELECT(status_reason) ON TABLE public.organizations TO balcao_resolver;

GRANT SELECT(closing_at) ON TABLE public.organizations TO balcao_worker;
GRANT SELECT(closing_at) ON TABLE public.organizations TO balcao_resolver;

GRANT SELECT(simulation) ON TABLE public.organizations TO balcao_worker;
GRANT SELECT(simulation) ON TABLE public.organizations TO balcao_resolver;

GRANT SELECT(version) ON TABLE public.organizations TO balcao_worker;
GRANT SELECT(version) ON TABLE public.organizations TO balcao_resolver;

GRANT SELECT(created_at) ON TABLE public.organizations TO balcao_worker;
GRANT SELECT(created_at) ON TABLE public.organizations TO balcao_resolver;

GRANT SELECT(erased_at) ON TABLE public.organizations TO balcao_worker;

GRANT SELECT ON TABLE public.channel_facts TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.channel_secrets TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.contact_identities TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.conversations TO balcao_app;

GRANT SELECT ON TABLE public.contact_threads TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.contacts TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.conversation_assignments TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.conversation_numbers TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.conversation_participants TO balcao_app;

GRANT SELECT ON TABLE public.conversation_starts TO balcao_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.data_keys TO balcao_app;

GRANT SELECT(organization_id) ON TABLE public.data_keys TO balcao_worker;

GRANT SELECT(wrapped_by) ON TABLE public.data_keys TO balcao_worker;

GRANT SELECT(destroyed_at) ON TABLE public.data_keys TO balcao_worker;

GRANT SELECT ON TABLE public.dead_jobs TO balcao_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.dead_jobs TO balcao_worker;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.erasures TO balcao_app;

GRANT SELECT,INSERT,DELETE ON TABLE public.event_origins TO balcao_app;

GRANT SELECT,INSERT ON TABLE public.events TO balcao_app;
GRANT SELECT ON TABLE public.events TO balcao_worker;
GRANT DELETE ON TABLE public.events TO balcao_auditor;

GRANT SELECT(id) ON TABLE public.events TO balcao_auditor;
GRANT SELECT(id) ON TABLE public.events TO balcao_resolver;

GRANT SELECT(txid) ON TABLE public.events TO balcao_resolver;

GRANT SELECT(organization_id) ON TABLE public.events TO balcao_auditor;
GRANT SELECT(organization_id) ON TABLE public.events TO balcao_resolver;

GRANT SELECT(occurred_at) ON TABLE public.events TO balcao_auditor;
GRANT SELECT(occurred_at) ON TABLE public.events TO balcao_resolver;

GRANT SELECT(data),UPDATE(data) ON TABLE public.events TO balcao_resolver;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.export_counts TO balcao_app;

GRANT SELECT ON TABLE public.fallback_units TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.former_slugs TO balcao_app;
GRANT SELECT ON TABLE public.former_slugs TO balcao_resolver;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.idempotency_keys TO balcao_app;
GRANT SELECT,DELETE ON TABLE public.idempotency_keys TO balcao_worker;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.identity_providers TO balcao_app;
GRANT SELECT ON TABLE public.identity_providers TO balcao_resolver;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.impersonations TO balcao_app;
GRANT SELECT ON TABLE public.impersonations TO balcao_resolver;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.inbound_items TO balcao_app;

GRANT SELECT(id) ON TABLE public.inbound_items TO balcao_worker;

GRANT SELECT(event_sealed),UPDATE(event_sealed) ON TABLE public.inbound_items TO balcao_worker;

GRANT SELECT(state) ON TABLE public.inbound_items TO balcao_worker;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.inbound_raw TO balcao_worker;

GRANT SELECT ON TABLE public.installation TO balcao_app;
GRANT SELECT ON TABLE public.installation TO balcao_worker;

GRANT UPDATE(erasures_seen) ON TABLE public.installation TO balcao_worker;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.invitation_days TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.invitations TO balcao_app;
GRANT SELECT ON TABLE public.invitations TO balcao_resolver;

GRANT SELECT,INSERT ON TABLE public.jobs TO balcao_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.jobs TO balcao_worker;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.known_devices TO balcao_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.lasting_keys TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.limit_notices TO balcao_app;

GRANT SELECT ON TABLE public.live_channel_accounts TO balcao_app;

GRANT SELECT ON TABLE public.living_channel_accounts TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.login_throttles TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.memberships TO balcao_app;
GRANT SELECT ON TABLE public.memberships TO balcao_resolver;

GRANT SELECT(organization_id) ON TABLE public.memberships TO balcao_auditor;

GRANT SELECT(held_at) ON TABLE public.memberships TO balcao_auditor;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.message_attachments TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.message_external_ids TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.message_versions TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.messages TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.mfa_requirements TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.one_time_links TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.organization_domains TO balcao_app;

GRANT SELECT(id) ON TABLE public.organization_domains TO balcao_worker;
GRANT SELECT(id) ON TABLE public.organization_domains TO balcao_resolver;

GRANT SELECT(organization_id) ON TABLE public.organization_domains TO balcao_worker;
GRANT SELECT(organization_id) ON TABLE public.organization_domains TO balcao_resolver;

GRANT SELECT(domain) ON TABLE public.organization_domains TO balcao_resolver;

GRANT SELECT(purposes) ON TABLE public.organization_domains TO balcao_resolver;

GRANT SELECT(verified_at) ON TABLE public.organization_domains TO balcao_worker;
GRANT SELECT(verified_at),UPDATE(verified_at) ON TABLE public.organization_domains TO balcao_resolver;

GRANT SELECT(last_checked_at) ON TABLE public.organization_domains TO balcao_worker;

GRANT SELECT(version),UPDATE(version) ON TABLE public.organization_domains TO balcao_resolver;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.organization_exports TO balcao_app;

GRANT SELECT(organization_id) ON TABLE public.organization_exports TO balcao_worker;

GRANT SELECT(state) ON TABLE public.organization_exports TO balcao_worker;

GRANT SELECT(expires_at) ON TABLE public.organization_exports TO balcao_worker;

GRANT SELECT ON TABLE public.organization_facts TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.stored_files TO balcao_app;

GRANT SELECT ON TABLE public.organization_files TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.organization_settings TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.outbound_sends TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.parked_updates TO balcao_app;
GRANT DELETE ON TABLE public.parked_updates TO balcao_worker;

GRANT SELECT(expires_at) ON TABLE public.parked_updates TO balcao_worker;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.passkeys TO balcao_app;
GRANT SELECT,DELETE ON TABLE public.passkeys TO balcao_resolver;

GRANT SELECT,INSERT,DELETE ON TABLE public.password_history TO balcao_resolver;

GRANT SELECT,INSERT,UPDATE ON TABLE public.users TO balcao_resolver;

GRANT SELECT(id) ON TABLE public.users TO balcao_app;

GRANT SELECT(email) ON TABLE public.users TO balcao_app;

GRANT SELECT(email_verified_at) ON TABLE public.users TO balcao_app;

GRANT SELECT(name),UPDATE(name) ON TABLE public.users TO balcao_app;

GRANT SELECT(name_norm),UPDATE(name_norm) ON TABLE public.users TO balcao_app;

GRANT SELECT(language),UPDATE(language) ON TABLE public.users TO balcao_app;

GRANT SELECT(timezone),UPDATE(timezone) ON TABLE public.users TO balcao_app;

GRANT SELECT(status) ON TABLE public.users TO balcao_app;

GRANT SELECT(must_change_password) ON TABLE public.users TO balcao_app;

GRANT SELECT(last_login_at) ON TABLE public.users TO balcao_app;

GRANT SELECT(version),UPDATE(version) ON TABLE public.users TO balcao_app;

GRANT SELECT(created_at) ON TABLE public.users TO balcao_app;

GRANT SELECT(updated_at),UPDATE(updated_at) ON TABLE public.users TO balcao_app;

GRANT SELECT(phone_sealed),UPDATE(phone_sealed) ON TABLE public.users TO balcao_app;

GRANT SELECT(pending_email_sealed),UPDATE(pending_email_sealed) ON TABLE public.users TO balcao_app;

GRANT SELECT(previous_email_sealed),UPDATE(previous_email_sealed) ON TABLE public.users TO balcao_app;

GRANT SELECT(previous_email_until),UPDATE(previous_email_until) ON TABLE public.users TO balcao_app;

GRANT SELECT(avatar_file_id),UPDATE(avatar_file_id) ON TABLE public.users TO balcao_app;

GRANT SELECT(avatar_key),UPDATE(avatar_key) ON TABLE public.users TO balcao_app;

GRANT SELECT(avatar_type),UPDATE(avatar_type) ON TABLE public.users TO balcao_app;

GRANT SELECT(erase_at) ON TABLE public.users TO balcao_app;

GRANT SELECT(erase_cause) ON TABLE public.users TO balcao_app;

GRANT SELECT ON TABLE public.people TO balcao_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.person_keys TO balcao_resolver;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.platform_settings TO balcao_app;

GRANT SELECT ON TABLE public.platform_staff TO balcao_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.platform_staff TO balcao_resolver;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.privacy_exports TO balcao_app;
GRANT SELECT ON TABLE public.privacy_exports TO balcao_resolver;

GRANT SELECT ON TABLE public.reader_backlog TO balcao_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.reader_backlog TO balcao_worker;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.reader_cursors TO balcao_worker;

GRANT SELECT,INSERT ON TABLE public.record_history TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.recovery_codes TO balcao_app;
GRANT SELECT,DELETE ON TABLE public.recovery_codes TO balcao_resolver;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.refresh_tokens TO balcao_app;
GRANT SELECT ON TABLE public.refresh_tokens TO balcao_resolver;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.role_assignments TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.roles TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.schedule_runs TO balcao_worker;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.send_attempts TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.service_accounts TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.sessions TO balcao_app;
GRANT SELECT,UPDATE ON TABLE public.sessions TO balcao_resolver;

GRANT SELECT,INSERT,UPDATE ON TABLE public.setup_token TO balcao_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.signing_keys TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.socket_counts TO balcao_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.socket_counts TO balcao_worker;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.subscriptions TO balcao_app;

GRANT SELECT(organization_id) ON TABLE public.subscriptions TO balcao_worker;
GRANT SELECT(organization_id) ON TABLE public.subscriptions TO balcao_resolver;

GRANT SELECT(plan) ON TABLE public.subscriptions TO balcao_worker;
GRANT SELECT(plan) ON TABLE public.subscriptions TO balcao_resolver;

GRANT SELECT(status) ON TABLE public.subscriptions TO balcao_worker;
GRANT SELECT(status) ON TABLE public.subscriptions TO balcao_resolver;

GRANT SELECT(trial_ends_at) ON TABLE public.subscriptions TO balcao_worker;

GRANT SELECT(past_due_since) ON TABLE public.subscriptions TO balcao_worker;

GRANT SELECT(limits) ON TABLE public.subscriptions TO balcao_worker;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.unit_members TO balcao_app;

GRANT SELECT ON TABLE public.team_units TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.totp_factors TO balcao_app;
GRANT SELECT,DELETE ON TABLE public.totp_factors TO balcao_resolver;

GRANT SELECT ON TABLE public.unit_memberships TO balcao_app;

GRANT SELECT ON TABLE public.unit_trees TO balcao_app;

GRANT SELECT,INSERT,DELETE ON TABLE public.unrouted_items TO balcao_worker;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.user_identities TO balcao_app;
GRANT SELECT,DELETE ON TABLE public.user_identities TO balcao_resolver;
