-- Domains of an organization, proven by a DNS record.
create table organization_domains (
  id uuid not null,
  organization_id uuid not null references organizations (id),
  -- Lower case, in its ASCII form, without a dot at the end.
  domain text not null,
  purposes text[] not null,
  verification_token text not null,
  verified_at timestamptz,
  last_checked_at timestamptz,
  -- Consecutive checks that found no proof.
  failures integer not null default 0,
  version bigint not null default 1,
  created_at timestamptz not null,
  constraint organization_domains_pkey primary key (id, organization_id),
  constraint organization_domains_domain_key unique (organization_id, domain),
  constraint organization_domains_purposes_check check (purposes <@ '{console,portal,sign_in,email}' and purposes <> '{}')
);
-- Verified in one organization at a time.
create unique index organization_domains_verified_idx on organization_domains (domain) where verified_at is not null;
create index organization_domains_check_idx on organization_domains (last_checked_at) where verified_at is not null;
call protect_tenant_table('organization_domains');
create policy worker on organization_domains for select to balcao_worker using (true);
grant select (id, organization_id, verified_at, last_checked_at) on organization_domains to balcao_worker;
create policy resolver on organization_domains to balcao_resolver using (true);
grant select (id, organization_id, domain, purposes, verified_at, version), update (verified_at, version) on organization_domains to balcao_resolver;

-- A newer proof wins: takes the domain from whoever had it, and says who that was.
create function release_domain(wanted text, for_organization uuid)
returns table (organization_id uuid, domain_id uuid)
language sql security definer set search_path = pg_catalog, public as $$
  update organization_domains d set verified_at = null, version = d.version + 1
  where d.domain = wanted and d.verified_at is not null and d.organization_id <> for_organization
  returning d.organization_id, d.id
$$;
alter function release_domain owner to balcao_resolver;
revoke execute on function release_domain from public;
grant execute on function release_domain to balcao_app;
