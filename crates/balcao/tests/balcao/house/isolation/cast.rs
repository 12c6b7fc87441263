//! Who is sent: keys, people in whose name somebody acts, staff.

use super::super::client::Person;
use super::super::server::Server;
use super::super::world::{Organization, number};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::PgConnection;

const REASON: &str = "Conversas paradas desde a manhã";

/// An API key with everything that a manager may.
pub struct Key {
    pub bearer: Person,
    pub account: String,
    pub id: String,
}

impl Key {
    /// Made by `admin` for an account of its own.
    pub async fn make(server: &Server, admin: &Person, name: &str) -> Self {
        let account = admin.made(Method::POST, "/api/service-accounts", &json!({ "name": name })).await;
        let account = account["id"].as_str().expect("an id").to_owned();
        let roles = admin.get("/api/roles").await;
        let manager = roles["data"].as_array().expect("roles").iter().find(|role| role["name"] == "manager").unwrap();
        let path = format!("/api/roles/{}/assign", manager["id"].as_str().unwrap());
        let principal = json!({ "type": "service_account", "id": account });
        admin.made(Method::POST, &path, &json!({ "principal": principal, "scope_type": "organization" })).await;
        let path = format!("/api/service-accounts/{account}/keys");
        let made = admin.made(Method::POST, &path, &json!({ "scopes": manager["effective_permissions"] })).await;
        Self {
            bearer: Person::bearing(&server.url(), made["secret"].as_str().expect("a secret")),
            id: made["id"].as_str().expect("an id").to_owned(),
            account,
        }
    }

    pub async fn revoke(&self, admin: &Person) {
        let path = format!("/api/service-accounts/{}/keys/{}", self.account, self.id);
        let answer = admin.ask(Method::DELETE, &path, None).await.unwrap();
        assert_eq!(answer.status, 204, "{answer:?}");
    }
}

/// `admin` in the name of a member: read only.
pub async fn in_name_of(server: &Server, admin: &Person, user_id: &str) -> Person {
    let path = format!("/api/users/{user_id}/impersonate");
    acting(server, &admin.made(Method::POST, &path, &json!({ "reason": REASON, "minutes": 30 })).await)
}

/// One of the platform's staff, with a second factor.
pub async fn staff(server: &Server, sql: &mut PgConnection) -> Person {
    let operator = Organization { slug: "operadora".to_owned(), number: number() };
    server.json(&["organization", "create", "--slug", "operadora", "--name", "Operadora"], "").await;
    let mut staff = operator.person(server, "sol", "user").await;
    let email = "sol@operadora.example";
    server.json(&["platform", "grant", "--email", email, "--role", "platform_admin"], "").await;
    staff.login_again().await;
    sqlx::query(
        "update sessions set amr = '{pwd,otp,mfa}' where user_id = (select id from users where email_norm = $1)",
    )
    .bind(email)
    .execute(sql)
    .await
    .unwrap();
    staff
}

/// Staff at work in an organization that allows it, as far as staff ever gets: in the mode `write`.
pub async fn support(server: &Server, staff: &Person, admin: &Person, slug: &str) -> Person {
    let wanted = json!({ "organization": slug, "reason": REASON, "mode": "write", "minutes": 30 });
    let asked = staff.made(Method::POST, "/api/platform/support-sessions", &wanted).await;
    let id = asked["id"].as_str().expect("an id");
    admin.made(Method::POST, &format!("/api/support-sessions/{id}/approve"), &json!({})).await;
    acting(server, &staff.made(Method::POST, &format!("/api/platform/support-sessions/{id}/start"), &json!({})).await)
}

fn acting(server: &Server, answer: &Value) -> Person {
    Person::bearing(&server.url(), answer["access_token"].as_str().expect("a token"))
}
