-- The upkeep of all organizations takes away what was parked in vain. It sees how old each is and nothing else.
create policy worker on parked_updates to balcao_worker using (true);
grant select (expires_at), delete on parked_updates to balcao_worker;
