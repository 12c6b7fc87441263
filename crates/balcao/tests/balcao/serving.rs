//! The server on its own PostgreSQL: first start, company, stop, and what happens when somebody kills it.

use crate::place::{PASSWORD, Place, Server, request, signal, until};
use serde_json::Value;

#[tokio::test]
async fn a_first_start_serves_and_stops_cleanly() {
    let place = Place::new();
    let server = place.serve().await;
    assert_eq!(server.get("/health/live").await.0, 200);
    let (status, report) = server.get("/health").await;
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!((status, report["status"].as_str()), (200, Some("ok")), "{report}");
    let checks: Vec<_> =
        report["checks"].as_array().unwrap().iter().map(|check| check["name"].as_str().unwrap()).collect();
    assert_eq!(checks, ["serving", "database", "schema", "jobs", "event_log", "disk"]);
    assert!(server.get("/metrics").await.1.contains("database_connections"));
    assert!(server.get("/.well-known/jwks.json").await.1.contains("\"keys\""));
    assert_eq!(server.get("/api/openapi.json").await.0, 200);
    assert_eq!(server.get("/api/users/me").await.0, 401);
    assert_eq!(server.get("/api/nothing").await.0, 404);

    // Beside the running server: commands, and no second server.
    let email = place.organization("clinica").await;
    let token = server.login(&email, PASSWORD).await;
    assert_eq!(server.get_as(&token, "/api/users/me").await["email"], email);
    assert_eq!(server.get_as(&token, "/api/v1/users").await["data"].as_array().unwrap().len(), 1);
    let second = place.run(&["serve", "--listen", "127.0.0.1:0"]).await;
    assert!(second.sentence(25).starts_with("another balcao"), "{second:?}");
    let second = place.run(&["serve", "--listen", &server.address]).await;
    assert!(second.sentence(25).starts_with("another balcao"), "{second:?}");

    let address = server.address.clone();
    assert!(server.stop().await.success());
    assert!(request(&address, "GET", "/health/live", None, None).await.is_none());
    assert!(!place.data().join("address").exists());
    assert!(!postgres_runs(&place));
    // The key and the data are still the same ones.
    let server = place.serve().await;
    server.login(&email, PASSWORD).await;
    assert!(server.stop().await.success());
}

#[tokio::test]
async fn a_taken_address_is_one_sentence() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let place = Place::new();
    let refused = place.run(&["serve", "--listen", &address]).await;
    assert!(refused.sentence(6).starts_with(&format!("cannot listen on {address}")), "{refused:?}");
}

#[tokio::test]
async fn after_kill_9_of_either_process_it_restarts_with_everything() {
    let place = Place::new();
    let mut server = place.serve().await;
    let email = place.organization("clinica").await;

    // PostgreSQL: the server brings it back.
    signal(postmaster(&place), "KILL");
    until("PostgreSQL runs again", async || server.get("/health/ready").await.0 == 200 && postgres_runs(&place)).await;
    until("people can log in", async || logs_in(&server, &email).await).await;

    // The server: the next one takes the orphan over.
    server.signal("KILL");
    server.child.wait().await.unwrap();
    let server = place.serve().await;
    server.login(&email, PASSWORD).await;
    assert!(server.stop().await.success());
    assert!(!postgres_runs(&place));
}

async fn logs_in(server: &Server, email: &str) -> bool {
    let body = serde_json::json!({"email": email, "password": PASSWORD});
    request(&server.address, "POST", "/api/auth/login", None, Some(&body))
        .await
        .is_some_and(|(status, _)| status == 200)
}

/// PostgreSQL dies as soon as it takes connections, which is in the middle of the server's start: each start goes on.
#[tokio::test]
async fn a_start_outlives_the_death_of_its_postgresql() {
    let place = Place::new();
    place.serve().await.stop().await;
    for _ in 0..4 {
        let server = place.spawn();
        until("PostgreSQL takes connections", async || {
            let file = std::fs::read_to_string(place.data().join("postgres/cluster/postmaster.pid"));
            file.is_ok_and(|text| text.lines().nth(7).is_some_and(|status| status.trim() == "ready"))
        })
        .await;
        signal(postmaster(&place), "KILL");
        until("the server is ready", async || server.log().contains("\"message\":\"ready\"")).await;
        assert!(server.log().contains("starting it again"), "{}", server.log());
        assert!(server.stop().await.success());
    }
}

fn postmaster(place: &Place) -> u32 {
    let file = std::fs::read_to_string(place.data().join("postgres/cluster/postmaster.pid")).unwrap();
    file.lines().next().unwrap().parse().unwrap()
}

fn postgres_runs(place: &Place) -> bool {
    place.data().join("postgres/cluster/postmaster.pid").exists()
}
