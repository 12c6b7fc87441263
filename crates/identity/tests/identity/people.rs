//! Changing, suspending, removing people; registering; who may do what to whom.

use crate::harness::{Answer, House, PASSWORD, unique};
use crate::post::token_of;
use chrono::Duration;
use futures_util::future::join_all;
use http::{Method, StatusCode};
use identity::Settings;
use serde_json::{Value, json};

fn email(prefix: &str) -> String {
    format!("{}@clinica.example", unique(prefix))
}

async fn patch(house: &House, path: &str, token: &str, body: Value) -> Answer {
    house.call(Method::PATCH, path, token, Some(&body)).await
}

#[tokio::test]
async fn check_11_anonymous_registration_takes_no_rights_and_one_e_mail_makes_one_user() {
    let house = House::new().await;
    let typed = email("Bia");
    let body = |email: &str| json!({ "name": "Bia Lima", "email": email, "password": "sete-saias-sete-cores", "organization": house.organization.slug });
    house.post("/api/users", &body(&typed)).await.is(403, "REGISTRATION_CLOSED");
    house.set(&json!({ "registration.mode": "open" })).await;
    // Mass assignment: each of these is unknown to somebody who registers himself.
    for (field, value) in [
        ("roles", json!(["admin"])),
        ("units", json!([])),
        ("status", json!("active")),
        ("organization_id", json!(house.organization.id)),
        ("id", json!("01990c5e-8f6a-7000-8000-000000000001")),
        ("email_verified_at", json!("2026-01-01T00:00:00Z")),
        ("password_hash", json!("x")),
        ("must_change_password", json!(false)),
    ] {
        let mut wrong = body(&typed);
        wrong[field] = value;
        let answer = house.post("/api/users", &wrong).await.is(422, "VALIDATION_FAILED");
        assert_eq!(
            (&answer.body["errors"][0]["field"], &answer.body["errors"][0]["code"]),
            (&json!(field), &json!("UNKNOWN_FIELD"))
        );
    }
    let made = house.post("/api/users", &body(&typed)).await;
    assert_eq!((made.status, &made.body["roles"]), (StatusCode::CREATED, &json!(["user"])), "{}", made.body);
    assert_eq!((&made.body["status"], &made.body["email_verified"]), (&json!("active"), &json!(false)));
    assert_eq!(made.body["units"].as_array().unwrap().len(), 1, "the fallback unit");
    assert_eq!(made.header("location"), format!("/api/users/{}", made.text("id")));
    house.post("/api/users", &body(&typed.to_uppercase())).await.is(409, "EMAIL_TAKEN");
    house.post("/api/users", &body(&format!(" {typed} "))).await.is(409, "EMAIL_TAKEN");

    let many = email("cem");
    let one = body(&many);
    let answers = join_all((0..100).map(|_| house.post("/api/users", &one))).await;
    let of = |status: u16| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!(
        (of(201), of(201) + of(409) + of(503)),
        (1, 100),
        "{:?}",
        answers.iter().map(|a| a.status).collect::<Vec<_>>()
    );
    assert_eq!(house.count(format!("select count(*) from users where email_norm = '{many}'")).await, 1);
}

#[tokio::test]
async fn registration_by_domain_takes_proven_domains_alone() {
    let house = House::new().await;
    house.set(&json!({ "registration.mode": "domain", "registration.default_role": "agent" })).await;
    let domain = format!("{}.example", unique("dominio"));
    let body = |email: String| json!({ "name": "Caio", "email": email, "password": "sete-saias-sete-cores", "organization": house.organization.slug });
    let typed = format!("caio@{domain}");
    house.post("/api/users", &body(typed.clone())).await.is(403, "REGISTRATION_CLOSED");
    let id: uuid::Uuid = kernel::Ids::system().random();
    let row = format!(
        "insert into organization_domains (id, organization_id, domain, purposes, verification_token, verified_at, created_at)
         values ('{id}', '{}', '{domain}', '{{sign_in}}', 'x', now(), now())",
        house.organization.id
    );
    house.sql(row).await;
    let made = house.post("/api/users", &body(typed)).await;
    assert_eq!((made.status, &made.body["roles"]), (StatusCode::CREATED, &json!(["agent"])), "{}", made.body);
    house.post("/api/users", &body(format!("caio@sub.{domain}"))).await.is(403, "REGISTRATION_CLOSED");
}

