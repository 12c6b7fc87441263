//! Questions to PostgreSQL about itself: version, roles, policies, settings. Read-only, and the only SQL of the binary
//! besides the making of the own database.

use serde::Serialize;
use sqlx::PgConnection;

/// Who a connection is, and where.
#[derive(Debug)]
pub struct Standing {
    /// 150018 is 15.18.
    pub version: i32,
    pub role: String,
    pub superuser: bool,
    pub bypasses_policies: bool,
    /// Whether the migrations' own table is there and readable.
    pub migrated: bool,
}

/// Asks who we are.
pub async fn standing(conn: &mut PgConnection) -> sqlx::Result<Standing> {
    sqlx::query_as!(
        Standing,
        r#"select current_setting('server_version_num')::int as "version!", rolname::text as "role!", rolsuper as "superuser!",
             rolbypassrls as "bypasses_policies!",
             coalesce(has_table_privilege(to_regclass('public._sqlx_migrations'), 'select'), false) as "migrated!"
           from pg_roles where rolname = current_user"#
    )
    .fetch_one(conn)
    .await
}

/// What the administrator's connection may do, and what is there already.
#[derive(Debug)]
pub struct Rights {
    pub version: i32,
    pub role: String,
    pub may_create_roles: bool,
    /// How many of the five roles there are.
    pub roles: i64,
    pub member_of_owner: bool,
}

/// Asks what we may do.
pub async fn rights(conn: &mut PgConnection) -> sqlx::Result<Rights> {
    sqlx::query_as!(
        Rights,
        r#"select current_setting('server_version_num')::int as "version!", rolname::text as "role!",
             rolsuper or rolcreaterole as "may_create_roles!",
             (select count(*) from pg_roles where rolname in ('balcao_owner', 'balcao_app', 'balcao_worker', 'balcao_resolver', 'balcao_auditor')) as "roles!",
             coalesce((select pg_has_role(current_user, o.oid, 'usage') from pg_roles o where o.rolname = 'balcao_owner'), false) as "member_of_owner!"
           from pg_roles where rolname = current_user"#
    )
    .fetch_one(conn)
    .await
}

/// Whether the server has a database of this name.
pub async fn database_exists(conn: &mut PgConnection, name: &str) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"select exists (select from pg_database where datname = $1) as "there!""#, name)
        .fetch_one(conn)
        .await
}

/// A setting of the server as it is in force.
#[derive(Debug, Serialize)]
pub struct ServerSetting {
    pub name: String,
    pub value: String,
}

/// The settings that the doctor judges.
pub async fn settings(conn: &mut PgConnection) -> sqlx::Result<Vec<ServerSetting>> {
    sqlx::query_as!(
        ServerSetting,
        r#"select name as "name!", current_setting(name, true) as "value!" from pg_settings
           where name in ('data_checksums', 'wal_level', 'archive_mode', 'synchronous_commit', 'fsync', 'full_page_writes', 'log_lock_waits',
             'log_min_duration_statement', 'log_parameter_max_length', 'random_page_cost', 'jit', 'max_connections',
             'password_encryption', 'shared_buffers', 'autovacuum', 'ssl') order by name"#
    )
    .fetch_all(conn)
    .await
}

/// A role that the product runs as.
#[derive(Debug, Serialize)]
pub struct Role {
    pub name: String,
    pub login: bool,
    pub superuser: bool,
    pub bypasses_policies: bool,
    pub owns_tables: bool,
    pub limits: Option<Vec<String>>,
}

/// The product's roles as they are.
pub async fn roles(conn: &mut PgConnection) -> sqlx::Result<Vec<Role>> {
    sqlx::query_as!(
        Role,
        r#"select r.rolname::text as "name!", r.rolcanlogin as "login!", r.rolsuper as "superuser!", r.rolbypassrls as "bypasses_policies!",
             exists (select from pg_class c where c.relowner = r.oid and c.relkind in ('r', 'p')) as "owns_tables!",
             (select setconfig from pg_db_role_setting s where s.setrole = r.oid and s.setdatabase = 0) as "limits?"
           from pg_roles r where r.rolname in ('balcao_owner', 'balcao_app', 'balcao_worker', 'balcao_resolver', 'balcao_auditor') order by r.rolname"#
    )
    .fetch_all(conn)
    .await
}

