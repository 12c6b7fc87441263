create table stored_files (
  id uuid not null,
  organization_id uuid not null references organizations (id),
  blob_key text not null,
  name text not null,
  mime_type text not null,
  size bigint not null,
  sha256 text not null,
  created_at timestamptz not null,
  constraint stored_files_pkey primary key (id, organization_id)
);
call protect_tenant_table('stored_files');
