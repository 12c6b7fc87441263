//! kill -9 of the server and of PostgreSQL at random moments, under load, and a count of everything at the end.

use super::dice::Dice;
use super::ledger::{self, Reply};
use super::load::{Agent, Posted, Poster, Replied, Stop};
use super::server::{ALL_ROLES, APP_SECRET, Server};
use super::world::{Organization, graph, meta, now, number};
use super::{seconds, trouble};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};
use testkit::graph::webhook;
use testkit::graph::{FakeGraph, Person, StatusPlan};
use tokio::task::JoinSet;

const ROUNDS: usize = 20;
/// Chooses moments, victims and weather; which requests they hit is the machine's.
const SEED: u64 = 20_261_121;
const PATIENTS: usize = 30;
const POSTERS: usize = 4;
const AGENTS: usize = 4;
/// After a crash a send's lease (60 s) must lapse and evidence be awaited (120 s) before it is called unclear.
const DRAIN: Duration = seconds(240);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_rounds_of_kill_9_lose_nothing_and_double_nothing() {
    let began = Instant::now();
    let mut dice = Dice::new(SEED);
    let graph = Arc::new(graph(&[number()]).await);
    // Everybody here shares one address, and asks ten times a second while the server is down.
    let mut server = Server::new(&graph.url()).with("BALCAO_LIMITS_ANONYMOUS", "100000/10s");
    server.serve(ALL_ROLES);
    server.ready().await;
    graph.call_back(&server.webhook_url(), APP_SECRET);
    let clinic = Organization::create(&server, "clinica-queda", &number()).await;
    let patients: Vec<Person> =
        (0..PATIENTS).map(|n| Person::with_phone(&format!("551198000{n:04}"), &format!("Paciente {n}"))).collect();
    let conversations = first_messages(&server, &graph, &clinic, &patients).await;

    trouble::brew(&graph, &mut dice);
    let stop = Stop::default();
    let mut weather = JoinSet::new();
    weather.spawn(trouble::keep_changing(graph.clone(), dice.fork()));
    let mut posters = JoinSet::new();
    for n in 0..POSTERS {
        let (patients, number, dice) = (patients.clone(), clinic.number.clone(), dice.fork());
        let poster =
            Poster { name: format!("p{n}"), meta: meta(&server), graph: graph.clone(), number, patients, dice };
        posters.spawn(poster.run(stop.clone()));
    }
    let mut agents = JoinSet::new();
    for n in 0..AGENTS {
        let person = clinic.person(&server, &format!("agente{n}"), "agent").await;
        let agent = Agent { name: format!("a{n}"), person, conversations: conversations.clone(), dice: dice.fork() };
        agents.spawn(agent.run(stop.clone()));
    }
    let kills = kill_all_the_time(&mut server, &mut dice).await;
    stop.now();
    let posted = joined(posters).await;
    let replied = joined(agents).await;
    weather.shutdown().await;
    graph.behave();
    graph.set_statuses(StatusPlan::up_to("read"));
    let loaded = began.elapsed();
    assert!(graph.wait_until_delivered(seconds(90)).await, "statuses are still refused");
    ledger::drained(&server, DRAIN).await;

    let mut sql = server.sql().await;
    let mut wrong = ledger::wrong(&mut sql).await;
    wrong.extend(check_inbound(&posted, &ledger::inbound_texts(&mut sql).await));
    let stored = ledger::replies(&mut sql).await;
    let (problems, unclear) = check_replies(&replied, &stored, &graph);
    wrong.extend(problems);
    drop(sql);
    let count = |of: fn(&Posted) -> usize| posted.iter().map(of).sum::<usize>();
    let sends: usize = replied.iter().map(|agent| agent.messages.len()).sum();
    println!(
        "kill rounds: {ROUNDS} rounds, {} kills of the server, {} of PostgreSQL; {} webhooks taken ({} tries refused, {} repeated); \
         {sends} sends ({} repeated), {} of them unclear; {:.0} s of load, {:.0} s in all",
        kills.server,
        kills.postgres,
        count(|p| p.taken.len()),
        count(|p| p.refused),
        count(|p| p.repeated),
        replied.iter().map(|agent| agent.repeated).sum::<usize>(),
        unclear,
        loaded.as_secs_f64(),
        began.elapsed().as_secs_f64(),
    );
    assert!(wrong.is_empty(), "{wrong:#?}");
    server.stop().await;
}

