drop function user_by_identity;
drop function organization_of_provider;
drop table user_identities;
drop table identity_providers;
