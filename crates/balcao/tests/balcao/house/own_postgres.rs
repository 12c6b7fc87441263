//! Two servers on one data folder.

use super::server::{ALL_ROLES, Server};
use super::world::graph;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_server_on_the_same_folder_ends_with_one_sentence_and_its_code() {
    let graph = graph(&[]).await;
    let mut server = Server::start(&graph.url(), ALL_ROLES).await;
    let second = server.run(&["serve", "--listen", "127.0.0.1:0"], "").await;
    assert_eq!(second.status.code(), Some(25), "{}", second.stderr);
    let told: Vec<&str> = second.stderr.lines().filter(|line| line.starts_with("balcao: ")).collect();
    assert_eq!(told.len(), 1, "{}", second.stderr);
    assert!(told[0].contains(server.data_dir().to_str().unwrap()), "it names the folder: {}", told[0]);
    // The first one has not noticed anything.
    server.ready().await;
    server.stop().await;
}
