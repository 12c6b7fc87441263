//! Passkeys, with a software authenticator.

use crate::authenticator::Authenticator;
use crate::harness::{Answer, House, no_limits, quick};
use chrono::Duration;
use http::Method;
use identity::{CreatedUser, Settings};
use serde_json::{Value, json};

const ORIGIN: &str = "http://localhost:8080";

async fn house() -> House {
    House::with(Settings { issuer: ORIGIN.to_owned(), ..quick() }, no_limits()).await
}

struct Owner {
    user: CreatedUser,
    token: String,
    device: Authenticator,
    passkey_id: String,
}

impl House {
    async fn as_person(&self, method: Method, path: &str, token: &str, body: Option<&Value>) -> Answer {
        self.send(method, path, &[("authorization", &format!("Bearer {token}"))], body).await
    }

    async fn add_passkey(&self, token: &str, name: &str) -> (Authenticator, Answer) {
        let begun = self.as_person(Method::POST, "/api/me/passkeys/options", token, None).await.ok();
        let (device, credential) = Authenticator::create(ORIGIN, &begun.body["options"]);
        let body = json!({ "ceremony": begun.text("ceremony"), "name": name, "credential": credential });
        (device, self.as_person(Method::POST, "/api/me/passkeys", token, Some(&body)).await)
    }

    async fn owner(&self, role: &str) -> Owner {
        let user = self.user(role).await;
        let token = self.access_token(&user.email).await;
        let (device, added) = self.add_passkey(&token, "Notebook").await;
        assert_eq!(added.status, 201, "{}", added.body);
        Owner { passkey_id: added.text("id"), user, token, device }
    }

    async fn options(&self) -> Answer {
        self.post("/api/auth/passkey/options", &json!({})).await.ok()
    }

    async fn sign_in_with(&self, device: &mut Authenticator) -> Answer {
        let asked = self.options().await;
        self.answer(&asked, device.get(&asked.body["options"])).await
    }

    async fn answer(&self, asked: &Answer, credential: Value) -> Answer {
        let body = json!({ "ceremony": asked.text("ceremony"), "credential": credential });
        self.post("/api/auth/passkey", &body).await
    }
}

#[tokio::test]
async fn a_software_authenticator_registers_and_signs_in_without_typing_anything() {
    let house = house().await;
    let mut ana = house.owner("agent").await;
    let answer = house.sign_in_with(&mut ana.device).await.ok();
    assert_eq!(answer.body["user"]["email"], ana.user.email);
    let validated = house.validate(&answer.text("access_token")).await.ok();
    assert_eq!(validated.body["session"]["amr"], json!(["pop", "user", "mfa"]), "two factors in one");
    let listed = house.get("/api/me/passkeys", &ana.token).await.ok();
    assert_eq!(listed.body["data"].as_array().unwrap().len(), 1);
    assert!(listed.body["data"][0]["last_used_at"].is_string() && listed.body["data"][0].get("credential").is_none());
    let kinds: Vec<String> = house.events(house.organization.id).await.into_iter().map(|(kind, ..)| kind).collect();
    assert!(kinds.contains(&"auth.passkey_added".to_owned()));
    // Its own organization is entered when it is named, no other.
    let asked = house.options().await;
    let other = house.other_organization("Outra").await;
    let credential = ana.device.get(&asked.body["options"]);
    let body = json!({ "ceremony": asked.text("ceremony"), "credential": credential, "organization": other.slug });
    house.post("/api/auth/passkey", &body).await.is(403, "MEMBERSHIP_INACTIVE");
}

