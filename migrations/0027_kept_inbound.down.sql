revoke select (state) on inbound_items from balcao_worker;
drop index inbound_items_kept_idx;
alter table inbound_items no force row level security;
update inbound_items set state = 'stored' where state = 'kept';
alter table inbound_items force row level security;
alter table inbound_items drop constraint inbound_items_state_check;
alter table inbound_items add constraint inbound_items_state_check check (state in ('stored', 'processed', 'ignored', 'dead'));
