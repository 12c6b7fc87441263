create table roles (
  id uuid not null,
  organization_id uuid not null references organizations (id),
  name text not null,
  name_folded text not null,
  description text not null default '',
  -- Built-in roles: what they hold comes with the product, `permissions` stays empty.
  is_system boolean not null default false,
  permissions text[] not null default '{}',
  version bigint not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint roles_pkey primary key (id, organization_id),
  constraint roles_name_key unique (organization_id, name_folded),
  constraint roles_name_check check (char_length(name) between 2 and 50)
);
call protect_tenant_table('roles');

create table role_assignments (
  id uuid not null,
  organization_id uuid not null,
  membership_id uuid not null,
  role_id uuid not null,
  scope_type text not null,
  scope_id uuid,
  effective_from timestamptz,
  effective_to timestamptz,
  granted_by uuid,
  created_at timestamptz not null,
  constraint role_assignments_pkey primary key (id, organization_id),
  constraint role_assignments_membership_fkey foreign key (membership_id, organization_id) references memberships (id, organization_id),
  constraint role_assignments_role_fkey foreign key (role_id, organization_id) references roles (id, organization_id),
  constraint role_assignments_scope_check check (scope_type in ('organization', 'unit', 'team', 'channel_account', 'own', 'unassigned')),
  constraint role_assignments_scope_id_check check ((scope_type in ('unit', 'channel_account')) = (scope_id is not null)),
  constraint role_assignments_dates_check check (effective_from <= effective_to)
);
create index role_assignments_membership_idx on role_assignments (membership_id, organization_id);
create index role_assignments_role_idx on role_assignments (role_id, organization_id);
call protect_tenant_table('role_assignments');
