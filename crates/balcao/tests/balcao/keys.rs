//! Turning the installation's key over, with real processes: beside a running server, killed in the middle, taken up again.

use crate::place::{PASSWORD, Place, request, signal, until};
use serde_json::{Value, json};
use sqlx::{ConnectOptions as _, PgConnection};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

const OLD: &str = "0101010101010101010101010101010101010101010101010101010101010101";
const NEW: &str = "0202020202020202020202020202020202020202020202020202020202020202";

/// Byte columns that hold no sealed values, and what they hold.
const NOT_SEALED: &[(&str, &str)] = &[
    ("api_keys.secret_hash", "a hash"),
    ("audit_checkpoints.hash", "a hash"),
    ("audit_checkpoints.signature", "a signature"),
    ("audit_entries.hash", "a hash"),
    ("audit_entries.prev_hash", "a hash"),
    ("audit_heads.hash", "a hash"),
    ("audit_heads.signature", "a signature"),
    ("audit_values.lookup", "a keyed hash"),
    ("audit_values.salt", "a salt"),
    ("ceremonies.token_hash", "a hash"),
    ("data_keys.wrapped", "wrapped by the provider: rewrap"),
    ("idempotency_keys.body", "sealed with what only a repeated request brings"),
    ("idempotency_keys.fingerprint", "a hash"),
    ("inbound_raw.body_hash", "a keyed hash"),
    ("invitations.token_hash", "a hash"),
    ("known_devices.device_hash", "a hash"),
    ("lasting_keys.vouched", "a signature"),
    ("login_throttles.email_hash", "a keyed hash"),
    ("memberships.signature_sealed", "sealed with the person's key"),
    ("messages.client_fingerprint", "a hash"),
    ("one_time_links.token_hash", "a hash"),
    ("parked_updates.payload", "what a provider says of a message's way: ids, codes, instants"),
    ("passkeys.credential_id", "public"),
    ("recovery_codes.code_hash", "a keyed hash"),
    ("refresh_tokens.token_hash", "a hash"),
    ("setup_token.token_hash", "a hash"),
    ("users.pending_email_sealed", "sealed with the person's key"),
    ("users.phone_sealed", "sealed with the person's key"),
    ("users.previous_email_sealed", "sealed with the person's key"),
];

/// The superuser's connection to the own PostgreSQL of a place whose server runs.
async fn sql(place: &Place) -> PgConnection {
    let server = store::embedded::attach(&place.data()).await.unwrap().expect("it runs");
    server.superuser_options().database("balcao").connect().await.unwrap()
}

#[tokio::test]
async fn every_sealed_column_is_known_to_the_turning_over_of_keys() {
    let place = Place::new();
    let said = place.run(&["catalogue", "--json"]).await.json();
    let mut known: BTreeSet<String> = NOT_SEALED.iter().map(|(column, _)| (*column).to_owned()).collect();
    for module in said.as_array().unwrap() {
        known.extend(module["sealed"].as_array().unwrap().iter().map(|column| column.as_str().unwrap().to_owned()));
    }
    let server = place.serve().await;
    let columns: Vec<String> = sqlx::query_scalar(
        "select table_name || '.' || column_name from information_schema.columns c
         join pg_class t on t.relname = c.table_name and t.relkind in ('r', 'p') and not t.relispartition
         where c.table_schema = 'public' and c.table_name <> '_sqlx_migrations' and (data_type = 'bytea' or column_name like '%sealed%' or column_name = 'payload')",
    )
    .fetch_all(&mut sql(&place).await)
    .await
    .unwrap();
    let columns: BTreeSet<String> = columns.into_iter().collect();
    assert!(columns.len() > 20, "{columns:?}");
    let unknown: Vec<_> = columns.difference(&known).collect();
    assert!(unknown.is_empty(), "say of these whether they are sealed, and list those that are: {unknown:?}");
    let gone: Vec<_> = known.difference(&columns).collect();
    assert!(gone.is_empty(), "these are listed and not there: {gone:?}");
    assert!(server.stop().await.success());
}

