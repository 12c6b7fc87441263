//! Notes: many at once share a transaction, and each is stored or refused for itself.

use crate::harness::{World, code};
use futures_util::future::join_all;
use kernel::{Permission, Scope};
use messaging::NoteBody;
use std::sync::Arc;

const ANA: &str = "5511990000017";

fn body(text: &str) -> NoteBody {
    NoteBody { client_id: None, text: text.to_owned(), reply_to: None, on_behalf_of: None }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_at_once_each_gets_its_own_answer_and_places_have_no_hole() {
    let world = Arc::new(World::new().await);
    let agent = world.agent("Bia").await;
    let guest = world.person("Eva", &[Permission::MESSAGING_VIEW], Scope::Organization).await;
    let (one, quoted) = world.hears(ANA, "oi").await;
    let (two, _) = world.hears("5531980000017", "oi").await;
    let all = (0..120).map(|n| {
        let (world, agent, guest) = (world.clone(), agent.clone(), guest.clone());
        tokio::spawn(async move {
            let answer = match n % 6 {
                0 => world.messaging.note(&guest, one, body("não pode")).await,
                1 => world.messaging.note(&agent, one, body("  ")).await,
                2 => world.messaging.note(&agent, two, NoteBody { reply_to: Some(quoted), ..body("x") }).await,
                3 => world.messaging.note(&agent, one, NoteBody { reply_to: Some(quoted), ..body("sim") }).await,
                4 => world.messaging.note(&agent, two, body("sim")).await,
                _ => world.messaging.note(&agent, two, NoteBody { client_id: Some("k".into()), ..body("uma") }).await,
            };
            (n, answer)
        })
    });
    let mut once = 0;
    for done in join_all(all).await {
        let (n, answer) = done.unwrap();
        match n % 6 {
            0 => assert_eq!(code(answer), "PERMISSION_DENIED"),
            1 => assert_eq!(code(answer), "VALIDATION_FAILED"),
            2 => assert_eq!(code(answer), "REPLY_TARGET_NOT_FOUND"),
            3 => assert_eq!(answer.unwrap().message.reply_to.unwrap().message_id, Some(quoted)),
            4 => assert_eq!(answer.unwrap().message.conversation_id, two),
            _ => once += usize::from(!answer.unwrap().replayed),
        }
    }
    assert_eq!(once, 1, "one client id, one note");
    assert_eq!((world.find(one).await.last_seq, world.find(two).await.last_seq), (21, 22));
    let kinds = "select count(*) from messages where organization_id = $1 and kind = 'note'";
    assert_eq!(world.count(kinds).await, 41);
    let told = "select count(distinct stream_seq) from events where organization_id = $1 and kind = 'message.created'
                and data->'message'->>'kind' = 'note' and (data->'message'->>'seq')::bigint = stream_seq
                and (data->'conversation'->>'last_seq')::bigint = stream_seq group by stream_id order by 1 limit 1";
    assert_eq!(world.count(told).await, 20);
}

#[tokio::test]
async fn a_note_keeps_the_threads_place_and_clocks_but_not_its_version() {
    let world = World::new().await;
    let agent = world.agent("Bia").await;
    let (id, _) = world.hears(ANA, "oi").await;
    let before = world.find(id).await;
    world.hours(1);
    let posted = world.messaging.note(&agent, id, body("ligar amanhã")).await.unwrap();
    let after = world.find(id).await;
    assert_eq!((posted.message.seq, after.last_seq, after.version), (2, 2, before.version + 1));
    assert_eq!(after.updated_at, world.clock.now());
    assert_eq!(after.last_activity_at, before.last_activity_at);
    assert_eq!((after.waiting_since, after.status, after.owner_id), (before.waiting_since, before.status, None));
    let other = NoteBody { client_id: Some("n".into()), ..body("a") };
    assert!(!world.messaging.note(&agent, id, other.clone()).await.unwrap().replayed);
    assert!(world.messaging.note(&agent, id, other.clone()).await.unwrap().replayed);
    let reused = NoteBody { text: "b".into(), ..other };
    assert_eq!(code(world.messaging.note(&agent, id, reused).await), "IDEMPOTENCY_KEY_REUSED");
}

/// A row that the database refuses spoils the statement it travels in, and nobody else's note.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_note_that_cannot_be_stored_fails_alone() {
    let world = Arc::new(World::new().await);
    let agent = world.agent("Bia").await;
    let (one, _) = world.hears(ANA, "oi").await;
    let (two, _) = world.hears("5531980000017", "oi").await;
    let all = (0..60).map(|n| {
        let (world, agent) = (world.clone(), agent.clone());
        let text = if n == 30 { "nul \0" } else { "sim" };
        tokio::spawn(async move { world.messaging.note(&agent, if n % 2 == 0 { one } else { two }, body(text)).await })
    });
    let stored: Vec<bool> = join_all(all).await.into_iter().map(|done| done.unwrap().is_ok()).collect();
    assert_eq!(stored.iter().filter(|stored| !**stored).count(), 1);
    assert!(!stored[30]);
    // The contacts' messages are the first ones; no number is left out.
    assert_eq!((world.find(one).await.last_seq, world.find(two).await.last_seq), (30, 31));
    let places =
        "select count(distinct (conversation_id, seq)) from messages where organization_id = $1 and kind = 'note'";
    assert_eq!(world.count(places).await, 59);
}
