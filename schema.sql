-- The tables after all migrations, by `cargo xtask gen schema`. Do not edit.
CREATE FUNCTION public.channel_account_by_external_id(wanted_kind text, wanted text) RETURNS TABLE(organization_id uuid, channel_account_id uuid, status text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  select a.organization_id, a.id, a.status from channel_accounts a
  where a.kind = wanted_kind and a.external_id = wanted and a.status in ('active', 'paused', 'error')
$$;

ALTER FUNCTION public.channel_account_by_external_id(wanted_kind text, wanted text) OWNER TO balcao_resolver;

CREATE FUNCTION public.ensure_event_partition(day date) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
declare
  first date := date_trunc('month', day);
  name text := 'events_' || to_char(day, 'YYYY_MM');
begin
  if to_regclass('public.' || name) is not null then return false; end if;
  execute format('create table public.%I partition of public.events for values from (%L) to (%L)', name, first, (first + interval '1 month')::date);
  execute format('alter table public.%I enable row level security', name);
  execute format('alter table public.%I force row level security', name);
  return true;
end $$;

ALTER FUNCTION public.ensure_event_partition(day date) OWNER TO balcao_owner;

CREATE FUNCTION public.login_by_email(wanted text) RETURNS TABLE(user_id uuid, status text, password_hash text, email_verified_at timestamp with time zone, last_organization_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  select u.id, u.status, u.password_hash, u.email_verified_at, u.last_organization_id from users u where u.email_norm = wanted
$$;

ALTER FUNCTION public.login_by_email(wanted text) OWNER TO balcao_resolver;

CREATE FUNCTION public.login_for_email(new_id uuid, new_email text, new_email_norm text, new_name text, new_name_norm text, new_hash text, must_change boolean, at timestamp with time zone) RETURNS TABLE(user_id uuid, made boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
begin
  insert into users (id, email, email_norm, email_verified_at, name, name_norm, password_hash, password_changed_at,
    must_change_password, created_at, updated_at)
  values (new_id, new_email, new_email_norm, at, new_name, new_name_norm, new_hash,
    case when new_hash is null then null else at end, must_change, at, at)
  on conflict (email_norm) do nothing;
  return query select u.id, u.id = new_id from users u where u.email_norm = new_email_norm;
end $$;

ALTER FUNCTION public.login_for_email(new_id uuid, new_email text, new_email_norm text, new_name text, new_name_norm text, new_hash text, must_change boolean, at timestamp with time zone) OWNER TO balcao_resolver;

CREATE FUNCTION public.memberships_of(wanted uuid) RETURNS TABLE(membership_id uuid, organization_id uuid, membership_status text, slug text, name text, organization_status text, suspension_mode text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  select m.id, o.id, m.status, o.slug, o.name, o.status, o.suspension_mode
  from memberships m join organizations o on o.id = m.organization_id
  where m.user_id = wanted and m.status <> 'removed' order by o.slug
$$;

ALTER FUNCTION public.memberships_of(wanted uuid) OWNER TO balcao_resolver;

CREATE PROCEDURE public.open_to_worker(IN name regclass, IN rights text DEFAULT 'select, insert, update, delete'::text)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public'
    AS $$
begin
  execute format('create policy worker on %s to balcao_worker using (true)', name);
  execute format('grant %s on %s to balcao_worker', rights, name);
end $$;

ALTER PROCEDURE public.open_to_worker(IN name regclass, IN rights text) OWNER TO balcao_owner;

CREATE FUNCTION public.organization_by_slug(wanted text) RETURNS TABLE(id uuid, slug text, name text, status text, suspension_mode text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  select o.id, o.slug, o.name, o.status, o.suspension_mode from organizations o where o.slug = wanted
$$;

ALTER FUNCTION public.organization_by_slug(wanted text) OWNER TO balcao_resolver;

CREATE PROCEDURE public.protect_tenant_table(IN name regclass, IN rights text DEFAULT 'select, insert, update, delete'::text)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public'
    AS $$
begin
  execute format('alter table %s enable row level security', name);
  execute format('alter table %s force row level security', name);
  execute format(
    'create policy tenant on %s to balcao_app using (organization_id = (select current_setting(''app.organization_id'')::uuid))', name);
  execute format('grant %s on %s to balcao_app', rights, name);
end $$;

ALTER PROCEDURE public.protect_tenant_table(IN name regclass, IN rights text) OWNER TO balcao_owner;

CREATE FUNCTION public.record_login(wanted uuid, organization uuid, better_hash text, at timestamp with time zone) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  update users set last_login_at = at, last_organization_id = organization,
    password_hash = coalesce(better_hash, password_hash) where id = wanted
$$;

ALTER FUNCTION public.record_login(wanted uuid, organization uuid, better_hash text, at timestamp with time zone) OWNER TO balcao_resolver;

CREATE FUNCTION public.session_by_refresh_token(wanted bytea) RETURNS TABLE(organization_id uuid, session_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  select t.organization_id, t.session_id from refresh_tokens t where t.token_hash = wanted
$$;

ALTER FUNCTION public.session_by_refresh_token(wanted bytea) OWNER TO balcao_resolver;

CREATE TABLE public._sqlx_migrations (
    version bigint NOT NULL,
    description text NOT NULL,
    installed_on timestamp with time zone DEFAULT now() NOT NULL,
    success boolean NOT NULL,
    checksum bytea NOT NULL,
    execution_time bigint NOT NULL
);

ALTER TABLE public._sqlx_migrations OWNER TO balcao_owner;

CREATE TABLE public.channel_accounts (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    status text DEFAULT 'draft'::text NOT NULL,
    status_reason text,
    external_id text,
    unit_id uuid,
    simulation boolean DEFAULT false NOT NULL,
    settings jsonb DEFAULT '{}'::jsonb NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT channel_accounts_kind_check CHECK ((kind = ANY (ARRAY['whatsapp'::text, 'telegram'::text, 'email'::text, 'webchat'::text, 'sms'::text, 'api'::text, 'internal'::text]))),
    CONSTRAINT channel_accounts_name_check CHECK (((char_length(name) >= 1) AND (char_length(name) <= 120))),
    CONSTRAINT channel_accounts_status_check CHECK ((status = ANY (ARRAY['draft'::text, 'active'::text, 'paused'::text, 'error'::text, 'archived'::text])))
);

ALTER TABLE ONLY public.channel_accounts FORCE ROW LEVEL SECURITY;

ALTER TABLE public.channel_accounts OWNER TO balcao_owner;

CREATE TABLE public.organizations (
    id uuid NOT NULL,
    slug text NOT NULL,
    name text NOT NULL,
    legal_name text,
    kind text NOT NULL,
    tax_id text,
    timezone text DEFAULT 'America/Sao_Paulo'::text NOT NULL,
    default_language text DEFAULT 'pt-BR'::text NOT NULL,
    languages text[] DEFAULT '{pt-BR}'::text[] NOT NULL,
    currency text DEFAULT 'BRL'::text NOT NULL,
    country text DEFAULT 'BR'::text NOT NULL,
    municipality_code text,
    status text DEFAULT 'provisioning'::text NOT NULL,
    suspension_mode text,
    status_reason text,
    closing_at timestamp with time zone,
    simulation boolean DEFAULT false NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT organizations_kind_check CHECK ((kind = ANY (ARRAY['clinic'::text, 'hospital'::text, 'laboratory'::text, 'imaging'::text, 'pharmacy'::text, 'company'::text]))),
    CONSTRAINT organizations_name_check CHECK (((char_length(name) >= 2) AND (char_length(name) <= 255))),
    CONSTRAINT organizations_slug_check CHECK ((slug ~ '^[a-z0-9]([a-z0-9-]{1,61}[a-z0-9])$'::text)),
    CONSTRAINT organizations_status_check CHECK ((status = ANY (ARRAY['provisioning'::text, 'active'::text, 'suspended'::text, 'closing'::text, 'erased'::text]))),
    CONSTRAINT organizations_suspended_check CHECK (((status = 'suspended'::text) = (suspension_mode IS NOT NULL))),
    CONSTRAINT organizations_suspension_mode_check CHECK ((suspension_mode = ANY (ARRAY['read_only'::text, 'blocked'::text])))
);

ALTER TABLE ONLY public.organizations FORCE ROW LEVEL SECURITY;

ALTER TABLE public.organizations OWNER TO balcao_owner;

CREATE VIEW public.channel_facts WITH (security_invoker='true') AS
 SELECT a.organization_id,
    a.id AS channel_account_id,
    a.status,
    (a.simulation OR o.simulation) AS simulation,
    COALESCE((a.settings ->> 'after_reply'::text), 'waiting'::text) AS after_reply,
    COALESCE(((a.settings ->> 'assign_on_reply'::text))::boolean, true) AS assign_on_reply
   FROM (public.channel_accounts a
     JOIN public.organizations o ON ((o.id = a.organization_id)));

ALTER TABLE public.channel_facts OWNER TO balcao_owner;

CREATE TABLE public.channel_secrets (
    organization_id uuid NOT NULL,
    channel_account_id uuid NOT NULL,
    name text NOT NULL,
    sealed bytea NOT NULL,
    last_four text NOT NULL,
    set_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.channel_secrets FORCE ROW LEVEL SECURITY;

ALTER TABLE public.channel_secrets OWNER TO balcao_owner;

CREATE TABLE public.contact_identities (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    address_id uuid NOT NULL,
    kind text NOT NULL,
    value text NOT NULL,
    match_key text NOT NULL,
    raw text NOT NULL,
    scope text,
    trust text NOT NULL,
    is_primary boolean DEFAULT false NOT NULL,
    first_seen timestamp with time zone NOT NULL,
    last_seen timestamp with time zone NOT NULL,
    retired_at timestamp with time zone,
    CONSTRAINT contact_identities_kind_check CHECK ((kind = ANY (ARRAY['phone'::text, 'email'::text, 'whatsapp'::text, 'whatsapp_parent'::text, 'telegram'::text, 'webchat'::text, 'external_id'::text, 'social'::text]))),
    CONSTRAINT contact_identities_trust_check CHECK ((trust = ANY (ARRAY['verified'::text, 'asserted'::text, 'claimed'::text])))
);

ALTER TABLE ONLY public.contact_identities FORCE ROW LEVEL SECURITY;

ALTER TABLE public.contact_identities OWNER TO balcao_owner;

CREATE TABLE public.contacts (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    kind text DEFAULT 'person'::text NOT NULL,
    stage text DEFAULT 'lead'::text NOT NULL,
    status text DEFAULT 'active'::text NOT NULL,
    vip boolean DEFAULT false NOT NULL,
    name text,
    social_name text,
    profile_name text,
    language text,
    time_zone text,
    origin text NOT NULL,
    owner_id uuid,
    unit_id uuid,
    version bigint DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT contacts_kind_check CHECK ((kind = ANY (ARRAY['person'::text, 'company'::text]))),
    CONSTRAINT contacts_stage_check CHECK ((stage = ANY (ARRAY['visitor'::text, 'lead'::text, 'customer'::text]))),
    CONSTRAINT contacts_status_check CHECK ((status = ANY (ARRAY['active'::text, 'inactive'::text, 'blocked'::text])))
);

ALTER TABLE ONLY public.contacts FORCE ROW LEVEL SECURITY;

ALTER TABLE public.contacts OWNER TO balcao_owner;

CREATE TABLE public.conversation_assignments (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    user_id uuid NOT NULL,
    kind text DEFAULT 'primary'::text NOT NULL,
    reason text NOT NULL,
    assigned_by uuid,
    since timestamp with time zone NOT NULL,
    until timestamp with time zone,
    CONSTRAINT conversation_assignments_kind_check CHECK ((kind = ANY (ARRAY['primary'::text, 'shadow'::text, 'escalation'::text])))
);

ALTER TABLE ONLY public.conversation_assignments FORCE ROW LEVEL SECURITY;

ALTER TABLE public.conversation_assignments OWNER TO balcao_owner;

CREATE TABLE public.conversation_numbers (
    organization_id uuid NOT NULL,
    last_number bigint NOT NULL
);

ALTER TABLE ONLY public.conversation_numbers FORCE ROW LEVEL SECURITY;

ALTER TABLE public.conversation_numbers OWNER TO balcao_owner;

CREATE TABLE public.conversation_participants (
    organization_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    user_id uuid NOT NULL,
    role text NOT NULL,
    source text NOT NULL,
    last_seen_seq bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT conversation_participants_role_check CHECK ((role = ANY (ARRAY['collaborator'::text, 'observer'::text, 'bot'::text, 'none'::text])))
);

ALTER TABLE ONLY public.conversation_participants FORCE ROW LEVEL SECURITY;

ALTER TABLE public.conversation_participants OWNER TO balcao_owner;

CREATE TABLE public.conversations (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    number bigint NOT NULL,
    audience text NOT NULL,
    channel_account_id uuid,
    channel_kind text NOT NULL,
    contact_id uuid,
    identity_id uuid,
    address_id uuid,
    contact_name text,
    contact_address text,
    status text NOT NULL,
    status_reason text,
    snoozed_until timestamp with time zone,
    archived_at timestamp with time zone,
    merged_into_id uuid,
    unit_id uuid,
    owner_id uuid,
    participants uuid[] DEFAULT '{}'::uuid[] NOT NULL,
    priority text DEFAULT 'normal'::text NOT NULL,
    subject text,
    summary text,
    language text,
    tags text[] DEFAULT '{}'::text[] NOT NULL,
    custom_attributes jsonb DEFAULT '{}'::jsonb NOT NULL,
    origin text NOT NULL,
    handled_by text DEFAULT 'none'::text NOT NULL,
    last_seq bigint DEFAULT 0 NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    first_response_at timestamp with time zone,
    waiting_since timestamp with time zone,
    last_inbound_at timestamp with time zone,
    last_outbound_at timestamp with time zone,
    last_activity_at timestamp with time zone NOT NULL,
    closed_at timestamp with time zone,
    reopened_count integer DEFAULT 0 NOT NULL,
    previous_conversation_id uuid,
    thread_control text DEFAULT 'ours'::text NOT NULL,
    floor_holder text DEFAULT 'nobody'::text NOT NULL,
    floor_holder_id uuid,
    floor_token bigint DEFAULT 1 NOT NULL,
    floor_since timestamp with time zone,
    window_opens_at timestamp with time zone,
    window_closes_at timestamp with time zone,
    window_evidence_id uuid,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT conversations_audience_check CHECK ((audience = ANY (ARRAY['external'::text, 'internal'::text]))),
    CONSTRAINT conversations_closed_check CHECK (((status = 'closed'::text) = (closed_at IS NOT NULL))),
    CONSTRAINT conversations_external_check CHECK (((audience = 'internal'::text) OR ((channel_account_id IS NOT NULL) AND (contact_id IS NOT NULL) AND (identity_id IS NOT NULL) AND (address_id IS NOT NULL)))),
    CONSTRAINT conversations_floor_check CHECK ((floor_holder = ANY (ARRAY['nobody'::text, 'flow'::text, 'attendant'::text, 'person'::text]))),
    CONSTRAINT conversations_handled_by_check CHECK ((handled_by = ANY (ARRAY['none'::text, 'bot'::text, 'human'::text, 'mixed'::text]))),
    CONSTRAINT conversations_priority_check CHECK ((priority = ANY (ARRAY['low'::text, 'normal'::text, 'high'::text, 'urgent'::text]))),
    CONSTRAINT conversations_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'open'::text, 'waiting'::text, 'snoozed'::text, 'closed'::text])))
);

ALTER TABLE ONLY public.conversations FORCE ROW LEVEL SECURITY;

ALTER TABLE public.conversations OWNER TO balcao_owner;

CREATE TABLE public.dead_jobs (
    id bigint NOT NULL,
    lane smallint NOT NULL,
    organization_id uuid NOT NULL,
    kind text NOT NULL,
    payload jsonb NOT NULL,
    attempts smallint NOT NULL,
    order_key text,
    request_id text NOT NULL,
    error text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    died_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.dead_jobs FORCE ROW LEVEL SECURITY;

ALTER TABLE public.dead_jobs OWNER TO balcao_owner;

CREATE TABLE public.events (
    id bigint NOT NULL,
    txid bigint DEFAULT GREATEST(((pg_current_xact_id())::text)::bigint, (((pg_snapshot_xmax(pg_current_snapshot()))::text)::bigint - 1)) NOT NULL,
    organization_id uuid NOT NULL,
    event_id uuid NOT NULL,
    kind text NOT NULL,
    version smallint NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    stream_kind text NOT NULL,
    stream_id uuid NOT NULL,
    stream_seq bigint,
    actor_kind text NOT NULL,
    actor_id uuid,
    request_id text NOT NULL,
    audience jsonb NOT NULL,
    data jsonb NOT NULL
)
PARTITION BY RANGE (occurred_at);

ALTER TABLE ONLY public.events FORCE ROW LEVEL SECURITY;

ALTER TABLE public.events OWNER TO balcao_owner;

CREATE TABLE public.events_2026_11 (
    id bigint NOT NULL,
    txid bigint DEFAULT GREATEST(((pg_current_xact_id())::text)::bigint, (((pg_snapshot_xmax(pg_current_snapshot()))::text)::bigint - 1)) NOT NULL,
    organization_id uuid NOT NULL,
    event_id uuid NOT NULL,
    kind text NOT NULL,
    version smallint NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    stream_kind text NOT NULL,
    stream_id uuid NOT NULL,
    stream_seq bigint,
    actor_kind text NOT NULL,
    actor_id uuid,
    request_id text NOT NULL,
    audience jsonb NOT NULL,
    data jsonb NOT NULL
);

ALTER TABLE ONLY public.events_2026_11 FORCE ROW LEVEL SECURITY;

ALTER TABLE public.events_2026_11 OWNER TO balcao_owner;

CREATE TABLE public.events_2026_12 (
    id bigint NOT NULL,
    txid bigint DEFAULT GREATEST(((pg_current_xact_id())::text)::bigint, (((pg_snapshot_xmax(pg_current_snapshot()))::text)::bigint - 1)) NOT NULL,
    organization_id uuid NOT NULL,
    event_id uuid NOT NULL,
    kind text NOT NULL,
    version smallint NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    stream_kind text NOT NULL,
    stream_id uuid NOT NULL,
    stream_seq bigint,
    actor_kind text NOT NULL,
    actor_id uuid,
    request_id text NOT NULL,
    audience jsonb NOT NULL,
    data jsonb NOT NULL
);

ALTER TABLE ONLY public.events_2026_12 FORCE ROW LEVEL SECURITY;

ALTER TABLE public.events_2026_12 OWNER TO balcao_owner;

CREATE TABLE public.events_2027_01 (
    id bigint NOT NULL,
    txid bigint DEFAULT GREATEST(((pg_current_xact_id())::text)::bigint, (((pg_snapshot_xmax(pg_current_snapshot()))::text)::bigint - 1)) NOT NULL,
    organization_id uuid NOT NULL,
    event_id uuid NOT NULL,
    kind text NOT NULL,
    version smallint NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    stream_kind text NOT NULL,
    stream_id uuid NOT NULL,
    stream_seq bigint,
    actor_kind text NOT NULL,
    actor_id uuid,
    request_id text NOT NULL,
    audience jsonb NOT NULL,
    data jsonb NOT NULL
);

ALTER TABLE ONLY public.events_2027_01 FORCE ROW LEVEL SECURITY;

ALTER TABLE public.events_2027_01 OWNER TO balcao_owner;

CREATE TABLE public.events_default (
    id bigint NOT NULL,
    txid bigint DEFAULT GREATEST(((pg_current_xact_id())::text)::bigint, (((pg_snapshot_xmax(pg_current_snapshot()))::text)::bigint - 1)) NOT NULL,
    organization_id uuid NOT NULL,
    event_id uuid NOT NULL,
    kind text NOT NULL,
    version smallint NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    stream_kind text NOT NULL,
    stream_id uuid NOT NULL,
    stream_seq bigint,
    actor_kind text NOT NULL,
    actor_id uuid,
    request_id text NOT NULL,
    audience jsonb NOT NULL,
    data jsonb NOT NULL
);

ALTER TABLE ONLY public.events_default FORCE ROW LEVEL SECURITY;

ALTER TABLE public.events_default OWNER TO balcao_owner;

ALTER TABLE public.events ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.units (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    parent_id uuid,
    name text NOT NULL,
    slug text NOT NULL,
    kind text NOT NULL,
    status text DEFAULT 'active'::text NOT NULL,
    "position" integer DEFAULT 0 NOT NULL,
    is_fallback boolean DEFAULT false NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT units_fallback_check CHECK (((NOT is_fallback) OR (status = 'active'::text))),
    CONSTRAINT units_kind_check CHECK ((kind = ANY (ARRAY['department'::text, 'squad'::text, 'queue'::text, 'project'::text, 'branch'::text]))),
    CONSTRAINT units_name_check CHECK (((char_length(name) >= 2) AND (char_length(name) <= 120))),
    CONSTRAINT units_status_check CHECK ((status = ANY (ARRAY['active'::text, 'archived'::text])))
);

ALTER TABLE ONLY public.units FORCE ROW LEVEL SECURITY;

ALTER TABLE public.units OWNER TO balcao_owner;

CREATE VIEW public.fallback_units WITH (security_invoker='true') AS
 SELECT units.organization_id,
    units.id AS unit_id
   FROM public.units
  WHERE units.is_fallback;

ALTER TABLE public.fallback_units OWNER TO balcao_owner;

CREATE TABLE public.idempotency_keys (
    organization_id uuid NOT NULL,
    principal_id uuid NOT NULL,
    key text NOT NULL,
    route text NOT NULL,
    fingerprint bytea NOT NULL,
    status smallint,
    headers jsonb,
    body bytea,
    created_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.idempotency_keys FORCE ROW LEVEL SECURITY;

ALTER TABLE public.idempotency_keys OWNER TO balcao_owner;

CREATE TABLE public.inbound_items (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    channel_account_id uuid NOT NULL,
    raw_id uuid NOT NULL,
    "position" integer NOT NULL,
    kind text NOT NULL,
    dedupe_key text NOT NULL,
    sender_key text NOT NULL,
    event_sealed bytea,
    state text DEFAULT 'stored'::text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    error text,
    received_at timestamp with time zone NOT NULL,
    processed_at timestamp with time zone,
    CONSTRAINT inbound_items_state_check CHECK ((state = ANY (ARRAY['stored'::text, 'processed'::text, 'ignored'::text, 'dead'::text])))
);

ALTER TABLE ONLY public.inbound_items FORCE ROW LEVEL SECURITY;

ALTER TABLE public.inbound_items OWNER TO balcao_owner;

CREATE TABLE public.inbound_raw (
    id uuid NOT NULL,
    connector text NOT NULL,
    received_at timestamp with time zone NOT NULL,
    headers jsonb NOT NULL,
    body_sealed bytea NOT NULL,
    body_hash bytea NOT NULL,
    state text DEFAULT 'stored'::text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    error text,
    processed_at timestamp with time zone,
    CONSTRAINT inbound_raw_state_check CHECK ((state = ANY (ARRAY['stored'::text, 'processed'::text, 'ignored'::text, 'dead'::text])))
);

ALTER TABLE ONLY public.inbound_raw FORCE ROW LEVEL SECURITY;

ALTER TABLE public.inbound_raw OWNER TO balcao_owner;

CREATE TABLE public.installation (
    one boolean DEFAULT true NOT NULL,
    epoch bigint DEFAULT 1 NOT NULL,
    CONSTRAINT installation_one_check CHECK (one)
);

ALTER TABLE public.installation OWNER TO balcao_owner;

CREATE TABLE public.jobs (
    id bigint NOT NULL,
    lane smallint NOT NULL,
    organization_id uuid NOT NULL,
    kind text NOT NULL,
    payload jsonb NOT NULL,
    run_at timestamp with time zone NOT NULL,
    deadline timestamp with time zone,
    attempts smallint DEFAULT 0 NOT NULL,
    lease uuid,
    unique_key text,
    order_key text,
    request_id text NOT NULL,
    last_error text,
    created_at timestamp with time zone NOT NULL
)
WITH (fillfactor='70', autovacuum_vacuum_scale_factor='0.01', autovacuum_vacuum_cost_delay='0');

ALTER TABLE ONLY public.jobs FORCE ROW LEVEL SECURITY;

ALTER TABLE public.jobs OWNER TO balcao_owner;

ALTER TABLE public.jobs ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.jobs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.login_throttles (
    email_hash bytea NOT NULL,
    failures integer NOT NULL,
    first_failure_at timestamp with time zone NOT NULL,
    blocked_until timestamp with time zone
);

ALTER TABLE ONLY public.login_throttles FORCE ROW LEVEL SECURITY;

ALTER TABLE public.login_throttles OWNER TO balcao_owner;

CREATE TABLE public.memberships (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    user_id uuid NOT NULL,
    status text NOT NULL,
    display_name text,
    job_title text,
    signature text,
    languages text[] DEFAULT '{}'::text[] NOT NULL,
    preferences jsonb DEFAULT '{}'::jsonb NOT NULL,
    joined_at timestamp with time zone,
    suspended_at timestamp with time zone,
    version bigint DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT memberships_display_name_check CHECK ((char_length(display_name) <= 40)),
    CONSTRAINT memberships_status_check CHECK ((status = ANY (ARRAY['invited'::text, 'active'::text, 'suspended'::text, 'removed'::text])))
);

ALTER TABLE ONLY public.memberships FORCE ROW LEVEL SECURITY;

ALTER TABLE public.memberships OWNER TO balcao_owner;

CREATE TABLE public.message_attachments (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    message_id uuid NOT NULL,
    "position" smallint NOT NULL,
    name text NOT NULL,
    mime_type text NOT NULL,
    size bigint,
    sha256 text,
    provider_ref text,
    file_id uuid,
    fetch_status text DEFAULT 'pending'::text NOT NULL,
    fetch_error text,
    scan_status text DEFAULT 'pending'::text NOT NULL,
    expires_at timestamp with time zone,
    CONSTRAINT message_attachments_fetch_check CHECK ((fetch_status = ANY (ARRAY['pending'::text, 'fetched'::text, 'failed'::text, 'expired'::text]))),
    CONSTRAINT message_attachments_scan_check CHECK ((scan_status = ANY (ARRAY['pending'::text, 'clean'::text, 'infected'::text, 'failed'::text, 'skipped'::text])))
);

ALTER TABLE ONLY public.message_attachments FORCE ROW LEVEL SECURITY;

ALTER TABLE public.message_attachments OWNER TO balcao_owner;

CREATE TABLE public.message_external_ids (
    organization_id uuid NOT NULL,
    channel_account_id uuid NOT NULL,
    direction text NOT NULL,
    external_id text NOT NULL,
    message_id uuid NOT NULL,
    part smallint DEFAULT 0 NOT NULL,
    attempt integer DEFAULT 1 NOT NULL
);

ALTER TABLE ONLY public.message_external_ids FORCE ROW LEVEL SECURITY;

ALTER TABLE public.message_external_ids OWNER TO balcao_owner;

CREATE TABLE public.message_versions (
    organization_id uuid NOT NULL,
    message_id uuid NOT NULL,
    version integer NOT NULL,
    segments jsonb NOT NULL,
    external_id text,
    at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.message_versions FORCE ROW LEVEL SECURITY;

ALTER TABLE public.message_versions OWNER TO balcao_owner;

CREATE TABLE public.messages (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    audience text DEFAULT 'external'::text NOT NULL,
    seq bigint NOT NULL,
    direction text NOT NULL,
    kind text NOT NULL,
    sender_kind text NOT NULL,
    sender_id uuid,
    sender_name text,
    source text NOT NULL,
    segments jsonb NOT NULL,
    reply_to_id uuid,
    reply_to_external_id text,
    client_id text,
    client_fingerprint bytea,
    status text,
    delivery jsonb,
    deferred_until timestamp with time zone,
    deferred_reason text,
    expires_at timestamp with time zone,
    stale_override boolean DEFAULT false NOT NULL,
    simulated boolean DEFAULT false NOT NULL,
    standby boolean DEFAULT false NOT NULL,
    forwarded boolean DEFAULT false NOT NULL,
    answered_since timestamp with time zone,
    was_first_response boolean DEFAULT false NOT NULL,
    reactions jsonb DEFAULT '[]'::jsonb NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone,
    provider_at timestamp with time zone,
    edited_at timestamp with time zone,
    deleted_at timestamp with time zone,
    CONSTRAINT messages_direction_check CHECK ((direction = ANY (ARRAY['inbound'::text, 'outbound'::text, 'internal'::text]))),
    CONSTRAINT messages_private_check CHECK (((kind <> ALL (ARRAY['note'::text, 'system'::text])) OR (direction = 'internal'::text))),
    CONSTRAINT messages_sender_check CHECK ((sender_kind = ANY (ARRAY['contact'::text, 'user'::text, 'service_account'::text, 'flow'::text, 'attendant'::text, 'automation'::text, 'system'::text]))),
    CONSTRAINT messages_seq_check CHECK ((seq > 0)),
    CONSTRAINT messages_status_check CHECK (((direction = 'outbound'::text) = (status IS NOT NULL))),
    CONSTRAINT messages_status_name_check CHECK ((status = ANY (ARRAY['queued'::text, 'accepted'::text, 'sent'::text, 'delivered'::text, 'read'::text, 'played'::text, 'failed'::text])))
);

ALTER TABLE ONLY public.messages FORCE ROW LEVEL SECURITY;

ALTER TABLE public.messages OWNER TO balcao_owner;

CREATE TABLE public.outbound_sends (
    message_id uuid NOT NULL,
    organization_id uuid NOT NULL,
    direction text DEFAULT 'outbound'::text NOT NULL,
    audience text DEFAULT 'external'::text NOT NULL,
    purpose text DEFAULT 'service'::text NOT NULL,
    automated boolean DEFAULT false NOT NULL,
    floor_token bigint,
    state text DEFAULT 'waiting'::text NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    unclear_since timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    CONSTRAINT outbound_sends_audience_check CHECK ((audience = 'external'::text)),
    CONSTRAINT outbound_sends_direction_check CHECK ((direction = 'outbound'::text)),
    CONSTRAINT outbound_sends_purpose_check CHECK ((purpose = ANY (ARRAY['service'::text, 'transactional'::text, 'marketing'::text]))),
    CONSTRAINT outbound_sends_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'calling'::text, 'unclear'::text, 'done'::text])))
);

ALTER TABLE ONLY public.outbound_sends FORCE ROW LEVEL SECURITY;

ALTER TABLE public.outbound_sends OWNER TO balcao_owner;

CREATE TABLE public.parked_updates (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    channel_account_id uuid NOT NULL,
    kind text NOT NULL,
    direction text NOT NULL,
    external_id text NOT NULL,
    callback_tag text,
    payload jsonb NOT NULL,
    received_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT parked_updates_kind_check CHECK ((kind = ANY (ARRAY['status'::text, 'reaction'::text, 'edit'::text, 'revoke'::text])))
);

ALTER TABLE ONLY public.parked_updates FORCE ROW LEVEL SECURITY;

ALTER TABLE public.parked_updates OWNER TO balcao_owner;

CREATE TABLE public.reader_backlog (
    reader text NOT NULL,
    organization_id uuid NOT NULL,
    txid bigint NOT NULL,
    event bigint NOT NULL,
    state text DEFAULT 'waiting'::text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    due_at timestamp with time zone NOT NULL,
    error text,
    CONSTRAINT reader_backlog_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'dead'::text])))
);

