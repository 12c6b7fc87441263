drop function organizations_for_staff, same_tax_id;
drop view living_channel_accounts, organization_files, conversation_starts;
drop table export_counts, limit_notices, subscriptions;
