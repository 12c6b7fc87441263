//! Second factors: the app (codes by `oathtool`), recovery codes, what is required, who resets.

use crate::harness::{Answer, House, PASSWORD, unique};
use chrono::{DateTime, Duration, Utc};
use http::Method;
use identity::CreatedUser;
use serde_json::{Value, json};
use std::process::Command;

/// A person with a confirmed app.
struct Enrolled {
    user: CreatedUser,
    token: String,
    secret: String,
    recovery: Vec<String>,
}

/// The code of an authenticator app that is not ours.
fn oathtool(secret: &str, at: DateTime<Utc>) -> String {
    let now = at.format("%Y-%m-%d %H:%M:%S UTC").to_string();
    let output = Command::new("oathtool").args(["--totp", "--base32", "--now", &now, secret]).output();
    let output = output.expect("oathtool, of the Debian package of that name; `cargo xtask test` installs it");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

impl House {
    async fn bearer(&self, method: Method, path: &str, token: &str, body: Option<&Value>) -> Answer {
        self.send(method, path, &[("authorization", &format!("Bearer {token}"))], body).await
    }

    async fn enrolled(&self, role: &str) -> Enrolled {
        let user = self.user(role).await;
        let token = self.access_token(&user.email).await;
        let begun = self.bearer(Method::POST, "/api/me/mfa/totp", &token, None).await;
        assert_eq!(begun.status, 201, "{}", begun.body);
        let secret = begun.text("secret");
        let body = json!({ "code": oathtool(&secret, self.clock.now()) });
        let confirmed = self.bearer(Method::POST, "/api/me/mfa/totp/confirm", &token, Some(&body)).await.ok();
        let recovery = confirmed.body["recovery_codes"].as_array().unwrap();
        let recovery = recovery.iter().map(|code| code.as_str().unwrap().to_owned()).collect();
        // The step of the confirmation is used up.
        self.advance(Duration::seconds(30));
        Enrolled { user, token, secret, recovery }
    }

    /// The password is right; what is asked next.
    async fn challenged(&self, email: &str) -> Answer {
        let answer = self.try_login(email, PASSWORD).await.ok();
        assert_eq!(answer.body["status"], "mfa_required", "{}", answer.body);
        assert!(answer.body.get("access_token").is_none() && answer.headers.get("set-cookie").is_none());
        answer
    }

    async fn mfa(&self, mfa_token: &str, method: &str, code: &str) -> Answer {
        self.post("/api/auth/mfa", &json!({ "mfa_token": mfa_token, "method": method, "code": code })).await
    }
}

#[tokio::test]
async fn codes_of_oathtool_are_accepted_and_asked_for_from_then_on() {
    let house = House::new().await;
    let ana = house.enrolled("agent").await;
    assert_eq!(ana.recovery.len(), 10);
    let own = house.get("/api/me/mfa", &ana.token).await.ok();
    assert_eq!((&own.body["enabled"], &own.body["recovery_codes_left"]), (&json!(true), &json!(10)));

    let asked = house.challenged(&ana.user.email).await;
    assert_eq!(asked.body["methods"], json!(["totp", "recovery_code"]));
    let code = oathtool(&ana.secret, house.clock.now());
    let answer = house.mfa(&asked.text("mfa_token"), "totp", &code).await.ok();
    let validated = house.validate(&answer.text("access_token")).await.ok();
    assert_eq!(validated.body["session"]["amr"], json!(["pwd", "otp", "mfa"]));
    assert_eq!(answer.body["user"]["email"], ana.user.email);

    let events = house.events(house.organization.id).await;
    assert!(events.iter().any(|(kind, ..)| kind == "auth.mfa_enabled"));
    let told = events.iter().map(|(_, data, _)| data.to_string()).collect::<String>();
    assert!(!told.contains(&ana.secret) && !told.contains(&ana.recovery[0]) && !told.contains(&code));
}

#[tokio::test]
async fn the_session_that_confirms_the_app_has_a_second_factor() {
    let house = House::new().await;
    let ana = house.enrolled("agent").await;
    let validated = house.validate(&ana.token).await.ok();
    assert_eq!(validated.body["valid"], true);
    let amr = format!("select count(*) from sessions where user_id = '{}' and amr @> '{{otp,mfa}}'", ana.user.user_id);
    assert_eq!(house.count(amr).await, 1);
}

#[tokio::test]
async fn the_uri_is_what_apps_scan_and_the_secret_lies_sealed() {
    let house = House::new().await;
    let ana = house.user("agent").await;
    let token = house.access_token(&ana.email).await;
    let begun = house.bearer(Method::POST, "/api/me/mfa/totp", &token, None).await;
    let (secret, uri) = (begun.text("secret"), begun.text("otpauth_uri"));
    assert!(uri.starts_with("otpauth://totp/Balcao:") && uri.contains(&format!("secret={secret}")), "{uri}");
    assert!(uri.contains("issuer=Balcao") && uri.contains(&ana.email.replace('@', "%40")), "{uri}");
    assert_eq!(begun.header("cache-control"), "no-store");
    // Not on before the first code: the password alone signs in.
    assert!(house.login(&ana.email).await.body.get("access_token").is_some());
    let wrong = json!({ "code": "000000" });
    house.bearer(Method::POST, "/api/me/mfa/totp/confirm", &token, Some(&wrong)).await.is(422, "TOTP_CODE_INVALID");
    let readable = format!(
        "select count(*) from totp_factors where user_id = '{}' and position(convert_to('{secret}', 'UTF8') in secret_sealed) > 0",
        ana.user_id
    );
    assert_eq!(house.count(readable).await, 0);
    let sealed = format!("select length(secret_sealed)::bigint from totp_factors where user_id = '{}'", ana.user_id);
    assert!(house.count(sealed).await > 20 + 16, "nonce and tag besides the secret");
}

#[tokio::test]
async fn each_code_counts_once_and_one_step_early_or_late() {
    let house = House::new().await;
    let ana = house.enrolled("agent").await;
    let signs_in = async |at: DateTime<Utc>| {
        let asked = house.challenged(&ana.user.email).await;
        house.mfa(&asked.text("mfa_token"), "totp", &oathtool(&ana.secret, at)).await
    };
    let now = house.clock.now();
    signs_in(now + Duration::seconds(60)).await.is(401, "MFA_CODE_INVALID");
    signs_in(now - Duration::seconds(60)).await.is(401, "MFA_CODE_INVALID");
    signs_in(now).await.ok();
    signs_in(now).await.is(401, "MFA_CODE_INVALID");
    signs_in(now + Duration::seconds(30)).await.ok();
    // An older one than the last is over, also within the tolerance.
    signs_in(now).await.is(401, "MFA_CODE_INVALID");
    house.advance(Duration::seconds(90));
    signs_in(house.clock.now() - Duration::seconds(30)).await.ok();
}

#[tokio::test]
async fn attack_an_mfa_token_is_good_for_five_tries_and_one_sign_in() {
    let house = House::new().await;
    let ana = house.enrolled("agent").await;
    let asked = house.challenged(&ana.user.email).await.text("mfa_token");
    for _ in 0..4 {
        house.mfa(&asked, "totp", "000000").await.is(401, "MFA_CODE_INVALID");
    }
    house.mfa(&asked, "recovery_code", "00000-00000").await.is(401, "MFA_CODE_INVALID");
    // The sixth try is none, whatever the code.
    house.advance(Duration::minutes(1));
    let right = oathtool(&ana.secret, house.clock.now());
    house.mfa(&asked, "totp", &right).await.is(401, "MFA_TOKEN_INVALID");

    let asked = house.challenged(&ana.user.email).await.text("mfa_token");
    house.mfa(&asked, "totp", &right).await.ok();
    house.mfa(&asked, "totp", &right).await.is(401, "MFA_TOKEN_INVALID");
    house.mfa(&asked, "recovery_code", &ana.recovery[0]).await.is(401, "MFA_TOKEN_INVALID");
    house.mfa("made-up", "totp", &right).await.is(401, "MFA_TOKEN_INVALID");

    let asked = house.challenged(&ana.user.email).await.text("mfa_token");
    house.advance(Duration::minutes(5));
    house.mfa(&asked, "recovery_code", &ana.recovery[0]).await.is(401, "MFA_TOKEN_INVALID");
    // An mfa_token opens nothing else.
    house.get("/api/users/me", &asked).await.is(401, "AUTH_TOKEN_INVALID");
    house.refresh(&asked).await.is(401, "REFRESH_INVALID");
}

#[tokio::test]
async fn attack_guessing_second_factors_is_slowed_however_many_tokens_are_made() {
    let house = House::new().await;
    let ana = house.enrolled("agent").await;
    let (mut tries, mut waits) = (0, Vec::new());
    let end = house.clock.now() + Duration::hours(1);
    let mut asked = house.challenged(&ana.user.email).await.text("mfa_token");
    while house.clock.now() < end {
        let answer = house.mfa(&asked, "totp", "000000").await;
        match answer.code() {
            "AUTH_THROTTLED" => {
                let wait: i64 = answer.header("retry-after").parse().unwrap();
                waits.push(wait);
                house.advance(Duration::seconds(wait));
            }
            // Used up or too old: the password gets another one, which starts nothing over.
            "MFA_TOKEN_INVALID" => asked = house.challenged(&ana.user.email).await.text("mfa_token"),
            _ => {
                answer.is(401, "MFA_CODE_INVALID");
                tries += 1;
            }
        }
    }
    assert!(tries <= 4 + 10 + 4, "{tries} guesses in an hour");
    assert!(waits.windows(2).all(|pair| pair[0] <= pair[1]) && waits.last() == Some(&900), "{waits:?}");
    // A right one has to wait too, on another node as well.
    let node = house.another_node();
    let asked = node.challenged(&ana.user.email).await.text("mfa_token");
    node.mfa(&asked, "totp", "000000").await.is(401, "MFA_CODE_INVALID");
    let right = oathtool(&ana.secret, house.clock.now());
    house.mfa(&asked, "totp", &right).await.is(429, "AUTH_THROTTLED");
    let recorded = house.events(house.organization.id).await;
    assert!(recorded.iter().filter(|(kind, ..)| kind == "auth.mfa_failed").count() >= tries);
}

#[tokio::test]
async fn of_two_right_answers_at_once_one_signs_in() {
    let house = House::new().await;
    let ana = house.enrolled("agent").await;
    let asked = house.challenged(&ana.user.email).await.text("mfa_token");
    let before = format!("select count(*) from sessions where user_id = '{}'", ana.user.user_id);
    let sessions = house.count(before.clone()).await;
    let code = oathtool(&ana.secret, house.clock.now());
    let (one, two) =
        tokio::join!(house.mfa(&asked, "totp", &code), house.mfa(&asked, "recovery_code", &ana.recovery[3]));
    let right = [one.status, two.status].iter().filter(|status| **status == 200).count();
    assert_eq!(right, 1, "{} {}", one.body, two.body);
    assert_eq!(house.count(before).await, sessions + 1);
}

#[tokio::test]
async fn recovery_codes_work_once_and_new_ones_void_the_old() {
    let house = House::new().await;
    let ana = house.enrolled("agent").await;
    let answers_with = async |code: &str| {
        let asked = house.challenged(&ana.user.email).await;
        house.mfa(&asked.text("mfa_token"), "recovery_code", code).await
    };
    // As people type it.
    let typed = ana.recovery[0].to_uppercase().replace('-', " ");
    let answer = answers_with(&typed).await.ok();
    assert_eq!(
        house.validate(&answer.text("access_token")).await.body["session"]["amr"],
        json!(["pwd", "recovery", "mfa"])
    );
    answers_with(&ana.recovery[0]).await.is(401, "MFA_CODE_INVALID");
    let events = house.events(house.organization.id).await;
    assert!(events.iter().any(|(kind, data, _)| kind == "auth.recovery_code_used" && data["left"] == 9));

    let renewed = house.bearer(Method::POST, "/api/me/mfa/recovery-codes", &ana.token, None).await.ok();
    answers_with(&ana.recovery[1]).await.is(401, "MFA_CODE_INVALID");
    answers_with(renewed.body["recovery_codes"][9].as_str().unwrap()).await.ok();
    // Another person's do not count.
    let bia = house.enrolled("agent").await;
    answers_with(&bia.recovery[0]).await.is(401, "MFA_CODE_INVALID");
    let plain = format!(
        "select count(*) from recovery_codes where position(convert_to('{}', 'UTF8') in code_hash) > 0 or length(code_hash) <> 32",
        bia.recovery[0]
    );
    assert_eq!(house.count(plain).await, 0);
}

#[tokio::test]
async fn factors_change_only_after_a_recent_proof() {
    let house = House::new().await;
    let ana = house.enrolled("agent").await;
    house.advance(Duration::minutes(11));
    for (method, path) in [
        (Method::DELETE, "/api/me/mfa/totp"),
        (Method::POST, "/api/me/mfa/totp"),
        (Method::POST, "/api/me/mfa/recovery-codes"),
    ] {
        house.bearer(method, path, &ana.token, None).await.is(403, "REAUTH_REQUIRED");
    }
    let asked = house.challenged(&ana.user.email).await.text("mfa_token");
    let fresh = house.mfa(&asked, "totp", &oathtool(&ana.secret, house.clock.now())).await.ok().text("access_token");
    house.bearer(Method::POST, "/api/me/mfa/totp", &fresh, None).await.is(409, "MFA_ALREADY_ENABLED");
    assert_eq!(house.bearer(Method::DELETE, "/api/me/mfa/totp", &fresh, None).await.status, 204);
    house.bearer(Method::DELETE, "/api/me/mfa/totp", &fresh, None).await.is(404, "NOT_FOUND");
    assert!(house.login(&ana.user.email).await.body.get("access_token").is_some());
    house.bearer(Method::POST, "/api/me/mfa/recovery-codes", &fresh, None).await.is(409, "MFA_NOT_ENABLED");
}

#[tokio::test]
async fn check_13_an_admin_resets_the_mfa_of_managed_logins_only() {
    let house = House::new().await;
    let admin = house.user("admin").await;
    let ana = house.enrolled("agent").await;
    let path = format!("/api/users/{}/mfa", ana.user.user_id);
    let token = house.access_token(&admin.email).await;
    // A member elsewhere too: nobody's to reset.
    let other = house.other_organization("Outra").await;
    house.member(&other, &ana.user.email, "agent").await;
    house.bearer(Method::DELETE, &path, &token, None).await.is(403, "USER_NOT_MANAGED");
    house.challenged(&ana.user.email).await;

    let bia = house.enrolled("agent").await;
    let path = format!("/api/users/{}/mfa", bia.user.user_id);
    let agent = house.access_token(&house.user("agent").await.email).await;
    house.bearer(Method::DELETE, &path, &agent, None).await.is(403, "PERMISSION_DENIED");
    let token = house.access_token(&admin.email).await;
    assert_eq!(house.bearer(Method::DELETE, &path, &token, None).await.status, 204);
    assert!(house.login(&bia.user.email).await.body.get("access_token").is_some(), "the password alone again");
    let events = house.events(house.organization.id).await;
    assert!(events.iter().any(|(kind, data, _)| kind == "auth.mfa_disabled" && data["reason"] == "reset"));
    let letters =
        format!("select count(*) from jobs where organization_id = '{}' and kind = 'mail.send'", house.organization.id);
    assert!(house.count(letters).await >= 1, "the person is told");
    let nobody = format!("/api/users/{}/mfa", uuid::Uuid::nil());
    house.bearer(Method::DELETE, &nobody, &token, None).await.is(404, "NOT_FOUND");
}

#[tokio::test]
async fn a_manager_does_not_reset_an_admin() {
    let house = House::new().await;
    let admin = house.enrolled("admin").await;
    let manager = house.access_token(&house.user("manager").await.email).await;
    let path = format!("/api/users/{}/mfa", admin.user.user_id);
    house.bearer(Method::DELETE, &path, &manager, None).await.is(403, "GRANT_EXCEEDS_OWN");
}

#[tokio::test]
async fn where_it_is_required_people_have_seven_days_and_then_can_only_enrol() {
    let house = House::new().await;
    let ana = house.user("admin").await;
    let token = house.access_token(&ana.email).await;
    let bearer = format!("Bearer {token}");
    let tag = house.get("/api/organization/settings", &token).await.ok().header("etag").to_owned();
    let asked = json!({ "mfa.required_for": "admins" });
    let headers = [("authorization", bearer.as_str()), ("if-match", tag.as_str())];
    house.send(Method::PATCH, "/api/organization/settings", &headers, Some(&asked)).await.ok();
    let own = house.get("/api/me/mfa", &token).await.ok();
    assert_eq!(own.body["required"], true);
    let due: DateTime<Utc> = own.text("required_from").parse().unwrap();
    assert_eq!(due, house.clock.now() + Duration::days(7));
    house.get("/api/users", &token).await.ok();
    // Nobody else is asked.
    let agent = house.access_token(&house.user("agent").await.email).await;
    assert_eq!(house.get("/api/me/mfa", &agent).await.ok().body["required"], false);

    house.advance(Duration::days(7));
    let token = house.access_token(&ana.email).await;
    house.get("/api/users", &token).await.is(403, "MFA_REQUIRED");
    // What is one's own is shut too, but for the way out and who one is; so is a socket.
    house.get("/api/me/preferences", &token).await.is(403, "MFA_REQUIRED");
    house.bearer(Method::DELETE, "/api/me/sessions", &token, None).await.is(403, "MFA_REQUIRED");
    house.get("/api/me", &token).await.ok();
    assert!(house.identity.subject_of_token(&token, None).await.unwrap().debt().is_some());
    let begun = house.bearer(Method::POST, "/api/me/mfa/totp", &token, None).await;
    assert_eq!(begun.status, 201, "{}", begun.body);
    let body = json!({ "code": oathtool(&begun.text("secret"), house.clock.now()) });
    house.bearer(Method::POST, "/api/me/mfa/totp/confirm", &token, Some(&body)).await.ok();
    house.get("/api/users", &token).await.ok();
    house.get("/api/me/preferences", &token).await.ok();
    assert!(house.identity.subject_of_token(&token, None).await.unwrap().debt().is_none());
    house.challenged(&ana.email).await;
}

#[tokio::test]
async fn bodies_are_read_strictly() {
    let house = House::new().await;
    let of = async |body: Value| house.post("/api/auth/mfa", &body).await;
    let named = |answer: &Answer| answer.body["errors"][0]["field"].as_str().unwrap_or_default().to_owned();
    let answer = of(json!({ "mfa_token": unique("t"), "method": "totp" })).await;
    assert_eq!((answer.status.as_u16(), named(&answer).as_str()), (422, "code"));
    let answer = of(json!({ "mfa_token": "x", "method": "passkey", "code": "1" })).await;
    assert_eq!((answer.status.as_u16(), named(&answer).as_str()), (422, "ceremony"));
    assert_eq!(of(json!({ "mfa_token": "x", "method": "sms", "code": "1" })).await.status, 422);
    assert_eq!(of(json!({ "mfa_token": "x", "method": "totp", "code": "1", "user_id": "x" })).await.status, 422);
}