ALTER TABLE ONLY public.reader_backlog FORCE ROW LEVEL SECURITY;

ALTER TABLE public.reader_backlog OWNER TO balcao_owner;

CREATE TABLE public.reader_cursors (
    reader text NOT NULL,
    txid bigint NOT NULL,
    event bigint NOT NULL,
    leased_by uuid,
    leased_until timestamp with time zone,
    updated_at timestamp with time zone NOT NULL
);

ALTER TABLE public.reader_cursors OWNER TO balcao_owner;

CREATE TABLE public.refresh_tokens (
    token_hash bytea NOT NULL,
    organization_id uuid NOT NULL,
    session_id uuid NOT NULL,
    generation integer NOT NULL,
    created_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone
);

ALTER TABLE ONLY public.refresh_tokens FORCE ROW LEVEL SECURITY;

ALTER TABLE public.refresh_tokens OWNER TO balcao_owner;

CREATE TABLE public.role_assignments (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    membership_id uuid NOT NULL,
    role_id uuid NOT NULL,
    scope_type text NOT NULL,
    scope_id uuid,
    effective_from timestamp with time zone,
    effective_to timestamp with time zone,
    granted_by uuid,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT role_assignments_dates_check CHECK ((effective_from <= effective_to)),
    CONSTRAINT role_assignments_scope_check CHECK ((scope_type = ANY (ARRAY['organization'::text, 'unit'::text, 'team'::text, 'channel_account'::text, 'own'::text, 'unassigned'::text]))),
    CONSTRAINT role_assignments_scope_id_check CHECK (((scope_type = ANY (ARRAY['unit'::text, 'channel_account'::text])) = (scope_id IS NOT NULL)))
);

