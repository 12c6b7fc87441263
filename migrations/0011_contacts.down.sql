drop table contact_identities;
drop table contacts;
