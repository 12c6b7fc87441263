create table contacts (
  id uuid not null,
  organization_id uuid not null references organizations (id),
  kind text not null default 'person',
  stage text not null default 'lead',
  status text not null default 'active',
  vip boolean not null default false,
  name text,
  social_name text,
  profile_name text,
  language text,
  time_zone text,
  origin text not null,
  owner_id uuid,
  unit_id uuid,
  version bigint not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint contacts_pkey primary key (id, organization_id),
  constraint contacts_unit_fkey foreign key (unit_id, organization_id) references units (id, organization_id),
  constraint contacts_kind_check check (kind in ('person', 'company')),
  constraint contacts_stage_check check (stage in ('visitor', 'lead', 'customer')),
  constraint contacts_status_check check (status in ('active', 'inactive', 'blocked'))
);
create index contacts_unit_idx on contacts (unit_id, organization_id) where unit_id is not null;
create index contacts_list_idx on contacts (organization_id, id);
call protect_tenant_table('contacts');

create table contact_identities (
  id uuid not null,
  organization_id uuid not null,
  contact_id uuid not null,
  -- Identities that are the same address (phone and business-scoped id of one WhatsApp user) share it.
  address_id uuid not null,
  kind text not null,
  -- Canonical form, shown and searched.
  value text not null,
  -- What makes two values the same identity; for phones the key without the Brazilian ninth digit.
  match_key text not null,
  -- As last received from or answered by a provider: what is sent to.
  raw text not null,
  scope text,
  trust text not null,
  is_primary boolean not null default false,
  first_seen timestamptz not null,
  last_seen timestamptz not null,
  retired_at timestamptz,
  constraint contact_identities_pkey primary key (id, organization_id),
  constraint contact_identities_contact_fkey foreign key (contact_id, organization_id) references contacts (id, organization_id),
  constraint contact_identities_kind_check check (kind in
    ('phone', 'email', 'whatsapp', 'whatsapp_parent', 'telegram', 'webchat', 'external_id', 'social')),
  constraint contact_identities_trust_check check (trust in ('verified', 'asserted', 'claimed'))
);
create unique index contact_identities_live_idx on contact_identities (organization_id, kind, match_key)
  where retired_at is null and trust <> 'claimed';
create unique index contact_identities_primary_idx on contact_identities (organization_id, contact_id, kind)
  where is_primary and retired_at is null;
create index contact_identities_contact_idx on contact_identities (contact_id, organization_id);
create index contact_identities_address_idx on contact_identities (organization_id, address_id);
call protect_tenant_table('contact_identities');
