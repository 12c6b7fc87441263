//! Catalogue gates (guide, section 10): a new table that forgets one of the rules fails here.

use crate::house::House;
use sqlx::{ConnectOptions, PgConnection};
use std::process::Command;
use store::Migrations;
use store::testing::TestDatabase;

/// Tables without `organization_id`, and why.
const INSTALLATION_TABLES: &[(&str, &str)] = &[
    ("_sqlx_migrations", "the migration runner's own"),
    ("ceremonies", "steps of a sign-in before the organization is known, sealed"),
    ("inbound_raw", "one webhook body may concern several organizations"),
    ("installation", "one row about the installation"),
    ("known_devices", "devices that a person signed in from, as keyed hashes"),
    ("lasting_keys", "keys of the installation that outlive its encryption key, sealed"),
    ("login_throttles", "failed sign-ins by typed e-mail, before any organization is known"),
    ("one_time_links", "links and codes of a login, as hashes"),
    ("organizations", "the tenants themselves: policy on id"),
    ("passkeys", "passkeys of a login; policy through memberships"),
    ("password_history", "earlier hashes of a login; only functions reach them"),
    ("person_keys", "the key of a person's own values goes with the login; only functions reach it"),
    ("platform_settings", "settings that the operator gives everybody, or a plan"),
    ("platform_staff", "who runs the installation"),
    ("reader_cursors", "places in the whole log"),
    ("recovery_codes", "second factors of a login, as keyed hashes; policy through memberships"),
    ("schedule_runs", "schedules of the installation"),
    ("setup_token", "the one-time token of the first start"),
    ("signing_keys", "keys of the installation, sealed"),
    ("totp_factors", "second factors of a login, sealed; policy through memberships"),
    ("unrouted_items", "items of numbers that nobody owns"),
    ("user_identities", "who a login is at identity providers; policy through memberships"),
    ("users", "a login belongs to the installation; policy through memberships"),
];

/// Unique keys that reach across organizations, and why.
const GLOBAL_UNIQUES: &[(&str, &str)] = &[
    ("organization_domains_verified_idx", "a domain is proven in one organization at a time"),
    ("channel_accounts_external_idx", "a number is active once in the installation"),
    ("jobs_pkey", "a sequence number nobody sees"),
    ("dead_jobs_pkey", "a sequence number nobody sees"),
];

async fn column(conn: &mut PgConnection, sql: &'static str) -> Vec<String> {
    sqlx::query_scalar(sql).fetch_all(conn).await.unwrap()
}