#[tokio::test]
async fn a_registered_person_proves_the_address_and_concealed_accounts_answer_alike() {
    let house = House::alone().await;
    house.set(&json!({ "registration.mode": "open" })).await;
    let typed = email("bia");
    let body = |email: &str| json!({ "name": "Bia", "email": email, "password": PASSWORD });
    // The installation's only organization is meant where none is named.
    assert_eq!(house.post("/api/users", &body(&typed)).await.status, 201);
    house.try_login(&typed, PASSWORD).await.is(403, "EMAIL_NOT_VERIFIED");
    let letters = house.work().await;
    assert_eq!(letters.iter().map(|letter| letter.to.as_str()).collect::<Vec<_>>(), [typed.as_str()]);
    let proven = house.post("/api/auth/verify-email", &json!({ "token": token_of(&letters[0]) })).await;
    assert_eq!(proven.status, 204, "{}", proven.body);
    house.login(&typed).await;

    let concealing = house.with_settings(Settings { conceal_accounts: true, hash_threads: 2, ..Settings::default() });
    let fresh = email("nova");
    let (known, unknown) =
        (concealing.post("/api/users", &body(&typed)).await, concealing.post("/api/users", &body(&fresh)).await);
    let names = |answer: &Answer| answer.headers.keys().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!((known.status, &known.body, names(&known)), (unknown.status, &unknown.body, names(&unknown)));
    assert_eq!(known.status, 202);
    let mut told: Vec<_> = house.work().await.into_iter().map(|letter| (letter.template.name(), letter.to)).collect();
    told.sort();
    assert_eq!(told, [("already_registered", typed), ("verify_email", fresh)]);
}

#[tokio::test]
async fn check_12_somebody_with_a_login_elsewhere_is_added_like_anybody() {
    let house = House::alone().await;
    let other = house.other_organization("Laboratório Central").await;
    let known = email("conhecida");
    house.member(&other, &known, "agent").await;
    house.sql(format!("update users set timezone = 'America/Manaus', language = 'es', last_login_at = now() where email_norm = '{known}'")).await;
    let boss = house.user("admin").await;
    let token = house.access_token(&boss.email).await;
    let fresh = email("desconhecida");
    let add = async |email: &str| {
        let body =
            json!({ "name": "Nome Digitado", "email": email, "password": "nove-luas-no-mar-alto", "roles": ["agent"] });
        house.call(Method::POST, "/api/users", &token, Some(&body)).await
    };
    let (there, new) = (add(&known).await, add(&fresh).await);
    assert_eq!((there.status, new.status), (StatusCode::CREATED, StatusCode::CREATED), "{} {}", there.body, new.body);
    let shape = |answer: &Answer, email: &str| {
        let mut body = answer.body.clone();
        for own in ["id", "membership_id"] {
            assert_eq!(body[own].as_str().unwrap().len(), 36);
            body.as_object_mut().unwrap().remove(own);
        }
        assert_eq!(body["email"], email);
        body["email"] = Value::Null;
        (body, answer.header("etag").to_owned())
    };
    assert_eq!(shape(&there, &known), shape(&new, &fresh));
    assert_eq!((&there.body["name"], &there.body["status"]), (&json!("Nome Digitado"), &json!("invited")));
    // Ids tell no time.
    assert_eq!((there.text("id").as_bytes()[14], new.text("id").as_bytes()[14]), (b'4', b'4'));
    // Read again, listed, found by what was typed: the same.
    for (answer, email) in [(&there, &known), (&new, &fresh)] {
        let read = house.get(&format!("/api/users/{}", answer.text("id")), &token).await.ok();
        assert_eq!(read.body, answer.body);
        let found = house.get(&format!("/api/users?q={}&status=invited", &email[..14]), &token).await.ok();
        assert_eq!(found.body["data"], json!([answer.body]));
    }
    // The log tells as little: the same kinds of facts about both.
    let kinds = async |id: String| {
        let events = house.events(house.organization.id).await;
        events
            .into_iter()
            .filter(|(_, data, _)| data["user_id"] == json!(id))
            .map(|(kind, ..)| kind)
            .collect::<Vec<_>>()
    };
    assert_eq!(kinds(there.text("id")).await, kinds(new.text("id")).await);
    // The own password stays, the one given is nothing, and only the letter to the owner says so.
    house.login(&known).await;
    house.try_login(&known, "nove-luas-no-mar-alto").await.is(401, "AUTH_CREDENTIALS_INVALID");
    let letters = house.work().await;
    let ignored = |to: &str| letters.iter().find(|letter| letter.to == to).unwrap().data["password_ignored"].clone();
    assert_eq!((ignored(&known), ignored(&fresh)), (json!(true), json!(false)));
    // Nor can a second try tell them apart.
    let again = (add(&known).await, add(&fresh).await);
    again.0.is(409, "EMAIL_TAKEN");
    again.1.is(409, "EMAIL_TAKEN");
}

