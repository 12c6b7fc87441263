//! Signing in with a password.

use crate::harness::{House, PASSWORD, no_limits, quick, unique};
use http::Method;
use http_kit::Limits;
use identity::{PasswordHash, Settings};
use serde_json::json;
use std::time::Instant;

#[tokio::test]
async fn a_login_answers_a_working_pair_and_who_one_is() {
    let house = House::new().await;
    let ana = house.user("agent").await;
    let answer = house.try_login(&format!("  {} ", ana.email.to_uppercase()), PASSWORD).await.ok();
    assert_eq!((answer.body["token_type"].as_str(), answer.body["expires_in"].as_i64()), (Some("Bearer"), Some(900)));
    assert_eq!(answer.body["user"]["email"], ana.email);
    assert_eq!(answer.body["organization"]["slug"], house.organization.slug);
    assert_eq!(answer.body["memberships"].as_array().unwrap().len(), 1);
    assert_eq!(answer.header("cache-control"), "no-store");

    let validated = house.validate(&answer.text("access_token")).await.ok();
    assert_eq!((&validated.body["valid"], &validated.body["roles"]), (&json!(true), &json!(["agent"])));
    assert_eq!(validated.body["principal"]["user_id"], json!(ana.user_id));
    assert_eq!(validated.body["scopes"][0]["kind"], "units");
    assert_eq!(validated.body["scopes"][0]["unit_ids"].as_array().unwrap().len(), 1, "the fallback unit");
    assert!(validated.body["permissions"].as_array().unwrap().contains(&json!("messaging.reply")));

    let events = house.events(house.organization.id).await;
    let (_, data, audience) = events.iter().find(|(kind, ..)| kind == "auth.login_succeeded").unwrap();
    assert_eq!((&data["user_id"], &audience["permission"]), (&json!(ana.user_id), &json!("audit.view")));
}

#[tokio::test]
async fn a_password_of_72_bytes_works_and_a_longer_one_never_does() {
    let house = House::new().await;
    let longest = format!("{}-72", "nove-tatus-".repeat(7)).split_at(72).0.to_owned();
    let typed = identity::Password::parse(&longest.clone().into()).unwrap();
    let hash = house.identity.hashes().hash(typed).await.unwrap();
    let ana = house.member_hashed(&house.organization, &format!("{}@c.example", unique("ana")), "agent", hash).await;
    house.try_login(&ana.email, &longest).await.ok();
    house.try_login(&ana.email, &format!("{longest}!")).await.is(401, "AUTH_CREDENTIALS_INVALID");
    house.try_login(&ana.email, &longest[..71]).await.is(401, "AUTH_CREDENTIALS_INVALID");
}

#[tokio::test]
async fn a_hash_of_lower_cost_is_better_after_the_sign_in() {
    let house = House::new().await;
    let old = bcrypt::hash(PASSWORD, 6).unwrap();
    let ana = house
        .member_hashed(
            &house.organization,
            &format!("{}@c.example", unique("ana")),
            "agent",
            PasswordHash::of_stored(old),
        )
        .await;
    house.login(&ana.email).await;
    let statement =
        format!("select count(*) from users where id = '{}' and password_hash like '$2b$12$%'", ana.user_id);
    assert_eq!(house.count(statement).await, 1);
    house.login(&ana.email).await;
}

#[tokio::test]
async fn why_not_is_told_only_after_the_right_password() {
    let house = House::new().await;
    let ana = house.user("agent").await;
    house.sql(format!("update memberships set status = 'suspended' where id = '{}'", ana.membership_id)).await;
    house.try_login(&ana.email, "not-the-password").await.is(401, "AUTH_CREDENTIALS_INVALID");
    house.try_login(&ana.email, PASSWORD).await.is(403, "MEMBERSHIP_INACTIVE");

    house.sql(format!("update users set status = 'disabled' where id = '{}'", ana.user_id)).await;
    house.try_login(&ana.email, PASSWORD).await.is(403, "ACCOUNT_DISABLED");

    let (boss, bia) = (house.user("admin").await, house.user("agent").await);
    let id = house.organization.id;
    house
        .sql(format!("update organizations set status = 'suspended', suspension_mode = 'blocked' where id = '{id}'"))
        .await;
    house.try_login(&bia.email, PASSWORD).await.is(403, "ORGANIZATION_SUSPENDED");
    house.login(&boss.email).await;
    house.sql(format!("update organizations set suspension_mode = 'read_only' where id = '{id}'")).await;
    house.login(&bia.email).await;
}

