-- Items of an organization whose intake is kept: without a job, until it is back.
alter table inbound_items drop constraint inbound_items_state_check;
alter table inbound_items add constraint inbound_items_state_check check (state in ('stored', 'kept', 'processed', 'ignored', 'dead'));
create index inbound_items_kept_idx on inbound_items (organization_id, received_at, raw_id, position) where state = 'kept';
-- Old contents are forgotten, but not of what nobody has worked on yet.
grant select (state) on inbound_items to balcao_worker;
