//! Roles: the catalogue, custom roles, and that nobody gains by them.

use crate::harness::{Answer, House, unique};
use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};

pub async fn ask(house: &House, method: Method, path: &str, token: &str, body: Option<Value>) -> Answer {
    let authorization = format!("Bearer {token}");
    house.send(method, path, &[("authorization", &authorization)], body.as_ref()).await
}

pub async fn post(house: &House, path: &str, token: &str, body: Value) -> Answer {
    ask(house, Method::POST, path, token, Some(body)).await
}

pub async fn role(house: &House, token: &str, permissions: &[&str]) -> Answer {
    let answer = post(house, "/api/roles", token, json!({ "name": unique("papel"), "permissions": permissions })).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer
}

/// The id of a built-in role.
pub async fn built_in(house: &House, token: &str, name: &str) -> String {
    let roles = house.get("/api/roles", token).await.ok();
    let found = roles.body["data"].as_array().unwrap().iter().find(|role| role["name"] == name).unwrap();
    found["id"].as_str().unwrap().to_owned()
}

pub async fn assign(house: &House, token: &str, role: &str, user: impl std::fmt::Display, scope: Value) -> Answer {
    let mut body = json!({ "principal": { "type": "user", "id": user.to_string() } });
    body.as_object_mut().unwrap().extend(scope.as_object().unwrap().clone());
    post(house, &format!("/api/roles/{role}/assign"), token, body).await
}

async fn token_of(house: &House, role: &str) -> String {
    let user = house.user(role).await;
    house.access_token(&user.email).await
}

#[tokio::test]
async fn the_catalogue_tells_names_meanings_implications_marks_and_scopes() {
    let house = House::new().await;
    let admin = token_of(&house, "admin").await;
    let all = house.get("/api/permissions", &admin).await.ok();
    let list = all.body["data"].as_array().unwrap();
    let of = |name: &str| list.iter().find(|one| one["name"] == name).unwrap();
    assert!(list.len() > 100 && list.iter().all(|one| one["area"] != "platform"));
    let reply = of("messaging.reply");
    assert_eq!(reply["implies"], json!(["messaging.view"]));
    assert_eq!(reply["scopes"], json!(["organization", "unit", "team", "channel_account", "own", "unassigned"]));
    assert_eq!(reply["description"]["en"], "Reply and take notes in conversations");
    let close = of("organization.close");
    assert_eq!((&close["by_name"], &close["organization_only"]), (&json!(true), &json!(true)));
    assert_eq!(close["scopes"], json!(["organization"]));
    assert_eq!(close["needs_recent_authentication"], true);
    let agent = token_of(&house, "agent").await;
    house.get("/api/permissions", &agent).await.is(403, "PERMISSION_DENIED");
}

#[tokio::test]
async fn custom_roles_are_made_changed_copied_and_deleted() {
    let house = House::new().await;
    let admin = token_of(&house, "admin").await;
    let name = unique("Recepção");
    let made = post(&house, "/api/roles", &admin, json!({ "name": name, "permissions": ["messaging.reply"] })).await;
    assert_eq!((made.status.as_u16(), made.header("etag")), (201, "\"v1\""));
    assert_eq!(made.body["effective_permissions"], json!(["messaging.view", "messaging.reply"]));
    let path = format!("/api/roles/{}", made.text("id"));
    let again = json!({ "name": name.to_uppercase(), "permissions": [] });
    post(&house, "/api/roles", &admin, again).await.is(409, "ROLE_NAME_TAKEN");
    post(&house, "/api/roles", &admin, json!({ "name": "ADMIN", "permissions": [] })).await.is(409, "ROLE_NAME_TAKEN");
    let unknown =
        json!({ "name": unique("x"), "permissions": ["messaging.view", "messaging.fly", "platform.support"] });
    let wrong = post(&house, "/api/roles", &admin, unknown).await.is(422, "VALIDATION_FAILED");
    let fields: Vec<_> = wrong.body["errors"].as_array().unwrap().iter().map(|one| one["field"].clone()).collect();
    assert_eq!(fields, [json!("permissions.1"), json!("permissions.2")]);

    let change = json!({ "permissions": ["messaging.view", "contacts.view"] });
    ask(&house, Method::PATCH, &path, &admin, Some(change.clone())).await.is(428, "PRECONDITION_REQUIRED");
    let authorization = format!("Bearer {admin}");
    let with = |tag: &'static str| [("authorization", authorization.as_str()), ("if-match", tag)];
    house.send(Method::PATCH, &path, &with("\"v9\""), Some(&change)).await.is(412, "PRECONDITION_FAILED");
    let changed = house.send(Method::PATCH, &path, &with("\"v1\""), Some(&change)).await.ok();
    assert_eq!((changed.body["version"].as_i64(), changed.header("etag")), (Some(2), "\"v2\""));

    let copy = post(&house, &format!("{path}/copy"), &admin, json!({ "name": unique("cópia") })).await;
    assert_eq!((copy.status.as_u16(), &copy.body["permissions"]), (201, &json!(["messaging.view", "contacts.view"])));
    ask(&house, Method::DELETE, &path, &admin, None).await;
    house.get(&path, &admin).await.is(404, "NOT_FOUND");
    let kinds: Vec<String> = house
        .events(house.organization.id)
        .await
        .into_iter()
        .map(|(kind, ..)| kind)
        .filter(|k| k.starts_with("role."))
        .collect();
    assert_eq!(kinds, ["role.created", "role.updated", "role.created", "role.deleted"]);
}

