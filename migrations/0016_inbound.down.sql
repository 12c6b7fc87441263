drop table unrouted_items;
drop table inbound_items;
drop table inbound_raw;