#[tokio::test]
async fn check_13_a_login_that_is_not_managed_keeps_its_e_mail_and_name() {
    let house = House::alone().await;
    let other = house.other_organization("Outra").await;
    let shared = email("duas-casas");
    house.member(&other, &shared, "admin").await;
    let here = house.member(&house.organization, &shared, "agent").await;
    let (boss, own) = (house.user("admin").await, house.user("agent").await);
    let token = house.access_token(&boss.email).await;
    let path = format!("/api/users/{}", here.user_id);
    for body in [json!({ "email": "meu@evil.example" }), json!({ "name": "Outro" }), json!({ "phone": "11987654321" })]
    {
        patch(&house, &path, &token, body).await.is(403, "USER_NOT_MANAGED");
    }
    // What is the organization's own can be changed all the same.
    patch(&house, &path, &token, json!({ "job_title": "Recepção", "display_name": "Ana" })).await.ok();
    assert_eq!(
        house
            .count(format!("select count(*) from users where email_norm = '{shared}' and pending_email_sealed is null"))
            .await,
        1
    );
    // A managed one: pending until proven, the old address is told and can take it back.
    let path = format!("/api/users/{}", own.user_id);
    let wanted = email("novo");
    patch(&house, &path, &token, json!({ "email": wanted })).await.ok();
    house.login(&own.email).await;
    let letters = house.work().await;
    let proof = letters.iter().find(|letter| letter.to == wanted).unwrap();
    let confirmed = house.post("/api/auth/verify-email", &json!({ "token": token_of(proof) })).await;
    assert_eq!(confirmed.status, 204, "{}", confirmed.body);
    house.login(&wanted).await;
    house.try_login(&own.email, PASSWORD).await.is(401, "AUTH_CREDENTIALS_INVALID");
    let letters = house.work().await;
    let undo = letters.iter().find(|letter| letter.template.name() == "email_changed").unwrap();
    assert_eq!(undo.to, own.email);
    let undo = json!({ "token": token_of(undo) });
    house.advance(Duration::days(6));
    let session = house.access_token(&wanted).await;
    assert_eq!(house.post("/api/auth/email-change/undo", &undo).await.status, 204);
    house.validate(&session).await.is(401, "AUTH_SESSION_REVOKED");
    house.post("/api/auth/email-change/undo", &undo).await.is(400, "LINK_INVALID");
    house.login(&own.email).await;
    // Nothing of the addresses lies open in the log.
    assert!(
        !json!(house.events(house.organization.id).await.iter().map(|event| &event.1).collect::<Vec<_>>())
            .to_string()
            .contains(&wanted)
    );
}