#[tokio::test]
async fn a_sign_in_means_the_named_organization_else_the_last_used() {
    let house = House::new().await;
    let other = house.other_organization("Laboratório Central").await;
    let ana = house.user("agent").await;
    house.member(&other, &ana.email, "user").await;
    let body = |organization: &str| json!({ "email": ana.email, "password": PASSWORD, "organization": organization });

    let named = house.post("/api/auth/login", &body(&other.slug)).await.ok();
    assert_eq!(named.body["organization"]["slug"], other.slug);
    assert_eq!(named.body["memberships"].as_array().unwrap().len(), 2);
    assert_eq!(house.login(&ana.email).await.body["organization"]["slug"], other.slug, "the last used one");
    let by_id = house.post("/api/auth/login", &body(&house.organization.id.to_string())).await.ok();
    assert_eq!(by_id.body["organization"]["slug"], house.organization.slug);

    let login = json!({ "email": ana.email, "password": PASSWORD });
    let headers = [("x-organization-id", other.slug.as_str())];
    let by_header = house.send(Method::POST, "/api/auth/login", &headers, Some(&login)).await.ok();
    assert_eq!(by_header.body["organization"]["slug"], other.slug);

    let stranger = house.other_organization("Outra").await;
    house.post("/api/auth/login", &body(&stranger.slug)).await.is(403, "MEMBERSHIP_INACTIVE");
    house.post("/api/auth/login", &body("no-such-organization")).await.is(403, "MEMBERSHIP_INACTIVE");
}

#[tokio::test]
async fn an_invited_member_becomes_active_by_signing_in_there() {
    let house = House::new().await;
    let ana = house.user("agent").await;
    house.sql(format!("update memberships set status = 'invited' where id = '{}'", ana.membership_id)).await;
    house.try_login(&ana.email, PASSWORD).await.is(403, "MEMBERSHIP_INACTIVE");
    let body = json!({ "email": ana.email, "password": PASSWORD, "organization": house.organization.slug });
    let answer = house.post("/api/auth/login", &body).await.ok();
    house.validate(&answer.text("access_token")).await.ok();
    assert!(house.events(house.organization.id).await.iter().any(|(kind, ..)| kind == "membership.activated"));
}

#[tokio::test]
async fn check_08_twenty_receptionists_behind_one_address_sign_in_within_a_minute() {
    let house = House::with(quick(), Limits::default()).await;
    let mut signing_in = Vec::new();
    for _ in 0..20 {
        signing_in.push(house.user("agent").await.email);
    }
    // The clock stands still: all of it is one minute.
    for few in signing_in.chunks(4) {
        for answer in futures(few.iter().map(|email| house.try_login(email, PASSWORD))).await {
            answer.ok();
        }
    }
}

#[tokio::test]
async fn beyond_the_waiting_room_the_answer_comes_at_once() {
    let settings = Settings { hash_threads: 1, waiting_room: 2, ..Settings::default() };
    let house = House::with(settings, no_limits()).await;
    // The first sign-in makes connections and keys; the flood shall find them there.
    let ana = house.user("agent").await;
    house.login(&ana.email).await;
    let emails: Vec<String> = (0..12).map(|_| format!("{}@x.example", unique("n"))).collect();
    let answers = futures(emails.iter().map(|email| async {
        let answer = house.try_login(email, "not-the-password").await;
        (answer, Instant::now())
    }))
    .await;
    let busy = answers.iter().filter(|(answer, _)| answer.status == 503).count();
    assert!((8..=10).contains(&busy), "{busy} of 12 were refused");
    let last_refusal = answers.iter().filter(|(answer, _)| answer.status == 503).map(|(_, at)| *at).max().unwrap();
    let first_hash = answers.iter().filter(|(answer, _)| answer.status == 401).map(|(_, at)| *at).min().unwrap();
    assert!(last_refusal < first_hash, "refusals wait for nobody");
    let (refused, _) = answers.iter().find(|(answer, _)| answer.status == 503).unwrap();
    assert_eq!((refused.code(), refused.header("retry-after")), ("AUTH_BUSY", "2"));
}

