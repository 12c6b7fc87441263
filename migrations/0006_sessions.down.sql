drop function session_by_refresh_token;
drop table refresh_tokens;
drop table sessions;
