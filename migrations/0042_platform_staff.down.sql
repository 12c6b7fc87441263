drop function platform_staff_list;
drop function grant_platform_role;
drop table platform_staff;
