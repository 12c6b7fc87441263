-- A login belongs to the installation; an organization sees those of its members only.
create table users (
  id uuid not null,
  email text not null,
  email_norm text not null,
  email_verified_at timestamptz,
  name text not null,
  -- For search and order: lower case, without accents (made by the product).
  name_norm text not null,
  language text not null default 'pt-BR',
  timezone text,
  phone text,
  status text not null default 'active',
  password_hash text,
  password_changed_at timestamptz,
  must_change_password boolean not null default false,
  last_login_at timestamptz,
  last_organization_id uuid,
  version bigint not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint users_pkey primary key (id),
  constraint users_email_norm_key unique (email_norm),
  constraint users_name_check check (char_length(name) between 1 and 150),
  constraint users_status_check check (status in ('active', 'disabled', 'erased'))
);

create table memberships (
  id uuid not null,
  organization_id uuid not null references organizations (id),
  user_id uuid not null references users (id),
  status text not null,
  display_name text,
  job_title text,
  signature text,
  languages text[] not null default '{}',
  preferences jsonb not null default '{}',
  joined_at timestamptz,
  suspended_at timestamptz,
  version bigint not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint memberships_pkey primary key (id, organization_id),
  constraint memberships_user_key unique (organization_id, user_id),
  constraint memberships_status_check check (status in ('invited', 'active', 'suspended', 'removed')),
  constraint memberships_display_name_check check (char_length(display_name) <= 40)
);
create index memberships_user_idx on memberships (user_id);
call protect_tenant_table('memberships');
create policy resolver on memberships for select to balcao_resolver using (true);
grant select on memberships to balcao_resolver;

alter table users enable row level security;
alter table users force row level security;
create policy tenant on users to balcao_app using (exists (
  select from memberships m
  where m.user_id = users.id and m.organization_id = (select current_setting('app.organization_id')::uuid)));
create policy resolver on users to balcao_resolver using (true);
-- No password hash, no status change, no insert: those are the functions below.
grant select (id, email, email_verified_at, name, name_norm, language, timezone, phone, status, last_login_at, must_change_password, version, created_at, updated_at),
  update (name, name_norm, language, timezone, phone, version, updated_at) on users to balcao_app;
grant select, insert, update on users to balcao_resolver;

create function login_by_email(wanted text)
returns table (user_id uuid, status text, password_hash text, email_verified_at timestamptz, last_organization_id uuid)
language sql stable security definer set search_path = pg_catalog, public as $$
  select u.id, u.status, u.password_hash, u.email_verified_at, u.last_organization_id from users u where u.email_norm = wanted
$$;

create function memberships_of(wanted uuid)
returns table (membership_id uuid, organization_id uuid, membership_status text, slug text, name text,
  organization_status text, suspension_mode text)
language sql stable security definer set search_path = pg_catalog, public as $$
  select m.id, o.id, m.status, o.slug, o.name, o.status, o.suspension_mode
  from memberships m join organizations o on o.id = m.organization_id
  where m.user_id = wanted and m.status <> 'removed' order by o.slug
$$;

-- The login of this e-mail: made if there is none. A password is set only on a login made here.
create function login_for_email(new_id uuid, new_email text, new_email_norm text, new_name text, new_name_norm text,
  new_hash text, must_change boolean, at timestamptz)
returns table (user_id uuid, made boolean)
language plpgsql security definer set search_path = pg_catalog, public as $$
begin
  insert into users (id, email, email_norm, email_verified_at, name, name_norm, password_hash, password_changed_at,
    must_change_password, created_at, updated_at)
  values (new_id, new_email, new_email_norm, at, new_name, new_name_norm, new_hash,
    case when new_hash is null then null else at end, must_change, at, at)
  on conflict (email_norm) do nothing;
  return query select u.id, u.id = new_id from users u where u.email_norm = new_email_norm;
end $$;

create function record_login(wanted uuid, organization uuid, better_hash text, at timestamptz) returns void
language sql security definer set search_path = pg_catalog, public as $$
  update users set last_login_at = at, last_organization_id = organization,
    password_hash = coalesce(better_hash, password_hash) where id = wanted
$$;

alter function login_by_email owner to balcao_resolver;
alter function memberships_of owner to balcao_resolver;
alter function login_for_email owner to balcao_resolver;
alter function record_login owner to balcao_resolver;
revoke execute on function login_by_email, memberships_of, login_for_email, record_login from public;
grant execute on function login_by_email, memberships_of, login_for_email, record_login to balcao_app;

-- Failed sign-ins by typed e-mail (keyed hash of it), whether or not a login exists.
create table login_throttles (
  email_hash bytea not null,
  failures integer not null,
  first_failure_at timestamptz not null,
  blocked_until timestamptz,
  constraint login_throttles_pkey primary key (email_hash)
);
alter table login_throttles enable row level security;
alter table login_throttles force row level security;
create policy whole on login_throttles to balcao_app using (true);
grant select, insert, update, delete on login_throttles to balcao_app;

-- Keys that sign access tokens; the private half is sealed with the installation's key.
create table signing_keys (
  kid text not null,
  state text not null,
  public_jwk jsonb not null,
  private_sealed bytea not null,
  created_at timestamptz not null,
  activated_at timestamptz,
  retiring_at timestamptz,
  retired_at timestamptz,
  constraint signing_keys_pkey primary key (kid),
  constraint signing_keys_state_check check (state in ('pending', 'active', 'retiring', 'retired'))
);
create unique index signing_keys_one_idx on signing_keys (state) where state in ('pending', 'active');
alter table signing_keys enable row level security;
alter table signing_keys force row level security;
create policy whole on signing_keys to balcao_app using (true);
grant select, insert, update on signing_keys to balcao_app;
