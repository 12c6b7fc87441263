-- Keys of the installation that must outlive its encryption key: what they hashed or signed cannot be made anew. Sealed,
-- so a row that somebody else wrote does not open. The newest version of a purpose is in use, the others only check.
create table lasting_keys (
  purpose text not null,
  version integer not null,
  key_sealed bytea not null,
  -- The version before signs the public half of this one (keys that sign).
  vouched bytea,
  created_at timestamptz not null,
  constraint lasting_keys_pkey primary key (purpose, version)
);
alter table lasting_keys enable row level security;
alter table lasting_keys force row level security;
create policy whole on lasting_keys to balcao_app using (true);
grant select, insert, update on lasting_keys to balcao_app;

-- The daily signed heads of each chain, numbered without holes: a removed one shows as a hole, a changed one by its signature.
create table audit_heads (
  organization_id uuid not null,
  number bigint not null,
  seq bigint not null,
  hash bytea not null,
  at timestamptz not null,
  signature bytea not null,
  constraint audit_heads_pkey primary key (organization_id, number)
);
call protect_tenant_table('audit_heads', 'select, insert');

-- An export says what it is of: signed with the heads' key, so that a filtered one can be checked too.
alter table audit_exports add column manifest jsonb;

-- A legal hold stops retention: of its organization, and of the installation's own chain, where logins' facts stand.
create policy auditor on memberships for select to balcao_auditor using (held_at is not null);
grant select (organization_id, held_at) on memberships to balcao_auditor;

create or replace function audit_prune(organization uuid, upto bigint, signature bytea, at timestamptz) returns bigint
language plpgsql security definer set search_path = pg_catalog, public as $$
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

-- How much of the list of erasures (bytes of the file beside the database) this database has seen applied. A restore brings
-- an older figure back, and the start applies the list again before anybody is served.
alter table installation add column erasures_seen bigint not null default 0;
grant update (erasures_seen) on installation to balcao_worker;

-- Turning the installation's key over: values that no role of the product may change, a batch at a time. `beginning` is how
-- a value of the key in use begins; only the very value that was read is replaced.
grant update (value_sealed) on audit_values to balcao_auditor;

create function sealed_person_keys(beginning bytea, most bigint)
returns table (organization bytea, place bytea, sealed bytea)
language sql security definer set search_path = pg_catalog, public as $$
  select uuid_send('00000000-0000-0000-0000-000000000000'), uuid_send(k.user_id), k.key_sealed from person_keys k
  where k.key_sealed is not null and substring(k.key_sealed from 1 for 5) <> beginning
  limit most for update skip locked
$$;

create function reseal_person_keys(organization bytea, place bytea, sealed bytea, anew bytea) returns boolean
language sql security definer set search_path = pg_catalog, public as $$
  with done as (
    update person_keys k set key_sealed = reseal_person_keys.anew
    where k.user_id = encode(reseal_person_keys.place, 'hex')::uuid and k.key_sealed = reseal_person_keys.sealed returning 1)
  select exists (select from done)
$$;

create function counted_person_keys() returns table (beginning bytea, of_it bigint)
language sql stable security definer set search_path = pg_catalog, public as $$
  select substring(k.key_sealed from 1 for 5), count(*) from person_keys k where k.key_sealed is not null group by 1
$$;

create function sealed_audit_values(beginning bytea, most bigint)
returns table (organization bytea, place bytea, sealed bytea)
language sql security definer set search_path = pg_catalog, public as $$
  select uuid_send(v.organization_id), int8send(v.seq) || convert_to(v.field, 'UTF8'), v.value_sealed from audit_values v
  where substring(v.value_sealed from 1 for 5) <> beginning
  limit most for update skip locked
$$;

create function reseal_audit_values(organization bytea, place bytea, sealed bytea, anew bytea) returns boolean
language sql security definer set search_path = pg_catalog, public as $$
  with done as (
    update audit_values v set value_sealed = reseal_audit_values.anew
    where v.organization_id = encode(reseal_audit_values.organization, 'hex')::uuid
      and v.seq = ('x' || encode(substring(reseal_audit_values.place from 1 for 8), 'hex'))::bit(64)::bigint
      and v.field = convert_from(substring(reseal_audit_values.place from 9), 'UTF8')
      and v.value_sealed = reseal_audit_values.sealed returning 1)
  select exists (select from done)
$$;

create function counted_audit_values() returns table (beginning bytea, of_it bigint)
language sql stable security definer set search_path = pg_catalog, public as $$
  select substring(v.value_sealed from 1 for 5), count(*) from audit_values v group by 1
$$;

alter function sealed_person_keys owner to balcao_resolver;
alter function reseal_person_keys owner to balcao_resolver;
alter function counted_person_keys owner to balcao_resolver;
alter function sealed_audit_values owner to balcao_auditor;
alter function reseal_audit_values owner to balcao_auditor;
alter function counted_audit_values owner to balcao_auditor;
revoke execute on function sealed_person_keys, reseal_person_keys, counted_person_keys, sealed_audit_values, reseal_audit_values,
  counted_audit_values from public;
grant execute on function sealed_person_keys, reseal_person_keys, counted_person_keys, sealed_audit_values, reseal_audit_values,
  counted_audit_values to balcao_worker;