#[tokio::test]
async fn check_28_every_tenant_table_is_protected() {
    let mut conn = House::new().await.superuser().await;
    let bare = column(&mut conn,
        "select c.relname::text from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
           and not exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'organization_id' and not a.attisdropped)
         order by 1").await;
    assert_eq!(bare, INSTALLATION_TABLES.iter().map(|(table, _)| *table).collect::<Vec<_>>());
    let open = column(&mut conn,
        "select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'organization_id'
         where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not (c.relrowsecurity and c.relforcerowsecurity)").await;
    assert!(open.is_empty(), "without forced row-level security: {open:?}");
    let odd = column(&mut conn,
        "select p.tablename || ': ' || coalesce(p.qual, '') from pg_policies p join pg_class c on c.relname = p.tablename
         where p.policyname = 'tenant' and p.tablename not in ('organizations', 'users')
           and p.qual <> '(organization_id = ( SELECT (current_setting(''app.organization_id''::text))::uuid AS current_setting))'").await;
    assert!(odd.is_empty(), "policies that are not canonical: {odd:?}");
    let many = column(
        &mut conn,
        "select p.tablename || ' for ' || r from pg_policies p, unnest(p.roles) r where p.permissive = 'PERMISSIVE'
         group by p.tablename, r, p.cmd having count(*) > 1",
    )
    .await;
    assert!(many.is_empty(), "more than one policy a role: {many:?}");
    let missing = column(&mut conn,
        "select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'organization_id'
         where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
           and not exists (select from pg_policies p where p.tablename = c.relname and p.policyname = 'tenant')").await;
    assert!(missing.is_empty(), "without a tenant policy: {missing:?}");
}

#[tokio::test]
async fn keys_carry_the_organization_and_foreign_keys_are_composite() {
    let mut conn = House::new().await.superuser().await;
    let narrow = column(&mut conn,
        "select i.relname::text from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class c on c.oid = x.indrelid
         join pg_attribute a on a.attrelid = c.oid and a.attname = 'organization_id'
         where x.indisunique and c.relnamespace = 'public'::regnamespace and not c.relispartition and not (a.attnum = any (x.indkey)) order by 1").await;
    let mut allowed: Vec<&str> = GLOBAL_UNIQUES.iter().map(|(index, _)| *index).collect();
    allowed.sort_unstable();
    assert_eq!(narrow, allowed, "unique keys without the organization");
    let simple = column(
        &mut conn,
        "select f.conname::text from pg_constraint f
         join pg_attribute a on a.attrelid = f.conrelid and a.attname = 'organization_id'
         join pg_attribute b on b.attrelid = f.confrelid and b.attname = 'organization_id'
         where f.contype = 'f' and not (a.attnum = any (f.conkey))",
    )
    .await;
    assert!(simple.is_empty(), "foreign keys between tenant tables without the organization: {simple:?}");
    let unindexed = column(
        &mut conn,
        "select f.conrelid::regclass || '.' || f.conname from pg_constraint f
         where f.contype = 'f' and f.confrelid <> 'organizations'::regclass and not exists (
           select from pg_index x where x.indrelid = f.conrelid
             and f.conkey[1] = any ((x.indkey::smallint[])[0:1]) and (x.indkey::smallint[])[0] = any (f.conkey))",
    )
    .await;
    assert!(unindexed.is_empty(), "foreign keys whose referencing side has no index: {unindexed:?}");
}

#[tokio::test]
async fn roles_functions_and_views_keep_to_their_rights() {
    let mut conn = House::new().await.superuser().await;
    let strong = column(&mut conn,
        "select rolname::text from pg_roles where rolname in ('balcao_app', 'balcao_worker', 'balcao_resolver', 'balcao_auditor', 'balcao_owner')
           and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb)").await;
    assert!(strong.is_empty(), "{strong:?}");
    let grants = column(
        &mut conn,
        "select grantee || ' ' || privilege_type || ' ' || table_name from information_schema.role_table_grants
         where grantee in ('balcao_app', 'balcao_worker', 'PUBLIC') and table_schema = 'public'
           and privilege_type in ('TRUNCATE', 'REFERENCES', 'TRIGGER')",
    )
    .await;
    assert!(grants.is_empty(), "{grants:?}");
    let partitions = column(&mut conn,
        "select g.grantee || ' ' || c.relname from information_schema.role_table_grants g join pg_class c on c.relname = g.table_name
         where c.relispartition and g.grantee in ('balcao_app', 'balcao_worker')").await;
    assert!(partitions.is_empty(), "grants on partitions: {partitions:?}");
    let owned = column(
        &mut conn,
        "select c.relname::text from pg_class c where pg_get_userbyid(c.relowner) in ('balcao_app', 'balcao_worker')",
    )
    .await;
    assert!(owned.is_empty(), "{owned:?}");
    let definers = column(
        &mut conn,
        "select p.proname::text from pg_proc p where p.prosecdef and p.pronamespace = 'public'::regnamespace
           and (not (p.proconfig::text like '%search_path%')
             or pg_get_userbyid(p.proowner) not in ('balcao_resolver', 'balcao_auditor', 'balcao_owner')
             or (pg_get_userbyid(p.proowner) = 'balcao_owner' and p.proname <> 'ensure_event_partition')
             or has_function_privilege('public', p.oid, 'execute'))",
    )
    .await;
    assert!(definers.is_empty(), "security definer functions out of line: {definers:?}");
    let views = column(&mut conn,
        "select c.relname::text from pg_class c where c.relnamespace = 'public'::regnamespace
           and (c.relkind = 'm' or (c.relkind = 'v' and not coalesce(c.reloptions::text like '%security_invoker=true%', false)))").await;
    assert!(views.is_empty(), "views without security_invoker, or materialized: {views:?}");
    let enums = column(
        &mut conn,
        "select typname::text from pg_type where typtype = 'e' and typnamespace = 'public'::regnamespace",
    )
    .await;
    assert!(enums.is_empty(), "enums are not leakproof: {enums:?}");
}

#[tokio::test]
async fn up_down_up_gives_the_same_schema() {
    let database = TestDatabase::alone().await;
    let before = dump(&database);
    assert!(before.contains("CREATE TABLE public.conversations"), "the dump holds the schema");
    let mut migrations = Migrations::connect(&database.admin).await.unwrap();
    migrations.down(0).await.unwrap();
    let mut conn = database.admin.clone().connect().await.unwrap();
    let left = column(&mut conn,
        "select c.relname::text from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v') and c.relname <> '_sqlx_migrations'").await;
    assert!(left.is_empty(), "down leaves nothing: {left:?}");
    migrations.up().await.unwrap();
    let after = dump(&database);
    assert!(before == after, "the schema after up, down, up differs from the schema after up");
    assert!(migrations.status().await.unwrap().iter().all(|migration| migration.applied));
}

/// `pg_dump --schema-only` without what changes from run to run.
fn dump(database: &TestDatabase) -> String {
    use std::path::Path;
    let program = (15..=20)
        .rev()
        .map(|version| format!("/usr/lib/postgresql/{version}/bin/pg_dump"))
        .find(|path| Path::new(path).exists())
        .unwrap_or_else(|| "pg_dump".to_owned());
    let admin = &database.admin;
    let host = admin.get_socket().map_or_else(|| admin.get_host().to_owned(), |socket| socket.display().to_string());
    let output = Command::new(program)
        .args(["--schema-only", "--host", &host, "--port", &admin.get_port().to_string()])
        .args(["--username", admin.get_username(), &database.name])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .filter(|line| !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict"))
        .collect::<Vec<_>>()
        .join("\n")
}