/// Asks as clients do until told to stop; how many requests were answered, and what was wrong with the others.
async fn ask(address: String, email: String, stop: Arc<AtomicBool>, answered: Arc<AtomicUsize>) -> Vec<String> {
    let mut wrong = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let body = json!({ "email": email, "password": PASSWORD });
        let login = request(&address, "POST", "/api/auth/login", None, Some(&body)).await;
        let token = match &login {
            Some((200, body)) => {
                serde_json::from_str::<Value>(body).unwrap()["access_token"].as_str().unwrap().to_owned()
            }
            // Too many sign-ins of one address are none of our concern here.
            Some((429, _)) => {
                tokio::time::sleep(Duration::from_millis(200)).await;
                continue;
            }
            other => {
                wrong.push(format!("{other:?}"));
                continue;
            }
        };
        for path in ["/api/users/me", "/api/audit/logs", "/api/auth/validate"] {
            match request(&address, "GET", path, Some(&token), None).await {
                Some((200, _)) => {
                    answered.fetch_add(1, Ordering::Relaxed);
                }
                other => wrong.push(format!("{path}: {other:?}")),
            }
        }
    }
    wrong
}

#[tokio::test]
async fn the_operator_turns_the_keys_of_tokens_over_beside_a_running_server() {
    let place = Place::new();
    let server = place.serve().await;
    let email = place.organization("clinica").await;
    let token = server.login(&email, PASSWORD).await;
    let published = async || {
        let (_, jwks) = request(&server.address, "GET", "/.well-known/jwks.json", None, None).await.unwrap();
        serde_json::from_str::<Value>(&jwks).unwrap()["keys"].as_array().unwrap().len()
    };
    assert_eq!(published().await, 1);
    let done = place.run(&["keys", "rotate", "--tokens", "--json"]).await.json();
    assert_eq!(done, json!({ "signs": null, "emergency": false }));
    until("the new key is published", async || published().await == 2).await;
    server.get_as(&token, "/api/users/me").await;
    let done = place.run(&["keys", "rotate", "--tokens", "--emergency", "--json"]).await.json();
    assert!(done["signs"].is_string() && done["emergency"] == true, "{done}");
    until("tokens of before are refused", async || {
        request(&server.address, "GET", "/api/users/me", Some(&token), None).await.unwrap().0 == 401
    })
    .await;
    let token = server.login(&email, PASSWORD).await;
    server.get_as(&token, "/api/users/me").await;
    assert_eq!(published().await, 1);
    assert_eq!(place.run(&["keys", "rotate", "--emergency"]).await.code, Some(2));
    assert!(server.stop().await.success());
}

