//! Another organization's ids are as unknown as none.

use crate::harness::{World, code};
use crate::run;
use messaging::outbound;
use messaging::{Assignment, DetailsBody, NoteBody, ReplyBody, SeenBody, StatusBody};

#[tokio::test]
async fn every_command_with_a_foreign_id_is_not_found() {
    let (here, there) = (World::new().await, World::new().await);
    let (id, message) = there.hears("5511990000017", "segredo").await;
    let me = here.manager("Gil").await;
    let agent = there.agent("Ana").await;
    let sent = there.says(&agent, id, "x").await;
    assert_eq!(code(run!(here, tx => messaging::find_conversation(&me, &mut tx, id))), "NOT_FOUND");
    assert_eq!(code(run!(here, tx => messaging::find_message(&me, &mut tx, message))), "NOT_FOUND");
    assert_eq!(code(run!(here, tx => messaging::attempts(&me, &mut tx, sent))), "NOT_FOUND");
    assert_eq!(code(run!(here, tx => messaging::versions(&me, &mut tx, message))), "NOT_FOUND");
    assert_eq!(code(run!(here, tx => messaging::retry(&me, &mut tx, sent))), "NOT_FOUND");
    assert_eq!(code(here.reply(&me, id, ReplyBody::text("x")).await), "NOT_FOUND");
    assert_eq!(code(here.messaging.post(&me, id, ReplyBody::text("x")).await), "NOT_FOUND");
    let note = run!(here, tx => async {
        let author = here.authors.of(&me, &mut tx).await?;
        messaging::note(&me, &mut tx, author, id, NoteBody { client_id: None, text: "x".to_owned(), reply_to: None, on_behalf_of: None }).await
    });
    assert_eq!(code(note), "NOT_FOUND");
    assert_eq!(code(run!(here, tx => messaging::claim(&me, &mut tx, id))), "NOT_FOUND");
    assert_eq!(code(run!(here, tx => messaging::release(&me, &mut tx, id))), "NOT_FOUND");
    assert_eq!(code(run!(here, tx => messaging::assign(&me, &mut tx, id, Assignment::default()))), "NOT_FOUND");
    let body = StatusBody { status: messaging::ConversationStatus::Closed, reason: None };
    assert_eq!(code(run!(here, tx => messaging::set_status(&me, &mut tx, id, body))), "NOT_FOUND");
    assert_eq!(code(run!(here, tx => messaging::set_archived(&me, &mut tx, id, true))), "NOT_FOUND");
    assert_eq!(code(run!(here, tx => messaging::seen(&me, &mut tx, id, SeenBody { up_to_seq: 1 }))), "NOT_FOUND");
    assert_eq!(
        code(run!(here, tx => messaging::edit_details(&me, &mut tx, id, Some(1), DetailsBody::default()))),
        "NOT_FOUND"
    );
    assert!(!run!(here, tx => messaging::may_view(&me, &mut tx, id)).unwrap());
    assert!(run!(here, tx => outbound::next(&mut tx, sent)).unwrap().is_none());
    let contact = there.find(id).await.contact.unwrap().id;
    assert_eq!(code(run!(here, tx => messaging::block_contact(&me, &mut tx, contact))), "NOT_FOUND");
    // A foreign user or unit is no place to hand over to.
    let (mine, _) = here.hears("5511990000017", "oi").await;
    for (user_id, unit_id) in [(agent.subject.user_id(), None), (None, Some(there.unit))] {
        let to = Assignment { user_id, unit_id, reason: None };
        assert_eq!(code(run!(here, tx => messaging::assign(&me, &mut tx, mine, to))), "NOT_FOUND");
    }
    let quote = ReplyBody { reply_to: Some(message), ..ReplyBody::text("x") };
    assert_eq!(code(here.reply(&me, mine, quote).await), "REPLY_TARGET_NOT_FOUND");
    // The same phone and the same provider's ids are other people here.
    assert_eq!(here.count("select count(*) from contacts where organization_id = $1").await, 1);
    assert_eq!(there.find(id).await.last_seq, 2);
}
