//! The order of messages: gapless, equal for everybody, whoever writes.

use crate::harness::{World, patiently};
use futures_util::future::join_all;
use kernel::PageRequest;
use kernel::cursor::CursorKey;
use messaging::{MessagePlace, ReplyBody, list_messages};
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_messages_at_once_have_no_hole_and_one_order() {
    let world = Arc::new(World::new().await);
    let (id, _) = world.hears("5511990000017", "oi").await;
    let (ana, bia) = (world.agent("Ana").await, world.agent("Bia").await);
    let all = (0..999).map(|n| {
        // Shuffled: 719 and 999 have no common factor.
        let n = n * 719 % 999;
        let (world, ana, bia) = (world.clone(), ana.clone(), bia.clone());
        tokio::spawn(async move {
            match n % 4 {
                0 => {
                    patiently(|| world.receive(world.inbound("5511990000017", &format!("w{n}"), "oi"))).await;
                }
                1 => {
                    let key = format!("n{n}");
                    drop(patiently(|| world.notes(&bia, id, &key)).await);
                }
                2 => drop(patiently(|| world.messaging.post(&ana, id, ReplyBody::text("r"))).await),
                _ => drop(patiently(|| world.messaging.post(&bia, id, ReplyBody::text("r"))).await),
            }
        })
    });
    for done in join_all(all).await {
        done.unwrap();
    }
    let mut tx = world.tx().await;
    let cursors = CursorKey::new(b"key");
    let mut seqs = Vec::new();
    let mut page = PageRequest { limit: 100, cursor: None };
    loop {
        let found = list_messages(&ana, &mut tx, &cursors, id, MessagePlace::default(), &page).await.unwrap();
        seqs.splice(0..0, found.data.iter().map(|message| message.seq));
        page.cursor = found.next_cursor;
        if page.cursor.is_none() {
            break;
        }
    }
    tx.commit().await.unwrap();
    assert_eq!(seqs, (1..=1_000).collect::<Vec<i64>>());
    assert_eq!(world.find(id).await.last_seq, 1_000);
    // The log tells the same order.
    let told: Vec<i64> =
        world.event_data("message.created").await.iter().map(|data| data["message"]["seq"].as_i64().unwrap()).collect();
    assert_eq!(told, (1..=1_000).collect::<Vec<i64>>());
    let sends = world.count("select count(*) from outbound_sends where organization_id = $1").await;
    assert_eq!(
        sends,
        world.count("select count(*) from jobs where organization_id = $1 and kind = 'messaging.send_message'").await
    );
    assert_eq!(sends, 499);
}

#[tokio::test]
async fn pages_stay_stable_while_messages_arrive() {
    let world = World::new().await;
    let agent = world.agent("Ana").await;
    let (id, _) = world.hears("5511990000017", "1").await;
    for n in 2..=30 {
        world.hears("5511990000017", &n.to_string()).await;
    }
    let cursors = CursorKey::new(b"key");
    let page = |cursor| PageRequest { limit: 10, cursor };
    let mut tx = world.tx().await;
    let first = list_messages(&agent, &mut tx, &cursors, id, MessagePlace::default(), &page(None)).await.unwrap();
    let seqs =
        |page: &kernel::Page<messaging::Message>| page.data.iter().map(|message| message.seq).collect::<Vec<_>>();
    assert_eq!(seqs(&first), (21..=30).collect::<Vec<_>>());
    world.hears("5511990000017", "31").await;
    let second =
        list_messages(&agent, &mut tx, &cursors, id, MessagePlace::default(), &page(first.next_cursor)).await.unwrap();
    assert_eq!(seqs(&second), (11..=20).collect::<Vec<_>>());
    let place = |before, after, around| MessagePlace { before_seq: before, after_seq: after, around_seq: around };
    let found = list_messages(&agent, &mut tx, &cursors, id, place(Some(6), None, None), &page(None)).await.unwrap();
    assert_eq!((seqs(&found), found.next_cursor.is_none()), ((1..=5).collect(), true));
    let found = list_messages(&agent, &mut tx, &cursors, id, place(None, Some(5), None), &page(None)).await.unwrap();
    assert_eq!(seqs(&found), (6..=15).collect::<Vec<_>>());
    let found =
        list_messages(&agent, &mut tx, &cursors, id, MessagePlace::default(), &page(found.next_cursor)).await.unwrap();
    assert_eq!(seqs(&found), (16..=25).collect::<Vec<_>>());
    let found = list_messages(&agent, &mut tx, &cursors, id, place(None, None, Some(15)), &page(None)).await.unwrap();
    assert_eq!(seqs(&found), (10..=19).collect::<Vec<_>>());
    let both = list_messages(&agent, &mut tx, &cursors, id, place(Some(1), Some(1), None), &page(None)).await;
    assert_eq!(both.unwrap_err().code(), "INVALID_PARAMETER");
    let made_up =
        list_messages(&agent, &mut tx, &cursors, id, MessagePlace::default(), &page(Some("c_x".to_owned()))).await;
    assert_eq!(made_up.unwrap_err().code(), "CURSOR_INVALID");
}
