drop table signing_keys;
drop table login_throttles;
drop function record_login;
drop function login_for_email;
drop function memberships_of;
drop function login_by_email;
drop policy tenant on users;
drop table memberships;
drop table users;
