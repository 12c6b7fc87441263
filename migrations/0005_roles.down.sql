drop table role_assignments;
drop table roles;
