drop table mfa_requirements;
drop table ceremonies;
drop table recovery_codes;
drop table totp_factors;
