-- Answers of requests that carried an Idempotency-Key, written in the transaction of their effect.
create table idempotency_keys (
  organization_id uuid not null,
  principal_id uuid not null,
  key text not null,
  route text not null,
  fingerprint bytea not null,
  status smallint,
  headers jsonb,
  body bytea,
  created_at timestamptz not null,
  constraint idempotency_keys_pkey primary key (organization_id, principal_id, route, key)
);
create index idempotency_keys_age_idx on idempotency_keys (created_at);
call protect_tenant_table('idempotency_keys');
call open_to_worker('idempotency_keys', 'select, delete');
