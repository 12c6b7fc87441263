//! Service accounts and API keys.

use crate::harness::{Answer, House, unique};
use crate::roles::{ask, built_in, post};
use chrono::{Duration, SecondsFormat};
use http::Method;
use serde_json::{Value, json};

struct Machine {
    id: String,
    admin: String,
}

impl Machine {
    fn keys(&self) -> String {
        format!("/api/service-accounts/{}/keys", self.id)
    }
}

async fn assign_to(house: &House, token: &str, role: &str, account: &str, scope: &str) {
    let body = json!({ "principal": { "type": "service_account", "id": account }, "scope_type": scope });
    let made = post(house, &format!("/api/roles/{role}/assign"), token, body).await;
    assert_eq!(made.status, 201, "{}", made.body);
}

/// An account with the role `manager` in the whole organization.
async fn machine(house: &House) -> Machine {
    let admin = house.user("admin").await;
    let admin = house.access_token(&admin.email).await;
    let made = post(house, "/api/service-accounts", &admin, json!({ "name": unique("Integração") })).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let id = made.text("id");
    let role = built_in(house, &admin, "manager").await;
    assign_to(house, &admin, &role, &id, "organization").await;
    Machine { id, admin }
}

async fn key(house: &House, machine: &Machine, body: Value) -> Answer {
    let made = post(house, &machine.keys(), &machine.admin, body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    made
}

#[tokio::test]
async fn a_key_is_shown_once_works_as_bearer_and_says_who_it_is() {
    let house = House::new().await;
    let machine = machine(&house).await;
    let made = key(&house, &machine, json!({ "scopes": ["users.view"], "name": "produção" })).await;
    let secret = made.text("secret");
    assert!(secret.starts_with(&made.text("prefix")) && made.header("cache-control") == "no-store");
    let listed = house.get(&machine.keys(), &machine.admin).await.ok();
    assert!(!listed.body.to_string().contains(&secret) && listed.body["data"][0]["status"] == "active");
    let stored = house.everything_stored().await;
    assert!(!stored.contains(&secret) && !stored.contains(secret.split('_').nth(3).unwrap()));

    house.get("/api/users", &secret).await.ok();
    let who = house.validate(&secret).await.ok();
    assert_eq!(who.body["principal"]["kind"], "service_account");
    assert_eq!(who.body["principal"]["service_account_id"].as_str(), Some(machine.id.as_str()));
    assert_eq!(who.body["permissions"], json!(["users.view"]));
    assert!(who.body.get("session").is_none() && who.body.get("user").is_none());
    // Taking no seat, being nobody: what is a person's own is not a key's.
    house.get("/api/users/me", &secret).await.is(404, "NOT_FOUND");
}

#[tokio::test]
async fn check_22_expired_revoked_out_of_network_and_out_of_scope_keys_are_refused() {
    let house = House::new().await;
    let machine = machine(&house).await;
    let days = |days: i64| (house.clock.now() + Duration::days(days)).to_rfc3339_opts(SecondsFormat::Secs, true);
    let secret = key(&house, &machine, json!({ "scopes": ["users.view"], "expires_at": days(1) })).await.text("secret");
    house.get("/api/users", &secret).await.ok();
    // Out of scope: the account could, the key may not.
    house.get("/api/roles", &secret).await.is(403, "PERMISSION_DENIED");
    // From another network than the allowed ones. Tests come from 127.0.0.1.
    let outside = key(&house, &machine, json!({ "scopes": ["users.view"], "ip_allowlist": ["203.0.113.0/24"] })).await;
    house.get("/api/users", &outside.text("secret")).await.is(403, "IP_NOT_ALLOWED");
    let body = json!({ "scopes": ["users.view"], "ip_allowlist": ["127.0.0.0/8", "::1"] });
    let inside = key(&house, &machine, body).await;
    house.get("/api/users", &inside.text("secret")).await.ok();
    // Revoked: at once.
    let path = format!("{}/{}", machine.keys(), inside.text("id"));
    assert_eq!(ask(&house, Method::DELETE, &path, &machine.admin, None).await.status, 204);
    house.get("/api/users", &inside.text("secret")).await.is(401, "API_KEY_REVOKED");
    ask(&house, Method::DELETE, &path, &machine.admin, None).await.is(404, "NOT_FOUND");
    // Made up, and with one letter changed.
    let mut changed = secret.clone();
    changed.replace_range(20..21, if &secret[20..21] == "a" { "b" } else { "a" });
    for text in [changed.as_str(), "blc_live_x", "blc_live_aaaaaaaa_bbb_cccccc"] {
        house.get("/api/users", text).await.is(401, "AUTH_TOKEN_INVALID");
    }
    // Expired: at its end.
    house.advance(Duration::days(1) - Duration::milliseconds(1));
    house.get("/api/users", &secret).await.ok();
    house.advance(Duration::milliseconds(1));
    house.get("/api/users", &secret).await.is(401, "API_KEY_EXPIRED");
}

#[tokio::test]
async fn check_22_a_rotated_key_works_beside_its_successor_and_then_no_more_and_its_use_is_noted() {
    let house = House::new().await;
    let machine = machine(&house).await;
    let old = key(&house, &machine, json!({ "scopes": ["users.view"] })).await;
    let last_use = async || {
        let listed = house.get(&machine.keys(), &machine.admin).await.ok();
        let one =
            listed.body["data"].as_array().unwrap().iter().find(|one| one["id"] == old.body["id"]).unwrap().clone();
        one["last_used_at"].as_str().map(str::to_owned)
    };
    assert_eq!(last_use().await, None);
    house.get("/api/users", &old.text("secret")).await.ok();
    let first = last_use().await.unwrap();
    house.advance(Duration::minutes(2));
    house.identity.rights_changed();
    house.get("/api/users", &old.text("secret")).await.ok();
    assert!(last_use().await.unwrap() > first);

    let path = format!("{}/{}/rotate", machine.keys(), old.text("id"));
    let new = post(&house, &path, &machine.admin, json!({ "overlap_hours": 1 })).await;
    assert_eq!(new.status, 201, "{}", new.body);
    for secret in [old.text("secret"), new.text("secret")] {
        house.get("/api/users", &secret).await.ok();
    }
    post(&house, &path, &machine.admin, json!({})).await.is(409, "INVALID_TRANSITION");
    house.advance(Duration::hours(1));
    house.get("/api/users", &old.text("secret")).await.is(401, "API_KEY_EXPIRED");
    house.get("/api/users", &new.text("secret")).await.ok();
    // Without an overlap the old one ends now.
    let admin = house.access_token(&house.user("admin").await.email).await;
    let path = format!("{}/{}/rotate", machine.keys(), new.text("id"));
    let newest = post(&house, &path, &admin, json!({ "overlap_hours": 0 })).await;
    house.get("/api/users", &new.text("secret")).await.is(401, "API_KEY_REVOKED");
    house.get("/api/users", &newest.text("secret")).await.ok();
    post(&house, &path, &admin, json!({ "overlap_hours": 169 })).await.is(422, "VALIDATION_FAILED");
}

#[tokio::test]
async fn check_15_a_developer_makes_no_key_beyond_his_own_rights() {
    let house = House::new().await;
    let machine = machine(&house).await;
    let developer = house.user("developer").await;
    let token = house.access_token(&developer.email).await;
    let beyond = json!({ "scopes": ["messaging.view"] });
    let refused = post(&house, &machine.keys(), &token, beyond).await.is(403, "GRANT_EXCEEDS_OWN");
    assert_eq!(refused.body["exceeding"], json!(["messaging.view"]));
    let own = post(&house, &machine.keys(), &token, json!({ "scopes": ["flows.view"] })).await;
    assert_eq!(own.status, 201, "{}", own.body);
    // Beyond the account: nobody can.
    let body = json!({ "scopes": ["users.view", "users.erase"] });
    let refused = post(&house, &machine.keys(), &machine.admin, body).await.is(422, "VALIDATION_FAILED");
    assert_eq!(refused.body["errors"][0]["field"], "scopes.1");
    assert_eq!(refused.body["errors"][0]["code"], "SCOPE_EXCEEDS_ACCOUNT");
}

#[tokio::test]
async fn a_key_has_bounds_of_its_own() {
    let house = House::new().await;
    let machine = machine(&house).await;
    let far = (house.clock.now() + Duration::days(366)).to_rfc3339_opts(SecondsFormat::Secs, true);
    for (wrong, code) in [
        (json!({ "scopes": [] }), "REQUIRED"),
        (json!({ "scopes": ["users.view"], "expires_at": far }), "EXPIRY_INVALID"),
        (json!({ "scopes": ["users.view"], "ip_allowlist": ["10.0.0.0/99"] }), "NETWORK_INVALID"),
        (json!({ "scopes": ["users.fly"] }), "PERMISSION_UNKNOWN"),
    ] {
        let refused = post(&house, &machine.keys(), &machine.admin, wrong).await.is(422, "VALIDATION_FAILED");
        assert_eq!(refused.body["errors"][0]["code"], code);
    }
    let made = key(&house, &machine, json!({ "scopes": ["users.view"] })).await;
    let ninety = (house.clock.now() + Duration::days(90)).to_rfc3339_opts(SecondsFormat::Secs, true);
    assert!(made.text("expires_at").starts_with(&ninety[..19]));
    for _ in 0..4 {
        key(&house, &machine, json!({ "scopes": ["users.view"] })).await;
    }
    let sixth = json!({ "scopes": ["users.view"] });
    post(&house, &machine.keys(), &machine.admin, sixth.clone()).await.is(409, "LIMIT_REACHED");
    house.advance(Duration::minutes(10));
    post(&house, &machine.keys(), &machine.admin, sixth).await.is(403, "REAUTH_REQUIRED");
}

#[tokio::test]
async fn a_key_makes_no_keys_and_gives_no_admin() {
    let house = House::new().await;
    let machine = machine(&house).await;
    let role = built_in(&house, &machine.admin, "admin").await;
    assign_to(&house, &machine.admin, &role, &machine.id, "organization").await;
    let scopes = json!({ "scopes": ["service_accounts.manage", "roles.manage", "users.manage"] });
    let secret = key(&house, &machine, scopes).await.text("secret");
    let body = json!({ "scopes": ["users.view"] });
    post(&house, &machine.keys(), &secret, body).await.is(403, "REAUTH_REQUIRED");
    let target = house.user("user").await;
    let body =
        json!({ "principal": { "type": "user", "id": target.user_id.to_string() }, "scope_type": "organization" });
    // The key holds three areas, `admin` everything: beyond its scopes before any proof is asked for.
    post(&house, &format!("/api/roles/{role}/assign"), &secret, body).await.is(403, "GRANT_EXCEEDS_OWN");
}

#[tokio::test]
async fn a_disabled_or_deleted_account_lets_nobody_in() {
    let house = House::new().await;
    let machine = machine(&house).await;
    let secret = key(&house, &machine, json!({ "scopes": ["users.view"] })).await.text("secret");
    let path = format!("/api/service-accounts/{}", machine.id);
    house.get("/api/users", &secret).await.ok();
    ask(&house, Method::PATCH, &path, &machine.admin, Some(json!({ "status": "disabled" }))).await.ok();
    house.get("/api/users", &secret).await.is(401, "API_KEY_REVOKED");
    ask(&house, Method::PATCH, &path, &machine.admin, Some(json!({ "status": "active" }))).await.ok();
    house.get("/api/users", &secret).await.ok();
    let subject = house.identity.subject_of_token(&secret, None).await.unwrap();
    assert_eq!(ask(&house, Method::DELETE, &path, &machine.admin, None).await.status, 204);
    house.get("/api/users", &secret).await.is(401, "API_KEY_REVOKED");
    // A socket that was opened with it is asked about like this.
    assert_eq!(house.identity.refreshed(&subject).await.unwrap_err().code(), "API_KEY_REVOKED");
    house.get(&path, &machine.admin).await.is(404, "NOT_FOUND");
}

#[tokio::test]
async fn warnings_come_14_and_3_days_before_the_end_and_the_end_is_told() {
    let house = House::alone().await;
    let machine = machine(&house).await;
    key(&house, &machine, json!({ "scopes": ["users.view"] })).await;
    let ctx = house.ctx(house.organization.id);
    let letters = async || house.count("select count(*) from jobs where kind = 'mail.send'".to_owned()).await;
    let before = letters().await;
    for (days, told) in [(75, 0), (1, 1), (1, 1), (9, 1), (1, 2), (1, 2)] {
        house.advance(Duration::days(days));
        house.identity.tell_of_ending_keys(&ctx).await.unwrap();
        assert_eq!(letters().await - before, told, "after {days} more days");
    }
    house.advance(Duration::days(2));
    for _ in 0..2 {
        house.identity.tell_of_ending_keys(&ctx).await.unwrap();
    }
    let ended =
        house.events(house.organization.id).await.into_iter().filter(|(kind, ..)| kind == "api_key.expired").count();
    assert_eq!(ended, 1);
}

/// What is shown once is kept nowhere, whatever header the request has.
#[tokio::test]
async fn no_answer_with_a_secret_is_kept_under_an_idempotency_key() {
    let house = House::alone().await;
    let machine = machine(&house).await;
    let admin = house.user("admin").await;
    let ana = house.user("agent").await;
    let other = house.other_organization("Outra").await;
    house.member(&other, &admin.email, "agent").await;
    let token = machine.admin.clone();
    let of_two = house.access_token(&admin.email).await;
    let ask = async |path: &str, token: &str, body: Value| {
        let headers = [("authorization", &*format!("Bearer {token}")), ("idempotency-key", "uma-vez")];
        house.send(Method::POST, path, &headers, Some(&body)).await
    };
    ask(&machine.keys(), &token, json!({ "scopes": ["users.view"] })).await.is(400, "IDEMPOTENCY_NOT_SUPPORTED");
    let made = key(&house, &machine, json!({ "scopes": ["users.view"] })).await.text("id");
    let rotate = format!("{}/{made}/rotate", machine.keys());
    ask(&rotate, &token, json!({})).await.is(400, "IDEMPOTENCY_NOT_SUPPORTED");
    let seed = ask("/api/me/mfa/totp", &of_two, json!({})).await;
    let acting =
        ask(&format!("/api/users/{}/impersonate", ana.user_id), &token, json!({ "reason": "Conversas paradas" })).await;
    let switched = ask("/api/auth/switch", &of_two, json!({ "organization": other.slug })).await;
    for (answer, secret) in [(seed, "secret"), (acting, "access_token"), (switched, "refresh_token")] {
        assert!(answer.status.is_success() && answer.body[secret].is_string(), "{secret}: {}", answer.body);
    }
    assert_eq!(house.count("select count(*) from idempotency_keys".to_owned()).await, 0);
    // The table is there for others.
    let body = json!({ "name": "Outro robô" });
    assert_eq!(ask("/api/service-accounts", &token, body).await.status, 201);
    assert_eq!(house.count("select count(*) from idempotency_keys".to_owned()).await, 1);
}
