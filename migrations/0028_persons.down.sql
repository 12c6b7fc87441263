drop function set_member_units, leave_units;
drop function person_key, person_keys_of, make_login, keep_login, leave_login, login_facts, is_member_elsewhere, claim_login,
  change_login_email, only_organization;
drop view people;
alter table memberships
  drop column signature_sealed, drop column known_name, drop column known_name_norm, drop column known_email,
  drop column known_language, drop column erased_at, drop column erased_number, drop column held_at, drop column hold_reason;
alter table memberships add column signature text;
alter table users
  drop column phone_sealed, drop column pending_email_sealed, drop column previous_email_sealed,
  drop column previous_email_until, drop column avatar_file_id, drop column avatar_key, drop column avatar_type,
  drop column erase_at, drop column erase_cause;
alter table users add column phone text;
grant select (phone), update (phone) on users to balcao_app;
drop table person_keys;
