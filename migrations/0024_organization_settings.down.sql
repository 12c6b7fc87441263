drop table platform_settings, organization_settings;
