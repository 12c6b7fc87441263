drop function email_verified;
drop function must_change_password;
drop function set_password;
drop function known_hashes;
drop function login_by_id;
drop function login_by_email;
create function login_by_email(wanted text)
returns table (user_id uuid, status text, password_hash text, email_verified_at timestamptz, last_organization_id uuid)
language sql stable security definer set search_path = pg_catalog, public as $$
  select u.id, u.status, u.password_hash, u.email_verified_at, u.last_organization_id from users u where u.email_norm = wanted
$$;
alter function login_by_email owner to balcao_resolver;
revoke execute on function login_by_email from public;
grant execute on function login_by_email to balcao_app;
drop table password_history;
