//! Commands without a server: they run the own PostgreSQL for themselves.

use crate::place::{PASSWORD, Place};

#[tokio::test]
async fn an_installation_is_set_up_without_a_server() {
    let place = Place::new();
    let create =
        ["organization", "create", "--slug", "clinica", "--name", "Clínica Exemplo", "--kind", "clinic", "--json"];
    let made = place.run(&create).await.json();
    assert_eq!((made["slug"].as_str(), made["created"].as_bool()), (Some("clinica"), Some(true)));
    let again = place.run(&create).await.json();
    assert_eq!((&again["id"], again["created"].as_bool()), (&made["id"], Some(false)));

    let user = |role| {
        [
            "user",
            "create",
            "--organization",
            "clinica",
            "--email",
            "ana@clinica.example",
            "--name",
            "Ana Lima",
            "--role",
            role,
            "--password-stdin",
            "--json",
        ]
    };
    let refused = place.run_with(&user("emperor"), &format!("{PASSWORD}\n")).await;
    assert!(refused.sentence(3).contains("VALIDATION_FAILED"), "{refused:?}");
    assert!(place.run_with(&user("admin"), "short\n").await.sentence(3).contains("PASSWORD"));
    assert!(place.run_with(&user("admin"), "").await.sentence(3).contains("standard input"));
    let ana = place.run_with(&user("admin"), &format!("{PASSWORD}\n")).await.json();
    assert_eq!((ana["role"].as_str(), ana["login_created"].as_bool()), (Some("admin"), Some(true)));
    assert!(place.run_with(&user("admin"), &format!("{PASSWORD}\n")).await.sentence(3).contains("EMAIL_TAKEN"));

    let jobs = place.run(&["jobs", "list", "--json"]).await.json();
    assert_eq!(jobs["waiting"].as_array().unwrap().len(), 3);
    assert_eq!(place.run(&["jobs", "replay", "--all", "--json"]).await.json()["replayed"], 0);
    let tail = place.run(&["events", "tail", "--organization", "clinica", "--json"]).await;
    let kinds: Vec<String> = tail
        .out
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["type"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(kinds.first().map(String::as_str), Some("organization.created"));
    assert!(kinds.contains(&"user.created".to_owned()), "{kinds:?}");
    let last = place.run(&["events", "tail", "--last", "1", "--json"]).await;
    assert_eq!(last.out.lines().count(), 1);
    assert!(
        place.run(&["events", "tail", "--organization", "nobody"]).await.sentence(3).contains("no organization nobody")
    );
    let running = std::process::Command::new("pgrep").args(["-f", place.data().to_str().unwrap()]).output().unwrap();
    assert!(running.stdout.is_empty(), "nothing is left running");
}

#[tokio::test]
async fn migrations_go_up_down_and_up_and_the_doctor_agrees() {
    let place = Place::new();
    assert!(place.run(&["migrate", "up", "--json"]).await.json()["applied"].as_u64() > Some(0));
    let healthy = place.run(&["doctor", "--json"]).await.json();
    let failures: Vec<_> =
        healthy.as_array().unwrap().iter().filter(|finding| finding["verdict"] == "failure").collect();
    assert!(failures.is_empty(), "{failures:?}");
    assert!(
        healthy
            .as_array()
            .unwrap()
            .iter()
            .any(|finding| finding["check"] == "row-level security" && finding["verdict"] == "ok")
    );

    assert!(place.run(&["migrate", "down"]).await.sentence(3).contains("--yes"));
    assert_eq!(place.run(&["migrate", "down", "--to", "5", "--yes"]).await.code, Some(0));
    let status = place.run(&["migrate", "status", "--json"]).await.json();
    let applied = |version: i64| {
        status.as_array().unwrap().iter().find(|state| state["version"] == version).unwrap()["applied"].as_bool()
    };
    assert_eq!((applied(5), applied(6)), (Some(true), Some(false)));
    let sick = place.run(&["doctor"]).await;
    assert_eq!(sick.code, Some(4), "{sick:?}");
    assert!(sick.out.contains("balcao migrate up"), "{sick:?}");
    assert_eq!(place.run(&["migrate", "up"]).await.code, Some(0));
    assert_eq!(place.run(&["doctor"]).await.code, Some(0));
}
