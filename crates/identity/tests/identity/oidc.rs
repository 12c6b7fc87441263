//! Signing in through identity providers, with a real one.

mod attacks;
mod claims;
mod world;

use crate::harness::{PASSWORD, unique};
use crate::provider::{CLIENT_SECRET, walk};
use http::Method;
use serde_json::{Value, json};
use world::{Browser, ISSUER, World, code_of, path_of, rand_bits};

#[tokio::test]
async fn a_real_provider_signs_a_newcomer_in() {
    let world = World::new().await;
    let (house, own) = (&world.house, world.own_id().await);
    let email = format!("ana@{}", world.domain);
    let subject = world.person(&email, true, &["recepcao"]).await;
    let mut browser = Browser::default();
    let page = world.round(&mut browser, &own, &subject).await;
    let code = code_of(&page);
    let answer = world.exchange(&browser, &code).await.ok();
    assert_eq!((&answer.body["user"]["email"], &answer.body["user"]["name"]), (&json!(email), &json!("Ana Souza")));
    assert_eq!(answer.body["organization"]["slug"], house.organization.slug);
    let mut roles: Vec<&str> =
        answer.body["user"]["roles"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    roles.sort_unstable();
    assert_eq!(roles, ["agent", "user"], "of the group and the one of newcomers");
    let validated = house.validate(&answer.text("access_token")).await.ok();
    assert_eq!(validated.body["session"]["amr"], json!(["oidc_org"]));
    // The code was good once.
    world.exchange(&browser, &code).await.is(400, "OIDC_CODE_INVALID");

    // Again: the same person, whatever the e-mail there is now; the group decides anew.
    let claims = json!({ "email": "other@elsewhere.example", "email_verified": true, "groups": ["chefia"] });
    world.provider.person(&subject, &claims).await;
    let again = world.sign_in(&own, &subject).await.ok();
    assert_eq!(again.body["user"]["id"], answer.body["user"]["id"]);
    let mut roles: Vec<&str> =
        again.body["user"]["roles"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    roles.sort_unstable();
    assert_eq!(roles, ["supervisor", "user"]);
    let told: String = house.events(house.organization.id).await.iter().map(|(_, data, _)| data.to_string()).collect();
    assert!(!told.contains(&email) && !told.contains(&code) && !told.contains(&subject), "ids only");
}

#[tokio::test]
async fn an_unverified_e_mail_and_a_stranger_without_jit_are_not_let_in() {
    let world = World::new().await;
    let (house, own) = (&world.house, world.own_id().await);
    let email = format!("ana@{}", world.domain);
    house.member(&house.organization, &email, "agent").await;
    let unverified = world.person(&email, false, &[]).await;
    world.refused(&own, &unverified, "OIDC_NOT_LINKED").await;
    let verified = world.person(&email, true, &[]).await;
    world.sign_in(&own, &verified).await.ok();
    // A second account there that claims the same e-mail is somebody else.
    let second = world.person(&email, true, &[]).await;
    world.refused(&own, &second, "OIDC_NOT_LINKED").await;
    house.sql(format!("update identity_providers set jit = false where id = '{own}'")).await;
    let newcomer = world.person(&format!("novo@{}", world.domain), true, &[]).await;
    world.refused(&own, &newcomer, "OIDC_NOT_LINKED").await;
    // Whom the organization put out stays out.
    house.sql(format!("update memberships set status = 'suspended' where user_id = (select id from users where email_norm = '{email}')")).await;
    world.sign_in(&own, &verified).await.is(403, "MEMBERSHIP_INACTIVE");
}

#[tokio::test]
async fn a_person_links_an_account_of_the_platforms_provider_and_takes_it_away() {
    let world = World::new().await;
    let house = &world.house;
    let ana = house.user("agent").await;
    let token = house.access_token(&ana.email).await;
    // The e-mail there does not matter: the person says that it is hers.
    let subject = world.person("pessoal@elsewhere.example", true, &[]).await;
    world.refused("main", &subject, "OIDC_NOT_LINKED").await;
    let mut browser = Browser::default();
    let body = json!({ "provider": "main", "return_to": "/conta" });
    let begun = world.bearer(Method::POST, "/api/me/identities", &token, Some(&body)).await.ok();
    browser.keep(&begun);
    let back = walk(&world.provider, &begun.text("authorization_url"), &subject).await;
    let landed = browser.get(house, &path_of(&back)).await;
    assert_eq!(landed.header("location"), format!("{ISSUER}/conta#linked=main"));
    let listed = house.get("/api/me/identities", &token).await.ok();
    assert_eq!(
        (listed.body["data"].as_array().unwrap().len(), &listed.body["data"][0]["provider"]),
        (1, &json!("main"))
    );

    let signed_in = world.sign_in("main", &subject).await.ok();
    assert_eq!(signed_in.body["user"]["email"], ana.email);
    let session = house.validate(&signed_in.text("access_token")).await.ok();
    assert_eq!(session.body["session"]["amr"], json!(["oidc"]));

    // It is hers now and nobody else's to link.
    let bia = house.access_token(&house.user("agent").await.email).await;
    let begun = world.bearer(Method::POST, "/api/me/identities", &bia, Some(&body)).await.ok();
    browser.keep(&begun);
    let back = walk(&world.provider, &begun.text("authorization_url"), &subject).await;
    assert_eq!(
        browser.get(house, &path_of(&back)).await.header("location"),
        format!("{ISSUER}/conta#error=IDENTITY_TAKEN")
    );

    let path = format!("/api/me/identities/{}", listed.body["data"][0]["id"].as_str().unwrap());
    world.bearer(Method::DELETE, &path, &bia, None).await.is(404, "NOT_FOUND");
    assert_eq!(world.bearer(Method::DELETE, &path, &token, None).await.status, 204);
    world.refused("main", &subject, "OIDC_NOT_LINKED").await;
}

#[tokio::test]
async fn where_it_is_enforced_passwords_are_refused_but_for_the_break_glass_admin() {
    let world = World::new().await;
    let (house, own) = (&world.house, world.own_id().await);
    let email = format!("ana@{}", world.domain);
    house.member(&house.organization, &email, "agent").await;
    let admin = house.member(&house.organization, &format!("chefe@{}", world.domain), "admin").await;
    let token = world.admin_token().await;
    let path = format!("/api/identity-providers/{own}");
    let enforce = json!({ "enforced": true, "break_glass_user_id": admin.user_id });
    let refused = world.bearer(Method::PATCH, &path, &token, Some(&enforce)).await;
    assert_eq!(
        (refused.status.as_u16(), refused.body["errors"][0]["code"].as_str()),
        (422, Some("BREAK_GLASS_INVALID")),
        "no second factor yet"
    );
    house
        .sql(format!(
            "insert into totp_factors (user_id, secret_sealed, created_at, confirmed_at) values ('{}', 'x', now(), now())",
            admin.user_id
        ))
        .await;
    world.bearer(Method::PATCH, &path, &token, Some(&enforce)).await.ok();
    let refused = house.try_login(&email, PASSWORD).await.is(403, "SIGN_IN_METHOD_NOT_ALLOWED");
    assert_eq!(refused.body["provider"], own);
    // A wrong password says nothing of it.
    house.try_login(&email, "not-the-password").await.is(401, "AUTH_CREDENTIALS_INVALID");
    assert_eq!(house.login(&admin.email).await.body["status"], "mfa_required");
    let subject = world.person(&email, true, &[]).await;
    world.sign_in(&own, &subject).await.ok();
    // People of other domains go on as before.
    assert!(house.login(&house.user("agent").await.email).await.body.get("access_token").is_some());
}

#[tokio::test]
async fn providers_are_managed_by_admins_and_never_show_the_secret() {
    let world = World::new().await;
    let (house, own) = (&world.house, world.own_id().await);
    let token = world.admin_token().await;
    let path = format!("/api/identity-providers/{own}");
    let shown = house.get("/api/identity-providers", &token).await.ok();
    assert!(!shown.body.to_string().contains(CLIENT_SECRET) && shown.body["data"][0].get("client_secret").is_none());
    assert_eq!(shown.body["data"][0]["group_role_map"], json!({ "chefia": "supervisor", "recepcao": "agent" }));
    assert_eq!(shown.body["data"][0]["callback_url"], format!("{ISSUER}/api/auth/oidc/{own}/callback"));
    assert_eq!(
        world.bearer(Method::POST, &format!("{path}/test"), &token, None).await.ok().body,
        json!({ "ok": true, "problem": null })
    );

    let renamed = world.bearer(Method::PATCH, &path, &token, Some(&json!({ "name": "Outras contas" }))).await.ok();
    assert_eq!((&renamed.body["name"], renamed.header("etag")), (&json!("Outras contas"), "\"v2\""));
    let stale = [("authorization", &*format!("Bearer {token}")), ("if-match", "\"v1\"")];
    assert_eq!(house.send(Method::PATCH, &path, &stale, Some(&json!({ "jit": false }))).await.status, 412);
    // A secret goes to nobody else than whom it was given for.
    let moved = world.bearer(Method::PATCH, &path, &token, Some(&json!({ "issuer": "https://evil.example" }))).await;
    assert_eq!((moved.status.as_u16(), moved.body["errors"][0]["field"].as_str()), (422, Some("client_secret")));
    for issuer in [
        "http://169.254.169.254/latest",
        "https://10.0.0.1",
        "https://localhost",
        "file:///etc/passwd",
        "https://a:b@x.example",
        "https://x.example?y=1",
    ] {
        let body = json!({ "name": "x", "issuer": issuer, "client_id": "x", "client_secret": "x" });
        let answer = world.bearer(Method::POST, "/api/identity-providers", &token, Some(&body)).await;
        assert_eq!(
            (answer.status.as_u16(), answer.body["errors"][0]["code"].as_str()),
            (422, Some("ISSUER_NOT_ALLOWED")),
            "{issuer}"
        );
    }
    let agent = house.access_token(&house.user("agent").await.email).await;
    house.get("/api/identity-providers", &agent).await.is(403, "PERMISSION_DENIED");
    world.bearer(Method::DELETE, &path, &agent, None).await.is(403, "PERMISSION_DENIED");
    // Another organization's admin sees nothing of it.
    let other = house.other_organization("Outra").await;
    let stranger = house.member(&other, &format!("{}@x.example", unique("a")), "admin").await;
    let stranger = house.access_token(&stranger.email).await;
    for (method, path) in [(Method::DELETE, path.clone()), (Method::POST, format!("{path}/test"))] {
        world.bearer(method, &path, &stranger, None).await.is(404, "NOT_FOUND");
    }
    world.bearer(Method::PATCH, &path, &stranger, Some(&json!({ "name": "x" }))).await.is(404, "NOT_FOUND");

    house.advance(chrono::Duration::minutes(11));
    world.bearer(Method::DELETE, &path, &token, None).await.is(403, "REAUTH_REQUIRED");
    let token = world.admin_token().await;
    assert_eq!(world.bearer(Method::DELETE, &path, &token, None).await.status, 204);
    Browser::default().get(house, &format!("/api/auth/oidc/{own}/start")).await.is(404, "NOT_FOUND");
}

#[tokio::test]
async fn groups_map_only_within_the_rights_of_whoever_writes_them() {
    let world = World::new().await;
    let house = &world.house;
    // Somebody who may manage the organization and little else.
    let writer = house.user("user").await;
    house
        .sql(format!(
            "with r as (insert into roles (id, organization_id, name, name_folded, permissions, created_at, updated_at)
               values ('{id}', '{org}', 'Zelador', 'zelador', '{{organization.manage}}', now(), now()) returning id)
             insert into role_assignments (id, organization_id, membership_id, role_id, scope_type, created_at)
             select '{id}', '{org}', '{member}', r.id, 'organization', now() from r",
            id = uuid::Uuid::from_u128(u128::from(rand_bits()) << 64 | u128::from(rand_bits())),
            org = house.organization.id,
            member = writer.membership_id,
        ))
        .await;
    let token = house.access_token(&writer.email).await;
    let body = |map: Value, default: &str| {
        json!({ "name": "x", "issuer": world.provider.issuer, "client_id": "x", "client_secret": "x",
                "default_role": default, "group_role_map": map })
    };
    for (map, default) in [(json!({ "g": "admin" }), "user"), (json!({ "g": "manager" }), "user"), (json!({}), "admin")]
    {
        let answer = world.bearer(Method::POST, "/api/identity-providers", &token, Some(&body(map, default))).await;
        answer.is(403, "GRANT_EXCEEDS_OWN");
    }
    let unknown = world
        .bearer(Method::POST, "/api/identity-providers", &token, Some(&body(json!({ "g": "no such" }), "user")))
        .await;
    assert_eq!((unknown.status.as_u16(), unknown.body["errors"][0]["code"].as_str()), (422, Some("ROLE_UNKNOWN")));
}
