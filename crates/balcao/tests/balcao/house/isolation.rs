//! The two-organizations attack, generated from the API's own description: every operation that names a thing gets
//! another organization's thing and must answer as for one that does not exist; every list must hold nothing of theirs.
//! An operation that the matrix cannot attack (a parameter it does not know) fails the test.

use super::client::Person;
use super::ledger::drained;
use super::seconds;
use super::server::{ALL_ROLES, Server};
use super::world::{Organization, graph, meta, now, number};
use reqwest::Method;
use serde_json::{Map, Value, json};
use sqlx::PgConnection;
use std::collections::BTreeMap;
use testkit::graph::{Number, webhook};
use uuid::Uuid;

/// Path parameters by kind, and where an organization's id of that kind is found.
const KINDS: &[(&str, &str)] = &[
    ("conversation_id", "select id from conversations where organization_id = $1 order by number limit 1"),
    ("message_id", "select id from messages where organization_id = $1 order by created_at, id limit 1"),
    ("attachment_id", "select id from message_attachments where organization_id = $1 order by id limit 1"),
    ("user_id", "select user_id from memberships where organization_id = $1 order by created_at, id limit 1"),
    ("unit_id", "select id from units where organization_id = $1 order by position limit 1"),
    ("channel_account_id", "select id from channel_accounts where organization_id = $1 order by id limit 1"),
    ("inbound_item_id", "select id from inbound_items where organization_id = $1 order by id limit 1"),
    ("contact_id", "select id from contacts where organization_id = $1 order by id limit 1"),
    ("file_id", "select id from stored_files where organization_id = $1 order by id limit 1"),
];

/// Path parameters that name no organization's thing.
const NOT_OURS: &[&str] = &["connector", "account_key"];

/// Operations that may be asked without a credential, all of them.
const PUBLIC: &[&str] = &[
    "GET /.well-known/jwks.json",
    "GET /api/channels/webhooks/whatsapp",
    "GET /health",
    "GET /health/live",
    "GET /health/ready",
    "POST /api/auth/login",
    "POST /api/auth/logout",
    "POST /api/auth/refresh",
    "POST /api/channels/webhooks/whatsapp",
];

type Ids = BTreeMap<&'static str, Uuid>;

