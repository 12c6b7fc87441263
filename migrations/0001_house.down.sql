drop procedure open_to_worker;
drop procedure protect_tenant_table;
