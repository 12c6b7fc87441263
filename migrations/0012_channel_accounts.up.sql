create table channel_accounts (
  id uuid not null,
  organization_id uuid not null references organizations (id),
  kind text not null,
  name text not null,
  status text not null default 'draft',
  status_reason text,
  -- The provider's id that routes inbound items (WhatsApp: phone_number_id).
  external_id text,
  unit_id uuid,
  simulation boolean not null default false,
  settings jsonb not null default '{}',
  version bigint not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint channel_accounts_pkey primary key (id, organization_id),
  constraint channel_accounts_unit_fkey foreign key (unit_id, organization_id) references units (id, organization_id),
  constraint channel_accounts_kind_check check (kind in ('whatsapp', 'telegram', 'email', 'webchat', 'sms', 'api', 'internal')),
  constraint channel_accounts_status_check check (status in ('draft', 'active', 'paused', 'error', 'archived')),
  constraint channel_accounts_name_check check (char_length(name) between 1 and 120)
);
-- One owner of a number, bot or mailbox in the whole installation.
create unique index channel_accounts_external_idx on channel_accounts (kind, external_id)
  where status in ('active', 'paused', 'error');
create index channel_accounts_list_idx on channel_accounts (organization_id, id);
create index channel_accounts_unit_idx on channel_accounts (unit_id, organization_id) where unit_id is not null;
call protect_tenant_table('channel_accounts');
create policy resolver on channel_accounts for select to balcao_resolver using (true);
grant select (id, organization_id, kind, external_id, status) on channel_accounts to balcao_resolver;

create table channel_secrets (
  organization_id uuid not null,
  channel_account_id uuid not null,
  name text not null,
  sealed bytea not null,
  last_four text not null,
  set_at timestamptz not null,
  constraint channel_secrets_pkey primary key (channel_account_id, name, organization_id),
  constraint channel_secrets_account_fkey foreign key (channel_account_id, organization_id)
    references channel_accounts (id, organization_id) on delete cascade
);
call protect_tenant_table('channel_secrets');

-- The only question across organizations: which account has this external id.
create function channel_account_by_external_id(wanted_kind text, wanted text)
returns table (organization_id uuid, channel_account_id uuid, status text)
language sql stable security definer set search_path = pg_catalog, public as $$
  select a.organization_id, a.id, a.status from channel_accounts a
  where a.kind = wanted_kind and a.external_id = wanted and a.status in ('active', 'paused', 'error')
$$;
alter function channel_account_by_external_id owner to balcao_resolver;
revoke execute on function channel_account_by_external_id from public;
grant execute on function channel_account_by_external_id to balcao_worker;

-- What messaging may know of an account when somebody replies.
create view channel_facts with (security_invoker = true) as
select a.organization_id, a.id as channel_account_id, a.status, a.simulation or o.simulation as simulation,
  coalesce(a.settings ->> 'after_reply', 'waiting') as after_reply,
  coalesce((a.settings ->> 'assign_on_reply')::boolean, true) as assign_on_reply
from channel_accounts a join organizations o on o.id = a.organization_id;
grant select on channel_facts to balcao_app;