struct Operation {
    method: Method,
    path: String,
    parameters: Vec<String>,
    permission: String,
    example: Option<Value>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_operation_reaches_another_organization() {
    let (our_number, their_number) = (number(), other_number());
    let graph = graph(&[our_number.clone(), their_number.clone()]).await;
    let mut server = Server::start(&graph.url(), ALL_ROLES).await;
    let ours = Organization::create(&server, "casa-a", &our_number).await;
    let theirs = Organization::create(&server, "casa-b", &their_number).await;
    let us = ours.person(&server, "ana", "admin").await;
    let them = theirs.person(&server, "bia", "admin").await;
    for organization in [&ours, &theirs] {
        someone_writes(&server, organization).await;
    }
    drained(&server, seconds(60)).await;
    let mut sql = server.sql().await;
    let (our_ids, their_ids) = (ids_of(&mut sql, "casa-a").await, ids_of(&mut sql, "casa-b").await);
    assert!(their_ids.contains_key("conversation_id") && their_ids.contains_key("attachment_id"), "{their_ids:?}");
    let before = picture(&mut sql, "casa-b").await;

    let operations = operations(&us.get("/api/openapi.json").await);
    let mut attacked = 0;
    for operation in &operations {
        attacked += by_path(&us, operation, &their_ids).await;
        attacked += by_body(&us, operation, &our_ids, &their_ids).await;
        attacked += by_list(&us, operation, &their_ids).await;
        anonymous(&server, operation).await;
    }
    let public: Vec<String> = operations.iter().filter(|o| o.permission == "public").map(Operation::name).collect();
    assert_eq!(public, PUBLIC, "operations that need no credential");
    assert!(attacked >= operations.len() / 2, "{attacked} attacks on {} operations", operations.len());
    assert_eq!(picture(&mut sql, "casa-b").await, before, "not one row of theirs changed");
    // The same ids serve their own people: the attack was with ids that exist.
    them.get(&format!("/api/conversations/{}", their_ids["conversation_id"])).await;
    eprintln!("{attacked} attacks on {} operations: all answered as for nothing", operations.len());
    server.stop().await;
}

/// Every id in the path is theirs: 404, with the body that a made-up id gets.
async fn by_path(us: &Person, operation: &Operation, theirs: &Ids) -> usize {
    let kinds: Vec<&String> = operation.parameters.iter().filter(|name| !NOT_OURS.contains(&name.as_str())).collect();
    if kinds.is_empty() {
        return 0;
    }
    let filled = |id_of: &dyn Fn(&str) -> Uuid| {
        kinds
            .iter()
            .fold(operation.path.clone(), |path, name| path.replace(&format!("{{{name}}}"), &id_of(name).to_string()))
    };
    let foreign = filled(&|name| {
        *theirs
            .get(name)
            .unwrap_or_else(|| panic!("{}: the matrix does not know the parameter {name}", operation.name()))
    });
    let unknown = filled(&|_| Uuid::from_u128(0x0199_0c5e_8f6a_7000_8000_0000_0000_0001));
    let mut answers = Vec::new();
    for path in [foreign, unknown] {
        let answer = us.ask(operation.method.clone(), &path, operation.example.as_ref()).await.unwrap();
        assert_eq!(answer.status, 404, "{} {path}: {answer:?}", operation.method);
        answers.push(told(answer.body));
    }
    assert_eq!(answers[0], answers[1], "{}: theirs and nobody's answer alike", operation.name());
    1
}

/// Ours in the path, theirs in the body: refused.
async fn by_body(us: &Person, operation: &Operation, ours: &Ids, theirs: &Ids) -> usize {
    let Some(Value::Object(example)) = &operation.example else { return 0 };
    let mut body = example.clone();
    let mut swapped = false;
    for (name, value) in &mut body {
        let kind = if name.ends_with("reply_to") { "message_id" } else { name.as_str() };
        if let Some(id) = theirs.get(kind) {
            *value = Value::from(id.to_string());
            swapped = true;
        }
    }
    if !swapped {
        return 0;
    }
    let path = operation.parameters.iter().fold(operation.path.clone(), |path, name| {
        path.replace(&format!("{{{name}}}"), &ours.get(name.as_str()).map(Uuid::to_string).unwrap_or_default())
    });
    let answer = us.ask(operation.method.clone(), &path, Some(&Value::Object(body))).await.unwrap();
    assert!([404, 422].contains(&answer.status), "{} with theirs in the body: {answer:?}", operation.name());
    1
}

/// What can be read without naming anything holds none of theirs.
async fn by_list(us: &Person, operation: &Operation, theirs: &Ids) -> usize {
    if operation.method != Method::GET || !operation.parameters.is_empty() {
        return 0;
    }
    let mut paths = vec![operation.path.clone()];
    // Their ids as filters select nothing, or are refused.
    for (name, id) in theirs {
        paths.push(format!("{}?{name}={id}", operation.path));
    }
    for path in paths {
        let answer = us.ask(Method::GET, &path, None).await.unwrap();
        assert!(answer.status < 500, "{path}: {answer:?}");
        let mut body = answer.body;
        if let Some(body) = body.as_object_mut() {
            body.remove("instance");
        }
        let text = body.to_string();
        for (kind, id) in theirs {
            assert!(!text.contains(&id.to_string()), "{path} shows their {kind}");
        }
        assert!(!text.contains("casa-b"), "{path} shows their name");
    }
    1
}

async fn anonymous(server: &Server, operation: &Operation) {
    if operation.permission == "public" {
        return;
    }
    let path = operation
        .parameters
        .iter()
        .fold(operation.path.clone(), |path, name| path.replace(&format!("{{{name}}}"), &Uuid::nil().to_string()));
    let stranger = super::client::plain();
    let request = stranger.request(operation.method.clone(), format!("{}{path}", server.url()));
    let answer = match &operation.example {
        Some(body) => request.json(body).send().await.unwrap(),
        None => request.send().await.unwrap(),
    };
    assert!(
        [401, 429].contains(&answer.status().as_u16()),
        "{} without a credential: {}",
        operation.name(),
        answer.status()
    );
}

impl Operation {
    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// Every operation of the document; one without a permission fails.
fn operations(document: &Value) -> Vec<Operation> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for method in ["get", "put", "post", "delete", "patch"] {
            let Some(operation) = item.get(method) else { continue };
            let method: Method = method.to_uppercase().parse().unwrap();
            let permission = operation["x-permission"].as_str();
            let permission = permission.unwrap_or_else(|| panic!("{method} {path} names no permission")).to_owned();
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let parameters = parameters.iter().filter(|p| p["in"] == "path").filter_map(|p| p["name"].as_str());
            found.push(Operation {
                parameters: parameters.map(str::to_owned).collect(),
                example: example(document, operation),
                path: path.clone(),
                permission,
                method,
            });
        }
    }
    assert!(found.len() > 20, "the document describes the API");
    found.sort_by_key(Operation::name);
    found
}

fn example(document: &Value, operation: &Value) -> Option<Value> {
    let content = operation["requestBody"]["content"].as_object()?;
    let body = content.get("application/json")?;
    let schema = body["schema"]["$ref"]
        .as_str()
        .map_or(&body["schema"], |name| document.pointer(name.trim_start_matches('#')).unwrap_or(&Value::Null));
    let given =
        [&body["example"], &schema["example"], &schema["examples"][0]].into_iter().find(|example| !example.is_null());
    Some(given.cloned().unwrap_or_else(|| Value::Object(Map::new())))
}

/// A problem without what differs from request to request.
fn told(mut body: Value) -> Value {
    if let Some(body) = body.as_object_mut() {
        body.remove("instance");
        body.remove("request_id");
    }
    body
}

async fn someone_writes(server: &Server, organization: &Organization) {
    let number = &organization.number;
    let meta = meta(server);
    let patient = webhook::Person::with_phone("5511990000017", "Marina Exemplo");
    let id = |n: u8| format!("wamid.{}.{n}", organization.slug);
    let image = json!({"id": "1000000000000011", "mime_type": "image/jpeg", "sha256": ""});
    for body in [
        webhook::text(number, &patient, &id(1), now(), "Bom dia"),
        webhook::media(number, &patient, &id(2), now(), "image", image),
    ] {
        assert_eq!(meta.post(&webhook::meta_bytes(&body)).await.unwrap(), 200);
    }
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

/// Every row of an organization, table by table, as one checksum each. Sessions are left out: their own people use them.
async fn picture(sql: &mut PgConnection, slug: &str) -> BTreeMap<String, String> {
    let tables: Vec<String> = sqlx::query_scalar(
        "select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'organization_id'
         where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
           and c.relname not in ('sessions', 'refresh_tokens', 'jobs', 'events')",
    )
    .fetch_all(&mut *sql)
    .await
    .unwrap();
    let mut sums = BTreeMap::new();
    for table in tables {
        let query = format!(
            "select coalesce(md5(string_agg(t::text, '|' order by t::text)), '') from {table} t
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
