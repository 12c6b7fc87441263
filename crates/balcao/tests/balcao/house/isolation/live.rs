//! Sockets of API keys, of people who act in somebody's name, of the suspended and of those who owe something: what they
//! are let in to, and that they are cut while they are open.

use super::super::client::Person;
use super::super::socket::Socket;
use super::cast::{Key, in_name_of, staff, support};
use super::sockets::{EVENTS, rooms};
use super::{Ids, NOBODYS, Two, picture, told};
use reqwest::Method;
use serde_json::json;
use sqlx::{AssertSqlSafe, PgConnection};

/// Keys and people in others' names get no more by a socket than by a route.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_socket_of_a_key_or_in_anothers_name_reaches_another_organization() {
    let mut two = Two::new().await;
    let mut sql = two.server.sql().await;
    let colleague = two.ours.person(&two.server, "caio", "admin").await;
    let colleague = colleague.get("/api/me").await["id"].as_str().expect("an id").to_owned();
    let staff = staff(&two.server, &mut sql).await;
    let subjects = [
        ("a key", Key::make(&two.server, &two.us, "Integração").await.bearer),
        ("in a member's name", in_name_of(&two.server, &two.us, &colleague).await),
        ("a support session", support(&two.server, &staff, &two.us, "casa-a").await),
    ];
    let (theirs, ours) = (picture(&mut sql, "casa-b").await, picture(&mut sql, "casa-a").await);
    let nobodys: Ids = two.their_ids.keys().map(|kind| (*kind, NOBODYS)).collect();
    for (name, subject) in &subjects {
        let mut socket = Socket::connect(&two.server.url(), subject.token()).await;
        rooms(&mut socket, &two).await;
        for (event, body) in EVENTS {
            let foreign = told(socket.call(event, &body(&two.their_ids)).await);
            let unknown = told(socket.call(event, &body(&nobodys)).await);
            assert_eq!(foreign["ok"], false, "{name}: {event}: {foreign}");
            assert_eq!(foreign, unknown, "{name}: {event}: theirs and nobody's alike");
        }
        // What they may see of ours they hear; what they may not do there is refused for that.
        let ours = json!({ "rooms": [format!("conversation:{}", two.our_ids["conversation_id"])] });
        assert_eq!(socket.call("subscribe", &ours).await["rooms"][0]["ok"], true, "{name}");
        if *name != "a key" {
            for (event, body) in
                EVENTS.iter().filter(|(event, _)| *name == "in a member's name" || *event == "message_send")
            {
                let answer = socket.call(event, &body(&two.our_ids)).await;
                assert_eq!(answer["error"]["code"], "IMPERSONATION_FORBIDDEN", "{name}: {event}: {answer}");
            }
        }
    }
    assert_eq!(picture(&mut sql, "casa-b").await, theirs, "not one row of theirs changed");
    assert_eq!(picture(&mut sql, "casa-a").await, ours, "nor of ours, by what was refused");
    two.server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_socket_is_cut_when_its_subject_ends_and_no_new_one_is_let_in() {
    let mut two = Two::new().await;
    let mut sql = two.server.sql().await;
    let (server, us, url) = (&two.server, &two.us, two.server.url());
    let staff = staff(server, &mut sql).await;

    let (carla, id, mut open) = with_socket(&two, "carla").await;
    us.made(Method::POST, &format!("/api/users/{id}/suspend"), &json!({})).await;
    open.cut().await;
    assert_eq!(Socket::refused(&url, carla.token()).await, "AUTH_SESSION_REVOKED");

    // Only the row tells, as where another process did it.
    let (davi, id, mut open) = with_socket(&two, "davi").await;
    run(&mut sql, &format!("update memberships set status = 'suspended', suspended_at = now() where user_id = '{id}'"))
        .await;
    open.cut().await;
    assert_eq!(Socket::refused(&url, davi.token()).await, "ORGANIZATION_ACCESS_DENIED");

    let (eva, id, mut open) = with_socket(&two, "eva").await;
    run(&mut sql, &format!("update users set must_change_password = true where id = '{id}'")).await;
    open.cut().await;
    assert_eq!(Socket::refused(&url, eva.token()).await, "ORGANIZATION_ACCESS_DENIED");

    let key = Key::make(server, us, "Integração").await;
    let mut open = Socket::connect(&url, key.bearer.token()).await;
    key.revoke(us).await;
    open.cut().await;
    assert_eq!(Socket::refused(&url, key.bearer.token()).await, "AUTH_TOKEN_INVALID");

    let (_, id, mut seen_through) = with_socket(&two, "fabio").await;
    let acting = in_name_of(server, us, &id).await;
    let mut open = Socket::connect(&url, acting.token()).await;
    assert_eq!(acting.ask(Method::DELETE, "/api/impersonation", None).await.unwrap().status, 204);
    open.cut().await;
    assert_eq!(Socket::refused(&url, acting.token()).await, "AUTH_SESSION_REVOKED");
    assert_eq!(seen_through.call("subscribe", &json!({ "rooms": ["inbox"] })).await["rooms"][0]["ok"], true);

    let key = Key::make(server, us, "Outra integração").await;
    let mut of_key = Socket::connect(&url, key.bearer.token()).await;
    let mut of_admin = Socket::connect(&url, us.token()).await;
    let path = format!("/api/platform/organizations/{}", two.our_ids["organization_id"]);
    let blocked = json!({ "status": "suspended", "suspension_mode": "blocked" });
    staff.made(Method::PATCH, &path, &blocked).await;
    for socket in [&mut seen_through, &mut of_key, &mut of_admin] {
        socket.cut().await;
    }
    for token in [us.token(), key.bearer.token()] {
        assert_eq!(Socket::refused(&url, token).await, "ORGANIZATION_ACCESS_DENIED");
    }
    // Theirs goes on.
    let mut them = Socket::connect(&url, two.them.token()).await;
    assert_eq!(them.call("subscribe", &json!({ "rooms": ["inbox"] })).await["rooms"][0]["ok"], true);
    two.server.stop().await;
}

