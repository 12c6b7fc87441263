//! What became of a sent message, told in every order: the order leaves no trace.

use super::ledger;
use super::seconds;
use super::server::{ALL_ROLES, Server};
use super::world::{Organization, graph, meta, now, number};
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use testkit::graph::webhook;
use testkit::graph::{FakeGraph, Person, StatusPlan};

/// Patients; a pair of numbers may exchange ten messages at once, so nobody gets more than eight.
const PATIENTS: usize = 5;

/// One way to be told: the statuses in their order of arrival.
type Order = Vec<&'static str>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_permutation_of_statuses_ends_alike() {
    let graph = graph(&[number()]).await;
    let mut server = Server::start(&graph.url(), ALL_ROLES).await;
    graph.call_back(&server.webhook_url(), super::server::APP_SECRET);
    let clinic = Organization::create(&server, "clinica-ordem", &number()).await;
    let agent = clinic.person(&server, "ana", "agent").await;
    let patients: Vec<Person> =
        (0..PATIENTS).map(|n| Person::with_phone(&format!("551199000{n:04}"), &format!("Paciente {n}"))).collect();
    for patient in &patients {
        graph.emit(webhook::text(&clinic.number, patient, &graph.new_message_id(), now(), "Bom dia"));
    }
    assert!(graph.wait_until_delivered(seconds(20)).await);
    ledger::drained(&server, seconds(30)).await;
    let conversations = agent.all("/api/conversations").await;
    assert_eq!(conversations.len(), PATIENTS);

    let orders = [
        permutations(&["sent", "delivered", "read"]),
        permutations(&["sent", "delivered", "read", "failed"]),
        permutations(&["sent", "failed"]),
        permutations(&["sent", "delivered", "failed"]),
    ]
    .concat();
    let mut messages = Vec::new();
    for (n, order) in orders.iter().enumerate() {
        let conversation = conversations[n % PATIENTS]["id"].as_str().unwrap();
        let answer = agent.reply(conversation, &format!("m{n}"), &format!("resposta {n}")).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        messages.push((n, order, answer.body["id"].as_str().unwrap().to_owned()));
    }
    assert!(graph.wait_for(seconds(60), |sends| sends.len() >= orders.len()).await, "{} sends", graph.sends().len());
    ledger::drained(&server, seconds(30)).await;
    tell_all(&server, &graph, &clinic, &orders).await;
    ledger::drained(&server, seconds(60)).await;

    let mut ends: BTreeMap<Vec<&str>, Vec<(Order, Value)>> = BTreeMap::new();
    for (_, order, id) in messages {
        let message = agent.get(&format!("/api/messages/{id}")).await;
        let mut told: Vec<&str> = order.clone();
        told.sort_unstable();
        ends.entry(told).or_default().push((order.clone(), end_of(&message)));
    }
    for (told, ends) in &ends {
        let shown = if told.contains(&"read") {
            "read"
        } else if told.contains(&"delivered") {
            "delivered"
        } else {
            "failed"
        };
        for (order, end) in ends {
            assert_eq!(end["status"], shown, "{order:?}: {end:#}");
            assert_eq!(end, &ends[0].1, "{order:?} ends otherwise than {:?}", ends[0].0);
        }
        println!("statuses {told:?}: {} orders, all {shown}", ends.len());
    }
    let mut sql = server.sql().await;
    assert_eq!(ledger::wrong(&mut sql).await, Vec::<String>::new());
    drop(sql);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statuses_before_the_answer_of_the_send_wait_for_it() {
    let graph = graph(&[number()]).await;
    let mut server = Server::start(&graph.url(), ALL_ROLES).await;
    graph.call_back(&server.webhook_url(), super::server::APP_SECRET);
    let clinic = Organization::create(&server, "clinica-cedo", &number()).await;
    let agent = clinic.person(&server, "ana", "agent").await;
    let marina = Person::with_phone("5511990000017", "Marina Exemplo");
    graph.emit(webhook::text(&clinic.number, &marina, &graph.new_message_id(), now(), "Bom dia"));
    assert!(graph.wait_until_delivered(seconds(20)).await);
    ledger::drained(&server, seconds(30)).await;
    let conversation = agent.all("/api/conversations").await[0]["id"].as_str().unwrap().to_owned();

    let mut messages = Vec::new();
    for (n, order) in permutations(&["sent", "delivered", "read"]).into_iter().enumerate() {
        graph.set_statuses(StatusPlan::of(order).repeated(2).before_the_answer());
        let answer = agent.reply(&conversation, &format!("m{n}"), &format!("resposta {n}")).await;
        messages.push(answer.body["id"].as_str().unwrap().to_owned());
        assert!(graph.wait_for(seconds(30), |sends| sends.len() > n).await);
    }
    ledger::drained(&server, seconds(30)).await;
    for id in messages {
        let message = agent.get(&format!("/api/messages/{id}")).await;
        assert_eq!(message["status"], "read", "{message:#}");
    }
    let mut sql = server.sql().await;
    assert_eq!(ledger::count(&mut sql, "select count(*) from parked_updates").await, 0, "none was left waiting");
    assert_eq!(ledger::wrong(&mut sql).await, Vec::<String>::new());
    drop(sql);
    server.stop().await;
}

/// Posts to each message its statuses in its order, one webhook each, and the first one once more at the end.
async fn tell_all(server: &Server, graph: &FakeGraph, clinic: &Organization, orders: &[Order]) {
    let (meta, start) = (meta(server), now());
    let sends = graph.accepted();
    for (n, order) in orders.iter().enumerate() {
        let text = format!("resposta {n}");
        let send =
            sends.iter().find(|send| send.text() == Some(&text)).unwrap_or_else(|| panic!("{text} was not sent"));
        let recipient = Person { wa_id: Some(send.to.clone()), ..Person::default() };
        for status in order.iter().chain(order.first()) {
            // The time goes with the status, not with its arrival.
            let rank = ["sent", "failed", "delivered", "read"].iter().position(|word| word == status).unwrap();
            let at = start + TimeDelta::seconds(i64::try_from(rank).unwrap());
            let code = (*status == "failed").then_some(131_026);
            let item = webhook::status(send.accepted().unwrap(), status, at, &recipient, code);
            let bytes = webhook::meta_bytes(&webhook::statuses(&clinic.number, vec![item]));
            assert_eq!(meta.post(&bytes).await.unwrap(), 200);
        }
    }
}

/// What a message shows of its way, without what differs by message: when it was queued and accepted.
fn end_of(message: &Value) -> Value {
    let times: Vec<&Value> = message["status_times"].as_array().unwrap().iter().collect();
    let told = times.into_iter().filter(|time| time["status"] != "queued" && time["status"] != "accepted");
    json!({"status": message["status"], "times": told.collect::<Vec<_>>(), "error": message["error"]})
}

fn permutations(items: &[&'static str]) -> Vec<Order> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    let with_first = |n: usize| {
        let mut rest = items.to_vec();
        let first = rest.remove(n);
        permutations(&rest).into_iter().map(move |order| [vec![first], order].concat())
    };
    (0..items.len()).flat_map(with_first).collect()
}
