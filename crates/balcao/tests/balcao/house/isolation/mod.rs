//! Two organizations beside each other, and all that one of them may try against the other: operations of the API,
//! events of sockets, jobs. Each matrix fails when something is registered that it does not attack.

mod bodies;
pub mod cast;
mod costs;
mod jobs;
mod live;
pub mod operations;
mod routes;
mod shut_out;
mod sockets;
mod standing;
mod units;

use super::client::Person;
use super::ledger::drained;
use super::seconds;
use super::server::{ALL_ROLES, Server};
use super::world::{Organization, graph, meta, now, number};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::PgConnection;
use std::collections::BTreeMap;
use testkit::graph::{FakeGraph, Number, webhook};
use uuid::Uuid;

/// Path parameters by kind, and where an organization's id of that kind is found.
const KINDS: &[(&str, &str)] = &[
    ("conversation_id", "select id from conversations where organization_id = $1 order by number limit 1"),
    ("message_id", "select id from messages where organization_id = $1 order by created_at, id limit 1"),
    ("attachment_id", "select id from message_attachments where organization_id = $1 order by id limit 1"),
    ("user_id", "select user_id from memberships where organization_id = $1 order by created_at, id limit 1"),
    ("invitation_id", "select id from invitations where organization_id = $1 order by id limit 1"),
    ("erasure_id", "select id from erasures where organization_id = $1 order by id limit 1"),
    ("privacy_export_id", "select id from privacy_exports where organization_id = $1 order by id limit 1"),
    ("session_id", "select id from sessions where organization_id = $1 order by id limit 1"),
    (
        "passkey_id",
        "select p.id from passkeys p join memberships m on m.user_id = p.user_id where m.organization_id = $1 limit 1",
    ),
    (
        "identity_link_id",
        "select i.id from user_identities i join memberships m on m.user_id = i.user_id where m.organization_id = $1 limit 1",
    ),
    ("identity_provider_id", "select id from identity_providers where organization_id = $1 limit 1"),
    ("audit_entry_id", "select id from audit_entries where organization_id = $1 order by seq limit 1"),
    ("audit_export_id", "select id from audit_exports where organization_id = $1 limit 1"),
    ("domain_id", "select id from organization_domains where organization_id = $1 limit 1"),
    ("export_id", "select id from organization_exports where organization_id = $1 limit 1"),
    ("organization_id", "select id from organizations where id = $1"),
    ("support_session_id", "select id from impersonations where organization_id = $1 and kind = 'support' limit 1"),
    ("role_id", "select id from roles where organization_id = $1 and not is_system limit 1"),
    ("assignment_id", "select id from role_assignments where organization_id = $1 order by id limit 1"),
    ("service_account_id", "select id from service_accounts where organization_id = $1 limit 1"),
    ("api_key_id", "select id from api_keys where organization_id = $1 limit 1"),
    ("unit_id", "select id from units where organization_id = $1 order by position limit 1"),
    ("channel_account_id", "select id from channel_accounts where organization_id = $1 order by id limit 1"),
    ("inbound_item_id", "select id from inbound_items where organization_id = $1 order by id limit 1"),
    ("contact_id", "select id from contacts where organization_id = $1 order by id limit 1"),
    ("file_id", "select id from stored_files where organization_id = $1 order by id limit 1"),
];

type Ids = BTreeMap<&'static str, Uuid>;

/// Limits that so many attacks in a minute would meet.
const UNLIMITED: &[&str] = &[
    "BALCAO_LIMITS_ANONYMOUS",
    "BALCAO_LIMITS_AUTH",
    "BALCAO_LIMITS_ORGANIZATION",
    "BALCAO_LIMITS_PEOPLE",
    "BALCAO_LIMITS_READING",
    "BALCAO_LIMITS_SENDING",
    "BALCAO_LIMITS_SESSION",
    "BALCAO_LIMITS_VALIDATE",
    "BALCAO_LIMITS_WRITING",
];

/// Us and them, each with an administrator, a conversation and a picture that somebody sent.
struct Two {
    graph: FakeGraph,
    server: Server,
    ours: Organization,
    theirs: Organization,
    us: Person,
    them: Person,
    our_ids: Ids,
    their_ids: Ids,
}