#[tokio::test]
async fn built_in_roles_stay_as_they_are() {
    let house = House::new().await;
    let admin = token_of(&house, "admin").await;
    let path = format!("/api/roles/{}", built_in(&house, &admin, "agent").await);
    let authorization = format!("Bearer {admin}");
    let headers = [("authorization", authorization.as_str()), ("if-match", "\"v1\"")];
    house.send(Method::PATCH, &path, &headers, Some(&json!({ "name": "Outro" }))).await.is(409, "ROLE_IS_SYSTEM");
    ask(&house, Method::DELETE, &path, &admin, None).await.is(409, "ROLE_IS_SYSTEM");
}

#[tokio::test]
async fn a_role_in_use_goes_only_with_another_in_its_place() {
    let house = House::new().await;
    let admin = token_of(&house, "admin").await;
    let ana = house.user("user").await;
    let token = house.access_token(&ana.email).await;
    let (old, new) = (role(&house, &admin, &["units.view"]).await, role(&house, &admin, &["users.manage"]).await);
    let whole = json!({ "scope_type": "organization" });
    assert_eq!(assign(&house, &admin, &old.text("id"), ana.user_id, whole.clone()).await.status, 201);
    let path = format!("/api/roles/{}", old.text("id"));
    let refused = ask(&house, Method::DELETE, &path, &admin, None).await.is(409, "ROLE_IN_USE");
    assert_eq!(refused.body["assignments"], 1);
    let with = format!("{path}?replace_with={}", new.text("id"));
    assert_eq!(ask(&house, Method::DELETE, &with, &admin, None).await.status, 204);
    let held = house.validate(&token).await.ok();
    assert!(held.body["permissions"].as_array().unwrap().contains(&json!("users.manage")));
    assert!(!held.body["permissions"].as_array().unwrap().contains(&json!("units.view")));
}

#[tokio::test]
async fn there_are_at_most_fifty_custom_roles_also_when_many_are_made_at_once() {
    let house = House::new().await;
    let admin = token_of(&house, "admin").await;
    for n in 0..48 {
        house
            .sql(format!(
                "insert into roles (id, organization_id, name, name_folded, created_at, updated_at)
                 values (gen_random_uuid(), '{}', 'Papel {n}', 'papel {n}', now(), now())",
                house.organization.id
            ))
            .await;
    }
    let tries =
        (0..5).map(|n| post(&house, "/api/roles", &admin, json!({ "name": format!("Novo {n}"), "permissions": [] })));
    let answers = join_all(tries).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 2);
    let refused = answers.iter().find(|answer| answer.status == 409).unwrap();
    assert_eq!((refused.code(), &refused.body["max"]), ("LIMIT_REACHED", &json!(50)));
}

