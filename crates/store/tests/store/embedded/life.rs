//! From the first start to the last stop when nothing goes wrong.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant};

use sqlx::{Connection, PgConnection};
use store::embedded::{self, Endpoint, SUPERUSER, Settings, Transport};

use super::{Place, alive, connect, is_root, mode, run, text};

#[tokio::test]
async fn the_first_start_makes_a_private_and_durable_cluster() {
    let place = Place::new();
    let embedded = place.start().await;
    let server = embedded.server();
    assert!(server.version().starts_with(|c: char| c.is_ascii_digit()), "{}", server.version());
    for (setting, expected) in [
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("full_page_writes", "on"),
        ("data_checksums", "on"),
        ("wal_level", "replica"),
        ("password_encryption", "scram-sha-256"),
        ("listen_addresses", ""),
        ("jit", "off"),
        ("log_parameter_max_length", "0"),
        ("cluster_name", "balcao"),
    ] {
        assert_eq!(text(server, &format!("select current_setting('{setting}')")).await, expected, "{setting}");
    }
    assert_eq!(text(server, "select lower('ÁÇÃO')").await, "áção");
    assert_eq!(text(server, "select encode(convert_to('ç', 'UTF8'), 'hex')").await, "c3a7");
    let hba = text(server, "select string_agg(distinct auth_method, ',') from pg_hba_file_rules").await;
    assert_eq!(hba, "scram-sha-256");

    for file in ["postgres.password", "postgres.json", "postgres.lock"] {
        assert_eq!(mode(&place.data().join(file)), 0o600, "{file}");
    }
    for folder in ["postgres", "postgres/cluster", "postgres/run", "postgres/log"] {
        assert_eq!(mode(&place.data().join(folder)), 0o700, "{folder}");
    }
    let owner = fs::metadata(place.cluster()).unwrap().uid();
    assert_ne!(owner, 0, "PostgreSQL never runs as root");
    assert_eq!(fs::metadata(place.data()).unwrap().uid(), nix::unistd::Uid::effective().as_raw());
    assert_eq!(mode(&place.data()) & 0o007, 0, "strangers stay out of the data folder");
    embedded.stop().await.unwrap();
}

#[tokio::test]
async fn only_the_password_opens_it() {
    let place = Place::new();
    let embedded = place.start().await;
    let wrong = embedded.server().options().username(SUPERUSER).password("guess").database("postgres");
    let refused = PgConnection::connect_with(&wrong).await.unwrap_err();
    assert_eq!(refused.as_database_error().unwrap().code().unwrap(), "28P01");
    assert!(
        !format!("{:?}", embedded.server())
            .contains(fs::read_to_string(place.data().join("postgres.password")).unwrap().trim())
    );
    embedded.stop().await.unwrap();
}

#[tokio::test]
async fn data_and_password_outlive_a_restart_and_a_warm_start_is_quick() {
    let place = Place::new();
    let first = place.start().await;
    run(first.server(), "create table kept (word text); insert into kept values ('still here')").await;
    let pid = first.pid();
    first.stop().await.unwrap();
    assert!(!alive(pid), "stop() waits for the end");
    assert!(!place.data().join("postgres.json").exists());
    assert!(!place.cluster().join("postmaster.pid").exists());

    let password = fs::read(place.data().join("postgres.password")).unwrap();
    let started = Instant::now();
    let second = place.start().await;
    let took = started.elapsed();
    assert!(took < Duration::from_secs(5), "a warm start took {took:?}");
    assert_eq!(text(second.server(), "select word from kept").await, "still here");
    assert_eq!(fs::read(place.data().join("postgres.password")).unwrap(), password);
    second.stop().await.unwrap();
}

#[tokio::test]
async fn settings_of_the_operator_win_over_ours() {
    let place = Place::new();
    let first = place.start().await;
    run(first.server(), "alter system set work_mem = '5MB'").await;
    first.stop().await.unwrap();
    let second = place.start().await;
    assert_eq!(text(second.server(), "show work_mem").await, "5MB");
    second.stop().await.unwrap();
}

#[tokio::test]
async fn a_path_too_long_for_a_socket_gets_a_short_folder_that_goes_away_again() {
    let place = Place::new();
    let long = place.path(&"a-long-name/".repeat(12));
    let embedded = embedded::start(&Settings { data_dir: long.clone(), ..Settings::default() }).await.unwrap();
    let Endpoint::Socket(folder) = embedded.server().endpoint().clone() else { panic!("no socket") };
    assert!(!folder.starts_with(&long) && folder.as_os_str().len() < 100, "{}", folder.display());
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(text(embedded.server(), "select 'reached'").await, "reached");
    embedded.stop().await.unwrap();
    assert!(!folder.exists());
}

#[tokio::test]
async fn loopback_listens_on_a_free_port_and_nowhere_else() {
    let place = Place::new();
    let settings = Settings { transport: Transport::Loopback, ..place.settings() };
    let mut embedded = embedded::start(&settings).await.unwrap();
    assert!(matches!(embedded.server().endpoint(), Endpoint::Loopback(_)));
    assert_eq!(text(embedded.server(), "select host(inet_server_addr())").await, "127.0.0.1");
    assert_eq!(text(embedded.server(), "show unix_socket_directories").await, "");
    let before = embedded.server().endpoint().clone();
    embedded.restart().await.unwrap();
    assert_eq!(embedded.server().endpoint(), &before, "pools find back after a restart");
    assert_eq!(text(embedded.server(), "select 'reached'").await, "reached");
    embedded.stop().await.unwrap();
}

#[tokio::test]
async fn the_url_works_for_sqlx_too() {
    use secrecy::ExposeSecret;
    let place = Place::new();
    let embedded = place.start().await;
    let url = embedded.superuser_url();
    let options: sqlx::postgres::PgConnectOptions = url.expose_secret().parse().unwrap();
    drop(connect(&options).await);
    embedded.stop().await.unwrap();
}

#[tokio::test]
async fn ctrl_c_in_our_terminal_does_not_reach_postgresql() {
    let place = Place::new();
    let embedded = place.start().await;
    let group = |pid: u32| nix::unistd::getpgid(Some(nix::unistd::Pid::from_raw(pid.try_into().unwrap()))).unwrap();
    assert_ne!(group(embedded.pid()), group(std::process::id()));
    if is_root() {
        let environment = fs::read(format!("/proc/{}/environ", embedded.pid()));
        // Unreadable without the right to trace; where it can be read, nothing of ours is in it.
        assert!(!environment.is_ok_and(|bytes| String::from_utf8_lossy(&bytes).contains("CARGO")));
    }
    embedded.stop().await.unwrap();
}
