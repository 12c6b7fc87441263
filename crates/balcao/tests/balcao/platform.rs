//! `balcao platform`: who works for the installation, on a real database.

use crate::place::Place;
use serde_json::{Value, json};

async fn staff(place: &Place) -> Vec<(String, String)> {
    let listed = place.run(&["platform", "list", "--json"]).await.json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    listed["staff"].as_array().unwrap().iter().map(|one| (text(&one["email"]), text(&one["role"]))).collect()
}

#[tokio::test]
async fn staff_is_marked_listed_and_unmarked_by_the_operator() {
    let place = Place::new();
    let email = place.organization("operadora").await;
    assert_eq!(place.run(&["platform", "list"]).await.out.trim(), "Nobody works for the installation.");
    assert_eq!(place.run(&["platform", "list", "--json"]).await.json(), json!({ "staff": [] }));

    // Whatever the case of the address; support is what is given without saying more.
    let shouted = email.to_uppercase();
    let granted = place.run(&["platform", "grant", "--email", &shouted, "--json"]).await.json();
    assert_eq!(granted["role"], "platform_support");
    assert_eq!(staff(&place).await, [(email.clone(), "platform_support".to_owned())]);
    let told = place.run(&["platform", "grant", "--email", &email, "--role", "platform_admin"]).await;
    assert!(told.code == Some(0) && told.out.contains("platform_admin"), "{told:?}");
    assert_eq!(staff(&place).await, [(email.clone(), "platform_admin".to_owned())], "one role each");
    let listed = place.run(&["platform", "list"]).await;
    assert!(listed.out.contains(&email) && listed.out.contains("platform_admin"), "{listed:?}");

    let revoked = place.run(&["platform", "revoke", "--email", &email, "--json"]).await.json();
    assert_eq!(revoked, json!({ "email": email, "role": null }));
    assert!(staff(&place).await.is_empty());
    // Twice is the same.
    assert_eq!(place.run(&["platform", "revoke", "--email", &email]).await.code, Some(0));
}

#[tokio::test]
async fn what_cannot_be_marked_is_refused_and_changes_nothing() {
    let place = Place::new();
    let email = place.organization("operadora").await;
    let unknown = place.run(&["platform", "grant", "--email", "nobody@operadora.example"]).await;
    assert!(unknown.sentence(3).contains("No active login has this e-mail"), "{unknown:?}");
    let unknown = place.run(&["platform", "revoke", "--email", "nobody@operadora.example"]).await;
    assert!(unknown.sentence(3).contains("No active login has this e-mail"), "{unknown:?}");
    let role = place.run(&["platform", "grant", "--email", &email, "--role", "admin"]).await;
    assert!(role.sentence(3).contains("platform_admin or platform_support"), "{role:?}");
    assert_eq!(place.run(&["platform", "grant"]).await.code, Some(2), "an address is needed");
    assert_eq!(place.run(&["platform", "promote", "--email", &email]).await.code, Some(2), "no such command");
    assert!(staff(&place).await.is_empty());
}

/// What the mark is worth shows at a running server: nothing without a second factor, and gone with the mark.
#[tokio::test]
async fn the_mark_counts_at_once_and_asks_for_a_second_factor() {
    let place = Place::new();
    let email = place.organization("operadora").await;
    let server = place.serve().await;
    let token = server.login(&email, crate::place::PASSWORD).await;
    let ask = async || {
        let head =
            crate::place::request(&server.address, "GET", "/api/platform/organizations", Some(&token), None).await;
        let (status, body) = head.expect("an answer");
        let body: Value = serde_json::from_str(&body).unwrap_or_default();
        (status, body["code"].as_str().unwrap_or_default().to_owned())
    };
    let told = |code: &str| (403, code.to_owned());
    assert_eq!(ask().await, told("MFA_REQUIRED"));
    place.run(&["platform", "grant", "--email", &email, "--json"]).await.json();
    crate::place::until("another process hears of it", async || {
        let who = server.get_as(&token, "/api/auth/validate").await;
        who["permissions"].as_array().unwrap().contains(&json!("platform.support"))
    })
    .await;
    assert_eq!(ask().await, told("MFA_REQUIRED"), "this session has one factor");
    place.run(&["platform", "revoke", "--email", &email, "--json"]).await.json();
    crate::place::until("another process hears of it", async || {
        let who = server.get_as(&token, "/api/auth/validate").await;
        !who["permissions"].as_array().unwrap().contains(&json!("platform.support"))
    })
    .await;
    assert!(server.stop().await.success());
}
