-- Somebody acting in somebody else's name: platform staff in an organization (support), or one member as another.
create table impersonations (
  id uuid not null,
  organization_id uuid not null references organizations (id),
  kind text not null,
  mode text not null,
  status text not null,
  reason text not null,
  minutes smallint not null,
  -- Who really acts, with the name that this organization is told.
  by_user_id uuid not null references users (id),
  by_name text not null,
  -- In whose name: the member, or the admin who let the support in.
  membership_id uuid,
  session_id uuid,
  requested_at timestamptz not null,
  -- A request that nobody answers is over then; afterwards the end of the session.
  expires_at timestamptz not null,
  decided_by uuid,
  decided_at timestamptz,
  started_at timestamptz,
  ended_at timestamptz,
  ended_by uuid,
  constraint impersonations_pkey primary key (id, organization_id),
  constraint impersonations_membership_fkey foreign key (membership_id, organization_id) references memberships (id, organization_id),
  constraint impersonations_session_fkey foreign key (session_id, organization_id) references sessions (id, organization_id) on delete set null (session_id),
  constraint impersonations_kind_check check (kind in ('support', 'member')),
  constraint impersonations_mode_check check (mode in ('read', 'write') and (kind = 'support' or mode = 'read')),
  constraint impersonations_status_check check (status in ('requested', 'approved', 'rejected', 'started', 'ended', 'expired')),
  constraint impersonations_minutes_check check (minutes between 1 and 60),
  constraint impersonations_reason_check check (char_length(reason) between 10 and 500)
);
create index impersonations_list_idx on impersonations (organization_id, kind, id);
create index impersonations_session_idx on impersonations (session_id, organization_id) where session_id is not null;
create index impersonations_by_idx on impersonations (by_user_id);
create index impersonations_membership_idx on impersonations (membership_id, organization_id);
create index impersonations_open_idx on impersonations (expires_at) where status in ('requested', 'approved', 'started');
call protect_tenant_table('impersonations');
create policy resolver on impersonations for select to balcao_resolver using (true);
grant select on impersonations to balcao_resolver;

-- Organizations where one has to be closed because its time is over.
create function organizations_with_ended_impersonations(at timestamptz) returns setof uuid
language sql stable security definer set search_path = pg_catalog, public as $$
  select distinct i.organization_id from impersonations i
  where i.status in ('requested', 'approved', 'started') and i.expires_at <= at
$$;
alter function organizations_with_ended_impersonations owner to balcao_resolver;
revoke execute on function organizations_with_ended_impersonations from public;
grant execute on function organizations_with_ended_impersonations to balcao_app, balcao_worker;

-- In which organization a staff member asked for a support session: asked before it is entered.
create function support_session_place(wanted uuid, staff uuid) returns uuid
language sql stable security definer set search_path = pg_catalog, public as $$
  select i.organization_id from impersonations i where i.id = wanted and i.by_user_id = staff and i.kind = 'support'
$$;
alter function support_session_place owner to balcao_resolver;
revoke execute on function support_session_place from public;
grant execute on function support_session_place to balcao_app;
