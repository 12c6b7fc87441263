drop trigger channel_accounts_archived on channel_accounts;
drop trigger units_archived on units;
drop function end_assignments_of_archived;
drop view live_channel_accounts;
drop view active_units;
alter table role_assignments no force row level security;
delete from role_assignments where service_account_id is not null;
drop index role_assignments_scope_idx;
drop index role_assignments_service_account_idx;
alter table role_assignments
  drop constraint role_assignments_principal_check,
  drop constraint role_assignments_service_account_fkey,
  drop column updated_at,
  drop column version,
  drop column service_account_id,
  alter column membership_id set not null;
alter table role_assignments force row level security;
drop table service_accounts;
