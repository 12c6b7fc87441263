-- Links and codes that prove something once. One living of a purpose and person: a newer one takes the older one's place,
-- also when both are asked for at the same moment. The token itself is nowhere, only its hash.
create table one_time_links (
  user_id uuid not null references users (id),
  purpose text not null,
  token_hash bytea not null,
  data jsonb not null default '{}',
  -- Wrong tries, where the secret is short enough to be guessed.
  tries integer not null default 0,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  constraint one_time_links_pkey primary key (user_id, purpose),
  constraint one_time_links_token_key unique (token_hash)
);
create index one_time_links_expires_idx on one_time_links (expires_at);
alter table one_time_links enable row level security;
alter table one_time_links force row level security;
create policy whole on one_time_links to balcao_app using (true);
grant select, insert, update, delete on one_time_links to balcao_app;