/// Spec 10 acceptance check 4.
#[tokio::test]
async fn check_04_a_role_taken_away_counts_with_the_next_request() {
    let house = House::new().await;
    let admin = token_of(&house, "admin").await;
    let ana = house.user("agent").await;
    let token = house.access_token(&ana.email).await;
    house.get("/api/users", &token).await.ok();
    let path = format!("/api/role-assignments?user_id={}", ana.user_id);
    let held = house.get(&path, &admin).await.ok();
    let id = held.body["data"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(ask(&house, Method::DELETE, &format!("/api/role-assignments/{id}"), &admin, None).await.status, 204);
    house.get("/api/users", &token).await.is(403, "PERMISSION_DENIED");
    let subject = house.identity.subject_of_token(&token, None).await.unwrap();
    assert!(house.identity.refreshed(&subject).await.unwrap().grants.is_empty());
}

/// Spec 10 acceptance check 15: nobody grants, edits or makes beyond what he holds.
#[tokio::test]
async fn check_15_nobody_gives_more_than_he_holds() {
    let house = House::new().await;
    let admin = token_of(&house, "admin").await;
    let (manager, target) = (house.user("manager").await, house.user("user").await);
    let manager_token = house.access_token(&manager.email).await;
    let admin_role = built_in(&house, &admin, "admin").await;
    let whole = json!({ "scope_type": "organization" });
    let refused = assign(&house, &manager_token, &admin_role, target.user_id, whole.clone()).await;
    let refused = refused.is(403, "GRANT_EXCEEDS_OWN");
    assert!(refused.body["exceeding"].as_array().unwrap().contains(&json!("organization.close")));
    for name in ["agent", "supervisor", "user"] {
        let id = built_in(&house, &admin, name).await;
        let person = house.user("finance").await;
        assert_eq!(assign(&house, &manager_token, &id, person.user_id, json!({})).await.status, 201, "{name}");
    }

    // Who may edit roles, but holds little else, adds to his own role what he lacks.
    let own = role(&house, &admin, &["roles.manage", "organization.view"]).await;
    let editor = house.user("user").await;
    assert_eq!(assign(&house, &admin, &own.text("id"), editor.user_id, whole).await.status, 201);
    let editor_token = house.access_token(&editor.email).await;
    let path = format!("/api/roles/{}", own.text("id"));
    let authorization = format!("Bearer {editor_token}");
    let headers = [("authorization", authorization.as_str()), ("if-match", "\"v1\"")];
    let more = json!({ "permissions": ["roles.manage", "organization.view", "messaging.view"] });
    house.send(Method::PATCH, &path, &headers, Some(&more)).await.is(403, "GRANT_EXCEEDS_OWN");
    let new = json!({ "name": unique("Escada"), "permissions": ["users.erase"] });
    post(&house, "/api/roles", &editor_token, new).await.is(403, "GRANT_EXCEEDS_OWN");
    let copy = json!({ "name": unique("Cópia") });
    post(&house, &format!("/api/roles/{admin_role}/copy"), &editor_token, copy).await.is(403, "GRANT_EXCEEDS_OWN");
    // Less is no gain.
    let less = json!({ "permissions": ["roles.manage"] });
    house.send(Method::PATCH, &path, &headers, Some(&less)).await.ok();

    // Nobody demotes who holds more than he.
    let boss = house.user("admin").await;
    let held = house.get(&format!("/api/role-assignments?user_id={}", boss.user_id), &admin).await.ok();
    let path = format!("/api/role-assignments/{}", held.body["data"][0]["id"].as_str().unwrap());
    ask(&house, Method::DELETE, &path, &manager_token, None).await.is(403, "GRANT_EXCEEDS_OWN");
}

#[tokio::test]
async fn giving_admin_asks_for_a_recent_proof() {
    let house = House::new().await;
    let admin = token_of(&house, "admin").await;
    let target = house.user("user").await;
    let id = built_in(&house, &admin, "admin").await;
    house.advance(chrono::Duration::minutes(10));
    let whole = json!({ "scope_type": "organization" });
    assign(&house, &admin, &id, target.user_id, whole).await.is(403, "REAUTH_REQUIRED");
}

#[tokio::test]
async fn refusals_are_noted_once_a_minute_of_a_kind() {
    let house = House::new().await;
    let agent = house.user("agent").await;
    let token = house.access_token(&agent.email).await;
    for _ in 0..3 {
        house.get("/api/roles", &token).await.is(403, "PERMISSION_DENIED");
    }
    let noted: Vec<_> =
        house.events(house.organization.id).await.into_iter().filter(|(kind, ..)| kind == "access.denied").collect();
    assert_eq!(noted.len(), 1);
    assert_eq!(noted[0].1, json!({ "action": "roles.view", "reason": "missing_permission" }));
    assert_eq!(noted[0].2["permission"], "audit.view");
}
