//! Invitations: sent, accepted once, replaced, taken back, over.

use crate::harness::{House, PASSWORD, unique};
use crate::post::token_of;
use chrono::Duration;
use futures_util::future::join_all;
use http::{Method, StatusCode};
use serde_json::{Value, json};

const CHOSEN: &str = "sete-saias-sete-cores";

fn email(prefix: &str) -> String {
    format!("{}@clinica.example", unique(prefix))
}

/// Invites somebody and answers the id and the token of the letter.
async fn invite(house: &House, boss: &str, email: &str) -> (String, String) {
    let body = json!({ "email": email, "name": "Bia Lima", "roles": ["agent"], "message": "Venha!" });
    let made = house.call(Method::POST, "/api/invitations", boss, Some(&body)).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let letters = house.work().await;
    let wanted = |letter: &&mail::Letter| letter.to == email && letter.template.name() == "invitation";
    let letter = letters.iter().find(wanted).expect("a letter");
    (made.text("id"), token_of(letter))
}

async fn accept(house: &House, body: Value) -> crate::harness::Answer {
    house.post("/api/invitations/accept", &body).await
}

#[tokio::test]
async fn a_new_person_accepts_with_a_password_and_is_signed_in() {
    let house = House::alone().await;
    let boss = house.access_token(&house.user("admin").await.email).await;
    let typed = email("bia");
    let (id, token) = invite(&house, &boss, &typed).await;
    assert!(!house.everything_stored().await.contains(&token), "the token lies nowhere");
    let shown = house.post("/api/invitations/lookup", &json!({ "token": token })).await.ok();
    assert_eq!(
        (&shown.body["organization"], &shown.body["inviter"]),
        (&json!("Clínica Bem-Estar"), &json!("Pessoa admin"))
    );
    assert_eq!(
        (&shown.body["email"], &shown.body["password_required"], &shown.body["message"]),
        (&json!(typed), &json!(true), &json!("Venha!"))
    );
    accept(&house, json!({ "token": token })).await.is(422, "VALIDATION_FAILED");
    accept(&house, json!({ "token": token, "password": "curta" })).await.is(422, "PASSWORD_TOO_SHORT");
    accept(&house, json!({ "token": token, "password": CHOSEN, "roles": ["admin"] }))
        .await
        .is(422, "VALIDATION_FAILED");
    let done = accept(&house, json!({ "token": token, "password": CHOSEN, "name": "Beatriz Lima" })).await.ok();
    assert_eq!((&done.body["user"]["name"], &done.body["user"]["status"]), (&json!("Beatriz Lima"), &json!("active")));
    assert_eq!((&done.body["user"]["email_verified"], &done.body["user"]["roles"]), (&json!(true), &json!(["agent"])));
    house.validate(&done.text("access_token")).await.ok();
    house.try_login(&typed, CHOSEN).await.ok();
    let listed = house.get("/api/invitations?status=accepted", &boss).await.ok();
    assert_eq!((&listed.body["data"][0]["id"], &listed.body["data"][0]["email"]), (&json!(id), &json!(typed)));
    let kinds: Vec<_> = house.events(house.organization.id).await.into_iter().map(|(kind, ..)| kind).collect();
    for kind in ["invitation.created", "invitation.accepted", "membership.activated"] {
        assert!(kinds.contains(&kind.to_owned()), "{kind}");
    }
}

#[tokio::test]
async fn whoever_has_a_login_joins_with_it_signed_in_or_not() {
    let house = House::alone().await;
    let other = house.other_organization("Laboratório").await;
    let boss = house.access_token(&house.user("admin").await.email).await;
    // By the link, without a password: the own one stays.
    let known = email("ana");
    house.member(&other, &known, "agent").await;
    let (_, token) = invite(&house, &boss, &known).await;
    assert_eq!(
        house.post("/api/invitations/lookup", &json!({ "token": token })).await.ok().body["password_required"],
        false
    );
    let done = accept(&house, json!({ "token": token, "password": CHOSEN })).await.ok();
    assert_eq!(done.body["organization"]["slug"], house.organization.slug);
    house.try_login(&known, CHOSEN).await.is(401, "AUTH_CREDENTIALS_INVALID");
    house.login(&known).await;
    // Signed in, by one's own list.
    let caio = email("caio");
    house.member(&other, &caio, "agent").await;
    let (id, token) = invite(&house, &boss, &caio).await;
    let his = house.access_token(&caio).await;
    let own = house.get("/api/me/invitations", &his).await.ok();
    assert_eq!(
        (&own.body["data"][0]["id"], &own.body["data"][0]["organization"]["slug"]),
        (&json!(id), &json!(house.organization.slug))
    );
    let path = format!("/api/me/invitations/{id}/accept");
    // Somebody else's is not there.
    let stranger = house.access_token(&house.member(&other, &email("x"), "admin").await.email).await;
    house.call(Method::POST, &path, &stranger, None).await.is(404, "NOT_FOUND");
    for _ in 0..2 {
        let done = house.call(Method::POST, &path, &his, None).await.ok();
        assert_eq!(done.body["organization_id"], json!(house.organization.id));
    }
    house
        .call(Method::POST, "/api/auth/switch", &his, Some(&json!({ "organization": house.organization.slug })))
        .await
        .ok();
    // Used by the list: the link is nothing for a stranger later.
    house.advance(Duration::minutes(1));
    accept(&house, json!({ "token": token })).await.is(400, "LINK_INVALID");
}

