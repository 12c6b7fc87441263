-- What an organization pays for.
create table subscriptions (
  organization_id uuid not null references organizations (id),
  plan text not null,
  status text not null,
  -- Bought ones; null where the plan itself says.
  seats integer,
  trial_ends_at timestamptz,
  renews_at timestamptz,
  past_due_since timestamptz,
  -- What the platform's staff set for this organization alone, by name.
  limits jsonb not null default '{}',
  features jsonb not null default '{}',
  version bigint not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint subscriptions_pkey primary key (organization_id),
  constraint subscriptions_plan_check check (plan in ('free', 'pro', 'enterprise')),
  constraint subscriptions_status_check check (status in ('trial', 'active', 'past_due', 'canceled')),
  constraint subscriptions_seats_check check (seats > 0),
  constraint subscriptions_trial_check check ((status <> 'trial') or trial_ends_at is not null),
  constraint subscriptions_past_due_check check ((status = 'past_due') = (past_due_since is not null))
);
-- Organizations that were there before: made by the operator, who sets no limits to himself.
alter table organizations no force row level security;
insert into subscriptions (organization_id, plan, status, created_at, updated_at)
select id, 'enterprise', 'active', created_at, created_at from organizations;
alter table organizations force row level security;
call protect_tenant_table('subscriptions');
create policy worker on subscriptions for select to balcao_worker using (true);
grant select (organization_id, plan, status, trial_ends_at, past_due_since, limits) on subscriptions to balcao_worker;
create index subscriptions_due_idx on subscriptions (status) where status in ('trial', 'past_due');

-- Which warnings were given, so that each is given once a period.
create table limit_notices (
  organization_id uuid not null references organizations (id),
  name text not null,
  -- warning or reached.
  level text not null,
  -- First day of the period; a limit without periods has one notice until it falls below.
  period date not null,
  noticed_at timestamptz not null,
  constraint limit_notices_pkey primary key (organization_id, name, level, period),
  constraint limit_notices_level_check check (level in ('warning', 'reached'))
);
call protect_tenant_table('limit_notices');

-- Exports made, day by day.
create table export_counts (
  organization_id uuid not null references organizations (id),
  day date not null,
  made integer not null,
  constraint export_counts_pkey primary key (organization_id, day)
);
call protect_tenant_table('export_counts');

-- What limits count of other domains' rows.
create view conversation_starts with (security_invoker = true) as
select organization_id, created_at, last_activity_at from conversations;
create view organization_files with (security_invoker = true) as
select organization_id, id as file_id, blob_key, mime_type, size from stored_files;
create view living_channel_accounts with (security_invoker = true) as
select organization_id, id as channel_account_id from channel_accounts where status <> 'archived';
grant select on conversation_starts, organization_files, living_channel_accounts to balcao_app;

-- Who else gave the same tax id: not a key, because a key would tell strangers who is a customer.
create function same_tax_id(wanted text, own uuid) returns boolean
language sql stable security definer set search_path = pg_catalog, public as $$
  select wanted is not null and exists (select from organizations o where o.tax_id = wanted and o.id <> own)
$$;

-- The list of the platform's staff, the only one across organizations besides a person's own.
create policy resolver on subscriptions for select to balcao_resolver using (true);
grant select (organization_id, plan, status) on subscriptions to balcao_resolver;
create function organizations_for_staff(after_slug text, wanted_status text, part text, most integer)
returns table (id uuid, slug text, name text, kind text, status text, suspension_mode text, status_reason text,
  closing_at timestamptz, plan text, subscription_status text, seats_taken bigint, same_tax_id boolean,
  created_at timestamptz, version bigint)
language sql stable security definer set search_path = pg_catalog, public as $$
  select o.id, o.slug, o.name, o.kind, o.status, o.suspension_mode, o.status_reason, o.closing_at, s.plan, s.status,
    (select count(*) from memberships m where m.organization_id = o.id and m.status in ('active', 'invited')),
    same_tax_id(o.tax_id, o.id), o.created_at, o.version
  from organizations o join subscriptions s on s.organization_id = o.id
  where o.slug > after_slug and (wanted_status = '' or o.status = wanted_status)
    and (part = '' or position(part in o.slug) > 0 or position(part in lower(o.name)) > 0)
  order by o.slug limit most
$$;
alter function same_tax_id owner to balcao_resolver;
alter function organizations_for_staff owner to balcao_resolver;
revoke execute on function same_tax_id, organizations_for_staff from public;
grant execute on function same_tax_id, organizations_for_staff to balcao_app;
grant execute on function same_tax_id to balcao_resolver;
