//! What somebody may try on the way to a provider and back.

use super::world::{Browser, World, code_of, path_of, with};
use crate::harness::unique;
use crate::provider::walk;
use http::Method;
use outbound::Url;
use serde_json::json;

#[tokio::test]
async fn check_13_a_provider_asserting_a_foreign_admins_e_mail_gets_no_session_here_or_there() {
    let world = World::new().await;
    let (house, own) = (&world.house, world.own_id().await);
    let victims = house.other_organization("Vítima").await;
    let victim_domain = format!("{}.example", unique("vitima"));
    world.proves(&victims, &victim_domain).await;
    let email = format!("chefe@{victim_domain}");
    house.member(&victims, &email, "admin").await;
    let subject = world.person(&email, true, &["chefia"]).await;
    world.refused(&own, &subject, "OIDC_NOT_LINKED").await;
    // Also when the victim is a member here as well, but the domain is not ours.
    house.member(&house.organization, &email, "admin").await;
    world.refused(&own, &subject, "OIDC_NOT_LINKED").await;
    // Also when the domain was smuggled into the provider's list.
    house
        .sql(format!("update identity_providers set domains = domains || '{victim_domain}'::text where id = '{own}'"))
        .await;
    world.refused(&own, &subject, "OIDC_NOT_LINKED").await;
    // It cannot be written there the regular way.
    let token = world.admin_token().await;
    let path = format!("/api/identity-providers/{own}");
    let refused = world.bearer(Method::PATCH, &path, &token, Some(&json!({ "domains": [victim_domain] }))).await;
    assert_eq!(
        (refused.status.as_u16(), refused.body["errors"][0]["code"].as_str()),
        (422, Some("DOMAIN_NOT_VERIFIED"))
    );
    // The platform's providers link nobody by e-mail.
    world.refused("main", &subject, "OIDC_NOT_LINKED").await;
    assert_eq!(world.sessions_of(&email).await, 0);
    let linked = format!("select count(*) from user_identities where subject = '{subject}'");
    assert_eq!(house.count(linked).await, 0);
}

