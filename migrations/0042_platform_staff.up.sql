-- Logins that work for the installation itself. They sign in like anybody, as members of their own organization, and hold
-- the permissions of `platform` there besides.
create table platform_staff (
  user_id uuid not null references users (id),
  role text not null,
  granted_at timestamptz not null,
  constraint platform_staff_pkey primary key (user_id),
  constraint platform_staff_role_check check (role in ('platform_admin', 'platform_support'))
);
alter table platform_staff enable row level security;
alter table platform_staff force row level security;
create policy whole on platform_staff for select to balcao_app using (true);
create policy resolver on platform_staff to balcao_resolver using (true);
grant select on platform_staff to balcao_app;
grant select, insert, update, delete on platform_staff to balcao_resolver;

-- The operator's command. Answers the login, or nothing where the e-mail has none.
create function grant_platform_role(wanted_email_norm text, new_role text, at timestamptz) returns uuid
language plpgsql security definer set search_path = pg_catalog, public as $$
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

create function platform_staff_list() returns table (user_id uuid, email text, name text, role text, granted_at timestamptz)
language sql stable security definer set search_path = pg_catalog, public as $$
  select s.user_id, u.email, u.name, s.role, s.granted_at from platform_staff s join users u on u.id = s.user_id order by u.email
$$;
alter function grant_platform_role owner to balcao_resolver;
alter function platform_staff_list owner to balcao_resolver;
revoke execute on function grant_platform_role, platform_staff_list from public;
grant execute on function grant_platform_role, platform_staff_list to balcao_worker;