#[tokio::test]
async fn links_used_twice_by_another_or_after_a_newer_one_answer_alike() {
    let house = House::alone().await;
    let boss_login = house.user("admin").await;
    let boss = house.access_token(&boss_login.email).await;
    let (id, older) = invite(&house, &boss, &email("bia")).await;
    let resent = house.call(Method::POST, &format!("/api/invitations/{id}/resend"), &boss, None).await.ok();
    assert_eq!((&resent.body["sent_count"], &resent.body["status"]), (&json!(2), &json!("pending")));
    let newer = token_of(&house.work().await[0]);
    let mut refused = vec![accept(&house, json!({ "token": older, "password": CHOSEN })).await];
    // Presented by somebody who is signed in as another.
    let body = json!({ "token": newer, "password": CHOSEN });
    refused.push(house.call(Method::POST, "/api/invitations/accept", &boss, Some(&body)).await);
    let tries = join_all((0..6).map(|_| accept(&house, body.clone()))).await;
    assert!(
        tries.iter().all(|answer| matches!(answer.status.as_u16(), 200 | 503)),
        "accepting twice is the same success"
    );
    assert!(tries.iter().any(|answer| answer.status == 200));
    let hers = tries.iter().find(|answer| answer.status == 200).unwrap().text("access_token");
    house.advance(Duration::seconds(31));
    refused.push(accept(&house, body.clone()).await);
    let again = house.call(Method::POST, "/api/invitations/accept", &hers, Some(&json!({ "token": newer }))).await;
    assert_eq!(again.status, 200, "the same person, signed in: {}", again.body);
    // Taken back, expired, made up, of another kind.
    let (revoked_id, revoked) = invite(&house, &boss, &email("caio")).await;
    assert_eq!(house.call(Method::DELETE, &format!("/api/invitations/{revoked_id}"), &boss, None).await.status, 204);
    house.call(Method::DELETE, &format!("/api/invitations/{revoked_id}"), &boss, None).await.is(404, "NOT_FOUND");
    let (_, late) = invite(&house, &boss, &email("dora")).await;
    let magic = house.ask_link("/api/auth/magic-link", &boss_login.email).await;
    refused.push(accept(&house, json!({ "token": revoked, "password": CHOSEN })).await);
    refused.push(accept(&house, json!({ "token": magic, "password": CHOSEN })).await);
    refused.push(accept(&house, json!({ "token": unique("made-up"), "password": CHOSEN })).await);
    house.advance(Duration::days(7));
    refused.push(accept(&house, json!({ "token": late, "password": CHOSEN })).await);
    let told: Vec<Value> = refused
        .into_iter()
        .map(|answer| {
            let mut body = answer.is(400, "LINK_INVALID").body;
            body.as_object_mut().unwrap().remove("request_id");
            body
        })
        .collect();
    assert!(told.iter().all(|body| *body == told[0]), "{told:#?}");
    for token in [older, revoked, late] {
        house.post("/api/invitations/lookup", &json!({ "token": token })).await.is(400, "LINK_INVALID");
    }
}

#[tokio::test]
async fn expired_invitations_free_their_seats_and_can_be_sent_again() {
    let house = House::alone().await;
    let boss = house.access_token(&house.user("admin").await.email).await;
    let typed = email("bia");
    let (id, _) = invite(&house, &boss, &typed).await;
    house.advance(Duration::days(7));
    assert_eq!(house.identity.expire_invitations(&"test".into()).await.unwrap(), 1);
    assert_eq!(house.identity.expire_invitations(&"test".into()).await.unwrap(), 0);
    let boss = house.access_token(&house.user("admin").await.email).await;
    assert_eq!(house.get("/api/users?status=invited", &boss).await.ok().body["data"], json!([]));
    house.call(Method::POST, &format!("/api/invitations/{id}/resend"), &boss, None).await.ok();
    let letters = house.work().await;
    let token = token_of(letters.iter().find(|letter| letter.to == typed).unwrap());
    let done = accept(&house, json!({ "token": token, "password": CHOSEN })).await.ok();
    assert_eq!(
        (&done.body["user"]["roles"], done.body["user"]["units"].as_array().map(Vec::len)),
        (&json!(["agent"]), Some(1))
    );
}

