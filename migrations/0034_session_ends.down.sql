drop table known_devices;
drop function record_sign_in;
drop function end_sessions_of;
revoke select, update on sessions from balcao_resolver;
drop policy resolver on sessions;
alter table sessions drop column idle_minutes;
