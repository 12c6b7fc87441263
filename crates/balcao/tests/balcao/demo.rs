//! The README's tour: the demo, a patient's message, a reply, and its way to read.

use crate::place::{Place, until};
use serde_json::{Value, json};

#[tokio::test]
async fn the_demo_leads_from_a_message_to_a_read_reply() {
    let place = Place::new();
    let seeded = place.run(&["seed", "demo", "--json"]).await.json();
    let users = seeded["users"].as_array().unwrap();
    let roles: Vec<_> = users.iter().map(|user| user["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["admin", "manager", "supervisor", "agent", "finance", "developer", "user"]);
    assert_eq!(seeded["channel_accounts"][0]["simulation"], true);
    let away = place.run(&["simulate", "whatsapp", "--text", "Oi"]).await;
    assert!(away.sentence(5).starts_with("no server answers at http://127.0.0.1:8080"), "{away:?}");

    let server = place.serve().await;
    let again = place.run(&["seed", "demo", "--json"]).await.json();
    assert_eq!(again["organization"]["id"], seeded["organization"]["id"]);
    assert_eq!(again["channel_accounts"], seeded["channel_accounts"]);
    let agent = users.iter().find(|user| user["role"] == "agent").unwrap();
    let token = server.login(agent["email"].as_str().unwrap(), agent["password"].as_str().unwrap()).await;
    let conversations = async || server.get_as(&token, "/api/conversations").await["data"].as_array().unwrap().clone();
    let seen: i64 = conversations().await.iter().map(|conversation| conversation["last_seq"].as_i64().unwrap()).sum();
    assert_eq!((conversations().await.len(), seen), (3, 6), "seeding twice tells every message once");

    let told = place.run(&["simulate", "whatsapp", "--text", "Oi, quero marcar uma consulta", "--json"]).await.json();
    assert_eq!(told["organization"], "clinica-demo");
    until("the message has arrived", async || conversations().await.len() == 4).await;
    let id = conversations().await[0]["id"].as_str().unwrap().to_owned();
    let body = json!({"segments": [{"type": "text", "text": "Claro! Quinta às 10h?"}]});
    let (status, reply) = server.post(&format!("/api/conversations/{id}/messages"), Some(&token), &body).await;
    assert_eq!(status, 201, "{reply}");

    // Without a word about which one it is the newest reply, waited for until it has left (or would have).
    let told = place.run(&["simulate", "whatsapp", "--status", "read", "--json"]).await.json();
    assert_eq!(told["message_id"], reply["id"]);
    let path = format!("/api/messages/{}", reply["id"].as_str().unwrap());
    let status_of = async |wanted: &str| -> bool { server.get_as(&token, &path).await["status"] == *wanted };
    until("the reply is read", async || status_of("read").await).await;
    let message = server.get_as(&token, &path).await;
    let steps: Vec<&Value> = message["status_times"].as_array().unwrap().iter().map(|time| &time["status"]).collect();
    assert_eq!(steps, ["queued", "accepted", "sent", "delivered", "read"]);
    assert!(server.stop().await.success());
}

#[tokio::test]
async fn production_has_no_demo() {
    let place = Place::new().with("BALCAO_PRODUCTION", "true");
    assert!(place.run(&["seed", "demo"]).await.sentence(3).contains("production"));
    assert!(!place.data().exists(), "nothing was made");
}
