//! Sessions: seen, ended, limited by the organization; devices; proving again who one is.

use crate::harness::{House, PASSWORD, unique};
use chrono::Duration;
use http::Method;
use mail::Template;
use serde_json::json;

async fn login_from(house: &House, email: &str, device: &str, agent: &str) -> (String, String) {
    let body = json!({ "email": email, "password": PASSWORD, "device_name": device });
    house.advance(Duration::seconds(1));
    let answer = house.send(Method::POST, "/api/auth/login", &[("user-agent", agent)], Some(&body)).await.ok();
    (answer.text("access_token"), answer.text("refresh_token"))
}

#[tokio::test]
async fn check_01_register_verify_log_in_refresh_fifty_times_also_over_a_restart_is_one_session() {
    let mut house = House::alone().await;
    house.set(&json!({ "registration.mode": "open" })).await;
    let email = format!("{}@fora.example", unique("nova"));
    let body =
        json!({ "name": "Nova Pessoa", "email": email, "password": PASSWORD, "organization": house.organization.slug });
    let made = house.post("/api/users", &body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    house.try_login(&email, PASSWORD).await.is(403, "EMAIL_NOT_VERIFIED");
    let letters = house.work().await;
    let token =
        letters.iter().find(|letter| letter.template == Template::VerifyEmail).map(crate::post::token_of).unwrap();
    assert_eq!(house.post("/api/auth/verify-email", &json!({ "token": token })).await.status, 204);
    let pair = house.login(&email).await;
    let (mut access, mut refresh) = (pair.text("access_token"), pair.text("refresh_token"));
    for n in 0..50 {
        if n == 25 {
            house = house.another_node();
        }
        house.advance(Duration::minutes(14));
        let pair = house.refresh(&refresh).await.ok();
        access = pair.text("access_token");
        house.validate(&access).await.ok();
        assert_ne!(pair.text("refresh_token"), refresh);
        refresh = pair.text("refresh_token");
    }
    let listed = house.get("/api/me/sessions", &access).await.ok();
    let items = listed.body["data"].as_array().unwrap();
    assert_eq!((items.len(), &items[0]["current"]), (1, &json!(true)), "{items:?}");
}

#[tokio::test]
async fn people_see_their_sessions_and_end_one_or_all_others() {
    let house = House::new().await;
    let (ana, bia) = (house.user("agent").await, house.user("agent").await);
    let (phone, _) = login_from(&house, &ana.email, "Celular", "Phone/1").await;
    let (desk, desk_refresh) = login_from(&house, &ana.email, "Recepção", "Desk/1").await;
    let (own, _) = login_from(&house, &ana.email, "Casa", "Home/1").await;
    let foreign = house.access_token(&bia.email).await;

    let listed = house.get("/api/me/sessions", &own).await.ok();
    let items = listed.body["data"].as_array().unwrap().clone();
    let names: Vec<&str> = items.iter().map(|item| item["device_name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Casa", "Recepção", "Celular"]);
    assert_eq!(items.iter().map(|item| item["current"] == json!(true)).collect::<Vec<_>>(), [true, false, false]);
    assert_eq!((&items[1]["user_agent"], &items[1]["amr"]), (&json!("Desk/1"), &json!(["pwd"])));
    for secret in ["token", "hash"] {
        assert!(!items[0].to_string().contains(secret));
    }

    let end =
        async |id: &str, token: &str| house.call(Method::DELETE, &format!("/api/me/sessions/{id}"), token, None).await;
    let id_of_desk = items[1]["id"].as_str().unwrap();
    end(id_of_desk, &foreign).await.is(404, "NOT_FOUND");
    house.validate(&desk).await.ok();
    assert_eq!(end(id_of_desk, &own).await.status, 204);
    house.validate(&desk).await.is(401, "AUTH_SESSION_REVOKED");
    house.refresh(&desk_refresh).await.is(401, "REFRESH_INVALID");
    end(id_of_desk, &own).await.is(404, "NOT_FOUND");

    assert_eq!(house.call(Method::DELETE, "/api/me/sessions", &own, None).await.status, 204);
    house.validate(&phone).await.is(401, "AUTH_SESSION_REVOKED");
    house.validate(&own).await.ok();
    house.validate(&foreign).await.ok();
    assert_eq!(house.get("/api/me/sessions", &own).await.body["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn who_manages_users_sees_and_ends_their_sessions_here() {
    let house = House::new().await;
    let (boss, ana) = (house.user("admin").await, house.user("agent").await);
    let other = house.other_organization("Outra").await;
    house.member(&other, &ana.email, "agent").await;
    let stranger = house.member(&other, &format!("{}@x.example", unique("s")), "agent").await;
    let login = async |organization: &str| {
        let body = json!({ "email": ana.email, "password": PASSWORD, "organization": organization });
        house.post("/api/auth/login", &body).await.ok().text("access_token")
    };
    let (here, there) = (login(&house.organization.slug).await, login(&other.slug).await);
    let boss = house.access_token(&boss.email).await;
    let path = format!("/api/users/{}/sessions", ana.user_id);
    house.get(&path, &here).await.is(403, "PERMISSION_DENIED");
    assert_eq!(house.get(&path, &boss).await.ok().body["data"].as_array().unwrap().len(), 1, "those here alone");
    house.get(&format!("/api/users/{}/sessions", stranger.user_id), &boss).await.is(404, "NOT_FOUND");
    house.call(Method::DELETE, &path, &here, None).await.is(403, "PERMISSION_DENIED");
    assert_eq!(house.call(Method::DELETE, &path, &boss, None).await.status, 204);
    house.validate(&here).await.is(401, "AUTH_SESSION_REVOKED");
    house.validate(&there).await.ok();
    let events = house.events(house.organization.id).await;
    assert!(events.iter().any(|(kind, data, _)| kind == "auth.session_revoked" && data["reason"] == "revoked"));
}

#[tokio::test]
async fn the_organization_limits_idling_age_and_number() {
    let house = House::new().await;
    let ana = house.user("agent").await;
    house.set(&json!({ "session.idle_minutes": 30, "session.max_days": 2, "session.max_per_user": 2 })).await;
    let tokens = |pair: crate::harness::Answer| (pair.text("access_token"), pair.text("refresh_token"));
    let idle = tokens(house.login(&ana.email).await);
    house.advance(Duration::minutes(31));
    house.refresh(&idle.1).await.is(401, "REFRESH_INVALID");
    let mut used = tokens(house.login(&ana.email).await).1;
    for _ in 0..(2 * 24 * 60 / 29) {
        house.advance(Duration::minutes(29));
        used = house.refresh(&used).await.ok().text("refresh_token");
    }
    house.advance(Duration::minutes(29));
    house.refresh(&used).await.is(401, "REFRESH_INVALID");
    // The oldest gives way.
    let mut three = Vec::new();
    for _ in 0..3 {
        house.advance(Duration::seconds(1));
        three.push(house.access_token(&ana.email).await);
    }
    house.validate(&three[0]).await.is(401, "AUTH_SESSION_REVOKED");
    house.validate(&three[1]).await.ok();
    house.validate(&three[2]).await.ok();
}

#[tokio::test]
async fn a_lowered_limit_reaches_a_living_session_with_its_next_refresh() {
    let house = House::new().await;
    let ana = house.user("agent").await;
    let refresh = house.login(&ana.email).await.text("refresh_token");
    house.set(&json!({ "session.idle_minutes": 15, "session.max_days": 1 })).await;
    let pair = house.refresh(&refresh).await.ok();
    house.advance(Duration::minutes(16));
    house.refresh(&pair.text("refresh_token")).await.is(401, "REFRESH_INVALID");
}

#[tokio::test]
async fn a_new_device_and_a_stolen_token_are_told_to_their_owner() {
    let house = House::alone().await;
    let ana = house.user("agent").await;
    login_from(&house, &ana.email, "Recepção", "Desk/1").await;
    assert!(house.work().await.is_empty(), "the first device is no news");
    login_from(&house, &ana.email, "Recepção", "Desk/1").await;
    assert!(house.work().await.is_empty(), "a known one neither");
    let (_, first) = login_from(&house, &ana.email, "", "Phone/1 <b>").await;
    let letters = house.work().await;
    assert_eq!(letters.iter().map(|letter| letter.template).collect::<Vec<_>>(), [Template::NewDevice]);
    assert_eq!((&letters[0].to, &letters[0].data["device"]), (&ana.email, &json!("Phone/1 <b>")));
    assert!(letters[0].data["at"].as_str().unwrap().contains("2026-11-20"), "{:?}", letters[0].data["at"]);

    let second = house.refresh(&first).await.ok().text("refresh_token");
    house.refresh(&second).await.ok();
    house.refresh(&first).await.is(401, "REFRESH_REUSED");
    let letters = house.work().await;
    assert_eq!(letters.iter().map(|letter| letter.template).collect::<Vec<_>>(), [Template::SessionEnded]);
}

#[tokio::test]
async fn proving_again_who_one_is_counts_for_ten_minutes() {
    let house = House::new().await;
    let ana = house.user("agent").await;
    let token = house.access_token(&ana.email).await;
    let prove = async |body| house.call(Method::POST, "/api/auth/reauthenticate", &token, Some(&body)).await;
    // With a password at hand no code goes by mail.
    let refused = prove(json!({})).await.is(422, "PROOF_REQUIRED");
    assert_eq!(refused.body["methods"], json!(["password"]));
    prove(json!({ "password": PASSWORD, "code": "123456" })).await.is(422, "VALIDATION_FAILED");
    house.advance(Duration::minutes(11));
    prove(json!({ "password": "not-the-password" })).await.is(403, "PROOF_WRONG");
    prove(json!({ "code": "123456" })).await.is(403, "PROOF_WRONG");
    let proven = prove(json!({ "password": PASSWORD })).await.ok();
    let until = proven.body["recent_until"].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    assert_eq!(until, house.clock.now() + Duration::minutes(10));
    // Guesses are slowed down, whatever is guessed at.
    for _ in 0..5 {
        prove(json!({ "code": "123456" })).await.is(403, "PROOF_WRONG");
    }
    prove(json!({ "password": PASSWORD })).await.is(429, "AUTH_THROTTLED");
    house.post("/api/auth/reauthenticate", &json!({ "password": PASSWORD })).await.is(401, "AUTH_TOKEN_MISSING");
}

#[tokio::test]
async fn a_session_planted_before_is_not_the_session_after() {
    let house = House::new().await;
    let (thief, ana) = (house.user("agent").await, house.user("agent").await);
    let planted = house.login(&thief.email).await.text("refresh_token");
    let cookie = format!("__Secure-balcao_refresh={planted}");
    let body = json!({ "email": ana.email, "password": PASSWORD, "transport": "cookie" });
    let headers = [("host", "desk.example"), ("origin", "https://desk.example"), ("cookie", cookie.as_str())];
    let answer = house.send(Method::POST, "/api/auth/login", &headers, Some(&body)).await.ok();
    let set = answer.header("set-cookie").to_owned();
    assert!(set.starts_with("__Secure-balcao_refresh=") && !set.contains(&planted));
    assert_eq!(answer.body["user"]["email"], ana.email);
    // The thief's session is still the thief's, and knows nothing of Ana.
    let pair = house.refresh(&planted).await.ok();
    let own = house.validate(&pair.text("access_token")).await.ok();
    assert_eq!(own.body["principal"]["user_id"], json!(thief.user_id));
}

#[tokio::test]
async fn without_a_cookie_no_origin_counts_and_with_one_only_ours() {
    let house = House::new().await;
    let ana = house.user("agent").await;
    // A page of somebody else that has no cookie and knows no token gets nothing, and harms nobody.
    let evil = [("host", "desk.example"), ("origin", "https://evil.example")];
    house.send(Method::POST, "/api/auth/refresh", &evil, Some(&json!({}))).await.is(401, "REFRESH_INVALID");
    assert_eq!(house.send(Method::POST, "/api/auth/logout", &evil, None).await.status, 204);
    // A client that holds its token itself is no browser's page: the origin does not matter.
    let pair = house.login(&ana.email).await;
    let body = json!({ "refresh_token": pair.text("refresh_token") });
    house.send(Method::POST, "/api/auth/refresh", &evil, Some(&body)).await.ok();
    // With the cookie: each of these is refused, and the session lives on.
    let body = json!({ "email": ana.email, "password": PASSWORD, "transport": "cookie" });
    let ours = [("host", "desk.example"), ("origin", "https://desk.example")];
    let set = house.send(Method::POST, "/api/auth/login", &ours, Some(&body)).await.ok();
    let cookie = set.header("set-cookie").split(';').next().unwrap().to_owned();
    for origin in [None, Some("null"), Some("https://evil.example"), Some("https://desk.example.evil.example")] {
        for path in ["/api/auth/refresh", "/api/auth/logout"] {
            let mut headers = vec![("host", "desk.example"), ("cookie", cookie.as_str())];
            headers.extend(origin.map(|origin| ("origin", origin)));
            let answer = house.send(Method::POST, path, &headers, Some(&json!({}))).await;
            answer.is(403, "ORIGIN_DENIED");
        }
    }
    // The cookie alone opens no route: it is good for its two calls only.
    let headers = [("host", "desk.example"), ("origin", "https://desk.example"), ("cookie", cookie.as_str())];
    house.send(Method::GET, "/api/users/me", &headers, None).await.is(401, "AUTH_TOKEN_MISSING");
    house.send(Method::POST, "/api/auth/refresh", &headers, Some(&json!({}))).await.ok();
}

#[tokio::test]
async fn looking_at_ones_own_token_keeps_no_session_alive_and_work_does() {
    let house = House::new().await;
    let ana = house.user("agent").await;
    house.set(&json!({ "session.idle_minutes": 15 })).await;
    for (path, stays) in [("/api/auth/validate", false), ("/api/users/me", true)] {
        let pair = house.login(&ana.email).await;
        house.advance(Duration::minutes(14));
        house.get(path, &pair.text("access_token")).await.ok();
        house.advance(Duration::minutes(2));
        let again = house.refresh(&pair.text("refresh_token")).await;
        if stays {
            again.ok();
        } else {
            again.is(401, "REFRESH_INVALID");
        }
    }
}
