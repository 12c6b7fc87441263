//! Commands beside a running server and without one.

use store::embedded::{self, Guest};

use super::{Place, alive, run, text};

#[tokio::test]
async fn beside_a_server_a_command_uses_its_cluster() {
    let place = Place::new();
    let embedded = place.start().await;
    run(embedded.server(), "create table kept (word text); insert into kept values ('shared')").await;
    let guest = embedded::open(&place.settings()).await.unwrap();
    assert!(matches!(guest, Guest::Attached(_)));
    assert_eq!(guest.server().pid(), embedded.pid());
    assert_eq!(guest.server().version(), embedded.version());
    assert_eq!(text(guest.server(), "select word from kept").await, "shared");
    guest.close().await.unwrap();
    assert_eq!(text(embedded.server(), "select 'unharmed'").await, "unharmed");
    embedded.stop().await.unwrap();
}

#[tokio::test]
async fn without_a_server_a_command_runs_the_cluster_for_itself() {
    let place = Place::new();
    assert!(embedded::attach(&place.data()).await.unwrap().is_none());
    assert!(!place.data().exists(), "looking makes nothing");
    let guest = embedded::open(&place.settings()).await.unwrap();
    assert!(matches!(guest, Guest::Started(_)));
    let pid = guest.server().pid();
    assert_eq!(text(guest.server(), "select 'own'").await, "own");
    guest.close().await.unwrap();
    assert!(!alive(pid));
    assert!(embedded::attach(&place.data()).await.unwrap().is_none());
}

#[tokio::test]
async fn commands_and_a_server_at_once_wait_for_each_other() {
    let place = Place::new();
    place.start().await.stop().await.unwrap();
    let settings = place.settings();
    let command = || async {
        let guest = embedded::open(&settings).await.unwrap();
        let answer = text(guest.server(), "select 'done'").await;
        guest.close().await.unwrap();
        answer
    };
    let (one, two, three) = tokio::join!(command(), command(), command());
    assert_eq!([one, two, three], ["done", "done", "done"]);

    let guest = embedded::open(&settings).await.unwrap();
    let (server, closed) = tokio::join!(embedded::start(&settings), guest.close());
    closed.unwrap();
    server.unwrap().stop().await.unwrap();
}

#[tokio::test]
async fn a_command_waits_for_a_server_that_is_still_starting() {
    let place = Place::new();
    let settings = place.settings();
    let command = async {
        super::eventually("the server's lock", || async { place.data().join("postgres.lock").exists().then_some(()) })
            .await;
        embedded::open(&settings).await.unwrap()
    };
    let (server, guest) = tokio::join!(embedded::start(&settings), command);
    let server = server.unwrap();
    assert!(matches!(guest, Guest::Attached(_)));
    guest.close().await.unwrap();
    server.stop().await.unwrap();
}
