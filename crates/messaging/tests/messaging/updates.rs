//! Reactions, edits and revocations: on known, unknown and later-arriving messages; never an empty bubble, never a
//! reopening.

use crate::harness::World;
use crate::run;
use chrono::Duration;
use kernel::ids::MessageId;
use messaging::content::{MediaRef, MessageKind, Segment};
use messaging::{Applied, ConversationStatus, InboundEdit, InboundReaction, InboundRevoke, Received};

const ANA: &str = "5511990000017";

impl World {
    fn edit(&self, id: &str, target: &str, text: &str) -> InboundEdit {
        let segments = vec![Segment::Text { text: text.to_owned() }];
        InboundEdit {
            account: self.inbound_account(),
            external_id: id.to_owned(),
            target_external_id: target.to_owned(),
            by_business: false,
            kind: MessageKind::Text,
            segments,
            at: self.clock.now(),
            received_at: self.clock.now(),
        }
    }

    fn revoke(&self, target: &str) -> InboundRevoke {
        InboundRevoke {
            account: self.inbound_account(),
            target_external_id: target.to_owned(),
            by_business: false,
            at: self.clock.now(),
            received_at: self.clock.now(),
        }
    }

    fn reaction(&self, target: &str, emoji: Option<&str>) -> InboundReaction {
        InboundReaction {
            account: self.inbound_account(),
            contact: self.sender(ANA),
            target_external_id: target.to_owned(),
            by_business: false,
            emoji: emoji.map(str::to_owned),
            at: self.clock.now(),
            received_at: self.clock.now(),
        }
    }

    async fn seen(&self, id: MessageId) -> messaging::Message {
        let viewer = self.agent("Vera").await;
        run!(self, tx => messaging::find_message(&viewer, &mut tx, id)).unwrap()
    }

    async fn stored(&self, external_id: &str) -> MessageId {
        match self.receive(self.inbound(ANA, external_id, "original")).await.unwrap() {
            Received::Stored { message_id, .. } => message_id,
            Received::Duplicate => panic!(),
        }
    }
}

#[tokio::test]
async fn on_a_known_message_each_is_applied_once() {
    let world = World::new().await;
    let id = world.stored("w1").await;
    world.clock.advance(Duration::seconds(10));
    for wanted in [Applied::Changed, Applied::Known] {
        assert_eq!(
            run!(world, tx => messaging::apply_edit(&world.system(), &mut tx, world.edit("e1", "w1", "corrigido")))
                .unwrap(),
            wanted
        );
    }
    let message = world.seen(id).await;
    assert!(message.segments.get().contains("corrigido") && message.edited_at.is_some());
    let versions = run!(world, tx => messaging::versions(&world.system(), &mut tx, id)).unwrap();
    assert_eq!(versions.iter().map(|version| version.version).collect::<Vec<_>>(), [1, 2]);
    assert!(versions[0].segments.get().contains("original"));
    // An older edit that comes late is kept, not shown.
    let mut older = world.edit("e0", "w1", "velho");
    older.at -= Duration::seconds(5);
    run!(world, tx => messaging::apply_edit(&world.system(), &mut tx, older)).unwrap();
    assert!(world.seen(id).await.segments.get().contains("corrigido"));
    for (emoji, wanted) in [(Some("👍"), Applied::Changed), (Some("👍"), Applied::Known)] {
        assert_eq!(
            run!(world, tx => messaging::apply_reaction(&world.system(), &mut tx, world.reaction("w1", emoji)))
                .unwrap(),
            wanted
        );
    }
    assert_eq!(world.seen(id).await.reactions[0].emoji, "👍");
    world.clock.advance(Duration::seconds(1));
    run!(world, tx => messaging::apply_reaction(&world.system(), &mut tx, world.reaction("w1", None))).unwrap();
    assert!(world.seen(id).await.reactions.is_empty());
    for wanted in [Applied::Changed, Applied::Known] {
        assert_eq!(
            run!(world, tx => messaging::apply_revoke(&world.system(), &mut tx, world.revoke("w1"))).unwrap(),
            wanted
        );
    }
    let message = world.seen(id).await;
    assert_eq!((message.segments.get(), message.seq, message.deleted_at.is_some()), ("[]", 1, true));
    let manager = world.manager("Gil").await;
    let body = run!(world, tx => messaging::find_message(&manager, &mut tx, id)).unwrap();
    assert!(body.segments.get().contains("corrigido"), "readable by who manages");
    let kinds = world.events().await;
    for (kind, times) in [("message.updated", 1), ("message.reaction_changed", 2), ("message.deleted", 1)] {
        assert_eq!(kinds.iter().filter(|found| *found == kind).count(), times, "{kind}");
    }
}