ALTER TABLE ONLY public.role_assignments FORCE ROW LEVEL SECURITY;

ALTER TABLE public.role_assignments OWNER TO balcao_owner;

CREATE TABLE public.roles (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    name text NOT NULL,
    name_folded text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    is_system boolean DEFAULT false NOT NULL,
    permissions text[] DEFAULT '{}'::text[] NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT roles_name_check CHECK (((char_length(name) >= 2) AND (char_length(name) <= 50)))
);

ALTER TABLE ONLY public.roles FORCE ROW LEVEL SECURITY;

ALTER TABLE public.roles OWNER TO balcao_owner;

CREATE TABLE public.schedule_runs (
    name text NOT NULL,
    last_due_at timestamp with time zone NOT NULL
);

ALTER TABLE public.schedule_runs OWNER TO balcao_owner;

CREATE TABLE public.send_attempts (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    message_id uuid NOT NULL,
    number integer NOT NULL,
    started_at timestamp with time zone NOT NULL,
    lease_until timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    outcome text,
    external_id text,
    address_used text,
    error jsonb,
    CONSTRAINT send_attempts_outcome_check CHECK ((outcome = ANY (ARRAY['accepted'::text, 'rejected'::text, 'unclear'::text, 'simulated'::text])))
);

ALTER TABLE ONLY public.send_attempts FORCE ROW LEVEL SECURITY;

