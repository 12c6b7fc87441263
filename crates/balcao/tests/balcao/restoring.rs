//! Acceptance check 27 over a backup: PostgreSQL's own programs bring an erased person back, and the next start erases
//! again before anybody is served.

use crate::place::{PASSWORD, Place, request, until};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sqlx::{ConnectOptions, Executor};
use std::path::{Path, PathBuf};
use std::process::Command;
use store::embedded::{self, Embedded, Settings, Transport};

/// A program of PostgreSQL, of the version whose server runs.
fn program(server: &Embedded, name: &str) -> PathBuf {
    let major = server.version().split('.').next().unwrap_or_default().to_owned();
    let installed = PathBuf::from(format!("/usr/lib/postgresql/{major}/bin/{name}"));
    if installed.exists() { installed } else { name.into() }
}

fn run(program: &Path, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}: {}", program.display(), String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Whether a text lies in the database, as text or as the bytes of a column: a search through a dump.
fn lies_there(server: &Embedded, url: &str, text: &str) -> bool {
    let dump = run(&program(server, "pg_dump"), &["--data-only", "--inserts", "--dbname", url]);
    let dump = String::from_utf8_lossy(&dump).to_lowercase();
    dump.contains(&text.to_lowercase()) || dump.contains(&hex(text))
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn check_27_a_restored_backup_is_erased_again_before_anybody_is_served() {
    let place = Place::new();
    let settings =
        Settings { data_dir: place.path().join("elsewhere"), transport: Transport::Loopback, ..Settings::default() };
    let postgres = embedded::start(&settings).await.unwrap();
    let superuser = postgres.superuser_url().expose_secret().to_owned();
    let url = format!("{}/desk", superuser.strip_suffix("/postgres").unwrap());
    let maintenance = async |statement: &'static str| {
        let mut admin = postgres.server().superuser_options().database("postgres").connect().await.unwrap();
        admin.execute(statement).await.unwrap();
    };
    maintenance("create database desk").await;
    let place = place.with("DATABASE_URL", &url);
    let boss = place.organization("clinica").await;
    let create = [
        "user",
        "create",
        "--organization",
        "clinica",
        "--email",
        "zuleica@clinica.example",
        "--name",
        "Zuleica Canário",
        "--role",
        "agent",
        "--password-stdin",
        "--json",
    ];
    let person = place.run_with(&create, &format!("{PASSWORD}\n")).await.json();
    let id = person["id"].as_str().or(person["user_id"].as_str()).unwrap().to_owned();
    let server = place.serve().await;
    let hers = server.login("zuleica@clinica.example", PASSWORD).await;
    let change = json!({ "phone": "11987650001", "signature": "Zuleica Canário" });
    let (status, answer) =
        request(&server.address, "PATCH", "/api/users/me", Some(&hers), Some(&change)).await.unwrap();
    assert_eq!(status, 200, "{answer}");

    let backup = place.path().join("backup");
    let file = backup.to_str().unwrap();
    run(&program(&postgres, "pg_dump"), &["--format=custom", "--file", file, "--dbname", &url]);
    let kept = ["Canário", "zuleica@clinica.example"];
    assert!(kept.iter().all(|text| lies_there(&postgres, &url, text)), "she is there");

    let token = server.login(&boss, PASSWORD).await;
    let (status, asked) = server.post(&format!("/api/users/{id}/erase"), Some(&token), &json!({})).await;
    assert_eq!(status, 202, "{asked}");
    until("she is erased", async || !kept.iter().any(|text| lies_there(&postgres, &url, text))).await;
    assert!(server.stop().await.success());

    // The backup of before: everything is back.
    maintenance("drop database desk").await;
    maintenance("create database desk").await;
    run(&program(&postgres, "pg_restore"), &["--exit-on-error", "--dbname", &url, file]);
    assert!(kept.iter().all(|text| lies_there(&postgres, &url, text)), "the restore brought her back");

    let server = place.serve().await;
    // From the first answer on.
    let body = json!({ "email": "zuleica@clinica.example", "password": PASSWORD });
    assert_eq!(server.post("/api/auth/login", None, &body).await.0, 401);
    assert!(!kept.iter().any(|text| lies_there(&postgres, &url, text)), "{}", server.log());
    assert!(server.log().contains("erased again"), "{}", server.log());
    let token = server.login(&boss, PASSWORD).await;
    let shown: Value = server.get_as(&token, "/api/users?status=removed").await;
    assert_eq!(shown["data"][0]["name"], "Usuário removido #1", "{shown}");
    let verify = ["audit", "verify", "--organization", "clinica", "--json"];
    assert_eq!(place.run(&verify).await.json()["valid"], true);
    assert!(server.stop().await.success());
    // The next start has nothing to do.
    let server = place.serve().await;
    assert!(!server.log().contains("erased again"));
    assert!(server.stop().await.success());
    postgres.stop().await.unwrap();
}
