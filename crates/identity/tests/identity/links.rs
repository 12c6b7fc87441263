//! What goes by mail: links that sign in, links that prove an address.

use crate::harness::{House, PASSWORD, unique};
use crate::post::token_of;
use chrono::Duration;
use http::Method;
use serde_json::{Value, json};

const ASK: &str = "/api/auth/magic-link";
const EXCHANGE: &str = "/api/auth/magic-link/exchange";

#[tokio::test]
async fn check_09_of_two_magic_links_asked_in_parallel_exactly_one_works_and_no_token_is_found_anywhere() {
    let house = House::alone().await;
    let ana = house.user("agent").await;
    let body = json!({ "email": ana.email });
    let (one, two) = tokio::join!(house.post(ASK, &body), house.post(ASK, &body));
    assert_eq!((one.status, two.status), (http::StatusCode::ACCEPTED, http::StatusCode::ACCEPTED));
    let letters = house.work().await;
    let tokens: Vec<String> = letters.iter().map(token_of).collect();
    assert_eq!(tokens.len(), 2);
    let mut answers = Vec::new();
    for token in &tokens {
        answers.push(house.post(EXCHANGE, &json!({ "token": token })).await);
    }
    let good: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(good.len(), 1, "{answers:?}");
    house.validate(&good[0].text("access_token")).await.ok();
    // Replaced, used, expired, of another purpose, made up: one answer.
    let late = house.ask_link(ASK, &ana.email).await;
    house.advance(Duration::minutes(15));
    let reset = house.ask_link("/api/auth/password/forgot", &ana.email).await;
    let mut refused: Vec<Value> = Vec::new();
    let made_up = unique("made-up");
    for token in tokens.iter().chain([&late, &reset, &made_up, &String::new(), &good[0].text("refresh_token")]) {
        let answer = house.post(EXCHANGE, &json!({ "token": token })).await.is(400, "LINK_INVALID");
        let mut body = answer.body;
        body.as_object_mut().unwrap().remove("request_id");
        refused.push(body);
    }
    assert!(refused.iter().all(|body| *body == refused[0]), "{refused:?}");
    house.work().await;
    let all = house.everything_stored().await;
    for token in tokens.iter().chain([&late, &reset]) {
        assert!(!all.contains(token.as_str()), "a token lies in the database");
    }
    assert!(all.contains("auth.magic_link_requested") && all.contains("auth.magic_link_exchanged"));
}

#[tokio::test]
async fn a_link_works_once_even_if_used_twice_at_the_same_moment() {
    let house = House::alone().await;
    let ana = house.user("agent").await;
    let body = json!({ "token": house.ask_link(ASK, &ana.email).await });
    let tries = (0..8).map(|_| house.post(EXCHANGE, &body));
    let answers = futures_util::future::join_all(tries).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    assert!(answers.iter().filter(|answer| answer.status != 200).all(|answer| answer.code() == "LINK_INVALID"));
}

#[tokio::test]
async fn a_newer_link_voids_the_older_one_and_a_change_of_address_both() {
    let house = House::alone().await;
    let ana = house.user("agent").await;
    let older = house.ask_link(ASK, &ana.email).await;
    let newer = house.ask_link(ASK, &ana.email).await;
    house.post(EXCHANGE, &json!({ "token": older })).await.is(400, "LINK_INVALID");
    house
        .sql(format!("update users set email = 'x', email_norm = '{}' where id = '{}'", unique("x"), ana.user_id))
        .await;
    house.post(EXCHANGE, &json!({ "token": newer })).await.is(400, "LINK_INVALID");
}

#[tokio::test]
async fn links_use_the_configured_address_whatever_the_request_says() {
    let house = House::alone().await;
    let ana = house.user("agent").await;
    let headers = [("host", "evil.example"), ("x-forwarded-host", "evil.example"), ("origin", "https://evil.example")];
    house.send(Method::POST, ASK, &headers, Some(&json!({ "email": ana.email }))).await;
    let letters = house.work().await;
    let link = letters[0].data["link"].as_str().unwrap();
    assert!(link.starts_with("http://127.0.0.1:8080/link/magic-link#"), "{link}");
}

