drop function release_domain;
drop table organization_domains;
