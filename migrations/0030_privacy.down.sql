drop function expired_exports, schedule_login_erasure, cancel_login_erasure, due_login_erasures, places_of, erase_login;
drop table privacy_exports, erasures;