/// In a read-only organization sockets hear and do nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_only_organizations_sockets_hear_and_do_nothing() {
    let mut two = Two::new().await;
    let mut sql = two.server.sql().await;
    let url = two.server.url();
    let staff = staff(&two.server, &mut sql).await;
    let key = Key::make(&two.server, &two.us, "Integração").await;
    let path = format!("/api/platform/organizations/{}", two.our_ids["organization_id"]);
    let read_only = json!({ "status": "suspended", "suspension_mode": "read_only" });
    staff.made(Method::PATCH, &path, &read_only).await;
    let before = picture(&mut sql, "casa-a").await;
    for token in [two.us.token(), key.bearer.token()] {
        let mut socket = Socket::connect(&url, token).await;
        let room = json!({ "rooms": [format!("conversation:{}", two.our_ids["conversation_id"])] });
        assert_eq!(socket.call("subscribe", &room).await["rooms"][0]["ok"], true);
        for command in ["message_send", "claim"] {
            let (_, body) = EVENTS.iter().find(|(name, _)| name == &command).unwrap();
            let answer = socket.call(command, &body(&two.our_ids)).await;
            assert_eq!(answer["error"]["code"], "ORGANIZATION_READ_ONLY", "{command}: {answer}");
        }
    }
    assert_eq!(picture(&mut sql, "casa-a").await, before, "not one row changed");
    two.server.stop().await;
}

/// An agent of ours with an open socket.
async fn with_socket(two: &Two, name: &str) -> (Person, String, Socket) {
    let person = two.ours.person(&two.server, name, "agent").await;
    let id = person.get("/api/me").await["id"].as_str().expect("an id").to_owned();
    let socket = Socket::connect(&two.server.url(), person.token()).await;
    (person, id, socket)
}

async fn run(sql: &mut PgConnection, statement: &str) {
    sqlx::query(AssertSqlSafe(statement.to_owned())).execute(sql).await.unwrap();
}