/// One message of each patient, so that there are conversations to answer in.
async fn first_messages(server: &Server, graph: &FakeGraph, clinic: &Organization, patients: &[Person]) -> Vec<String> {
    for patient in patients {
        graph.emit(webhook::text(&clinic.number, patient, &graph.new_message_id(), now(), "Bom dia"));
    }
    assert!(graph.wait_until_delivered(seconds(30)).await);
    ledger::drained(server, seconds(30)).await;
    let admin = clinic.person(server, "chefe", "admin").await;
    let conversations = admin.all("/api/conversations").await;
    assert_eq!(conversations.len(), patients.len());
    conversations.iter().map(|conversation| conversation["id"].as_str().unwrap().to_owned()).collect()
}

#[derive(Default)]
struct Kills {
    server: usize,
    postgres: usize,
}

/// Server and PostgreSQL in turns, in every fifth round both. Mostly it has come up before the next round; sometimes
/// the next blow falls while it still recovers.
async fn kill_all_the_time(server: &mut Server, dice: &mut Dice) -> Kills {
    let mut kills = Kills::default();
    for round in 0..ROUNDS {
        tokio::time::sleep(Duration::from_millis(dice.between(200, 2_500))).await;
        let both = round % 5 == 4;
        let killed = if both || round % 2 == 1 { server.kill_postmaster() } else { None };
        kills.postgres += usize::from(killed.is_some());
        if both || round % 2 == 0 {
            server.kill().await;
            kills.server += 1;
            server.serve(ALL_ROLES);
        }
        if dice.once_in(5) && round + 1 < ROUNDS {
            continue;
        }
        if let Some(pid) = killed {
            server.postgres_again(pid).await;
        }
        server.ready().await;
    }
    kills
}

async fn joined<T: Send + 'static>(tasks: JoinSet<T>) -> Vec<T> {
    let all = tokio::time::timeout(seconds(120), tasks.join_all()).await;
    all.expect("the load did not end")
}

/// Every webhook that was answered 200 is one message, and no message is there twice.
fn check_inbound(posted: &[Posted], texts: &[String]) -> Vec<String> {
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    texts.iter().filter(|text| *text != "Bom dia").for_each(|text| *times.entry(text).or_default() += 1);
    let taken: BTreeSet<&str> = posted.iter().flat_map(|poster| &poster.taken).map(String::as_str).collect();
    let lost = taken.iter().filter(|text| !times.contains_key(**text)).map(|text| format!("webhook lost: {text}"));
    let doubled =
        times.iter().filter(|(_, count)| **count > 1).map(|(text, count)| format!("{text} is there {count} times"));
    let unknown = times.keys().filter(|text| !taken.contains(**text)).map(|text| format!("nobody posted {text}"));
    lost.chain(doubled).chain(unknown).collect()
}

/// Every reply that was answered is stored once and went out once, or is listed as unclear. Also how many are unclear.
fn check_replies(replied: &[Replied], stored: &[Reply], graph: &FakeGraph) -> (Vec<String>, usize) {
    let mut wrong = graph.violations();
    for (tag, count) in graph.accepted_by_tag().into_iter().filter(|(_, count)| *count > 1) {
        wrong.push(format!("the tag {tag} went out {count} times"));
    }
    let mut out: BTreeMap<String, usize> = BTreeMap::new();
    for send in graph.accepted() {
        *out.entry(send.text().unwrap_or_default().to_owned()).or_default() += 1;
    }
    let mut rows: BTreeMap<&str, Vec<&Reply>> = BTreeMap::new();
    stored.iter().for_each(|reply| rows.entry(&reply.client_id).or_default().push(reply));
    let mut unclear = 0;
    for client_id in replied.iter().flat_map(|agent| agent.messages.keys()) {
        let times = out.get(client_id).copied().unwrap_or_default();
        let Some([reply]) = rows.get(client_id.as_str()).map(Vec::as_slice) else {
            wrong.push(format!("the reply {client_id} is not stored once"));
            continue;
        };
        let listed = reply.status == "failed" && reply.unclear;
        unclear += usize::from(listed);
        match (times, reply.status.as_str()) {
            (0, "failed") if listed => {}
            // What went out was also told of, at least once.
            (1, "sent" | "delivered" | "read") => {}
            _ => wrong.push(format!("{reply:?} went out {times} times")),
        }
    }
    let known: BTreeSet<&str> = replied.iter().flat_map(|agent| agent.messages.keys()).map(String::as_str).collect();
    wrong.extend(out.keys().filter(|text| !known.contains(text.as_str())).map(|text| format!("nobody sent {text}")));
    wrong
        .extend(rows.keys().filter(|id| !known.contains(**id)).map(|id| format!("nobody wrote the stored reply {id}")));
    (wrong, unclear)
}
