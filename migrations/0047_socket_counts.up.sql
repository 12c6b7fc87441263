-- How many sockets each node holds for an organization, noted every few seconds: what a plan's limit is compared with, and
-- what the organization is shown. A node that stops noting is gone, and its rows with it a day later.
create table socket_counts (
  organization_id uuid not null,
  node_id uuid not null,
  sockets integer not null,
  noted_at timestamptz not null,
  constraint socket_counts_pkey primary key (organization_id, node_id),
  constraint socket_counts_sockets_check check (sockets > 0)
);
call protect_tenant_table('socket_counts');
call open_to_worker('socket_counts');
