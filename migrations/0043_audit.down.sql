drop function audit_forget, audit_prune;
drop table record_history;
drop table audit_exports;
drop table audit_checkpoints;
drop table audit_values;
drop table audit_entries;
drop table event_origins;