#[tokio::test]
async fn an_answer_works_once_for_its_own_challenge_from_our_own_page() {
    let house = house().await;
    let mut ana = house.owner("agent").await;
    let asked = house.options().await;
    let credential = ana.device.get(&asked.body["options"]);
    house.answer(&asked, credential.clone()).await.ok();
    house.answer(&asked, credential.clone()).await.is(401, "PASSKEY_INVALID");
    let another = house.options().await;
    house.answer(&another, credential).await.is(401, "PASSKEY_INVALID");

    for origin in
        ["http://localhost:8081", "https://localhost:8080", "http://evil.example", "http://localhost.evil.example"]
    {
        ana.device.origin = origin.to_owned();
        house.sign_in_with(&mut ana.device).await.is(401, "PASSKEY_INVALID");
    }
    ana.device.origin = ORIGIN.to_owned();
    // Nobody checked who holds the device.
    ana.device.verifies = false;
    house.sign_in_with(&mut ana.device).await.is(401, "PASSKEY_INVALID");
    ana.device.verifies = true;

    let asked = house.options().await;
    house.advance(Duration::minutes(5));
    let credential = ana.device.get(&asked.body["options"]);
    house.answer(&asked, credential).await.is(401, "PASSKEY_INVALID");
    house.sign_in_with(&mut ana.device).await.ok();
}

#[tokio::test]
async fn one_persons_passkey_is_not_anothers() {
    let house = house().await;
    let (mut ana, mut bia) = (house.owner("agent").await, house.owner("agent").await);
    let asked = house.options().await;
    let mut credential = ana.device.get(&asked.body["options"]);
    let theirs = bia.device.get(&asked.body["options"]);
    credential["response"]["userHandle"] = theirs["response"]["userHandle"].clone();
    house.answer(&asked, credential).await.is(401, "PASSKEY_INVALID");
    // Signed by one, named as the other.
    let asked = house.options().await;
    let mut credential = ana.device.get(&asked.body["options"]);
    for part in ["id", "rawId"] {
        credential[part] = theirs[part].clone();
    }
    credential["response"]["userHandle"] = theirs["response"]["userHandle"].clone();
    house.answer(&asked, credential).await.is(401, "PASSKEY_INVALID");
    // Unknown altogether.
    let asked = house.options().await;
    let mut credential = ana.device.get(&asked.body["options"]);
    credential["id"] = json!("AAAA");
    credential["rawId"] = json!("AAAA");
    house.answer(&asked, credential).await.is(401, "PASSKEY_INVALID");
}

#[tokio::test]
async fn a_counter_that_goes_back_is_refused_and_recorded() {
    let house = house().await;
    let mut ana = house.owner("agent").await;
    // Authenticators that do not count stay at zero.
    house.sign_in_with(&mut ana.device).await.ok();
    house.sign_in_with(&mut ana.device).await.ok();
    ana.device.counter = 7;
    house.sign_in_with(&mut ana.device).await.ok();
    for counter in [7, 6, 0] {
        ana.device.counter = counter;
        house.sign_in_with(&mut ana.device).await.is(401, "PASSKEY_INVALID");
    }
    let refused: Vec<Value> = house
        .events(house.organization.id)
        .await
        .into_iter()
        .filter(|(kind, ..)| kind == "auth.passkey_refused")
        .map(|(_, data, _)| data)
        .collect();
    assert_eq!(refused.len(), 3);
    assert_eq!(refused[0]["passkey_id"], ana.passkey_id);
    ana.device.counter = 8;
    house.sign_in_with(&mut ana.device).await.ok();
}

#[tokio::test]
async fn a_passkey_answers_as_second_factor() {
    let house = house().await;
    let mut ana = house.owner("agent").await;
    assert!(house.login(&ana.user.email).await.body.get("access_token").is_some(), "not asked for by itself");
    house
        .sql(format!(
            "insert into organization_settings (organization_id, given, updated_at) values ('{}', '{{\"mfa.required_for\": \"all\"}}', now())
             on conflict (organization_id) do update set given = excluded.given",
            house.organization.id
        ))
        .await;
    let asked = house.login(&ana.user.email).await;
    assert_eq!((&asked.body["status"], &asked.body["methods"]), (&json!("mfa_required"), &json!(["passkey"])));
    let options = house.options().await;
    let mut bia = house.owner("agent").await;
    let body = |credential: Value, ceremony: &str| json!({ "mfa_token": asked.text("mfa_token"), "method": "passkey", "ceremony": ceremony, "credential": credential });
    // Somebody else's is no second factor of hers.
    let foreign = bia.device.get(&options.body["options"]);
    house.post("/api/auth/mfa", &body(foreign, &options.text("ceremony"))).await.is(401, "MFA_CODE_INVALID");
    let options = house.options().await;
    let own = ana.device.get(&options.body["options"]);
    let answer = house.post("/api/auth/mfa", &body(own, &options.text("ceremony"))).await.ok();
    let validated = house.validate(&answer.text("access_token")).await.ok();
    assert_eq!(validated.body["session"]["amr"], json!(["pwd", "pop", "user", "mfa"]));
}