#[tokio::test]
async fn a_flood_of_sign_ins_holds_nobody_up() {
    let house = House::with(Settings { hash_threads: 1, waiting_room: 3, ..Settings::default() }, no_limits()).await;
    let ana = house.user("agent").await;
    let token = house.access_token(&ana.email).await;
    let emails: Vec<String> = (0..40).map(|_| format!("{}@x.example", unique("n"))).collect();
    let flood = async {
        let answers = futures(emails.iter().map(|email| house.try_login(email, "not-the-password"))).await;
        (answers, Instant::now())
    };
    let reads = async {
        for _ in 0..50 {
            house.get("/api/users/me", &token).await.ok();
        }
        Instant::now()
    };
    let ((answers, flooded), read) = tokio::join!(flood, reads);
    assert!(read < flooded, "fifty reads waited for the sign-ins");
    assert!(answers.iter().all(|answer| matches!(answer.status.as_u16(), 401 | 503)));
    assert!(answers.iter().filter(|answer| answer.status == 401).count() >= 3, "the waiting room was used");
}

#[tokio::test]
async fn the_oldest_session_ends_when_there_are_too_many() {
    let house = House::new().await;
    let ana = house.user("agent").await;
    let first = house.access_token(&ana.email).await;
    house.validate(&first).await.ok();
    // As many more as there may be at once.
    let rest = format!(
        "insert into sessions (id, organization_id, membership_id, user_id, amr, created_at, authenticated_at, last_used_at, expires_at)
         select ('ffffffff-ffff-7fff-8000-' || lpad(to_hex(n), 12, '0'))::uuid, '{}', '{}', '{}', '{{pwd}}', now(), now(), now(), now() + interval '1 year'
         from generate_series(1, 19) n",
        house.organization.id, ana.membership_id, ana.user_id
    );
    house
        .sql(rest.replace("'ffffffff-ffff-7fff-8000-'", &format!("'ffffffff-{}-7fff-8000-'", &unique("x")[2..6])))
        .await;
    house.login(&ana.email).await;
    house.validate(&first).await.is(401, "AUTH_SESSION_REVOKED");
    let living = format!("select count(*) from sessions where user_id = '{}' and revoked_at is null", ana.user_id);
    assert_eq!(house.count(living).await, 20);
}

#[tokio::test]
async fn the_cookie_transport_keeps_the_refresh_token_from_pages() {
    let house = House::new().await;
    let ana = house.user("agent").await;
    let body = json!({ "email": ana.email, "password": PASSWORD, "transport": "cookie" });
    let origin = [("host", "desk.example"), ("origin", "https://desk.example")];
    house
        .send(Method::POST, "/api/auth/login", &[("host", "desk.example")], Some(&body))
        .await
        .is(403, "ORIGIN_DENIED");
    let answer = house.send(Method::POST, "/api/auth/login", &origin, Some(&body)).await.ok();
    assert!(answer.body.get("refresh_token").is_none());
    let set = answer.header("set-cookie").to_owned();
    for part in ["__Secure-balcao_refresh=", "HttpOnly", "Secure", "SameSite=Strict", "Path=/api/auth"] {
        assert!(set.contains(part), "{set}");
    }
    let cookie = set.split(';').next().unwrap();
    let with = |origin: &'static str| [("host", "desk.example"), ("origin", origin), ("cookie", cookie)];
    let foreign = house.send(Method::POST, "/api/auth/refresh", &with("https://evil.example"), Some(&json!({}))).await;
    foreign.is(403, "ORIGIN_DENIED");
    let refreshed =
        house.send(Method::POST, "/api/auth/refresh", &with("https://desk.example"), Some(&json!({}))).await.ok();
    assert!(refreshed.body.get("refresh_token").is_none() && refreshed.header("set-cookie").contains("__Secure-"));
    house.validate(&refreshed.text("access_token")).await.ok();
    house.send(Method::POST, "/api/auth/logout", &with("null"), None).await.is(403, "ORIGIN_DENIED");
    let out = house.send(Method::POST, "/api/auth/logout", &with("https://desk.example"), None).await;
    assert!(out.status == 204 && out.header("set-cookie").contains("Max-Age=0"));
    house.validate(&refreshed.text("access_token")).await.is(401, "AUTH_SESSION_REVOKED");
}

#[tokio::test]
async fn bodies_are_read_strictly() {
    let house = House::new().await;
    let answer = house.post("/api/auth/login", &json!({ "email": "a@b.c", "password": "x", "role": "admin" })).await;
    assert_eq!((answer.status.as_u16(), answer.body["errors"][0]["field"].as_str()), (422, Some("role")));
    house.post("/api/auth/refresh", &json!({})).await.is(401, "REFRESH_INVALID");
}

/// All at once.
async fn futures<T>(all: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    futures_util::future::join_all(all).await
}
