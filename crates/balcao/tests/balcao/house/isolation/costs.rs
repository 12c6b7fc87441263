//! What is another organization's costs what nothing costs: the same statements, so that no clock tells the two apart.

use super::super::client::Person;
use super::super::server::Server;
use super::super::socket::Socket;
use super::super::statements::Statements;
use super::cast::{Key, in_name_of, staff, support};
use super::operations::operations;
use super::sockets::EVENTS;
use super::{Ids, NOBODYS, Two};

/// A second's caches and what is noted once a minute come between; a real difference comes in every round.
const ROUNDS: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_19_what_is_theirs_costs_the_same_statements_as_what_is_nobodys() {
    let mut two = Two::new().await;
    let attackers = attackers(&two).await;
    let nobodys: Ids = two.their_ids.keys().map(|kind| (*kind, NOBODYS)).collect();
    let operations = operations(&two.us.get("/api/openapi.json").await);
    // From here on nobody works but who answers requests.
    two.server.stop().await;
    two.server.serve("api");
    two.server.ready().await;
    let mut log = Statements::logged(&two.server, "").await;
    for (name, person) in &attackers {
        let (mut compared, mut looked) = (0, 0);
        for operation in operations.iter().filter(|operation| operation.kinds().next().is_some()) {
            let what = format!("{name}, {}", operation.name());
            let cost = alike(&mut log, &what, async |ours| {
                operation.ask(person, if ours { &two.their_ids } else { &nobodys }).await;
            })
            .await;
            compared += 1;
            looked += usize::from(cost > 0);
        }
        eprintln!("{name}: {compared} operations cost the same, {looked} of them look into the database");
        assert!(compared > 40 && looked >= 10, "{name}: {compared}, {looked}");
    }
    // The comparison can tell: what is there costs more.
    let path = |ids: &Ids| format!("/api/conversations/{}/messages", ids["conversation_id"]);
    let (mut theirs, mut ours) = (usize::MAX, usize::MAX);
    for _ in 0..ROUNDS {
        let (_, cost) = log.of(two.us.ask(reqwest::Method::GET, &path(&two.their_ids), None)).await;
        theirs = theirs.min(cost.len());
        let (_, cost) = log.of(two.us.get(&path(&two.our_ids))).await;
        ours = ours.min(cost.len());
    }
    assert!(ours > theirs, "{ours} {theirs}");

    events(&mut two, &nobodys).await;
    two.server.stop().await;
}

async fn attackers(two: &Two) -> Vec<(&'static str, Person)> {
    let Two { server, us, ours, .. } = two;
    let mut sql = server.sql().await;
    let colleague = ours.person(server, "caio", "admin").await;
    let colleague = colleague.get("/api/me").await["id"].as_str().expect("an id").to_owned();
    let staff = staff(server, &mut sql).await;
    vec![
        ("a person", us.clone()),
        ("a key", Key::make(server, us, "Integração").await.bearer),
        ("in a member's name", in_name_of(server, us, &colleague).await),
        ("a support session", support(server, &staff, us, "casa-a").await),
    ]
}

/// The same for what comes by sockets. The hub follows the log beside, as another role.
async fn events(two: &mut Two, nobodys: &Ids) {
    two.server.stop().await;
    two.server.serve("api,realtime");
    two.server.ready().await;
    let mut log = Statements::logged(&two.server, "balcao_app").await;
    let mut us = socket(&two.server, &two.us).await;
    for (name, body) in EVENTS {
        let (theirs, nobodys) = (body(&two.their_ids), body(nobodys));
        alike(&mut log, name, async |ours| {
            us.call(name, if ours { &theirs } else { &nobodys }).await;
        })
        .await;
    }
}

async fn socket(server: &Server, person: &Person) -> Socket {
    Socket::connect(&server.url(), person.token()).await
}

/// Asks for theirs and for nobody's in turns until both cost the same; how many statements that is.
async fn alike(log: &mut Statements, what: &str, mut ask: impl AsyncFnMut(bool)) -> usize {
    let mut costs = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        for second in [false, true] {
            let theirs = (round % 2 == 0) != second;
            let (_, cost) = log.of(ask(theirs)).await;
            if theirs { costs.0 = cost } else { costs.1 = cost }
        }
        // The first round prepares statements and fills caches.
        if round > 0 && costs.0 == costs.1 {
            return costs.0.len();
        }
    }
    panic!("{what}: theirs costs\n{:#?}\nand nobody's\n{:#?}", costs.0, costs.1);
}
