//! Webhooks: statuses after a send, and inbound bodies.

use channels::connector::{ErrorClass, InboundKind, SendOutcome};
use testkit::graph::{Person, StatusPlan, webhook};

use crate::world::{ANA, SECRET, SOON, receiver, text, world};

#[tokio::test]
async fn statuses_follow_in_the_order_asked_for_signed_and_with_our_tag() {
    let world = world().await;
    let receiver = receiver(2).await;
    world.graph.call_back(&receiver.url, SECRET);
    world.graph.set_statuses(StatusPlan::up_to("read").repeated(2).reversed().without("sent"));
    world.send(&text(ANA, "outbox:7")).await.unwrap();
    assert!(world.graph.wait_until_delivered(SOON).await);
    assert_eq!(receiver.statuses(), ["read", "read", "delivered", "delivered"]);
    let InboundKind::Status(status) = receiver.events().remove(0) else { panic!() };
    assert_eq!(status.callback_tag.as_deref(), Some("outbox:7"));
    assert_eq!(Some(status.external_id.as_str()), world.graph.sends()[0].accepted());
    assert_eq!(world.graph.webhooks_posted(), 4);
}

#[tokio::test]
async fn a_status_may_beat_the_answer_and_all_may_come_in_one_body() {
    let world = world().await;
    let receiver = receiver(0).await;
    world.graph.call_back(&receiver.url, SECRET);
    world.graph.set_statuses(StatusPlan::up_to("played").shuffled(3).in_one_body().before_the_answer());
    world.send(&text(ANA, "t")).await.unwrap();
    let mut statuses = receiver.statuses();
    assert_ne!(statuses, ["sent", "delivered", "read", "played"]);
    statuses.sort();
    assert_eq!(statuses, ["delivered", "played", "read", "sent"]);
    assert_eq!(receiver.bodies.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn some_recipients_fail_after_acceptance() {
    let world = world().await;
    let receiver = receiver(0).await;
    world.graph.call_back(&receiver.url, SECRET);
    world.graph.set_statuses(StatusPlan::up_to("read"));
    world.graph.fail_later(ANA, 131_047);
    assert!(matches!(world.send(&text(ANA, "t")).await.unwrap(), SendOutcome::Accepted { .. }));
    assert!(world.graph.wait_until_delivered(SOON).await);
    assert_eq!(receiver.statuses(), ["failed"]);
    let InboundKind::Status(status) = receiver.events().remove(0) else { panic!() };
    assert_eq!(status.error.map(|error| error.class), Some(ErrorClass::Window));
}

#[tokio::test]
async fn inbound_bodies_are_read_by_the_product_as_they_were_meant() {
    let world = world().await;
    let receiver = receiver(0).await;
    world.graph.call_back(&receiver.url, SECRET);
    let ana = Person::with_phone(ANA, "Ana ❤️ Lu");
    let rafa = Person::hidden("BR.70000000000000004", "rafa.exemplo");
    let at = world.clock.now();
    let bodies = [
        webhook::text(&world.number, &ana, "wamid.1+/=", at, "ação / 🙏"),
        webhook::text(&world.number, &rafa, "wamid.2", at, "oi"),
        webhook::echo(&world.number, &ana, "wamid.3", at, "do celular"),
        webhook::statuses(&world.number, vec![webhook::status("wamid.4", "failed", at, &ana, Some(131_026))]),
    ];
    for body in &bodies {
        assert_eq!(world.graph.post(body).await.unwrap(), 200);
    }
    let events = receiver.events();
    let names: Vec<_> = events.iter().map(InboundKind::name).collect();
    assert_eq!(names, ["message", "message", "echo", "status"]);
    let InboundKind::Message(first) = &events[0] else { panic!() };
    assert_eq!((first.external_id.as_str(), first.contact.profile_name.as_deref()), ("wamid.1+/=", Some("Ana ❤️ Lu")));
    assert_eq!(first.segments[0].words(), Some("ação / 🙏"));
    let InboundKind::Message(second) = &events[1] else { panic!() };
    assert_eq!((second.contact.phone_raw.as_deref(), second.contact.username.as_deref()), (None, Some("rafa.exemplo")));
    let raw = receiver.bodies.lock().unwrap()[0].clone();
    let raw = String::from_utf8(raw.to_vec()).unwrap();
    assert!(raw.is_ascii() && raw.contains(r"a\u00e7\u00e3o \/ \ud83d\ude4f"), "{raw}");
}
