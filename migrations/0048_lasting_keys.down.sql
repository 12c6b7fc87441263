drop function counted_audit_values;
drop function reseal_audit_values;
drop function sealed_audit_values;
drop function counted_person_keys;
drop function reseal_person_keys;
drop function sealed_person_keys;
revoke update (value_sealed) on audit_values from balcao_auditor;

create or replace function audit_prune(organization uuid, upto bigint, signature bytea, at timestamptz) returns bigint
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  gone bigint;
begin
  insert into audit_checkpoints (organization_id, seq, hash, last_at, signature, created_at)
  select e.organization_id, e.seq, e.hash, e.at, audit_prune.signature, audit_prune.at
  from audit_entries e where e.organization_id = organization and e.seq = upto;
  if not found then return 0; end if;
  delete from audit_values v where v.organization_id = organization and v.seq <= upto;
  delete from audit_entries e where e.organization_id = organization and e.seq <= upto;
  get diagnostics gone = row_count;
  return gone;
end $$;

revoke update (erasures_seen) on installation from balcao_worker;
alter table installation drop column erasures_seen;
revoke select (organization_id, held_at) on memberships from balcao_auditor;
drop policy auditor on memberships;
alter table audit_exports drop column manifest;
drop table audit_heads;
drop table lasting_keys;