#[tokio::test]
async fn passkeys_are_listed_renamed_and_removed_by_their_owner() {
    let house = house().await;
    let mut ana = house.owner("agent").await;
    let bia = house.owner("agent").await;
    let path = format!("/api/me/passkeys/{}", ana.passkey_id);
    let renamed = house.as_person(Method::PATCH, &path, &ana.token, Some(&json!({ "name": " Celular " }))).await.ok();
    assert_eq!(renamed.body["name"], "Celular");
    for bad in ["", " ", &"x".repeat(61)] {
        let answer = house.as_person(Method::PATCH, &path, &ana.token, Some(&json!({ "name": bad }))).await;
        assert_eq!(answer.status, 422, "{bad:?}");
    }
    house.as_person(Method::PATCH, &path, &bia.token, Some(&json!({ "name": "meu" }))).await.is(404, "NOT_FOUND");
    house.as_person(Method::DELETE, &path, &bia.token, None).await.is(404, "NOT_FOUND");
    house.advance(Duration::minutes(11));
    house.as_person(Method::DELETE, &path, &ana.token, None).await.is(403, "REAUTH_REQUIRED");
    house.as_person(Method::POST, "/api/me/passkeys/options", &ana.token, None).await.is(403, "REAUTH_REQUIRED");
    let fresh = house.sign_in_with(&mut ana.device).await.ok().text("access_token");
    assert_eq!(house.as_person(Method::DELETE, &path, &fresh, None).await.status, 204);
    house.sign_in_with(&mut ana.device).await.is(401, "PASSKEY_INVALID");
    assert_eq!(house.get("/api/me/passkeys", &fresh).await.ok().body["data"], json!([]));
}

#[tokio::test]
async fn a_registration_belongs_to_who_began_it_and_there_are_ten_at_most() {
    let house = house().await;
    let ana = house.user("agent").await;
    let token = house.access_token(&ana.email).await;
    let begun = house.as_person(Method::POST, "/api/me/passkeys/options", &token, None).await.ok();
    let (_, credential) = Authenticator::create(ORIGIN, &begun.body["options"]);
    let body = json!({ "ceremony": begun.text("ceremony"), "name": "x", "credential": credential });
    let bia = house.access_token(&house.user("agent").await.email).await;
    house.as_person(Method::POST, "/api/me/passkeys", &bia, Some(&body)).await.is(422, "PASSKEY_NOT_ACCEPTED");
    // Made without a check of the person.
    let begun = house.as_person(Method::POST, "/api/me/passkeys/options", &token, None).await.ok();
    let (_, credential) = Authenticator::create("http://evil.example", &begun.body["options"]);
    let body = json!({ "ceremony": begun.text("ceremony"), "name": "x", "credential": credential });
    house.as_person(Method::POST, "/api/me/passkeys", &token, Some(&body)).await.is(422, "PASSKEY_NOT_ACCEPTED");
    for n in 0..10 {
        let (_, added) = house.add_passkey(&token, &format!("n. {n}")).await;
        assert_eq!(added.status, 201, "{}", added.body);
    }
    house.as_person(Method::POST, "/api/me/passkeys/options", &token, None).await.is(409, "LIMIT_REACHED");
}

#[tokio::test]
async fn without_a_host_name_there_are_none() {
    let house = House::new().await;
    let ana = house.user("agent").await;
    let token = house.access_token(&ana.email).await;
    house.as_person(Method::POST, "/api/me/passkeys/options", &token, None).await.is(409, "PASSKEYS_UNAVAILABLE");
    house.post("/api/auth/passkey/options", &json!({})).await.is(409, "PASSKEYS_UNAVAILABLE");
}