#[tokio::test]
async fn nobody_takes_over_somebody_who_may_do_more() {
    let house = House::new().await;
    let (admin, manager, second) = (house.user("admin").await, house.user("manager").await, house.user("admin").await);
    let token = house.access_token(&manager.email).await;
    let path = format!("/api/users/{}", admin.user_id);
    for body in
        [json!({ "email": "meu@evil.example" }), json!({ "roles": ["agent"] }), json!({ "status": "suspended" })]
    {
        patch(&house, &path, &token, body).await.is(403, "GRANT_EXCEEDS_OWN");
    }
    house.call(Method::POST, &format!("{path}/suspend"), &token, None).await.is(403, "GRANT_EXCEEDS_OWN");
    let own = format!("/api/users/{}", manager.user_id);
    patch(&house, &own, &token, json!({ "roles": ["admin"] })).await.is(403, "GRANT_EXCEEDS_OWN");
    house
        .call(Method::DELETE, &format!("/api/users/{}", second.user_id), &token, None)
        .await
        .is(403, "PERMISSION_DENIED");
    let agent = house.user("agent").await;
    let token = house.access_token(&agent.email).await;
    for body in [
        json!({ "status": "suspended" }),
        json!({ "job_title": "Chefe" }),
        json!({ "units": [] }),
        json!({ "roles": ["admin"] }),
    ] {
        patch(&house, "/api/users/me", &token, body).await.is(403, "PERMISSION_DENIED");
    }
    patch(&house, &own, &token, json!({ "name": "Outro" })).await.is(403, "PERMISSION_DENIED");
}

#[tokio::test]
async fn check_29_put_changes_one_field_and_refuses_what_it_does_not_know() {
    let house = House::new().await;
    let ana = house.user("agent").await;
    let token = house.access_token(&ana.email).await;
    let before = house.get("/api/users/me", &token).await.ok();
    let tag = before.header("etag").to_owned();
    let put = async |body: Value, tag: &str| {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str()), ("if-match", tag)];
        house.send(Method::PUT, "/api/users/me", &headers, Some(&body)).await
    };
    let after = put(json!({ "display_name": "Ana da recepção" }), &tag).await.ok();
    let mut expected = before.body.clone();
    expected["display_name"] = json!("Ana da recepção");
    expected["version"] = after.body["version"].clone();
    assert_eq!(after.body, expected);
    assert_ne!(after.header("etag"), tag);
    put(json!({ "display_name": "Outra" }), &tag).await.is(412, "PRECONDITION_FAILED");
    for field in
        ["id", "organization_id", "role", "email_verified", "version", "membership_id", "password", "created_at"]
    {
        let answer = put(json!({ field: "x" }), "*").await;
        assert_eq!(
            (answer.status.as_u16(), answer.body["errors"][0]["code"].as_str()),
            (422, Some("UNKNOWN_FIELD")),
            "{field}"
        );
    }
    // Absent stays, null clears; what is typed is kept in one form.
    let all = json!({ "phone": "(11) 98765-4321", "signature": "Ana\nRecepção", "timezone": "America/Manaus",
        "language": "PT-br", "languages": ["pt-BR", "en"], "preferences": { "theme": "dark", "sounds": false } });
    let own = put(all, "*").await.ok();
    assert_eq!((&own.body["phone"], &own.body["language"]), (&json!("+5511987654321"), &json!("pt-BR")));
    assert_eq!((&own.body["signature"], &own.body["timezone"]), (&json!("Ana\nRecepção"), &json!("America/Manaus")));
    let cleared = put(json!({ "phone": null, "timezone": null }), "*").await.ok();
    assert_eq!(
        (&cleared.body["phone"], &cleared.body["timezone"], &cleared.body["signature"]),
        (&Value::Null, &Value::Null, &json!("Ana\nRecepção"))
    );
    for (bad, field) in [
        (json!({ "phone": "123" }), "phone"),
        (json!({ "timezone": "Lua/Mare" }), "timezone"),
        (json!({ "language": "portuguese" }), "language"),
        (json!({ "name": " \u{202e} " }), "name"),
        (json!({ "display_name": "x".repeat(41) }), "display_name"),
        (json!({ "name": "x".repeat(151) }), "name"),
    ] {
        let answer = put(bad, "*").await.is(422, "VALIDATION_FAILED");
        assert_eq!(answer.body["errors"][0]["field"], field);
    }
    let preferences = house.get("/api/me/preferences", &token).await.ok();
    assert_eq!(preferences.body, json!({ "theme": "dark", "sounds": false }));
    let replaced =
        house.call(Method::PUT, "/api/me/preferences", &token, Some(&json!({ "density": "compact" }))).await.ok();
    assert_eq!(replaced.body, json!({ "density": "compact" }));
    assert_eq!(house.get("/api/me", &token).await.ok().body["preferences"], json!({ "density": "compact" }));
    // What is sealed does not lie open in the database.
    put(json!({ "phone": "11912345678" }), "*").await.ok();
    assert_eq!(
        house
            .count(format!("select count(*) from users where id = '{}' and phone_sealed is not null", ana.user_id))
            .await,
        1
    );
    // A repeated key makes one person.
    let boss = house.user("admin").await;
    let bearer = format!("Bearer {}", house.access_token(&boss.email).await);
    let body = json!({ "name": "Uma Só", "email": email("uma-so"), "send_invitation": false });
    let headers = [("authorization", bearer.as_str()), ("idempotency-key", "uma-so-vez-1")];
    let first = house.send(Method::POST, "/api/users", &headers, Some(&body)).await;
    let second = house.send(Method::POST, "/api/users", &headers, Some(&body)).await;
    assert_eq!((first.status, second.status, &first.body), (StatusCode::CREATED, StatusCode::CREATED, &second.body));
    assert_eq!(second.header("idempotency-replayed"), "true");
}

