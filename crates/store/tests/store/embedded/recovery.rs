//! kill -9 of either process, and other ways to leave without a word.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use sqlx::{Connection, Executor, Row};
use store::embedded::{self, Settings};
use tokio::sync::oneshot;

use super::{Place, alive, connect, eventually, kill_9, run, text};

const ORPHAN_FOLDER: &str = "BALCAO_TEST_ORPHAN_FOLDER";

#[tokio::test]
async fn a_killed_postgresql_runs_again_with_everything_that_was_committed() {
    let place = Place::new();
    let mut embedded = place.start().await;
    let server = embedded.server().clone();
    run(&server, "create table kept (n int)").await;
    let (shutdown, stopped) = oneshot::channel::<()>();
    let script = async {
        let mut pid = server.pid();
        for _ in 0..3 {
            run(&server, "insert into kept values (1)").await;
            kill_9(pid);
            pid = eventually("another postmaster", || async {
                let connection = sqlx::PgConnection::connect_with(&server.superuser_options()).await;
                let mut connection = connection.ok()?;
                connection.execute("select 1").await.ok()?;
                let file = fs::read_to_string(place.cluster().join("postmaster.pid")).ok()?;
                file.lines().next()?.parse().ok().filter(|found| *found != pid)
            })
            .await;
        }
        shutdown.send(()).unwrap();
    };
    let shutdown = async {
        let _ = stopped.await;
    };
    let (supervised, ()) = tokio::join!(embedded.supervise(shutdown), script);
    supervised.unwrap();
    assert_ne!(embedded.pid(), server.pid());
    assert_eq!(text(embedded.server(), "select count(*)::text from kept").await, "3");
    embedded.stop().await.unwrap();
}

#[tokio::test]
async fn a_busy_child_of_a_killed_postgresql_does_not_block_the_next_start() {
    let place = Place::new();
    let mut embedded = place.start().await;
    let mut busy = connect(&embedded.server().superuser_options()).await;
    let backend: i32 = busy.fetch_one("select pg_backend_pid()").await.unwrap().get(0);
    // Looks at nothing but its own loop, not even at the death of its postmaster.
    let mut endless = tokio::task::JoinSet::new();
    endless.spawn(async move { busy.execute("do $$ begin loop end loop; end $$").await.map(|_| ()) });
    let server = embedded.server().clone();
    eventually("the endless statement", || async {
        let active = "select count(*)::text from pg_stat_activity where state = 'active' and query like 'do %'";
        (text(&server, active).await == "1").then_some(())
    })
    .await;
    kill_9(embedded.pid());
    embedded.exited().await;
    embedded.restart().await.unwrap();
    assert!(!alive(backend.try_into().unwrap()));
    assert!(endless.join_next().await.unwrap().unwrap().is_err());
    assert_eq!(text(embedded.server(), "select 'again'").await, "again");
    embedded.stop().await.unwrap();
}

/// Not a test of its own: the process that [`after_kill_9_of_us_the_next_start_takes_over`] kills.
#[tokio::test]
async fn helper_runs_a_cluster_until_it_is_killed() {
    #[expect(clippy::disallowed_methods, reason = "how the test talks to its own process")]
    let Some(folder) = std::env::var_os(ORPHAN_FOLDER) else { return };
    let settings = Settings { data_dir: PathBuf::from(folder), ..Settings::default() };
    let embedded = embedded::start(&settings).await.unwrap();
    run(embedded.server(), "create table kept (word text); insert into kept values ('committed')").await;
    println!("\nready {}", embedded.pid());
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn after_kill_9_of_us_the_next_start_takes_over() {
    let place = Place::new();
    let mut helper = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "embedded::recovery::helper_runs_a_cluster_until_it_is_killed", "--nocapture"])
        .env(ORPHAN_FOLDER, place.data())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(helper.stdout.take().unwrap()).lines();
    let orphan: u32 =
        lines.find_map(|line| line.unwrap().strip_prefix("ready ").map(str::to_owned)).unwrap().parse().unwrap();

    let refused = embedded::start(&place.settings()).await.unwrap_err();
    assert_eq!(refused.exit_code(), 25);
    assert!(refused.to_string().contains(&helper.id().to_string()), "{refused}");

    helper.kill().unwrap();
    helper.wait().unwrap();
    assert!(alive(orphan), "PostgreSQL goes on without its parent");
    assert!(embedded::attach(&place.data()).await.unwrap().is_none(), "an orphan is nobody's server");
    let embedded = place.start().await;
    assert!(!alive(orphan));
    assert_eq!(text(embedded.server(), "select word from kept").await, "committed");
    embedded.stop().await.unwrap();
}

#[tokio::test]
async fn dropped_without_a_stop_it_ends_and_starts_again() {
    let place = Place::new();
    let embedded = place.start().await;
    let pid = embedded.pid();
    drop(embedded);
    let embedded = place.start().await;
    assert!(!alive(pid));
    assert_ne!(embedded.pid(), pid);
    embedded.stop().await.unwrap();
}

#[tokio::test]
async fn a_process_number_given_to_a_stranger_is_no_postgresql() {
    let place = Place::new();
    place.start().await.stop().await.unwrap();
    // A process of PostgreSQL's own user, which PostgreSQL itself would take for another postmaster.
    let stranger = {
        use std::os::unix::fs::MetadataExt;
        use std::os::unix::process::CommandExt;
        let owner = fs::metadata(place.cluster()).unwrap();
        let mut command = Command::new("sleep");
        if super::is_root() {
            command.uid(owner.uid()).gid(owner.gid());
        }
        command.arg("600").current_dir("/").spawn()
    };
    let mut stranger = stranger.unwrap();
    let cluster = place.cluster();
    let file = format!("{}\n{}\n1700000000\n5432\n\n\n  5432001    1\nready\n", stranger.id(), cluster.display());
    fs::write(cluster.join("postmaster.pid"), file).unwrap();
    let embedded = place.start().await;
    assert!(alive(stranger.id()), "strangers are left alone");
    embedded.stop().await.unwrap();
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}

#[tokio::test]
async fn an_interrupted_first_start_leaves_nothing_that_counts() {
    let place = Place::new();
    let settings = place.settings();
    let start = embedded::start(&settings);
    // Long enough for initdb to have begun, too short for it to have finished.
    let begun = eventually("an unfinished cluster", || async {
        let entries = fs::read_dir(place.data().join("postgres")).ok()?;
        entries.flatten().find(|entry| entry.path().join("PG_VERSION").exists() && entry.file_name() != "cluster")
    });
    let mut start = Box::pin(start);
    tokio::select! {
        _ = &mut start => panic!("finished before it could be interrupted"),
        _ = begun => {}
    }
    drop(start);
    assert!(!place.cluster().exists());
    tokio::time::timeout(Duration::from_secs(60), async {
        let embedded = place.start().await;
        let entries = fs::read_dir(place.data().join("postgres")).unwrap().flatten();
        let unfinished: Vec<_> =
            entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("init-")).collect();
        assert!(unfinished.is_empty(), "{unfinished:?}");
        embedded.stop().await.unwrap();
    })
    .await
    .unwrap();
}