#[tokio::test]
async fn a_login_that_somebody_made_with_anothers_address_is_claimed_by_its_owner() {
    let house = House::alone().await;
    house.set(&json!({ "registration.mode": "open", "registration.require_verified_email": false })).await;
    let boss = house.access_token(&house.user("admin").await.email).await;
    let other = house.other_organization("Outra").await;
    let victim = email("vitima");
    // Somebody registers with an address that is not his, and is in.
    let body =
        json!({ "name": "Impostor", "email": victim, "password": PASSWORD, "organization": house.organization.slug });
    assert_eq!(house.post("/api/users", &body).await.status, 201);
    let intruder = house.access_token(&victim).await;
    let chief = house.access_token(&house.member(&other, &email("chefe"), "admin").await.email).await;
    let _ = boss;
    let (_, token) = invite(&house, &chief, &victim).await;
    accept(&house, json!({ "token": token })).await.is(422, "VALIDATION_FAILED");
    accept(&house, json!({ "token": token, "password": CHOSEN })).await.ok();
    house.validate(&intruder).await.is(401, "AUTH_SESSION_REVOKED");
    house.try_login(&victim, PASSWORD).await.is(401, "AUTH_CREDENTIALS_INVALID");
}

#[tokio::test]
async fn check_14_fifty_parallel_invitations_take_the_seats_there_are() {
    let house = House::alone().await;
    let boss = house.access_token(&house.user("admin").await.email).await;
    let id = house.organization.id;
    house
        .sql(format!(
            "insert into subscriptions (organization_id, plan, status, seats, created_at, updated_at) values ('{id}', 'pro', 'active', 5, now(), now())
             on conflict (organization_id) do update set plan = 'pro', status = 'active', seats = 5"
        ))
        .await;
    let bodies: Vec<Value> = (0..50).map(|_| json!({ "email": email("p") })).collect();
    let answers =
        join_all(bodies.iter().map(|body| house.call(Method::POST, "/api/invitations", &boss, Some(body)))).await;
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(made, 4, "one seat is the admin's");
    assert!(
        answers.iter().all(|answer| matches!(
            (answer.status.as_u16(), answer.code()),
            (201, _) | (409, "LIMIT_REACHED") | (503, _)
        )),
        "{answers:?}"
    );
    let taken =
        format!("select count(*) from memberships where organization_id = '{id}' and status in ('active', 'invited')");
    assert_eq!(house.count(taken.clone()).await, 5);
    assert_eq!(house.work().await.len(), 4, "letters go to those alone who are invited");
    // Self-registration and restoring take the same seats.
    house.set(&json!({ "registration.mode": "open" })).await;
    let body = json!({ "name": "Bia", "email": email("r"), "password": CHOSEN });
    house.post("/api/users", &body).await.is(409, "LIMIT_REACHED");
    let pending =
        house.get("/api/invitations?limit=1", &boss).await.ok().body["data"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(house.call(Method::DELETE, &format!("/api/invitations/{pending}"), &boss, None).await.status, 204);
    // One seat is free: of ten who come for it at once one gets it.
    let bodies: Vec<Value> =
        (0..10).map(|_| json!({ "name": "Bia", "email": email("r"), "password": CHOSEN })).collect();
    let answers = join_all(bodies.iter().map(|body| house.post("/api/users", body))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    assert_eq!(house.count(taken).await, 5);
}

#[tokio::test]
async fn an_organization_sends_a_hundred_invitations_a_day() {
    let house = House::alone().await;
    let boss = house.access_token(&house.user("admin").await.email).await;
    let day = house.clock.now().date_naive();
    house
        .sql(format!(
            "insert into invitation_days (organization_id, day, sent) values ('{}', '{day}', 99)",
            house.organization.id
        ))
        .await;
    let ask = async || house.call(Method::POST, "/api/invitations", &boss, Some(&json!({ "email": email("p") }))).await;
    assert_eq!(ask().await.status, 201);
    let refused = ask().await.is(429, "RATE_LIMITED");
    assert_eq!(refused.header("retry-after"), "43200", "until midnight");
    let before = house.count("select count(*) from memberships where status = 'invited'".to_owned()).await;
    assert_eq!(before, 1, "who gets no letter is not invited either");
}

#[tokio::test]
async fn only_those_who_manage_people_invite_and_only_within_their_rights() {
    let house = House::new().await;
    let (agent, manager) = (house.user("agent").await, house.user("manager").await);
    let (agent, manager) = (house.access_token(&agent.email).await, house.access_token(&manager.email).await);
    let body = json!({ "email": email("x") });
    house.call(Method::POST, "/api/invitations", &agent, Some(&body)).await.is(403, "PERMISSION_DENIED");
    house.call(Method::GET, "/api/invitations", &agent, None).await.is(403, "PERMISSION_DENIED");
    let body = json!({ "email": email("x"), "roles": ["admin"] });
    house.call(Method::POST, "/api/invitations", &manager, Some(&body)).await.is(403, "GRANT_EXCEEDS_OWN");
    let body = json!({ "email": email("x"), "units": ["01990c5e-8f6a-7000-8000-000000000001"] });
    house.call(Method::POST, "/api/invitations", &manager, Some(&body)).await.is(422, "VALIDATION_FAILED");
    let body = json!({ "email": email("x"), "roles": ["no-such-role"] });
    house.call(Method::POST, "/api/invitations", &manager, Some(&body)).await.is(422, "VALIDATION_FAILED");
}