#[tokio::test]
async fn on_a_message_that_comes_later_they_wait_and_are_applied_with_it() {
    let world = World::new().await;
    assert_eq!(
        run!(world, tx => messaging::apply_reaction(&world.system(), &mut tx, world.reaction("w1", Some("❤"))))
            .unwrap(),
        Applied::Parked
    );
    world.clock.advance(Duration::seconds(1));
    assert_eq!(
        run!(world, tx => messaging::apply_edit(&world.system(), &mut tx, world.edit("e1", "w1", "corrigido")))
            .unwrap(),
        Applied::Parked
    );
    assert_eq!(
        run!(world, tx => messaging::apply_revoke(&world.system(), &mut tx, world.revoke("w2"))).unwrap(),
        Applied::Parked
    );
    assert_eq!(world.count("select count(*) from messages where organization_id = $1").await, 0);
    let (first, second) = (world.stored("w1").await, world.stored("w2").await);
    let message = world.seen(first).await;
    assert!(message.segments.get().contains("corrigido"));
    assert_eq!(message.reactions[0].emoji, "❤");
    assert!(world.seen(second).await.deleted_at.is_some());
    assert_eq!(world.count("select count(*) from parked_updates where organization_id = $1").await, 0);
    run!(world, tx => messaging::apply_revoke(&world.system(), &mut tx, world.revoke("w3"))).unwrap();
    world.clock.advance(Duration::days(7));
    let third = world.stored("w3").await;
    assert!(world.seen(third).await.deleted_at.is_none(), "after seven days it is forgotten");
}

#[tokio::test]
async fn none_of_them_reopens_but_a_reaction_opens_the_window() {
    let world = World::new().await;
    let agent = world.agent("Bia").await;
    let Received::Stored { conversation_id, .. } = world.receive(world.inbound(ANA, "w1", "oi")).await.unwrap() else {
        panic!()
    };
    run!(world, tx => messaging::close(&agent, &mut tx, conversation_id, None)).unwrap();
    world.hours(30);
    run!(world, tx => messaging::apply_edit(&world.system(), &mut tx, world.edit("e1", "w1", "x"))).unwrap();
    run!(world, tx => messaging::apply_revoke(&world.system(), &mut tx, world.revoke("w1"))).unwrap();
    assert!(world.find(conversation_id).await.window.unwrap().closes_at < world.clock.now());
    run!(world, tx => messaging::apply_reaction(&world.system(), &mut tx, world.reaction("w1", Some("👍")))).unwrap();
    let shown = world.find(conversation_id).await;
    assert_eq!((shown.status, shown.last_seq, shown.waiting_since), (ConversationStatus::Closed, 1, None));
    assert_eq!(shown.window.unwrap().closes_at, world.clock.now() + Duration::hours(24));
}

#[tokio::test]
async fn a_new_caption_keeps_the_file() {
    let world = World::new().await;
    let media = MediaRef { provider_id: Some("777".to_owned()), ..MediaRef::default() };
    let mut inbound = world.inbound(ANA, "w1", "");
    inbound.kind = MessageKind::Media;
    inbound.segments = vec![Segment::Image { media: media.clone(), caption: Some("antes".to_owned()) }];
    let Received::Stored { message_id, .. } = world.receive(inbound).await.unwrap() else { panic!() };
    let mut edit = world.edit("e1", "w1", "");
    edit.kind = MessageKind::Media;
    edit.segments = vec![Segment::Image { media, caption: Some("depois".to_owned()) }];
    run!(world, tx => messaging::apply_edit(&world.system(), &mut tx, edit)).unwrap();
    let message = world.seen(message_id).await;
    assert_eq!(message.attachments.len(), 1);
    let text = message.segments.get();
    assert!(text.contains("depois") && text.contains(&message.attachments[0].id.to_string()), "{text}");
}
