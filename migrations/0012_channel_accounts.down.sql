drop view channel_facts;
drop function channel_account_by_external_id;
drop table channel_secrets;
drop table channel_accounts;
