-- Invitations: who is invited stands in the membership, which is `invited` until one is accepted.
create table invitations (
  id uuid not null,
  organization_id uuid not null,
  membership_id uuid not null,
  user_id uuid not null,
  token_hash bytea not null,
  status text not null default 'pending',
  message text,
  invited_by uuid,
  sent_count integer not null default 1,
  expires_at timestamptz not null,
  accepted_at timestamptz,
  version bigint not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint invitations_pkey primary key (id, organization_id),
  constraint invitations_token_key unique (organization_id, token_hash),
  constraint invitations_membership_fkey foreign key (membership_id, organization_id) references memberships (id, organization_id),
  constraint invitations_status_check check (status in ('pending', 'accepted', 'expired', 'revoked')),
  constraint invitations_message_check check (char_length(message) <= 1000)
);
create index invitations_membership_idx on invitations (membership_id, organization_id);
-- One live a person and organization.
create unique index invitations_live_idx on invitations (organization_id, membership_id) where status = 'pending';
create index invitations_token_idx on invitations (token_hash);
create index invitations_user_idx on invitations (user_id) where status = 'pending';
create index invitations_expiry_idx on invitations (expires_at) where status = 'pending';
call protect_tenant_table('invitations');
create policy resolver on invitations for select to balcao_resolver using (true);
grant select on invitations to balcao_resolver;

-- Invitation mails of a day (UTC), for the limit.
create table invitation_days (
  organization_id uuid not null references organizations (id),
  day date not null,
  sent integer not null,
  constraint invitation_days_pkey primary key (organization_id, day)
);
call protect_tenant_table('invitation_days');

-- Asked before the organization is known.
create function invitation_by_token(wanted bytea)
returns table (organization_id uuid, invitation_id uuid)
language sql stable security definer set search_path = pg_catalog, public as $$
  select i.organization_id, i.id from invitations i where i.token_hash = wanted
$$;

-- A person's own, wherever they come from.
create function invitations_of(wanted uuid, at timestamptz)
returns table (invitation_id uuid, organization_id uuid, slug text, name text, message text, expires_at timestamptz, created_at timestamptz)
language sql stable security definer set search_path = pg_catalog, public as $$
  select i.id, o.id, o.slug, o.name, i.message, i.expires_at, i.created_at
  from invitations i join organizations o on o.id = i.organization_id
  where i.user_id = wanted and i.status = 'pending' and i.expires_at > at and o.status = 'active' order by i.created_at desc
$$;

create function expired_invitations(at timestamptz, most integer)
returns table (organization_id uuid, invitation_id uuid)
language sql stable security definer set search_path = pg_catalog, public as $$
  select i.organization_id, i.id from invitations i where i.status = 'pending' and i.expires_at <= at order by i.expires_at limit most
$$;

alter function invitation_by_token owner to balcao_resolver;
alter function invitations_of owner to balcao_resolver;
alter function expired_invitations owner to balcao_resolver;
revoke execute on function invitation_by_token, invitations_of, expired_invitations from public;
grant execute on function invitation_by_token, invitations_of, expired_invitations to balcao_app;
