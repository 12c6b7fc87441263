//! Webhooks in bulk: stored at once while nobody works on them, applied once each when somebody does.

use super::client::plain;
use super::dice::Dice;
use super::ledger;
use super::server::{ALL_ROLES, APP_SECRET, Server};
use super::world::{Organization, graph, meta, now, number};
use super::{fixtures, seconds};
use std::collections::HashMap;
use std::time::{Duration, Instant};
use testkit::graph::webhook::{self, sign};
use testkit::graph::{Number, Person};
use tokio::task::JoinSet;

/// Meta's patience as the product promises to meet it.
const P99: Duration = Duration::from_millis(250);
const CONNECTIONS: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fixture_five_times_from_eight_connections_is_stored_at_once_and_applied_once() {
    let other = Number {
        phone_number_id: "330022558899667".to_owned(),
        display_phone_number: "551130009999".to_owned(),
        waba_id: "445566778899001".to_owned(),
        access_token: "outro-token".to_owned(),
    };
    let graph = graph(&[number(), other.clone()]).await;
    let mut server = Server::start(&graph.url(), "api").await;
    Organization::create(&server, "clinica-um", &number()).await;
    Organization::create(&server, "clinica-dois", &other).await;
    let fixtures = fixtures::all();
    let mut bodies: Vec<Vec<u8>> = fixtures.iter().flat_map(fixtures::Fixture::copies).collect();
    Dice::new(7).shuffle(&mut bodies);

    let times = post_all(&server, bodies).await;
    let p99 = percentile(&times, 99);
    let (p50, most) = (percentile(&times, 50), percentile(&times, 100));
    println!("storm: {} webhooks, all 200; p50 {p50:?}, p99 {p99:?}, longest {most:?}", times.len());
    assert!(p99 < P99, "p99 {p99:?} is not below {P99:?}");

    let mut sql = server.sql().await;
    let stored = ledger::count(&mut sql, "select count(*) from inbound_raw where state = 'stored'").await;
    let once: std::collections::HashSet<Vec<u8>> = fixtures.iter().flat_map(fixtures::Fixture::copies).collect();
    assert_eq!(usize::try_from(stored).unwrap(), once.len(), "each different body is kept once, and none worked on");
    assert_eq!(ledger::count(&mut sql, "select count(*) from messages").await, 0, "the workers are stopped");
    drop(sql);

    server.stop().await;
    server.serve(ALL_ROLES);
    server.ready().await;
    ledger::drained(&server, seconds(60)).await;

    let mut sql = server.sql().await;
    let mut wrong = ledger::wrong(&mut sql).await;
    wrong.extend(ledger::compare(&ledger::messages(&mut sql).await, &fixtures::expected(&fixtures)));
    assert!(wrong.is_empty(), "{wrong:#?}");
    let of_second = "select count(*) from conversations c join organizations o on o.id = c.organization_id
        where o.slug = 'clinica-dois'";
    assert_eq!(ledger::count(&mut sql, of_second).await, 1, "its one message of the mixed body");
    let (conversations, addresses) = (
        ledger::count(&mut sql, "select count(*) from conversations").await,
        ledger::count(&mut sql, "select count(distinct (organization_id, address_id)) from conversations").await,
    );
    assert_eq!(conversations, addresses, "one conversation an address");
    // Marina, a number of Minas without the ninth digit, a landline, somebody without a number, and the second
    // clinic's; Marina twice when her change of number comes in the middle of what she writes from the old one.
    assert!((5..=6).contains(&conversations), "{conversations} conversations");
    let messages = ledger::count(&mut sql, "select count(*) from messages where direction <> 'internal'").await;
    println!("storm: {messages} messages in {conversations} conversations");
    assert_eq!(graph.violations(), Vec::<String>::new());
    drop(sql);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_first_messages_at_once_are_one_contact_one_conversation_a_hundred_messages() {
    let graph = graph(&[number()]).await;
    let mut server = Server::start(&graph.url(), ALL_ROLES).await;
    let clinic = Organization::create(&server, "clinica-cem", &number()).await;
    let marina = Person::with_phone("5511990000017", "Marina Exemplo");
    let body = |n: usize| {
        let id = graph.new_message_id();
        webhook::meta_bytes(&webhook::text(&clinic.number, &marina, &id, now(), &format!("mensagem {n}")))
    };
    let bodies: Vec<Vec<u8>> = (0..100).map(body).collect();
    let mut posts = JoinSet::new();
    for bytes in bodies {
        let meta = meta(&server);
        posts.spawn(async move { meta.post(&bytes).await.unwrap() });
    }
    assert!(posts.join_all().await.iter().all(|status| *status == 200));
    ledger::drained(&server, seconds(60)).await;

    let mut sql = server.sql().await;
    assert_eq!(ledger::wrong(&mut sql).await, Vec::<String>::new());
    assert_eq!(ledger::count(&mut sql, "select count(*) from contacts").await, 1);
    assert_eq!(ledger::count(&mut sql, "select count(*) from conversations").await, 1);
    let texts = ledger::inbound_texts(&mut sql).await;
    let mut each: HashMap<&str, usize> = HashMap::new();
    texts.iter().for_each(|text| *each.entry(text).or_default() += 1);
    assert_eq!((texts.len(), each.len()), (100, 100));
    drop(sql);

    let agent = clinic.person(&server, "ana", "agent").await;
    let conversations = agent.all("/api/conversations").await;
    assert_eq!(conversations.len(), 1, "{conversations:#?}");
    let id = conversations[0]["id"].as_str().unwrap();
    let messages = agent.all(&format!("/api/conversations/{id}/messages")).await;
    let mut seqs: Vec<i64> = messages.iter().map(|message| message["seq"].as_i64().unwrap()).collect();
    seqs.sort_unstable();
    assert_eq!(seqs, (1..=100).collect::<Vec<i64>>());
    server.stop().await;
}

/// Posts the bodies from eight connections and tells how long each answer took; every answer must be 200.
async fn post_all(server: &Server, bodies: Vec<Vec<u8>>) -> Vec<Duration> {
    let mut queues = vec![Vec::new(); CONNECTIONS];
    for (n, body) in bodies.into_iter().enumerate() {
        queues[n % CONNECTIONS].push(body);
    }
    let mut posters = JoinSet::new();
    for queue in queues {
        let (client, url) = (plain(), server.webhook_url());
        posters.spawn(async move {
            let mut times = Vec::new();
            for body in queue {
                let signature = sign(APP_SECRET, &body);
                let request = client.post(&url).header("content-type", "application/json");
                let request = request.header("x-hub-signature-256", signature).body(body);
                let started = Instant::now();
                let answer = request.send().await.unwrap();
                times.push(started.elapsed());
                assert_eq!(answer.status(), 200, "{:?}", answer.text().await);
            }
            times
        });
    }
    posters.join_all().await.concat()
}

/// The smallest time that so many per cent do not exceed.
fn percentile(times: &[Duration], per_cent: usize) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted[(sorted.len() * per_cent).div_ceil(100) - 1]
}