#[tokio::test]
async fn the_installations_key_is_turned_over_beside_a_running_server_killed_and_resumed() {
    let mut place = Place::new()
        .with("BALCAO_ENCRYPTION_KEY", OLD)
        .with("BALCAO_LIMITS_LOGIN", "off")
        .with("BALCAO_LIMITS_LOGIN_PAIR", "off");
    let server = place.serve().await;
    let email = place.organization("clinica").await;
    let token = server.login(&email, PASSWORD).await;
    let change = json!({ "phone": "11987650001", "signature": "Ana Lima" });
    let (status, answer) = patch(&server.address, &token, &change).await;
    assert_eq!(status, 200, "{answer}");
    let (status, _) = server.post("/api/me/mfa/totp", Some(&token), &json!({})).await;
    assert!(status < 300, "{status}");
    for n in 0..40 {
        let (status, _) = server
            .post("/api/auth/password/forgot", None, &json!({ "email": format!("ninguem{n}@clinica.example") }))
            .await;
        assert!(status == 202 || status == 429, "{status}");
        server.login(&email, PASSWORD).await;
    }
    let head = place.run(&["audit", "head", "--organization", "clinica", "--json"]).await.json();
    std::fs::write(place.path().join("head.json"), head.to_string()).unwrap();
    let old = place.run(&["keys", "status", "--json"]).await.json()["keys"][0].as_str().unwrap().to_owned();
    assert!(place.run(&["keys", "retire", &old]).await.sentence(3).contains("in use"));
    assert!(server.stop().await.success());

    // The new key seals from here on, the old one still opens.
    place.variables.retain(|(name, _)| name != "BALCAO_ENCRYPTION_KEY");
    let mut place = place.with("BALCAO_ENCRYPTION_KEY", NEW).with("BALCAO_ENCRYPTION_KEYS_PREVIOUS", OLD);
    let server = place.serve().await;
    let refused = place.run(&["keys", "retire", &old]).await;
    assert!(refused.sentence(3).contains("is still needed"), "{refused:?}");
    let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    #[expect(clippy::disallowed_methods, reason = "clients beside the commands; joined at the end")]
    let asking = tokio::spawn(ask(server.address.clone(), email.clone(), stop.clone(), answered.clone()));
    // Killed at other moments each time; whatever was done stays, nothing is half.
    for pause in [30, 60, 120, 240] {
        let mut rotating = place.start(&["keys", "rotate"]);
        tokio::time::sleep(Duration::from_millis(pause)).await;
        signal(rotating.id().unwrap_or_default(), "KILL");
        let _ = rotating.wait().await;
    }
    let done = place.run(&["keys", "rotate", "--json"]).await.json();
    assert_eq!(done["left"], 0, "{done}");
    let status = place.run(&["keys", "status", "--json"]).await.json();
    for column in status["columns"].as_array().unwrap() {
        assert!(column["sealed_by"].get(&old).is_none(), "{column}");
    }
    assert_eq!(place.run(&["keys", "rotate", "--json"]).await.json()["resealed"], 0, "nothing is left to do");
    stop.store(true, Ordering::Relaxed);
    let wrong = asking.await.unwrap();
    assert!(wrong.is_empty() && answered.load(Ordering::Relaxed) > 3, "{wrong:?}");
    assert_eq!(place.run(&["keys", "retire", &old]).await.code, Some(0));
    assert!(place.run(&["keys", "retire", "00000000"]).await.sentence(3).contains("there is no key"));
    assert!(server.stop().await.success());

    // Without the old key everything is still there.
    place.variables.retain(|(name, _)| name != "BALCAO_ENCRYPTION_KEYS_PREVIOUS");
    let server = place.serve().await;
    let token = server.login(&email, PASSWORD).await;
    let me = server.get_as(&token, "/api/users/me").await;
    assert_eq!((&me["phone"], &me["signature"]), (&json!("+5511987650001"), &json!("Ana Lima")));
    let logs = server.get_as(&token, "/api/audit/logs?ip=127.0.0.1").await;
    assert!(!logs["data"].as_array().unwrap().is_empty(), "found by an address from before");
    assert!(logs["data"].as_array().unwrap().iter().all(|entry| entry["ip"] == "127.0.0.1"), "{logs}");
    // What changed in a record is told to whoever may view it, and a record that is not there has no history.
    let history = |id: &str| format!("/api/history?resource_type=user&resource_id={id}");
    let told = server.get_as(&token, &history(me["id"].as_str().unwrap())).await;
    assert!(told["data"].to_string().contains("phone"), "{told}");
    let nobody = history("01990c5e-8f6a-7000-8000-000000000001");
    assert_eq!(request(&server.address, "GET", &nobody, Some(&token), None).await.unwrap().0, 404);
    let verify = ["audit", "verify", "--organization", "clinica", "--head", "head.json", "--json"];
    assert_eq!(place.run(&verify).await.json()["valid"], true, "a head signed before still holds");
    assert!(server.stop().await.success());
}

async fn patch(address: &str, token: &str, body: &Value) -> (u16, String) {
    request(address, "PATCH", "/api/users/me", Some(token), Some(body)).await.unwrap()
}