#[tokio::test]
async fn check_14_two_admins_who_demote_each_other_leave_one_and_twenty_leave_one_too() {
    let house = House::new().await;
    let mut admins = Vec::new();
    for _ in 0..20 {
        let admin = house.user("admin").await;
        admins.push((house.access_token(&admin.email).await, admin.user_id));
    }
    let demote = |n: usize| {
        let (token, path) = (&admins[n].0, format!("/api/users/{}", admins[(n + 1) % 20].1));
        let house = &house;
        async move { patch(house, &path, token, json!({ "roles": ["agent"] })).await }
    };
    let answers = join_all((0..20).map(demote)).await;
    let left = format!(
        "select count(distinct a.membership_id) from role_assignments a join roles r on r.id = a.role_id and r.organization_id = a.organization_id
         where a.organization_id = '{}' and r.name = 'admin'",
        house.organization.id
    );
    assert!(house.count(left.clone()).await >= 1, "somebody is left");
    assert!(
        answers.iter().all(|answer| matches!(
            (answer.status.as_u16(), answer.code()),
            (200, _) | (409, "LAST_ADMIN") | (403, _) | (503, _)
        )),
        "{answers:?}"
    );
    // Two who demote each other at the same moment, in a house with just these.
    let house = House::new().await;
    let (one, two) = (house.user("admin").await, house.user("admin").await);
    let (first, second) = (house.access_token(&one.email).await, house.access_token(&two.email).await);
    let (at_two, at_one) = (format!("/api/users/{}", two.user_id), format!("/api/users/{}", one.user_id));
    let (a, b) = tokio::join!(
        patch(&house, &at_two, &first, json!({ "roles": ["agent"] })),
        patch(&house, &at_one, &second, json!({ "roles": ["agent"] }))
    );
    let fine = [&a, &b].iter().filter(|answer| answer.status == 200).count();
    assert_eq!(fine, 1, "{} {}", a.body, b.body);
    // The one who is left can neither go, nor be kept out, nor step down.
    let (token, path) = if a.status == 200 { (first, at_one) } else { (second, at_two) };
    patch(&house, &path, &token, json!({ "roles": ["agent"] })).await.is(409, "LAST_ADMIN");
    house.call(Method::POST, &format!("{path}/suspend"), &token, None).await.is(409, "LAST_ADMIN");
    house.call(Method::DELETE, &path, &token, None).await.is(409, "LAST_ADMIN");
    house.call(Method::POST, &format!("{path}/erase"), &token, None).await.is(409, "LAST_ADMIN");
    house.call(Method::DELETE, "/api/me", &token, Some(&json!({ "immediate": true }))).await.is(409, "LAST_ADMIN");
}