impl Two {
    async fn new() -> Self {
        let (our_number, their_number) = (number(), other_number());
        let graph = graph(&[our_number.clone(), their_number.clone()]).await;
        // So many attacks in a minute are what limits are for; here each has to be answered for itself.
        let mut server = UNLIMITED.iter().fold(Server::new(&graph.url()), |server, name| server.with(name, "off"));
        server.serve(ALL_ROLES);
        server.ready().await;
        let ours = Organization::create(&server, "casa-a", &our_number).await;
        let theirs = Organization::create(&server, "casa-b", &their_number).await;
        let us = ours.person(&server, "ana", "admin").await;
        let them = theirs.person(&server, "bia", "admin").await;
        for organization in [&ours, &theirs] {
            someone_writes(&server, organization).await;
        }
        people_come_and_go(&them).await;
        drained(&server, seconds(60)).await;
        let mut sql = server.sql().await;
        for organization in ["casa-a", "casa-b"] {
            sign_in_ways(&mut sql, organization).await;
        }
        let (our_ids, their_ids) = (ids_of(&mut sql, "casa-a").await, ids_of(&mut sql, "casa-b").await);
        assert!(their_ids.contains_key("conversation_id") && their_ids.contains_key("attachment_id"), "{their_ids:?}");
        Self { graph, server, ours, theirs, us, them, our_ids, their_ids }
    }

    /// What every domain has registered, of one list: `socket_commands`, `rooms`, `job_kinds`.
    async fn registered(&self, list: &str) -> Vec<String> {
        let catalogue = self.server.json(&["catalogue"], "").await;
        let of_each = catalogue.as_array().expect("modules").iter().map(|module| &module[list]);
        let names = of_each.flat_map(|names| names.as_array().expect("a list"));
        names.map(|name: &Value| name.as_str().expect("a name").to_owned()).collect()
    }
}

/// An id that nobody has.
const NOBODYS: Uuid = Uuid::from_u128(0x0199_0c5e_8f6a_7000_8000_0000_0000_0001);

/// Fails for each registered name that no attack covers, and for each attack on what does not exist.
fn covered<'a>(registered: &[String], attacked: impl IntoIterator<Item = &'a str>) {
    let mut attacked: Vec<&str> = attacked.into_iter().collect();
    let mut registered: Vec<&str> = registered.iter().map(String::as_str).collect();
    attacked.sort_unstable();
    registered.sort_unstable();
    assert_eq!(attacked, registered, "attacked (left) is not what is registered (right)");
}

/// A problem without what differs from request to request.
fn told(mut body: Value) -> Value {
    if let Some(body) = body.as_object_mut() {
        body.remove("instance");
        body.remove("request_id");
    }
    body
}

/// A text and a picture of one patient.
async fn someone_writes(server: &Server, organization: &Organization) {
    text(server, organization, 1, "Bom dia").await;
    let id = format!("wamid.{}.2", organization.slug);
    let image = json!({"id": "1000000000000011", "mime_type": "image/jpeg", "sha256": ""});
    let body = webhook::media(&organization.number, &patient(), &id, now(), "image", image);
    assert_eq!(meta(server).post(&webhook::meta_bytes(&body)).await.unwrap(), 200);
}

/// The patient's message of this number, stored.
async fn text(server: &Server, organization: &Organization, number: u8, text: &str) {
    let id = format!("wamid.{}.{number}", organization.slug);
    let body = webhook::text(&organization.number, &patient(), &id, now(), text);
    assert_eq!(meta(server).post(&webhook::meta_bytes(&body)).await.unwrap(), 200);
}

