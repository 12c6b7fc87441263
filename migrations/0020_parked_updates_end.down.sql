revoke select (expires_at), delete on parked_updates from balcao_worker;
drop policy worker on parked_updates;