#[tokio::test]
async fn attack_state_nonce_code_and_browser_cannot_be_mixed() {
    let world = World::new().await;
    let (house, own) = (&world.house, world.own_id().await);
    let subject = world.person(&format!("ana@{}", world.domain), true, &[]).await;
    let mut browser = Browser::default();
    let there = world.start(&mut browser, &own).await;
    for part in ["code_challenge_method=S256", "code_challenge=", "state=", "nonce=", "response_type=code"] {
        assert!(there.contains(part), "{there}");
    }
    let back = walk(&world.provider, &there, &subject).await;
    // Another browser, one without anything, and one with a made-up cookie.
    for cookie in [None, Some("__Host-balcao_oidc=AAAA"), Some(&*format!("__Host-balcao_oidc={}", "A".repeat(43)))] {
        let mut other = Browser { cookie: cookie.map(str::to_owned) };
        other.get(house, &path_of(&back)).await.is(400, "OIDC_STATE_INVALID");
    }
    // A state that was presented once is used up, for its own browser too.
    browser.get(house, &path_of(&back)).await.is(400, "OIDC_STATE_INVALID");

    // Replay of a way that ended well.
    let there = world.start(&mut browser, &own).await;
    let back = walk(&world.provider, &there, &subject).await;
    assert_eq!(browser.get(house, &path_of(&back)).await.status, 303);
    browser.get(house, &path_of(&back)).await.is(400, "OIDC_STATE_INVALID");

    // The code of one way with the state of another: the provider knows whose challenge it was made for.
    let mut victim = Browser::default();
    let evil = walk(&world.provider, &world.start(&mut browser, &own).await, &subject).await;
    let stolen = evil.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    let good = walk(&world.provider, &world.start(&mut victim, &own).await, &subject).await;
    let mixed = with(good.as_str(), "code", &stolen);
    victim.get(house, &path_of(&Url::parse(&mixed).unwrap())).await.is(400, "OIDC_RESPONSE_INVALID");

    // Another nonce or challenge on the way there.
    for (name, value) in [("nonce", "made-up-nonce"), ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")]
    {
        let there = with(&world.start(&mut browser, &own).await, name, value);
        let back = walk(&world.provider, &there, &subject).await;
        browser.get(house, &path_of(&back)).await.is(400, "OIDC_RESPONSE_INVALID");
    }

    // Another issuer answers, another provider's callback is asked, the state is made up or missing.
    let back = walk(&world.provider, &world.start(&mut browser, &own).await, &subject).await;
    let mixed = with(back.as_str(), "iss", "https://evil.example");
    browser.get(house, &path_of(&Url::parse(&mixed).unwrap())).await.is(400, "OIDC_STATE_INVALID");
    let back = walk(&world.provider, &world.start(&mut browser, &own).await, &subject).await;
    let mixed = path_of(&back).replace(&own, "main");
    browser.get(house, &mixed).await.is(400, "OIDC_STATE_INVALID");
    let callback = format!("/api/auth/oidc/{own}/callback");
    browser.get(house, &format!("{callback}?code=x&state=made-up")).await.is(400, "OIDC_STATE_INVALID");
    browser.get(house, &callback).await.is(400, "OIDC_STATE_INVALID");
}

#[tokio::test]
async fn attack_the_code_of_the_console_is_short_lived_and_its_browsers_alone() {
    let world = World::new().await;
    let (house, own) = (&world.house, world.own_id().await);
    let subject = world.person(&format!("ana@{}", world.domain), true, &[]).await;
    let mut browser = Browser::default();
    let code = code_of(&world.round(&mut browser, &own, &subject).await);
    // Somebody is lured into a session that is not his (login CSRF).
    world.exchange(&Browser::default(), &code).await.is(400, "OIDC_CODE_INVALID");
    world.exchange(&browser, &code).await.is(400, "OIDC_CODE_INVALID");
    let code = code_of(&world.round(&mut browser, &own, &subject).await);
    house.advance(chrono::Duration::seconds(60));
    world.exchange(&browser, &code).await.is(400, "OIDC_CODE_INVALID");
    world.exchange(&browser, "made-up").await.is(400, "OIDC_CODE_INVALID");
}

#[tokio::test]
async fn attack_browsers_are_sent_back_to_our_own_pages_only() {
    let world = World::new().await;
    let own = world.own_id().await;
    for evil in [
        "https://evil.example/",
        "//evil.example/",
        "/%5Cevil.example",
        "https:%2F%2Flocalhost:8080@evil.example/",
        "javascript:alert(1)",
        "http://localhost:8081/",
        "https://localhost:8080/",
        "/%09/evil.example",
    ] {
        let path = format!("/api/auth/oidc/{own}/start?return_to={evil}");
        Browser::default().get(&world.house, &path).await.is(422, "REDIRECT_NOT_ALLOWED");
    }
    // What comes in the host header does not count.
    let path = format!("/api/auth/oidc/{own}/start");
    let answer = world
        .house
        .send(Method::GET, &path, &[("host", "evil.example"), ("x-forwarded-host", "evil.example")], None)
        .await;
    assert_eq!(answer.status, 303);
    assert!(!answer.header("location").contains("evil"), "{}", answer.header("location"));
    Browser::default().get(&world.house, "/api/auth/oidc/nobody/start").await.is(404, "NOT_FOUND");
    Browser::default()
        .get(&world.house, &format!("/api/auth/oidc/{}/start", uuid::Uuid::nil()))
        .await
        .is(404, "NOT_FOUND");
}

#[tokio::test]
async fn attack_an_organizations_provider_is_no_way_into_the_login_itself() {
    let world = World::new().await;
    let (house, own) = (&world.house, world.own_id().await);
    // A login of elsewhere that linked an account of this organization's provider by itself.
    let ana = house.user("agent").await;
    let subject = world.person("qualquer@elsewhere.example", true, &[]).await;
    let token = house.access_token(&ana.email).await;
    let begun = world.bearer(Method::POST, "/api/me/identities", &token, Some(&json!({ "provider": own }))).await.ok();
    let mut browser = Browser::default();
    browser.keep(&begun);
    let back = walk(&world.provider, &begun.text("authorization_url"), &subject).await;
    assert_eq!(browser.get(house, &path_of(&back)).await.status, 303);
    // The provider may say so whenever it wants; its word does not open what belongs to the login.
    let signed_in = world.sign_in(&own, &subject).await.ok();
    let token = signed_in.text("access_token");
    house.get("/api/users/me", &token).await.ok();
    for path in ["/api/me/passkeys/options", "/api/me/mfa/totp"] {
        world.bearer(Method::POST, path, &token, None).await.is(403, "REAUTH_REQUIRED");
    }
    let other = house.other_organization("Outra").await;
    house.member(&other, &ana.email, "admin").await;
    let switched =
        world.bearer(Method::POST, "/api/auth/switch", &token, Some(&json!({ "organization": other.slug }))).await;
    switched.is(403, "SIGN_IN_METHOD_NOT_ALLOWED");
}
