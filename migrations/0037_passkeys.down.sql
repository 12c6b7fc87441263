drop function user_by_passkey;
drop table passkeys;
