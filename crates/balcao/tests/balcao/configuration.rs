//! A wrong configuration is refused before anything happens: one sentence, exit code 78.

use crate::place::Place;

#[tokio::test]
async fn unknown_names_and_wrong_values_are_refused() {
    for (name, value, said) in [
        ("BALCAO_LISTN", "x", "BALCAO_LISTN is no setting: did you mean BALCAO_LISTEN?"),
        ("BALCAO_LISTEN", "8080", "BALCAO_LISTEN must be an address and port such as 127.0.0.1:8080"),
        (
            "DATABASE_URL",
            "mysql://x",
            "DATABASE_URL must be an address such as postgres://user:password@host:5432/database",
        ),
    ] {
        let place = Place::new().with(name, value);
        for command in [&["serve"][..], &["config", "check"], &["doctor"]] {
            assert_eq!(place.run(command).await.sentence(78), said);
        }
        assert!(!place.data().exists(), "nothing was made");
    }
}

#[tokio::test]
async fn flags_are_named_in_refusals() {
    let place = Place::new();
    assert_eq!(
        place.run(&["serve", "--roles", "cook"]).await.sentence(78),
        "--roles must be a list of api, realtime, worker, scheduler"
    );
    assert_eq!(
        place.run(&["serve", "--config", "missing.toml"]).await.sentence(78),
        "missing.toml cannot be read: No such file or directory (os error 2)"
    );
    assert_eq!(place.run(&["no-such-command"]).await.code, Some(2));
}

#[tokio::test]
async fn the_dump_says_where_values_come_from_and_hides_secrets() {
    let place = Place::new().with("BALCAO_WHATSAPP_APP_SECRET", "hunter2hunter2").with("BALCAO_ROLES", "");
    let file = place.path().join("own.toml");
    std::fs::write(&file, "[http]\nbehind_tls = true\n").unwrap();
    let path = file.to_str().unwrap();
    assert_eq!(place.run(&["config", "check", "--config", path, "--json"]).await.json()["valid"], true);
    let dumped = place.run(&["config", "dump", "--config", path, "--json"]).await;
    assert!(!dumped.out.contains("hunter2"));
    let dumped = dumped.json();
    let of = |key: &str| dumped.as_array().unwrap().iter().find(|entry| entry["key"] == key).unwrap().clone();
    assert_eq!(of("http.behind_tls")["value"], "true");
    assert_eq!(of("http.behind_tls")["source"], format!("file {path}"));
    assert_eq!(of("whatsapp.app_secret")["source"], "environment BALCAO_WHATSAPP_APP_SECRET");
    assert_eq!(of("roles")["source"], "default");
}

#[tokio::test]
async fn the_page_in_the_documentation_is_the_programs_own() {
    let printed = Place::new().run(&["config", "document"]).await;
    let kept = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    let kept = std::fs::read_to_string(kept).unwrap();
    assert_eq!(printed.out, kept, "run `balcao config document > docs/configuration.md`");
}

#[tokio::test]
async fn the_api_is_described_without_a_database() {
    let place = Place::new();
    let document = place.run(&["openapi"]).await.json();
    assert_eq!(document["openapi"], "3.1.0");
    for path in ["/api/auth/login", "/api/users", "/api/sync", "/health/ready"] {
        assert!(document["paths"].get(path).is_some(), "{path}");
    }
    assert!(!place.data().exists(), "nothing was made");
}