ALTER TABLE public.send_attempts OWNER TO balcao_owner;

CREATE TABLE public.sessions (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    membership_id uuid NOT NULL,
    user_id uuid NOT NULL,
    device_name text,
    user_agent text,
    ip_first text,
    ip_last text,
    amr text[] NOT NULL,
    created_at timestamp with time zone NOT NULL,
    authenticated_at timestamp with time zone NOT NULL,
    last_used_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    revoked_reason text
);

ALTER TABLE ONLY public.sessions FORCE ROW LEVEL SECURITY;

ALTER TABLE public.sessions OWNER TO balcao_owner;

CREATE TABLE public.signing_keys (
    kid text NOT NULL,
    state text NOT NULL,
    public_jwk jsonb NOT NULL,
    private_sealed bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    activated_at timestamp with time zone,
    retiring_at timestamp with time zone,
    retired_at timestamp with time zone,
    CONSTRAINT signing_keys_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'active'::text, 'retiring'::text, 'retired'::text])))
);

ALTER TABLE ONLY public.signing_keys FORCE ROW LEVEL SECURITY;

ALTER TABLE public.signing_keys OWNER TO balcao_owner;

CREATE TABLE public.stored_files (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    blob_key text NOT NULL,
    name text NOT NULL,
    mime_type text NOT NULL,
    size bigint NOT NULL,
    sha256 text NOT NULL,
    created_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.stored_files FORCE ROW LEVEL SECURITY;

ALTER TABLE public.stored_files OWNER TO balcao_owner;

CREATE TABLE public.unit_members (
    unit_id uuid NOT NULL,
    organization_id uuid NOT NULL,
    membership_id uuid NOT NULL,
    role text DEFAULT 'member'::text NOT NULL,
    weight smallint DEFAULT 1 NOT NULL,
    active boolean DEFAULT true NOT NULL,
    is_primary boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT unit_members_role_check CHECK ((role = ANY (ARRAY['owner'::text, 'leader'::text, 'member'::text, 'observer'::text]))),
    CONSTRAINT unit_members_weight_check CHECK (((weight >= 0) AND (weight <= 10)))
);

ALTER TABLE ONLY public.unit_members FORCE ROW LEVEL SECURITY;

ALTER TABLE public.unit_members OWNER TO balcao_owner;

CREATE VIEW public.team_units WITH (security_invoker='true') AS
 SELECT m.organization_id,
    m.membership_id,
    t.unit_id
   FROM (public.unit_members m
     CROSS JOIN LATERAL ( WITH RECURSIVE tree(unit_id, depth) AS (
                 SELECT m.unit_id,
                    1 AS "?column?"
                UNION ALL
                 SELECT u.id,
                    (tree_1.depth + 1)
                   FROM (tree tree_1
                     JOIN public.units u ON (((u.parent_id = tree_1.unit_id) AND (u.organization_id = m.organization_id))))
                  WHERE ((tree_1.depth < 8) AND (m.role = ANY (ARRAY['owner'::text, 'leader'::text])))
                )
         SELECT tree.unit_id
           FROM tree) t)
  WHERE m.active;

ALTER TABLE public.team_units OWNER TO balcao_owner;

CREATE VIEW public.unit_memberships WITH (security_invoker='true') AS
 SELECT unit_members.organization_id,
    unit_members.unit_id,
    unit_members.membership_id,
    unit_members.role
   FROM public.unit_members
  WHERE unit_members.active;

ALTER TABLE public.unit_memberships OWNER TO balcao_owner;

CREATE VIEW public.unit_trees WITH (security_invoker='true') AS
 SELECT r.organization_id,
    r.id AS root_id,
    t.unit_id
   FROM (public.units r
     CROSS JOIN LATERAL ( WITH RECURSIVE tree(unit_id, depth) AS (
                 SELECT r.id,
                    1 AS "?column?"
                UNION ALL
                 SELECT u.id,
                    (tree_1.depth + 1)
                   FROM (tree tree_1
                     JOIN public.units u ON (((u.parent_id = tree_1.unit_id) AND (u.organization_id = r.organization_id))))
                  WHERE (tree_1.depth < 8)
                )
         SELECT tree.unit_id
           FROM tree) t);

ALTER TABLE public.unit_trees OWNER TO balcao_owner;

CREATE TABLE public.unrouted_items (
    id uuid NOT NULL,
    connector text NOT NULL,
    external_id text,
    raw_id uuid NOT NULL,
    "position" integer NOT NULL,
    received_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.unrouted_items FORCE ROW LEVEL SECURITY;

ALTER TABLE public.unrouted_items OWNER TO balcao_owner;

CREATE TABLE public.users (
    id uuid NOT NULL,
    email text NOT NULL,
    email_norm text NOT NULL,
    email_verified_at timestamp with time zone,
    name text NOT NULL,
    name_norm text NOT NULL,
    language text DEFAULT 'pt-BR'::text NOT NULL,
    timezone text,
    phone text,
    status text DEFAULT 'active'::text NOT NULL,
    password_hash text,
    password_changed_at timestamp with time zone,
    must_change_password boolean DEFAULT false NOT NULL,
    last_login_at timestamp with time zone,
    last_organization_id uuid,
    version bigint DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT users_name_check CHECK (((char_length(name) >= 1) AND (char_length(name) <= 150))),
    CONSTRAINT users_status_check CHECK ((status = ANY (ARRAY['active'::text, 'disabled'::text, 'erased'::text])))
);

ALTER TABLE ONLY public.users FORCE ROW LEVEL SECURITY;

ALTER TABLE public.users OWNER TO balcao_owner;

ALTER TABLE ONLY public.events ATTACH PARTITION public.events_2026_11 FOR VALUES FROM ('2026-11-01 00:00:00+00') TO ('2026-12-01 00:00:00+00');

ALTER TABLE ONLY public.events ATTACH PARTITION public.events_2026_12 FOR VALUES FROM ('2026-12-01 00:00:00+00') TO ('2027-01-01 00:00:00+00');

ALTER TABLE ONLY public.events ATTACH PARTITION public.events_2027_01 FOR VALUES FROM ('2027-01-01 00:00:00+00') TO ('2027-02-01 00:00:00+00');

ALTER TABLE ONLY public.events ATTACH PARTITION public.events_default DEFAULT;

ALTER TABLE ONLY public._sqlx_migrations
    ADD CONSTRAINT _sqlx_migrations_pkey PRIMARY KEY (version);

ALTER TABLE ONLY public.channel_accounts
    ADD CONSTRAINT channel_accounts_pkey PRIMARY KEY (id, organization_id);

ALTER TABLE ONLY public.channel_secrets
    ADD CONSTRAINT channel_secrets_pkey PRIMARY KEY (channel_account_id, name, organization_id);

ALTER TABLE ONLY public.contact_identities
    ADD CONSTRAINT contact_identities_pkey PRIMARY KEY (id, organization_id);

ALTER TABLE ONLY public.contacts
    ADD CONSTRAINT contacts_pkey PRIMARY KEY (id, organization_id);

ALTER TABLE ONLY public.conversation_assignments
    ADD CONSTRAINT conversation_assignments_pkey PRIMARY KEY (id, organization_id);

ALTER TABLE ONLY public.conversation_numbers
    ADD CONSTRAINT conversation_numbers_pkey PRIMARY KEY (organization_id);

ALTER TABLE ONLY public.conversation_participants
    ADD CONSTRAINT conversation_participants_pkey PRIMARY KEY (conversation_id, user_id, organization_id);

ALTER TABLE ONLY public.conversations
    ADD CONSTRAINT conversations_audience_key UNIQUE (id, organization_id, audience);

ALTER TABLE ONLY public.conversations
    ADD CONSTRAINT conversations_number_key UNIQUE (organization_id, number);

ALTER TABLE ONLY public.conversations
    ADD CONSTRAINT conversations_pkey PRIMARY KEY (id, organization_id);

ALTER TABLE ONLY public.dead_jobs
    ADD CONSTRAINT dead_jobs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (id, organization_id, occurred_at);

ALTER TABLE ONLY public.events_2026_11
    ADD CONSTRAINT events_2026_11_pkey PRIMARY KEY (id, organization_id, occurred_at);

ALTER TABLE ONLY public.events_2026_12
    ADD CONSTRAINT events_2026_12_pkey PRIMARY KEY (id, organization_id, occurred_at);

ALTER TABLE ONLY public.events_2027_01
    ADD CONSTRAINT events_2027_01_pkey PRIMARY KEY (id, organization_id, occurred_at);

ALTER TABLE ONLY public.events_default
    ADD CONSTRAINT events_default_pkey PRIMARY KEY (id, organization_id, occurred_at);

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (organization_id, principal_id, route, key);

ALTER TABLE ONLY public.inbound_items
    ADD CONSTRAINT inbound_items_dedupe_key UNIQUE (organization_id, channel_account_id, dedupe_key);

ALTER TABLE ONLY public.inbound_items
    ADD CONSTRAINT inbound_items_pkey PRIMARY KEY (id, organization_id);

ALTER TABLE ONLY public.inbound_raw
    ADD CONSTRAINT inbound_raw_hash_key UNIQUE (body_hash, connector);

ALTER TABLE ONLY public.inbound_raw
    ADD CONSTRAINT inbound_raw_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.installation
    ADD CONSTRAINT installation_pkey PRIMARY KEY (one);

ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT jobs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.login_throttles
    ADD CONSTRAINT login_throttles_pkey PRIMARY KEY (email_hash);

ALTER TABLE ONLY public.memberships
    ADD CONSTRAINT memberships_pkey PRIMARY KEY (id, organization_id);

ALTER TABLE ONLY public.memberships
    ADD CONSTRAINT memberships_user_key UNIQUE (organization_id, user_id);

ALTER TABLE ONLY public.message_attachments
    ADD CONSTRAINT message_attachments_pkey PRIMARY KEY (id, organization_id);

ALTER TABLE ONLY public.message_external_ids
    ADD CONSTRAINT message_external_ids_pkey PRIMARY KEY (external_id, channel_account_id, direction, organization_id);

ALTER TABLE ONLY public.message_versions
    ADD CONSTRAINT message_versions_pkey PRIMARY KEY (message_id, version, organization_id);

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_pkey PRIMARY KEY (id, organization_id);

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_sendable_key UNIQUE (id, organization_id, direction, audience);

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_seq_key UNIQUE (organization_id, conversation_id, seq);

ALTER TABLE ONLY public.organizations
    ADD CONSTRAINT organizations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.organizations
    ADD CONSTRAINT organizations_slug_key UNIQUE (slug);

ALTER TABLE ONLY public.outbound_sends
    ADD CONSTRAINT outbound_sends_pkey PRIMARY KEY (message_id, organization_id);

ALTER TABLE ONLY public.parked_updates
    ADD CONSTRAINT parked_updates_pkey PRIMARY KEY (id, organization_id);

ALTER TABLE ONLY public.reader_backlog
    ADD CONSTRAINT reader_backlog_pkey PRIMARY KEY (reader, organization_id, txid, event);

ALTER TABLE ONLY public.reader_cursors
    ADD CONSTRAINT reader_cursors_pkey PRIMARY KEY (reader);

ALTER TABLE ONLY public.refresh_tokens
    ADD CONSTRAINT refresh_tokens_generation_key UNIQUE (session_id, generation, organization_id);

ALTER TABLE ONLY public.refresh_tokens
    ADD CONSTRAINT refresh_tokens_pkey PRIMARY KEY (token_hash, organization_id);

ALTER TABLE ONLY public.role_assignments
    ADD CONSTRAINT role_assignments_pkey PRIMARY KEY (id, organization_id);

ALTER TABLE ONLY public.roles
    ADD CONSTRAINT roles_name_key UNIQUE (organization_id, name_folded);

ALTER TABLE ONLY public.roles
    ADD CONSTRAINT roles_pkey PRIMARY KEY (id, organization_id);

ALTER TABLE ONLY public.schedule_runs
    ADD CONSTRAINT schedule_runs_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.send_attempts
    ADD CONSTRAINT send_attempts_number_key UNIQUE (organization_id, message_id, number);

ALTER TABLE ONLY public.send_attempts
    ADD CONSTRAINT send_attempts_pkey PRIMARY KEY (id, organization_id);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (id, organization_id);

ALTER TABLE ONLY public.signing_keys
    ADD CONSTRAINT signing_keys_pkey PRIMARY KEY (kid);

ALTER TABLE ONLY public.stored_files
    ADD CONSTRAINT stored_files_pkey PRIMARY KEY (id, organization_id);

ALTER TABLE ONLY public.unit_members
    ADD CONSTRAINT unit_members_pkey PRIMARY KEY (unit_id, membership_id, organization_id);

ALTER TABLE ONLY public.units
    ADD CONSTRAINT units_pkey PRIMARY KEY (id, organization_id);

ALTER TABLE ONLY public.units
    ADD CONSTRAINT units_slug_key UNIQUE (organization_id, slug);

ALTER TABLE ONLY public.unrouted_items
    ADD CONSTRAINT unrouted_items_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.unrouted_items
    ADD CONSTRAINT unrouted_items_position_key UNIQUE (raw_id, "position");

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_email_norm_key UNIQUE (email_norm);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

CREATE UNIQUE INDEX channel_accounts_external_idx ON public.channel_accounts USING btree (kind, external_id) WHERE (status = ANY (ARRAY['active'::text, 'paused'::text, 'error'::text]));

CREATE INDEX channel_accounts_list_idx ON public.channel_accounts USING btree (organization_id, id);

CREATE INDEX channel_accounts_unit_idx ON public.channel_accounts USING btree (unit_id, organization_id) WHERE (unit_id IS NOT NULL);

CREATE INDEX contact_identities_address_idx ON public.contact_identities USING btree (organization_id, address_id);

CREATE INDEX contact_identities_contact_idx ON public.contact_identities USING btree (contact_id, organization_id);

CREATE UNIQUE INDEX contact_identities_live_idx ON public.contact_identities USING btree (organization_id, kind, match_key) WHERE ((retired_at IS NULL) AND (trust <> 'claimed'::text));

CREATE UNIQUE INDEX contact_identities_primary_idx ON public.contact_identities USING btree (organization_id, contact_id, kind) WHERE (is_primary AND (retired_at IS NULL));

CREATE INDEX contacts_list_idx ON public.contacts USING btree (organization_id, id);

CREATE INDEX contacts_unit_idx ON public.contacts USING btree (unit_id, organization_id) WHERE (unit_id IS NOT NULL);

CREATE INDEX conversation_assignments_conversation_idx ON public.conversation_assignments USING btree (conversation_id, organization_id);

CREATE UNIQUE INDEX conversation_assignments_primary_idx ON public.conversation_assignments USING btree (organization_id, conversation_id) WHERE ((kind = 'primary'::text) AND (until IS NULL));

CREATE INDEX conversation_assignments_user_idx ON public.conversation_assignments USING btree (organization_id, user_id);

CREATE INDEX conversation_participants_user_idx ON public.conversation_participants USING btree (organization_id, user_id);

CREATE INDEX conversations_activity_idx ON public.conversations USING btree (organization_id, last_activity_at DESC, id DESC);

CREATE INDEX conversations_contact_idx ON public.conversations USING btree (contact_id, organization_id);

CREATE INDEX conversations_identity_idx ON public.conversations USING btree (identity_id, organization_id);

CREATE INDEX conversations_latest_idx ON public.conversations USING btree (organization_id, channel_account_id, address_id, id);

CREATE INDEX conversations_owner_idx ON public.conversations USING btree (organization_id, owner_id, last_activity_at DESC, id DESC);

CREATE INDEX conversations_status_idx ON public.conversations USING btree (organization_id, status, last_activity_at DESC, id DESC);

CREATE UNIQUE INDEX conversations_thread_idx ON public.conversations USING btree (organization_id, channel_account_id, address_id) WHERE ((status <> 'closed'::text) AND (audience = 'external'::text) AND (channel_kind = ANY (ARRAY['whatsapp'::text, 'telegram'::text, 'sms'::text, 'webchat'::text])));

CREATE INDEX conversations_unit_idx ON public.conversations USING btree (unit_id, organization_id);

CREATE INDEX conversations_waiting_idx ON public.conversations USING btree (organization_id, waiting_since, id) WHERE (waiting_since IS NOT NULL);

CREATE INDEX dead_jobs_organization_idx ON public.dead_jobs USING btree (organization_id, died_at);

CREATE INDEX events_organization_idx ON ONLY public.events USING btree (organization_id, txid, id);

CREATE INDEX events_2026_11_organization_id_txid_id_idx ON public.events_2026_11 USING btree (organization_id, txid, id);

CREATE INDEX events_position_idx ON ONLY public.events USING btree (txid, id);

CREATE INDEX events_2026_11_txid_id_idx ON public.events_2026_11 USING btree (txid, id);

CREATE INDEX events_2026_12_organization_id_txid_id_idx ON public.events_2026_12 USING btree (organization_id, txid, id);

CREATE INDEX events_2026_12_txid_id_idx ON public.events_2026_12 USING btree (txid, id);

CREATE INDEX events_2027_01_organization_id_txid_id_idx ON public.events_2027_01 USING btree (organization_id, txid, id);

CREATE INDEX events_2027_01_txid_id_idx ON public.events_2027_01 USING btree (txid, id);

CREATE INDEX events_default_organization_id_txid_id_idx ON public.events_default USING btree (organization_id, txid, id);

CREATE INDEX events_default_txid_id_idx ON public.events_default USING btree (txid, id);

CREATE INDEX idempotency_keys_age_idx ON public.idempotency_keys USING btree (created_at);

CREATE INDEX inbound_items_account_idx ON public.inbound_items USING btree (channel_account_id, organization_id);

CREATE INDEX inbound_items_list_idx ON public.inbound_items USING btree (organization_id, channel_account_id, state, id);

CREATE INDEX inbound_raw_age_idx ON public.inbound_raw USING btree (received_at);

CREATE INDEX inbound_raw_waiting_idx ON public.inbound_raw USING btree (received_at, id) WHERE (state = 'stored'::text);

CREATE INDEX jobs_due_idx ON public.jobs USING btree (lane, organization_id, run_at, id);

CREATE INDEX jobs_order_idx ON public.jobs USING btree (order_key, id) WHERE (order_key IS NOT NULL);

CREATE UNIQUE INDEX jobs_unique_idx ON public.jobs USING btree (organization_id, kind, unique_key) WHERE ((unique_key IS NOT NULL) AND (lease IS NULL));

CREATE INDEX memberships_user_idx ON public.memberships USING btree (user_id);

CREATE INDEX message_attachments_file_idx ON public.message_attachments USING btree (file_id, organization_id) WHERE (file_id IS NOT NULL);

CREATE INDEX message_attachments_message_idx ON public.message_attachments USING btree (message_id, organization_id);

CREATE INDEX message_external_ids_account_idx ON public.message_external_ids USING btree (channel_account_id, organization_id);

CREATE INDEX message_external_ids_message_idx ON public.message_external_ids USING btree (message_id, organization_id);

CREATE UNIQUE INDEX messages_client_idx ON public.messages USING btree (organization_id, conversation_id, sender_id, client_id) WHERE (client_id IS NOT NULL);

CREATE INDEX messages_reply_idx ON public.messages USING btree (reply_to_id, organization_id) WHERE (reply_to_id IS NOT NULL);

CREATE INDEX parked_updates_account_idx ON public.parked_updates USING btree (channel_account_id, organization_id);

CREATE INDEX parked_updates_tag_idx ON public.parked_updates USING btree (organization_id, callback_tag) WHERE (callback_tag IS NOT NULL);

CREATE INDEX parked_updates_target_idx ON public.parked_updates USING btree (organization_id, channel_account_id, external_id);

CREATE INDEX reader_backlog_due_idx ON public.reader_backlog USING btree (reader, state, due_at);

CREATE INDEX role_assignments_membership_idx ON public.role_assignments USING btree (membership_id, organization_id);

CREATE INDEX role_assignments_role_idx ON public.role_assignments USING btree (role_id, organization_id);

CREATE UNIQUE INDEX send_attempts_running_idx ON public.send_attempts USING btree (organization_id, message_id) WHERE (outcome IS NULL);

CREATE INDEX send_attempts_send_idx ON public.send_attempts USING btree (message_id, organization_id);

CREATE INDEX sessions_membership_idx ON public.sessions USING btree (membership_id, organization_id) WHERE (revoked_at IS NULL);

CREATE INDEX sessions_user_idx ON public.sessions USING btree (user_id);

CREATE UNIQUE INDEX signing_keys_one_idx ON public.signing_keys USING btree (state) WHERE (state = ANY (ARRAY['pending'::text, 'active'::text]));

CREATE INDEX unit_members_membership_idx ON public.unit_members USING btree (membership_id, organization_id);

CREATE UNIQUE INDEX units_fallback_idx ON public.units USING btree (organization_id) WHERE is_fallback;

CREATE INDEX units_parent_idx ON public.units USING btree (parent_id, organization_id) WHERE (parent_id IS NOT NULL);

CREATE INDEX unrouted_items_account_idx ON public.unrouted_items USING btree (connector, external_id, received_at, "position");

ALTER INDEX public.events_organization_idx ATTACH PARTITION public.events_2026_11_organization_id_txid_id_idx;

ALTER INDEX public.events_pkey ATTACH PARTITION public.events_2026_11_pkey;

ALTER INDEX public.events_position_idx ATTACH PARTITION public.events_2026_11_txid_id_idx;

ALTER INDEX public.events_organization_idx ATTACH PARTITION public.events_2026_12_organization_id_txid_id_idx;

ALTER INDEX public.events_pkey ATTACH PARTITION public.events_2026_12_pkey;

ALTER INDEX public.events_position_idx ATTACH PARTITION public.events_2026_12_txid_id_idx;

ALTER INDEX public.events_organization_idx ATTACH PARTITION public.events_2027_01_organization_id_txid_id_idx;

ALTER INDEX public.events_pkey ATTACH PARTITION public.events_2027_01_pkey;

ALTER INDEX public.events_position_idx ATTACH PARTITION public.events_2027_01_txid_id_idx;

ALTER INDEX public.events_organization_idx ATTACH PARTITION public.events_default_organization_id_txid_id_idx;

ALTER INDEX public.events_pkey ATTACH PARTITION public.events_default_pkey;

ALTER INDEX public.events_position_idx ATTACH PARTITION public.events_default_txid_id_idx;

ALTER TABLE ONLY public.channel_accounts
    ADD CONSTRAINT channel_accounts_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

ALTER TABLE ONLY public.channel_accounts
    ADD CONSTRAINT channel_accounts_unit_fkey FOREIGN KEY (unit_id, organization_id) REFERENCES public.units(id, organization_id);

ALTER TABLE ONLY public.channel_secrets
    ADD CONSTRAINT channel_secrets_account_fkey FOREIGN KEY (channel_account_id, organization_id) REFERENCES public.channel_accounts(id, organization_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.contact_identities
    ADD CONSTRAINT contact_identities_contact_fkey FOREIGN KEY (contact_id, organization_id) REFERENCES public.contacts(id, organization_id);

ALTER TABLE ONLY public.contacts
    ADD CONSTRAINT contacts_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

ALTER TABLE ONLY public.contacts
    ADD CONSTRAINT contacts_unit_fkey FOREIGN KEY (unit_id, organization_id) REFERENCES public.units(id, organization_id);

ALTER TABLE ONLY public.conversation_assignments
    ADD CONSTRAINT conversation_assignments_conversation_fkey FOREIGN KEY (conversation_id, organization_id) REFERENCES public.conversations(id, organization_id);

ALTER TABLE ONLY public.conversation_assignments
    ADD CONSTRAINT conversation_assignments_user_fkey FOREIGN KEY (organization_id, user_id) REFERENCES public.memberships(organization_id, user_id);

ALTER TABLE ONLY public.conversation_numbers
    ADD CONSTRAINT conversation_numbers_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

ALTER TABLE ONLY public.conversation_participants
    ADD CONSTRAINT conversation_participants_conversation_fkey FOREIGN KEY (conversation_id, organization_id) REFERENCES public.conversations(id, organization_id);

ALTER TABLE ONLY public.conversation_participants
    ADD CONSTRAINT conversation_participants_user_fkey FOREIGN KEY (organization_id, user_id) REFERENCES public.memberships(organization_id, user_id);

ALTER TABLE ONLY public.conversations
    ADD CONSTRAINT conversations_account_fkey FOREIGN KEY (channel_account_id, organization_id) REFERENCES public.channel_accounts(id, organization_id);

ALTER TABLE ONLY public.conversations
    ADD CONSTRAINT conversations_contact_fkey FOREIGN KEY (contact_id, organization_id) REFERENCES public.contacts(id, organization_id);

ALTER TABLE ONLY public.conversations
    ADD CONSTRAINT conversations_identity_fkey FOREIGN KEY (identity_id, organization_id) REFERENCES public.contact_identities(id, organization_id);

ALTER TABLE ONLY public.conversations
    ADD CONSTRAINT conversations_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

ALTER TABLE ONLY public.conversations
    ADD CONSTRAINT conversations_owner_fkey FOREIGN KEY (organization_id, owner_id) REFERENCES public.memberships(organization_id, user_id);

ALTER TABLE ONLY public.conversations
    ADD CONSTRAINT conversations_unit_fkey FOREIGN KEY (unit_id, organization_id) REFERENCES public.units(id, organization_id);

ALTER TABLE ONLY public.inbound_items
    ADD CONSTRAINT inbound_items_account_fkey FOREIGN KEY (channel_account_id, organization_id) REFERENCES public.channel_accounts(id, organization_id);

ALTER TABLE ONLY public.inbound_items
    ADD CONSTRAINT inbound_items_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

ALTER TABLE ONLY public.memberships
    ADD CONSTRAINT memberships_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

ALTER TABLE ONLY public.memberships
    ADD CONSTRAINT memberships_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.message_attachments
    ADD CONSTRAINT message_attachments_file_fkey FOREIGN KEY (file_id, organization_id) REFERENCES public.stored_files(id, organization_id);

ALTER TABLE ONLY public.message_attachments
    ADD CONSTRAINT message_attachments_message_fkey FOREIGN KEY (message_id, organization_id) REFERENCES public.messages(id, organization_id);

ALTER TABLE ONLY public.message_external_ids
    ADD CONSTRAINT message_external_ids_account_fkey FOREIGN KEY (channel_account_id, organization_id) REFERENCES public.channel_accounts(id, organization_id);

ALTER TABLE ONLY public.message_external_ids
    ADD CONSTRAINT message_external_ids_message_fkey FOREIGN KEY (message_id, organization_id) REFERENCES public.messages(id, organization_id);

ALTER TABLE ONLY public.message_versions
    ADD CONSTRAINT message_versions_message_fkey FOREIGN KEY (message_id, organization_id) REFERENCES public.messages(id, organization_id);

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_conversation_fkey FOREIGN KEY (conversation_id, organization_id, audience) REFERENCES public.conversations(id, organization_id, audience);

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_reply_fkey FOREIGN KEY (reply_to_id, organization_id) REFERENCES public.messages(id, organization_id);

ALTER TABLE ONLY public.outbound_sends
    ADD CONSTRAINT outbound_sends_message_fkey FOREIGN KEY (message_id, organization_id, direction, audience) REFERENCES public.messages(id, organization_id, direction, audience);

ALTER TABLE ONLY public.parked_updates
    ADD CONSTRAINT parked_updates_account_fkey FOREIGN KEY (channel_account_id, organization_id) REFERENCES public.channel_accounts(id, organization_id);

ALTER TABLE ONLY public.refresh_tokens
    ADD CONSTRAINT refresh_tokens_session_fkey FOREIGN KEY (session_id, organization_id) REFERENCES public.sessions(id, organization_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.role_assignments
    ADD CONSTRAINT role_assignments_membership_fkey FOREIGN KEY (membership_id, organization_id) REFERENCES public.memberships(id, organization_id);

ALTER TABLE ONLY public.role_assignments
    ADD CONSTRAINT role_assignments_role_fkey FOREIGN KEY (role_id, organization_id) REFERENCES public.roles(id, organization_id);

ALTER TABLE ONLY public.roles
    ADD CONSTRAINT roles_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

ALTER TABLE ONLY public.send_attempts
    ADD CONSTRAINT send_attempts_send_fkey FOREIGN KEY (message_id, organization_id) REFERENCES public.outbound_sends(message_id, organization_id);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_membership_fkey FOREIGN KEY (membership_id, organization_id) REFERENCES public.memberships(id, organization_id);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.stored_files
    ADD CONSTRAINT stored_files_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

ALTER TABLE ONLY public.unit_members
    ADD CONSTRAINT unit_members_membership_fkey FOREIGN KEY (membership_id, organization_id) REFERENCES public.memberships(id, organization_id);

ALTER TABLE ONLY public.unit_members
    ADD CONSTRAINT unit_members_unit_fkey FOREIGN KEY (unit_id, organization_id) REFERENCES public.units(id, organization_id);

ALTER TABLE ONLY public.units
    ADD CONSTRAINT units_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id);

ALTER TABLE ONLY public.units
    ADD CONSTRAINT units_parent_fkey FOREIGN KEY (parent_id, organization_id) REFERENCES public.units(id, organization_id);

ALTER TABLE public.channel_accounts ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.channel_secrets ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.contact_identities ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.contacts ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.conversation_assignments ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.conversation_numbers ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.conversation_participants ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.conversations ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.dead_jobs ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.events ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.events_2026_11 ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.events_2026_12 ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.events_2027_01 ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.events_default ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.idempotency_keys ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.inbound_items ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.inbound_raw ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.jobs ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.login_throttles ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.memberships ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.message_attachments ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.message_external_ids ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.message_versions ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.messages ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.organizations ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.outbound_sends ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.parked_updates ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.reader_backlog ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.refresh_tokens ENABLE ROW LEVEL SECURITY;

CREATE POLICY resolver ON public.channel_accounts FOR SELECT TO balcao_resolver USING (true);

CREATE POLICY resolver ON public.memberships FOR SELECT TO balcao_resolver USING (true);

CREATE POLICY resolver ON public.organizations FOR SELECT TO balcao_resolver USING (true);

CREATE POLICY resolver ON public.refresh_tokens FOR SELECT TO balcao_resolver USING (true);

CREATE POLICY resolver ON public.users TO balcao_resolver USING (true);

ALTER TABLE public.role_assignments ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.roles ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.send_attempts ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.sessions ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.signing_keys ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.stored_files ENABLE ROW LEVEL SECURITY;

CREATE POLICY tenant ON public.channel_accounts TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.channel_secrets TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.contact_identities TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.contacts TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.conversation_assignments TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.conversation_numbers TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.conversation_participants TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.conversations TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.dead_jobs TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.events TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.idempotency_keys TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.inbound_items TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.jobs TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.memberships TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.message_attachments TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.message_external_ids TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.message_versions TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.messages TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.organizations TO balcao_app USING ((id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.outbound_sends TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.parked_updates TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.reader_backlog TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.refresh_tokens TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.role_assignments TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.roles TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.send_attempts TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.sessions TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.stored_files TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.unit_members TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.units TO balcao_app USING ((organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting)));

CREATE POLICY tenant ON public.users TO balcao_app USING ((EXISTS ( SELECT
   FROM public.memberships m
  WHERE ((m.user_id = users.id) AND (m.organization_id = ( SELECT (current_setting('app.organization_id'::text))::uuid AS current_setting))))));

ALTER TABLE public.unit_members ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.units ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.unrouted_items ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.users ENABLE ROW LEVEL SECURITY;

CREATE POLICY whole ON public.login_throttles TO balcao_app USING (true);

CREATE POLICY whole ON public.signing_keys TO balcao_app USING (true);

CREATE POLICY worker ON public.dead_jobs TO balcao_worker USING (true);

CREATE POLICY worker ON public.events TO balcao_worker USING (true);

CREATE POLICY worker ON public.idempotency_keys TO balcao_worker USING (true);

CREATE POLICY worker ON public.inbound_items TO balcao_worker USING (true);

CREATE POLICY worker ON public.inbound_raw TO balcao_worker USING (true);

CREATE POLICY worker ON public.jobs TO balcao_worker USING (true);

CREATE POLICY worker ON public.organizations FOR SELECT TO balcao_worker USING (true);

CREATE POLICY worker ON public.reader_backlog TO balcao_worker USING (true);

CREATE POLICY worker ON public.unrouted_items TO balcao_worker USING (true);

GRANT USAGE ON SCHEMA public TO balcao_app;
GRANT USAGE ON SCHEMA public TO balcao_worker;
GRANT ALL ON SCHEMA public TO balcao_resolver;
GRANT ALL ON SCHEMA public TO balcao_owner WITH GRANT OPTION;

REVOKE ALL ON FUNCTION public.channel_account_by_external_id(wanted_kind text, wanted text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.channel_account_by_external_id(wanted_kind text, wanted text) TO balcao_worker;

REVOKE ALL ON FUNCTION public.ensure_event_partition(day date) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ensure_event_partition(day date) TO balcao_worker;

REVOKE ALL ON FUNCTION public.login_by_email(wanted text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.login_by_email(wanted text) TO balcao_app;

REVOKE ALL ON FUNCTION public.login_for_email(new_id uuid, new_email text, new_email_norm text, new_name text, new_name_norm text, new_hash text, must_change boolean, at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.login_for_email(new_id uuid, new_email text, new_email_norm text, new_name text, new_name_norm text, new_hash text, must_change boolean, at timestamp with time zone) TO balcao_app;

REVOKE ALL ON FUNCTION public.memberships_of(wanted uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION public.memberships_of(wanted uuid) TO balcao_app;

REVOKE ALL ON PROCEDURE public.open_to_worker(IN name regclass, IN rights text) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.organization_by_slug(wanted text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.organization_by_slug(wanted text) TO balcao_app;
GRANT ALL ON FUNCTION public.organization_by_slug(wanted text) TO balcao_worker;

REVOKE ALL ON PROCEDURE public.protect_tenant_table(IN name regclass, IN rights text) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.record_login(wanted uuid, organization uuid, better_hash text, at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.record_login(wanted uuid, organization uuid, better_hash text, at timestamp with time zone) TO balcao_app;

REVOKE ALL ON FUNCTION public.session_by_refresh_token(wanted bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION public.session_by_refresh_token(wanted bytea) TO balcao_app;

GRANT SELECT ON TABLE public._sqlx_migrations TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.channel_accounts TO balcao_app;

GRANT SELECT(id) ON TABLE public.channel_accounts TO balcao_resolver;

GRANT SELECT(organization_id) ON TABLE public.channel_accounts TO balcao_resolver;

GRANT SELECT(kind) ON TABLE public.channel_accounts TO balcao_resolver;

GRANT SELECT(status) ON TABLE public.channel_accounts TO balcao_resolver;

GRANT SELECT(external_id) ON TABLE public.channel_accounts TO balcao_resolver;

GRANT SELECT,INSERT,UPDATE ON TABLE public.organizations TO balcao_app;

GRANT SELECT(id) ON TABLE public.organizations TO balcao_worker;
GRANT SELECT(id) ON TABLE public.organizations TO balcao_resolver;

GRANT SELECT(slug) ON TABLE public.organizations TO balcao_worker;
GRANT SELECT(slug) ON TABLE public.organizations TO balcao_resolver;

GRANT SELECT(name) ON TABLE public.organizations TO balcao_worker;
GRANT SELECT(name) ON TABLE public.organizations TO balcao_resolver;

GRANT SELECT(timezone) ON TABLE public.organizations TO balcao_worker;
GRANT SELECT(timezone) ON TABLE public.organizations TO balcao_resolver;

GRANT SELECT(status) ON TABLE public.organizations TO balcao_worker;
GRANT SELECT(status) ON TABLE public.organizations TO balcao_resolver;

GRANT SELECT(suspension_mode) ON TABLE public.organizations TO balcao_worker;
GRANT SELECT(suspension_mode) ON TABLE public.organizations TO balcao_resolver;

GRANT SELECT(simulation) ON TABLE public.organizations TO balcao_worker;
GRANT SELECT(simulation) ON TABLE public.organizations TO balcao_resolver;

GRANT SELECT ON TABLE public.channel_facts TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.channel_secrets TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.contact_identities TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.contacts TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.conversation_assignments TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.conversation_numbers TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.conversation_participants TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.conversations TO balcao_app;

GRANT SELECT ON TABLE public.dead_jobs TO balcao_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.dead_jobs TO balcao_worker;

GRANT SELECT,INSERT ON TABLE public.events TO balcao_app;
GRANT SELECT ON TABLE public.events TO balcao_worker;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.units TO balcao_app;

GRANT SELECT ON TABLE public.fallback_units TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.idempotency_keys TO balcao_app;
GRANT SELECT,DELETE ON TABLE public.idempotency_keys TO balcao_worker;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.inbound_items TO balcao_app;

GRANT SELECT(id) ON TABLE public.inbound_items TO balcao_worker;

GRANT SELECT(event_sealed),UPDATE(event_sealed) ON TABLE public.inbound_items TO balcao_worker;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.inbound_raw TO balcao_worker;

GRANT SELECT ON TABLE public.installation TO balcao_app;
GRANT SELECT ON TABLE public.installation TO balcao_worker;

GRANT SELECT,INSERT ON TABLE public.jobs TO balcao_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.jobs TO balcao_worker;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.login_throttles TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.memberships TO balcao_app;
GRANT SELECT ON TABLE public.memberships TO balcao_resolver;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.message_attachments TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.message_external_ids TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.message_versions TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.messages TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.outbound_sends TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.parked_updates TO balcao_app;

GRANT SELECT ON TABLE public.reader_backlog TO balcao_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.reader_backlog TO balcao_worker;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.reader_cursors TO balcao_worker;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.refresh_tokens TO balcao_app;
GRANT SELECT ON TABLE public.refresh_tokens TO balcao_resolver;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.role_assignments TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.roles TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.schedule_runs TO balcao_worker;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.send_attempts TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.sessions TO balcao_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.signing_keys TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.stored_files TO balcao_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.unit_members TO balcao_app;

GRANT SELECT ON TABLE public.team_units TO balcao_app;

GRANT SELECT ON TABLE public.unit_memberships TO balcao_app;

GRANT SELECT ON TABLE public.unit_trees TO balcao_app;

GRANT SELECT,INSERT,DELETE ON TABLE public.unrouted_items TO balcao_worker;

GRANT SELECT,INSERT,UPDATE ON TABLE public.users TO balcao_resolver;

GRANT SELECT(id) ON TABLE public.users TO balcao_app;

GRANT SELECT(email) ON TABLE public.users TO balcao_app;

GRANT SELECT(email_verified_at) ON TABLE public.users TO balcao_app;

GRANT SELECT(name),UPDATE(name) ON TABLE public.users TO balcao_app;

GRANT SELECT(name_norm),UPDATE(name_norm) ON TABLE public.users TO balcao_app;

GRANT SELECT(language),UPDATE(language) ON TABLE public.users TO balcao_app;

GRANT SELECT(timezone),UPDATE(timezone) ON TABLE public.users TO balcao_app;

GRANT SELECT(phone),UPDATE(phone) ON TABLE public.users TO balcao_app;

GRANT SELECT(status) ON TABLE public.users TO balcao_app;

GRANT SELECT(must_change_password) ON TABLE public.users TO balcao_app;

GRANT SELECT(last_login_at) ON TABLE public.users TO balcao_app;

GRANT SELECT(version),UPDATE(version) ON TABLE public.users TO balcao_app;

GRANT SELECT(created_at) ON TABLE public.users TO balcao_app;

GRANT SELECT(updated_at),UPDATE(updated_at) ON TABLE public.users TO balcao_app;
