create table units (
  id uuid not null,
  organization_id uuid not null references organizations (id),
  parent_id uuid,
  name text not null,
  slug text not null,
  kind text not null,
  status text not null default 'active',
  position integer not null default 0,
  is_fallback boolean not null default false,
  version bigint not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint units_pkey primary key (id, organization_id),
  constraint units_parent_fkey foreign key (parent_id, organization_id) references units (id, organization_id),
  constraint units_slug_key unique (organization_id, slug),
  constraint units_name_check check (char_length(name) between 2 and 120),
  constraint units_kind_check check (kind in ('department', 'squad', 'queue', 'project', 'branch')),
  constraint units_status_check check (status in ('active', 'archived')),
  constraint units_fallback_check check (not is_fallback or status = 'active')
);
create unique index units_fallback_idx on units (organization_id) where is_fallback;
create index units_parent_idx on units (parent_id, organization_id) where parent_id is not null;
call protect_tenant_table('units');

create table unit_members (
  unit_id uuid not null,
  organization_id uuid not null,
  membership_id uuid not null,
  role text not null default 'member',
  weight smallint not null default 1,
  active boolean not null default true,
  is_primary boolean not null default false,
  created_at timestamptz not null,
  constraint unit_members_pkey primary key (unit_id, membership_id, organization_id),
  constraint unit_members_unit_fkey foreign key (unit_id, organization_id) references units (id, organization_id),
  constraint unit_members_membership_fkey foreign key (membership_id, organization_id) references memberships (id, organization_id),
  constraint unit_members_role_check check (role in ('owner', 'leader', 'member', 'observer')),
  constraint unit_members_weight_check check (weight between 0 and 10)
);
create index unit_members_membership_idx on unit_members (membership_id, organization_id);
call protect_tenant_table('unit_members');

-- What this domain offers to others' SQL. The recursion is lateral so that a condition on the root or the membership
-- limits it; a plain recursive view would build every tree of the organization first.

-- Every unit with all units below it, itself included.
create view unit_trees with (security_invoker = true) as
select r.organization_id, r.id as root_id, t.unit_id
from units r
cross join lateral (
  with recursive tree (unit_id, depth) as (
    select r.id, 1
    union all
    select u.id, tree.depth + 1
    from tree join units u on u.parent_id = tree.unit_id and u.organization_id = r.organization_id
    where tree.depth < 8
  )
  select tree.unit_id from tree
) t;

-- Which units a membership sees as its team: its own, and for owners and leaders the units below.
create view team_units with (security_invoker = true) as
select m.organization_id, m.membership_id, t.unit_id
from unit_members m
cross join lateral (
  with recursive tree (unit_id, depth) as (
    select m.unit_id, 1
    union all
    select u.id, tree.depth + 1
    from tree join units u on u.parent_id = tree.unit_id and u.organization_id = m.organization_id
    where tree.depth < 8 and m.role in ('owner', 'leader')
  )
  select tree.unit_id from tree
) t
where m.active;

-- Who is a member of what, and the unit that a thing without a unit counts as.
create view unit_memberships with (security_invoker = true) as
select organization_id, unit_id, membership_id, role from unit_members where active;

create view fallback_units with (security_invoker = true) as
select organization_id, id as unit_id from units where is_fallback;

grant select on unit_trees, team_units, unit_memberships, fallback_units to balcao_app;
