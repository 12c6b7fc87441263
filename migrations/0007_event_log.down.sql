drop table reader_backlog;
drop table reader_cursors;
drop table installation;
drop function ensure_event_partition;
drop table events;
