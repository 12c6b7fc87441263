-- Second factors belong to a login; an organization reaches those of its members only, as with `users`.
create table totp_factors (
  user_id uuid not null references users (id),
  secret_sealed bytea not null,
  created_at timestamptz not null,
  confirmed_at timestamptz,
  -- The newest time step whose code was taken: no code counts twice.
  last_step bigint,
  constraint totp_factors_pkey primary key (user_id)
);
create table recovery_codes (
  user_id uuid not null references users (id),
  code_hash bytea not null,
  created_at timestamptz not null,
  used_at timestamptz,
  constraint recovery_codes_pkey primary key (user_id, code_hash)
);

-- Steps of a sign-in that wait for the next one (second factor, passkey, identity provider): sealed, single use, short.
create table ceremonies (
  token_hash bytea not null,
  purpose text not null,
  sealed bytea not null,
  tries integer not null default 0,
  expires_at timestamptz not null,
  constraint ceremonies_pkey primary key (token_hash),
  constraint ceremonies_purpose_check check (purpose in ('second_factor', 'passkey_registration', 'passkey_sign_in', 'oidc_flow', 'oidc_code'))
);
create index ceremonies_expires_idx on ceremonies (expires_at);

alter table totp_factors enable row level security;
alter table totp_factors force row level security;
create policy person on totp_factors to balcao_app using (exists (
  select from memberships m
  where m.user_id = totp_factors.user_id and m.organization_id = (select current_setting('app.organization_id')::uuid)));
alter table recovery_codes enable row level security;
alter table recovery_codes force row level security;
create policy person on recovery_codes to balcao_app using (exists (
  select from memberships m
  where m.user_id = recovery_codes.user_id and m.organization_id = (select current_setting('app.organization_id')::uuid)));
alter table ceremonies enable row level security;
alter table ceremonies force row level security;
create policy whole on ceremonies to balcao_app using (true);
grant select, insert, update, delete on totp_factors, recovery_codes, ceremonies to balcao_app;

-- Since when an organization asks for second factors: people get seven days from then.
create table mfa_requirements (
  organization_id uuid not null references organizations (id),
  required_for text not null,
  since timestamptz not null,
  constraint mfa_requirements_pkey primary key (organization_id)
);
call protect_tenant_table('mfa_requirements');
