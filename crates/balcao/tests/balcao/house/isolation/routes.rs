//! The two-organizations attack, generated from the API's own description: every operation that names a thing gets
//! another organization's thing and must answer as for one that does not exist; every list must hold nothing of theirs.
//! An operation that the matrix cannot attack (a parameter it does not know) fails the test.

use super::super::client::Person;
use super::super::server::Server;
use super::{Ids, NOBODYS, Two, picture, told};
use reqwest::Method;
use serde_json::{Map, Value};
use uuid::Uuid;

/// Path parameters that name no organization's thing.
const NOT_OURS: &[&str] = &["connector", "account_key", "provider"];

/// Operations that may be asked without a credential, all of them.
const PUBLIC: &[&str] = &[
    "GET /.well-known/jwks.json",
    "GET /api/auth/oidc/{provider}/callback",
    "GET /api/auth/oidc/{provider}/start",
    "GET /api/channels/webhooks/whatsapp",
    "GET /health",
    "GET /health/live",
    "GET /health/ready",
    "POST /api/auth/email-change/undo",
    "POST /api/auth/login",
    "POST /api/auth/logout",
    "POST /api/auth/magic-link",
    "POST /api/auth/magic-link/exchange",
    "POST /api/auth/mfa",
    "POST /api/auth/oidc/exchange",
    "POST /api/auth/passkey",
    "POST /api/auth/passkey/options",
    "POST /api/auth/password/forgot",
    "POST /api/auth/password/reset",
    "POST /api/auth/refresh",
    "POST /api/auth/verify-email",
    "POST /api/auth/verify-email/resend",
    "POST /api/channels/webhooks/whatsapp",
    "POST /api/invitations/accept",
    "POST /api/invitations/lookup",
    "POST /api/organizations",
    "POST /api/setup",
    "POST /api/users",
];

struct Operation {
    method: Method,
    path: String,
    parameters: Vec<String>,
    permission: String,
    example: Option<Value>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_operation_reaches_another_organization() {
    let Two { mut server, us, them, our_ids, their_ids, .. } = Two::new().await;
    let mut sql = server.sql().await;
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
    let unknown = filled(&|_| NOBODYS);
    let mut answers = Vec::new();
    for path in [foreign, unknown] {
        let answer = us.ask(operation.method.clone(), &path, operation.example.as_ref()).await.unwrap();
        // To those who are not of the platform's staff its routes say nothing about anything.
        let refused = if operation.permission.starts_with("platform.") { 403 } else { 404 };
        assert_eq!(answer.status, refused, "{} {path}: {answer:?}", operation.method);
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
    let stranger = super::super::client::plain();
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
