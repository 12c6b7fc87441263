-- What proves who a person is is seen only in the person's organizations. Whoever proves the address of a login first takes
-- it over before any organization is known: all of it goes, wherever the person is a member.
create policy resolver on totp_factors to balcao_resolver using (true);
create policy resolver on recovery_codes to balcao_resolver using (true);
create policy resolver_forgets on passkeys for delete to balcao_resolver using (true);
create policy resolver_forgets on user_identities for delete to balcao_resolver using (true);
grant select, delete on totp_factors, recovery_codes to balcao_resolver;
grant delete on passkeys, user_identities to balcao_resolver;

create function forget_factors(wanted uuid) returns void
language sql security definer set search_path = pg_catalog, public as $$
  delete from totp_factors where user_id = wanted;
  delete from recovery_codes where user_id = wanted;
  delete from passkeys where user_id = wanted;
  delete from user_identities where user_id = wanted
$$;
alter function forget_factors owner to balcao_resolver;
revoke execute on function forget_factors from public;
grant execute on function forget_factors to balcao_app;
