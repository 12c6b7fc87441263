drop function forget_factors;
revoke delete on passkeys, user_identities from balcao_resolver;
revoke select, delete on totp_factors, recovery_codes from balcao_resolver;
drop policy resolver_forgets on user_identities;
drop policy resolver_forgets on passkeys;
drop policy resolver on recovery_codes;
drop policy resolver on totp_factors;