#[tokio::test]
async fn suspended_and_removed_people_lose_access_at_once() {
    let house = House::new().await;
    let (boss, ana) = (house.user("admin").await, house.user("agent").await);
    let (token, hers) = (house.access_token(&boss.email).await, house.access_token(&ana.email).await);
    let path = format!("/api/users/{}", ana.user_id);
    house.get("/api/users/me", &hers).await.ok();
    assert_eq!(
        house.call(Method::POST, &format!("{path}/suspend"), &token, None).await.ok().body["status"],
        "suspended"
    );
    house.get("/api/users/me", &hers).await.is(401, "AUTH_SESSION_REVOKED");
    house.try_login(&ana.email, PASSWORD).await.is(403, "MEMBERSHIP_INACTIVE");
    house.call(Method::POST, &format!("{path}/suspend"), &token, None).await.is(409, "INVALID_TRANSITION");
    house.call(Method::POST, &format!("{path}/restore"), &token, None).await.ok();
    let hers = house.access_token(&ana.email).await;
    assert_eq!(house.call(Method::DELETE, &path, &token, None).await.status, 204);
    house.get("/api/users/me", &hers).await.is(401, "AUTH_SESSION_REVOKED");
    house.call(Method::DELETE, &path, &token, None).await.is(404, "NOT_FOUND");
    house.get(&path, &token).await.is(404, "NOT_FOUND");
    // It was the last one: the login waits for its end, unless it is invited again.
    house.try_login(&ana.email, PASSWORD).await.is(403, "ACCOUNT_DISABLED");
    assert!(
        house
            .count(format!(
                "select count(*) from users where id = '{}' and status = 'disabled' and erase_cause = 'alone'",
                ana.user_id
            ))
            .await
            == 1
    );
    let kinds: Vec<_> = house.events(house.organization.id).await.into_iter().map(|(kind, ..)| kind).collect();
    for kind in ["membership.suspended", "membership.restored", "membership.removed", "user.disabled"] {
        assert!(kinds.contains(&kind.to_owned()), "{kind}");
    }
    let body = json!({ "name": "Ana de volta", "email": ana.email, "send_invitation": false });
    let back = house.call(Method::POST, "/api/users", &token, Some(&body)).await;
    assert_eq!((back.status, back.text("id")), (StatusCode::CREATED, ana.user_id.to_string()));
    let login = json!({ "email": ana.email, "password": PASSWORD, "organization": house.organization.slug });
    house.post("/api/auth/login", &login).await.ok();
    // Leaving oneself asks for a recent proof.
    let hers = house.access_token(&ana.email).await;
    house.advance(Duration::minutes(11));
    house.call(Method::DELETE, "/api/users/me", &hers, None).await.is(403, "REAUTH_REQUIRED");
}

