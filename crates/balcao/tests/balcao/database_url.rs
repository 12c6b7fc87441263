//! With DATABASE_URL: any PostgreSQL, its user with few rights, and never a superuser at run time.

use crate::place::{PASSWORD, Place, until};
use secrecy::ExposeSecret;
use sqlx::{ConnectOptions, Executor, PgConnection};
use store::embedded::{self, Embedded, Settings, Transport};

/// A PostgreSQL of the operator, with passwords, on a port of this machine.
async fn operators_server(place: &Place) -> Embedded {
    let settings =
        Settings { data_dir: place.path().join("elsewhere"), transport: Transport::Loopback, ..Settings::default() };
    embedded::start(&settings).await.unwrap()
}

async fn administrator(server: &Embedded, database: &str) -> PgConnection {
    server.server().superuser_options().database(database).connect().await.unwrap()
}

fn url(server: &Embedded, user: &str, database: &str) -> String {
    let superuser = server.superuser_url().expose_secret().to_owned();
    let (_, at) = superuser.split_once('@').unwrap();
    let (host, _) = at.split_once('/').unwrap();
    format!("postgres://{user}@{host}/{database}")
}

#[tokio::test]
async fn a_user_without_rights_is_told_what_to_run_and_can_then_serve() {
    let place = Place::new();
    let postgres = operators_server(&place).await;
    let mut admin = administrator(&postgres, "postgres").await;
    admin.execute("create role desk login password 'desk-password'; ").await.unwrap();
    admin.execute("create database desk").await.unwrap();
    let desk = url(&postgres, "desk:desk-password", "desk");
    let place = place.with("DATABASE_URL", &desk);

    let refused = place.run(&["migrate", "up"]).await;
    let sentence = refused.sentence(42);
    assert!(
        sentence.contains("desk may not create roles") && sentence.contains("balcao migrate roles | psql"),
        "{sentence}"
    );
    assert!(!refused.err.contains("desk-password"));

    let script = place.run(&["migrate", "roles"]).await;
    assert_eq!(script.code, Some(0));
    let mut admin = administrator(&postgres, "desk").await;
    admin.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(script.out))).await.unwrap();
    assert!(place.run(&["migrate", "up", "--json"]).await.json()["applied"].as_u64() > Some(0));

    let email = place.organization("clinica").await;
    let server = place.serve().await;
    server.login(&email, PASSWORD).await;
    let doctor = place.run(&["doctor"]).await;
    assert_eq!(doctor.code, Some(0), "{doctor:?}");
    assert!(server.stop().await.success());
    // The operator's server is not ours to stop.
    administrator(&postgres, "desk").await;
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn superusers_are_refused_and_an_old_schema_is_waited_for() {
    let place = Place::new();
    let postgres = operators_server(&place).await;
    let mut admin = administrator(&postgres, "postgres").await;
    admin.execute("create database desk").await.unwrap();
    let superuser = postgres.superuser_url();
    let superuser = format!("{}/desk", superuser.expose_secret().strip_suffix("/postgres").unwrap());

    let powerful = Place::new()
        .with("DATABASE_URL", &superuser)
        .with("DATABASE_APP_URL", &superuser)
        .with("DATABASE_WORKER_URL", &superuser);
    for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["jobs", "list"]] {
        assert!(powerful.run(command).await.sentence(43).contains("superuser"));
    }

    let patient = Place::new()
        .with("DATABASE_URL", &superuser)
        .with("BALCAO_DATABASE_MIGRATE_AT_START", "false")
        .with("BALCAO_ENCRYPTION_KEY", &"ab".repeat(32));
    assert!(patient.run(&["jobs", "list"]).await.sentence(44).contains("balcao migrate up"));
    let mut server = patient.spawn();
    until("it says what it waits for", async || server.log().contains("listening")).await;
    server.address = address_of(&server.log());
    until("the door says why", async || server.get("/health").await.1.contains("balcao migrate up")).await;
    assert_eq!(server.get("/health/live").await.0, 200);
    assert_eq!(server.get("/health/ready").await.0, 503);
    assert_eq!(server.get("/api/users").await.0, 503);
    assert!(patient.run(&["migrate", "up", "--json"]).await.json()["applied"].as_u64() > Some(0));
    until("it is ready", async || server.get("/health/ready").await.0 == 200).await;
    assert!(server.stop().await.success());
    postgres.stop().await.unwrap();
}

/// From the line that says where it listens.
fn address_of(log: &str) -> String {
    let line = log.lines().find(|line| line.contains("listening")).unwrap();
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    line["fields"]["address"].as_str().unwrap().to_owned()
}