#[tokio::test]
async fn opening_the_page_uses_nothing_up_and_leads_nowhere_else() {
    let house = House::alone().await;
    let ana = house.user("agent").await;
    let token = house.ask_link(ASK, &ana.email).await;
    for path in [
        "/link/magic-link",
        "/link/magic-link?next=https://evil.example&return_to=//evil.example&redirect_uri=https:evil.example",
        "/link/reset-password?url=//evil.example",
    ] {
        let answer = house.send_text(Method::GET, path).await;
        assert_eq!(answer.0, 200, "{path}");
        assert!(answer.1.get("location").is_none(), "{path}");
        assert_eq!(answer.1.get("referrer-policy").unwrap(), "no-referrer");
        assert!(answer.1.get("content-security-policy").unwrap().to_str().unwrap().contains("script-src 'self'"));
        assert!(!answer.2.contains("evil.example") && !answer.2.contains(&token), "{path}");
    }
    assert_eq!(house.send_text(Method::GET, "/link/nothing").await.0, 404);
    house.post(EXCHANGE, &json!({ "token": token })).await.ok();
    // Sign-in answers lead nowhere either, whatever they are asked for.
    let body = json!({ "email": ana.email, "password": PASSWORD });
    for path in ["/api/auth/login?next=//evil.example", "/api/auth/login?redirect_uri=https://evil.example"] {
        let answer = house.post(path, &body).await;
        assert!(answer.headers.get("location").is_none() && !answer.status.is_redirection(), "{path}");
    }
}

#[tokio::test]
async fn asking_answers_alike_whoever_has_a_login() {
    let house = House::alone().await;
    let ana = house.user("agent").await;
    let disabled = house.user("agent").await;
    house.sql(format!("update users set status = 'disabled' where id = '{}'", disabled.user_id)).await;
    for path in [ASK, "/api/auth/password/forgot", "/api/auth/verify-email/resend"] {
        let mut answers = Vec::new();
        for email in
            [ana.email.clone(), disabled.email.clone(), format!("{}@x.example", unique("nobody")), "no address".into()]
        {
            let before = house.count("select count(*) from jobs".to_owned()).await;
            let answer = house.post(path, &json!({ "email": email })).await;
            // The same work: one job each, whatever comes of it later.
            assert_eq!(house.count("select count(*) from jobs".to_owned()).await, before + 1);
            let names: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
            answers.push((answer.status, answer.body, names));
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{path}: {answers:?}");
    }
    // Only the living login is written to; its address is proven already.
    let mut written: Vec<String> =
        house.work().await.iter().map(|letter| format!("{} {:?}", letter.to, letter.template)).collect();
    written.sort();
    assert_eq!(written, [format!("{} MagicLink", ana.email), format!("{} ResetPassword", ana.email)]);
    let events = house.everything_stored().await;
    assert!(!events.contains("nobody"), "no made-up address is kept");
}

#[tokio::test]
async fn an_address_is_proven_by_a_link_and_only_then_a_password_lets_in() {
    let house = House::alone().await;
    let ana = house.user("agent").await;
    house.sql(format!("update users set email_verified_at = null where id = '{}'", ana.user_id)).await;
    house.try_login(&ana.email, PASSWORD).await.is(403, "EMAIL_NOT_VERIFIED");
    house.try_login(&ana.email, "not-the-password").await.is(401, "AUTH_CREDENTIALS_INVALID");
    let first = house.ask_link("/api/auth/verify-email/resend", &ana.email).await;
    let token = house.ask_link("/api/auth/verify-email/resend", &ana.email).await;
    for dead in [first.as_str(), "", "made up"] {
        house.post("/api/auth/verify-email", &json!({ "token": dead })).await.is(400, "LINK_INVALID");
    }
    assert_eq!(house.post("/api/auth/verify-email", &json!({ "token": token })).await.status, 204);
    house.post("/api/auth/verify-email", &json!({ "token": token })).await.is(400, "LINK_INVALID");
    house.login(&ana.email).await;
    assert_eq!(house.work().await.len(), 0, "nothing more to say");
    assert_eq!(house.post("/api/auth/verify-email/resend", &json!({ "email": ana.email })).await.status, 202);
    assert_eq!(house.work().await.len(), 0, "a proven address gets no link");
    // A magic link proves it too, and clears the password that anybody may have chosen before (see `claims`).
    house.sql(format!("update users set email_verified_at = null where id = '{}'", ana.user_id)).await;
    let token = house.ask_link(ASK, &ana.email).await;
    house.post(EXCHANGE, &json!({ "token": token })).await.ok();
    house.try_login(&ana.email, PASSWORD).await.is(401, "AUTH_CREDENTIALS_INVALID");
}

#[tokio::test]
async fn an_organization_may_close_a_way_in() {
    let house = House::alone().await;
    let ana = house.user("agent").await;
    house.set(&json!({ "sign_in.methods": ["password"] })).await;
    let token = house.ask_link(ASK, &ana.email).await;
    house.post(EXCHANGE, &json!({ "token": token })).await.is(403, "SIGN_IN_METHOD_NOT_ALLOWED");
    house.login(&ana.email).await;
    house.set(&json!({ "sign_in.methods": ["magic_link"] })).await;
    house.try_login(&ana.email, PASSWORD).await.is(403, "SIGN_IN_METHOD_NOT_ALLOWED");
    house.try_login(&ana.email, "not-the-password").await.is(401, "AUTH_CREDENTIALS_INVALID");
}
