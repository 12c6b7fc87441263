-- What an organization set, by key; what it did not set comes from its plan, the platform, or the document.
create table organization_settings (
  organization_id uuid not null references organizations (id),
  given jsonb not null default '{}',
  version bigint not null default 1,
  updated_at timestamptz not null,
  constraint organization_settings_pkey primary key (organization_id)
);
call protect_tenant_table('organization_settings');

-- What the operator set for everybody, or for everybody of a plan.
create table platform_settings (
  -- Empty: whatever the plan.
  plan text not null default '',
  key text not null,
  value jsonb not null,
  updated_at timestamptz not null,
  constraint platform_settings_pkey primary key (plan, key),
  constraint platform_settings_plan_check check (plan in ('', 'free', 'pro', 'enterprise'))
);
alter table platform_settings enable row level security;
alter table platform_settings force row level security;
create policy whole on platform_settings to balcao_app using (true);
grant select, insert, update, delete on platform_settings to balcao_app;