#[tokio::test]
async fn check_21_the_list_is_sorted_as_asked_without_telling_what_is_private() {
    let house = House::new().await;
    let (boss, bia, caio) = (house.user("admin").await, house.user("agent").await, house.user("agent").await);
    let names = [(&boss, "Ana"), (&bia, "bruna"), (&caio, "Bruna")];
    for (person, name) in names {
        let norm = name.to_lowercase();
        house
            .sql(format!("update users set name = '{name}', name_norm = '{norm}' where id = '{}'", person.user_id))
            .await;
    }
    let token = house.access_token(&boss.email).await;
    house.advance(Duration::minutes(1));
    let agent = house.access_token(&caio.email).await;
    let order = async |token: &str, sort: &str| {
        let (mut seen, mut path) = (Vec::new(), format!("/api/users?limit=1&sort={sort}"));
        loop {
            let page = house.get(&path, token).await.ok();
            seen.extend(
                page.body["data"].as_array().unwrap().iter().map(|user| user["id"].as_str().unwrap().to_owned()),
            );
            let Some(cursor) = page.body["next_cursor"].as_str() else { return seen };
            path = format!("/api/users?limit=1&sort={sort}&cursor={cursor}");
        }
    };
    let ids = |people: [&identity::CreatedUser; 3]| people.map(|person| person.user_id.to_string()).to_vec();
    assert_eq!(order(&token, "name,-last_login_at").await, ids([&boss, &caio, &bia]));
    assert_eq!(order(&token, "-last_login_at").await, ids([&caio, &boss, &bia]));
    assert_eq!(order(&token, "last_login_at").await, ids([&bia, &boss, &caio]));
    assert_eq!(order(&token, "-name,last_login_at").await, ids([&bia, &caio, &boss]));
    assert_eq!(order(&agent, "name").await.len(), 3);
    house.get("/api/users?sort=last_login_at", &agent).await.is(422, "FIELD_MASKED");
    // Only those who see e-mails find by them.
    let part = &bia.email[..12];
    assert_eq!(house.get(&format!("/api/users?q={part}"), &token).await.ok().body["data"].as_array().unwrap().len(), 1);
    assert_eq!(house.get(&format!("/api/users?q={part}"), &agent).await.ok().body["data"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn a_switch_opens_a_sibling_session_that_is_no_more_recent() {
    let house = House::new().await;
    let other = house.other_organization("Laboratório").await;
    let ana = house.user("agent").await;
    house.member(&other, &ana.email, "admin").await;
    let token = {
        let body = json!({ "email": ana.email, "password": PASSWORD, "organization": house.organization.slug });
        house.post("/api/auth/login", &body).await.ok().text("access_token")
    };
    house.advance(Duration::minutes(11));
    let switched =
        house.call(Method::POST, "/api/auth/switch", &token, Some(&json!({ "organization": other.slug }))).await.ok();
    assert_eq!(switched.body["organization"]["slug"], other.slug);
    let there = switched.text("access_token");
    assert_eq!(house.validate(&there).await.ok().body["roles"], json!(["admin"]));
    house.validate(&token).await.ok();
    // Proven eleven minutes ago, whatever the switch: sensitive things ask again.
    house.call(Method::POST, "/api/me/export", &there, None).await.is(403, "REAUTH_REQUIRED");
    let stranger = house.other_organization("Outra").await;
    house
        .call(Method::POST, "/api/auth/switch", &token, Some(&json!({ "organization": stranger.slug })))
        .await
        .is(403, "MEMBERSHIP_INACTIVE");
}

#[tokio::test]
async fn a_picture_is_an_image_and_is_sealed_where_it_lies() {
    let house = House::new().await;
    let (ana, bia) = (house.user("agent").await, house.user("agent").await);
    let (hers, theirs) = (house.access_token(&ana.email).await, house.access_token(&bia.email).await);
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89".to_vec();
    png.extend_from_slice(b"canary-of-a-picture");
    let put = house.send_bytes(Method::PUT, "/api/me/avatar", &hers, png.clone()).await;
    assert_eq!(put.0, 200);
    let path = format!("/api/users/{}/avatar", ana.user_id);
    assert_eq!(house.send_bytes(Method::GET, &path, &theirs, Vec::new()).await, (200, png.clone()));
    let key = house.text(format!("select avatar_key from users where id = '{}'", ana.user_id)).await;
    let place = files::BlobKey::parse(&key).unwrap();
    let stored =
        crate::harness::blobs().open(place.organization(), &place).await.unwrap().unwrap().into_bytes().await.unwrap();
    assert!(!stored.windows(6).any(|window| window == b"canary"), "it lies sealed");
    assert_eq!(house.send_bytes(Method::PUT, "/api/me/avatar", &hers, b"<svg onload=alert(1)>".to_vec()).await.0, 415);
    assert_eq!(
        house.send_bytes(Method::PUT, "/api/me/avatar", &hers, [png, vec![0; 600 * 1024]].concat()).await.0,
        413
    );
    assert_eq!(house.call(Method::DELETE, "/api/me/avatar", &hers, None).await.status, 204);
    assert_eq!(house.send_bytes(Method::GET, &path, &theirs, Vec::new()).await.0, 404);
}
