drop function organization_by_slug;
drop table organizations;