/// What takes a browser, a DNS record or the platform's staff to make, as rows.
async fn sign_in_ways(sql: &mut PgConnection, slug: &str) {
    for statement in [
        "insert into passkeys (id, user_id, credential_id, credential, name, created_at)
         select gen_random_uuid(), m.user_id, convert_to(m.id::text, 'UTF8'), '{}', 'x', now()
         from memberships m join organizations o on o.id = m.organization_id where o.slug = $1",
        "insert into user_identities (id, user_id, provider, issuer, subject, created_at)
         select gen_random_uuid(), m.user_id, 'x', 'https://x.example', m.id::text, now()
         from memberships m join organizations o on o.id = m.organization_id where o.slug = $1",
        "insert into identity_providers (id, organization_id, name, issuer, client_id, secret_sealed, domains, default_role_id,
           created_at, updated_at)
         select gen_random_uuid(), o.id, 'x', 'https://x.example', 'x', 'x', '{}', r.id, now(), now()
         from organizations o join roles r on r.organization_id = o.id and r.name_folded = 'user' where o.slug = $1",
        "insert into roles (id, organization_id, name, name_folded, permissions, created_at, updated_at)
         select gen_random_uuid(), id, 'Triagem', 'triagem', '{messaging.view}', now(), now() from organizations where slug = $1",
        "insert into service_accounts (id, organization_id, name, name_folded, created_at, updated_at)
         select gen_random_uuid(), id, 'Robô', 'robo', now(), now() from organizations where slug = $1",
        "insert into api_keys (id, organization_id, service_account_id, prefix, secret_hash, scopes, expires_at, created_at)
         select gen_random_uuid(), s.organization_id, s.id, 'x' || s.id, convert_to(s.id::text, 'UTF8'), '{}', now() + interval '1 day', now()
         from service_accounts s join organizations o on o.id = s.organization_id where o.slug = $1",
        "insert into organization_domains (id, organization_id, domain, purposes, verification_token, created_at)
         select gen_random_uuid(), id, slug || '.example', '{console}', 'x', now() from organizations where slug = $1",
        "insert into organization_exports (id, organization_id, requested_at)
         select gen_random_uuid(), id, now() from organizations where slug = $1",
        "insert into audit_exports (id, organization_id, requested_by, format, filter, created_at)
         select gen_random_uuid(), id, gen_random_uuid(), 'csv', '{}', now() from organizations where slug = $1",
        "insert into impersonations (id, organization_id, kind, mode, status, reason, minutes, by_user_id, by_name, requested_at, expires_at)
         select gen_random_uuid(), o.id, 'support', 'read', 'requested', 'Ajuda com a agenda', 30, m.user_id, 'x', now(), now() + interval '1 day'
         from organizations o join memberships m on m.organization_id = o.id where o.slug = $1 limit 1",
    ] {
        sqlx::query(statement).bind(slug).execute(&mut *sql).await.unwrap();
    }
}

/// An invitation, a copy of somebody's data, an erasure.
async fn people_come_and_go(them: &Person) {
    let made = [
        ("/api/invitations", Some(json!({ "email": "convidada@casa-b.example" })), 201),
        ("/api/me/export", None, 202),
        (
            "/api/users",
            Some(json!({ "name": "Passou", "email": "passou@casa-b.example", "send_invitation": false })),
            201,
        ),
    ];
    let mut last = Value::Null;
    for (path, body, status) in made {
        let answer = them.ask(Method::POST, path, body.as_ref()).await.unwrap();
        assert_eq!(answer.status, status, "{path}: {answer:?}");
        last = answer.body;
    }
    let path = format!("/api/users/{}/erase", last["id"].as_str().unwrap_or_default());
    assert_eq!(them.ask(Method::POST, &path, None).await.unwrap().status, 202);
}

fn patient() -> webhook::Person {
    webhook::Person::with_phone("5511990000017", "Marina Exemplo")
}

async fn ids_of(sql: &mut PgConnection, slug: &str) -> Ids {
    let organization: Uuid = sqlx::query_scalar("select id from organizations where slug = $1")
        .bind(slug)
        .fetch_one(&mut *sql)
        .await
        .unwrap();
    let mut ids = Ids::new();
    for (kind, query) in KINDS {
        if let Some(id) = sqlx::query_scalar(*query).bind(organization).fetch_optional(&mut *sql).await.unwrap() {
            ids.insert(*kind, id);
        }
    }
    ids
}

/// Every row of an organization, table by table, as one checksum each. What notes that its own people were there is left
/// out: sessions, sockets, the last use of keys.
async fn picture(sql: &mut PgConnection, slug: &str) -> BTreeMap<String, String> {
    let tables: Vec<String> = sqlx::query_scalar(
        "select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'organization_id'
         where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
           and c.relname not in ('sessions', 'refresh_tokens', 'socket_counts', 'jobs', 'events', 'event_origins', 'socket_counts', 'audit_entries', 'audit_values', 'record_history')",
    )
    .fetch_all(&mut *sql)
    .await
    .unwrap();
    let mut sums = BTreeMap::new();
    for table in tables {
        let query = format!(
            "select coalesce(md5(string_agg(line, '|' order by line)), '')
             from {table} t, lateral (select (to_jsonb(t) - 'last_used_at')::text as line) as lines
             where organization_id = (select id from organizations where slug = $1)"
        );
        let sum = sqlx::query_scalar(sqlx::AssertSqlSafe(query)).bind(slug).fetch_one(&mut *sql).await.unwrap();
        sums.insert(table, sum);
    }
    sums
}

fn other_number() -> Number {
    Number {
        phone_number_id: "330022558899667".to_owned(),
        display_phone_number: "552130004321".to_owned(),
        waba_id: "998877665544333".to_owned(),
        ..number()
    }
}
