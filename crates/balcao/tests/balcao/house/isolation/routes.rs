//! The two-organizations attack, generated from the API's own description: every operation that names a thing gets
//! another organization's thing and must answer as for one that does not exist; every list must hold nothing of theirs.
//! By a person, by an API key, by people who act in somebody's name. An operation that the matrix cannot attack (a
//! parameter it does not know) fails the test.

use super::super::client::{Answer, Person};
use super::super::server::Server;
use super::cast::{Key, in_name_of, staff, support};
use super::operations::{Operation, operations};
use super::{Ids, NOBODYS, Two, picture, told};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

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

/// Who attacks, and what such a one is told: 404 as for nothing; where the operation is closed to him whatever it names,
/// 403 for everything alike.
struct Attacker {
    name: &'static str,
    person: Person,
    /// Whether operations of organizations are open to him, so that 403 is no answer.
    holds_everything: bool,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_19_no_operation_reaches_another_organization() {
    let mut two = Two::new().await;
    let mut sql = two.server.sql().await;
    let attackers = attackers(&two, &mut sql).await;
    let before = picture(&mut sql, "casa-b").await;

    let operations = operations(&two.us.get("/api/openapi.json").await);
    for attacker in &attackers {
        let (mut attacked, mut like_nothing) = (0, 0);
        for operation in &operations {
            if let Some(status) = by_path(attacker, operation, &two.their_ids).await {
                attacked += 1;
                like_nothing += usize::from(status == 404);
            }
            attacked += by_body(attacker, operation, &two).await + by_list(&attacker.person, operation, &two).await;
        }
        attacked += by_explaining(attacker, &two).await;
        assert!(like_nothing >= 10, "{} gets no further than the door", attacker.name);
        assert!(attacked >= operations.len() / 2, "{attacked} attacks on {} operations", operations.len());
        eprintln!("{}: {attacked} attacks, {like_nothing} answered as for nothing", attacker.name);
    }
    for operation in &operations {
        anonymous(&two.server, operation).await;
    }
    let public: Vec<String> = operations.iter().filter(|o| o.is_public()).map(Operation::name).collect();
    assert_eq!(public, PUBLIC, "operations that need no credential");
    assert_eq!(picture(&mut sql, "casa-b").await, before, "not one row of theirs changed");
    // The same ids serve their own people: the attack was with ids that exist.
    two.them.get(&format!("/api/conversations/{}", two.their_ids["conversation_id"])).await;
    two.server.stop().await;
}

async fn attackers(two: &Two, sql: &mut sqlx::PgConnection) -> Vec<Attacker> {
    let Two { server, us, ours, .. } = two;
    let colleague = ours.person(server, "caio", "admin").await;
    let colleague = colleague.get("/api/me").await["id"].as_str().expect("an id").to_owned();
    let staff = staff(server, sql).await;
    let key = Key::make(server, us, "Integração").await;
    let attacker = |name, person, holds_everything| Attacker { name, person, holds_everything };
    vec![
        attacker("a person", us.clone(), true),
        attacker("a key", key.bearer, false),
        attacker("in a member's name", in_name_of(server, us, &colleague).await, false),
        attacker("a support session", support(server, &staff, us, "casa-a").await, false),
    ]
}

/// Every id in the path is theirs: the answer that a made-up id gets, whose status it is.
async fn by_path(attacker: &Attacker, operation: &Operation, theirs: &Ids) -> Option<u16> {
    let kinds: Vec<&str> = operation.kinds().collect();
    if kinds.is_empty() {
        return None;
    }
    for name in &kinds {
        assert!(theirs.contains_key(name), "{}: the matrix does not know the parameter {name}", operation.name());
    }
    let nobodys: Ids = theirs.keys().map(|kind| (*kind, NOBODYS)).collect();
    let (foreign, unknown) =
        (operation.ask(&attacker.person, theirs).await, operation.ask(&attacker.person, &nobodys).await);
    let answer = format!("{}, {}: {foreign:?}", attacker.name, operation.name());
    // To those who are not of the platform's staff its routes say nothing about anything.
    let closed = !attacker.holds_everything || operation.permission.starts_with("platform.");
    assert!(foreign.status == 404 || (closed && foreign.status == 403), "{answer}");
    let status = foreign.status;
    assert_eq!(
        (status, told(foreign.body)),
        (unknown.status, told(unknown.body)),
        "{}, {}: theirs and nobody's answer alike",
        attacker.name,
        operation.name()
    );
    Some(status)
}

/// Ours in the path, theirs in the body: refused.
async fn by_body(attacker: &Attacker, operation: &Operation, two: &Two) -> usize {
    let Some(Value::Object(example)) = &operation.example else { return 0 };
    let mut body = example.clone();
    let mut swapped = false;
    for (name, value) in &mut body {
        let kind = if name.ends_with("reply_to") { "message_id" } else { name.as_str() };
        if let Some(id) = two.their_ids.get(kind) {
            *value = Value::from(id.to_string());
            swapped = true;
        }
    }
    if !swapped {
        return 0;
    }
    let path = operation.path_with(&two.our_ids);
    let answer = attacker.person.ask(operation.method.clone(), &path, Some(&Value::Object(body))).await.unwrap();
    let closed = !attacker.holds_everything && answer.status == 403;
    assert!(
        [404, 422].contains(&answer.status) || closed,
        "{}, {} with theirs in the body: {answer:?}",
        attacker.name,
        operation.name()
    );
    1
}

/// What can be read without naming anything holds none of theirs.
async fn by_list(us: &Person, operation: &Operation, two: &Two) -> usize {
    if !operation.looks() || !operation.parameters.is_empty() {
        return 0;
    }
    let mut paths = vec![operation.path.clone()];
    // Their ids as filters select nothing, or are refused.
    for (name, id) in &two.their_ids {
        paths.push(format!("{}?{name}={id}", operation.path));
    }
    for path in paths {
        let answer = us.ask(Method::GET, &path, None).await.unwrap();
        assert!(answer.status < 500, "{path}: {answer:?}");
        let text = told(answer.body).to_string();
        for (kind, id) in &two.their_ids {
            assert!(!text.contains(&id.to_string()), "{path} shows their {kind}");
        }
        assert!(!text.contains("casa-b"), "{path} shows their name");
    }
    1
}

/// Why somebody may do something with theirs: as with nothing. Every kind that a domain can load is asked about.
async fn by_explaining(attacker: &Attacker, two: &Two) -> usize {
    let kinds = two.registered("resources").await;
    let (user, our_own) = (two.our_ids["user_id"], &two.our_ids);
    for kind in &kinds {
        let of = |ids: &Ids| ids.get(format!("{kind}_id").as_str()).copied();
        let theirs = of(&two.their_ids).unwrap_or_else(|| panic!("the matrix does not know the resource {kind}"));
        let ask = async |id: Uuid| -> Answer {
            let body = json!({
                "principal": { "type": "user", "id": user }, "action": "messaging.view",
                "resource": { "type": kind, "id": id },
            });
            attacker.person.ask(Method::POST, "/api/authorize/explain", Some(&body)).await.unwrap()
        };
        let (foreign, unknown) = (ask(theirs).await, ask(NOBODYS).await);
        let expected: &[u16] = if attacker.holds_everything { &[404] } else { &[403, 404] };
        assert!(expected.contains(&foreign.status), "{}, {kind}: {foreign:?}", attacker.name);
        assert_eq!(told(foreign.body), told(unknown.body), "{}, {kind}", attacker.name);
        if attacker.holds_everything {
            let ours = ask(of(our_own).unwrap_or_else(|| panic!("ours has no {kind}"))).await;
            assert_eq!(ours.status, 200, "{kind}: {ours:?}");
        }
    }
    kinds.len()
}

async fn anonymous(server: &Server, operation: &Operation) {
    if operation.is_public() {
        return;
    }
    let answer = operation.ask(&Person::bearing(&server.url(), ""), &Ids::new()).await;
    assert!([401, 429].contains(&answer.status), "{} without a credential: {answer:?}", operation.name());
}