/// How many tables hold organizations' data, and which of them are not protected as they must be.
#[derive(Debug, Serialize)]
pub struct Protection {
    pub tables: i64,
    /// Without row-level security, enabled and forced.
    pub unprotected: Vec<String>,
    /// With a primary key that lacks the organization.
    pub without_organization_key: Vec<String>,
    /// Not validated, not ready.
    pub invalid_indexes: Vec<String>,
}

/// Looks at every table with an `organization_id`.
pub async fn protection(conn: &mut PgConnection) -> sqlx::Result<Protection> {
    sqlx::query_as!(
        Protection,
        r#"with tenant as (
             select c.oid, c.relname, c.relrowsecurity and c.relforcerowsecurity as protected,
               exists (select from pg_policy p where p.polrelid = c.oid) or c.relispartition as has_policy,
               exists (select from pg_constraint k where k.conrelid = c.oid and k.contype = 'p' and a.attnum = any (k.conkey)) as keyed
             from pg_class c join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'public'
               join pg_attribute a on a.attrelid = c.oid and a.attname = 'organization_id' and not a.attisdropped
             where c.relkind in ('r', 'p')
           )
           select (select count(*) from tenant) as "tables!",
             array(select relname::text from tenant where not protected or not has_policy order by 1) as "unprotected!",
             array(select relname::text from tenant where not keyed
               and relname not in ('jobs', 'dead_jobs') order by 1) as "without_organization_key!",
             array(select i.indexrelid::regclass::text from pg_index i where not i.indisvalid or not i.indisready order by 1) as "invalid_indexes!""#
    )
    .fetch_one(conn)
    .await
}

/// How old the oldest transaction is that holds the event log's horizon; 0 without one. In seconds.
pub async fn horizon_age(conn: &mut PgConnection) -> sqlx::Result<f64> {
    sqlx::query_scalar!(
        r#"select coalesce(extract(epoch from max(clock_timestamp() - xact_start)), 0)::float8 as "age!"
           from pg_stat_activity where backend_xid is not null and pid <> pg_backend_pid()"#
    )
    .fetch_one(conn)
    .await
}

/// The database's clock, in microseconds since 1970.
pub async fn clock(conn: &mut PgConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar!(r#"select (extract(epoch from clock_timestamp()) * 1000000)::bigint as "micros!""#)
        .fetch_one(conn)
        .await
}

/// The place in the event log before its newest `count` events, of one organization or of all; `None`: there are fewer.
pub async fn before_newest(
    conn: &mut PgConnection,
    organization: Option<uuid::Uuid>,
    count: i64,
) -> sqlx::Result<Option<(i64, i64)>> {
    let row = match organization {
        Some(organization) => {
            sqlx::query_as!(
                Place,
                "select txid, id from events where organization_id = $1 order by txid desc, id desc offset $2 limit 1",
                organization,
                count
            )
            .fetch_optional(conn)
            .await?
        }
        None => {
            sqlx::query_as!(Place, "select txid, id from events order by txid desc, id desc offset $1 limit 1", count)
                .fetch_optional(conn)
                .await?
        }
    };
    Ok(row.map(|place| (place.txid, place.id)))
}

struct Place {
    txid: i64,
    id: i64,
}

/// Which organization this slug names.
pub async fn organization(conn: &mut PgConnection, slug: &str) -> sqlx::Result<Option<uuid::Uuid>> {
    sqlx::query_scalar!(r#"select id as "id!" from organization_by_slug($1)"#, slug).fetch_optional(conn).await
}

/// How long ago the oldest event was written that readers may not see yet; 0 when there is none. In seconds.
pub async fn held_back(conn: &mut PgConnection) -> sqlx::Result<f64> {
    sqlx::query_scalar!(
        r#"select coalesce(extract(epoch from clock_timestamp() - min(occurred_at)), 0)::float8 as "age!"
           from events where txid >= pg_snapshot_xmin(pg_current_snapshot())::text::bigint"#
    )
    .fetch_one(conn)
    .await
}

/// Makes the event log's partitions of this month and the next two, where they are missing. Answers how many.
pub async fn partitions_ahead(conn: &mut PgConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select count(*) filter (where ensure_event_partition((now() + make_interval(months => n))::date)) as "made!"
           from generate_series(0, 2) n"#
    )
    .fetch_one(conn)
    .await
}

/// Slugs of organizations, at most `count`.
pub async fn organizations(conn: &mut PgConnection, count: i64) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!("select slug from organizations order by slug limit $1", count).fetch_all(conn).await
}
