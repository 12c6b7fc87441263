drop table parked_updates;
drop table message_versions;
drop table message_external_ids;
drop table message_attachments;
drop table messages;
