//! Lists: filters, order, pages, and who sees what.

use crate::harness::{World, code};
use crate::run;
use kernel::cursor::CursorKey;
use kernel::ids::ConversationId;
use kernel::{Ctx, PageRequest, Permission, Scope};
use messaging::{ConversationFilter, ConversationSort, ConversationStatus, list_conversations};

fn phone(n: i64) -> String {
    format!("55119{:08}", 90_000_000 + n)
}

async fn ids(world: &World, ctx: &Ctx, filter: &ConversationFilter) -> Vec<ConversationId> {
    let cursors = CursorKey::new(b"key");
    let mut found = Vec::new();
    let mut page = PageRequest { limit: 3, cursor: None };
    loop {
        let one = run!(world, tx => list_conversations(ctx, &mut tx, &cursors, filter, &page)).unwrap();
        assert!(one.data.len() <= 3);
        found.extend(one.data.iter().map(|conversation| conversation.id));
        page.cursor = one.next_cursor;
        if page.cursor.is_none() {
            return found;
        }
    }
}

#[tokio::test]
async fn pages_follow_the_order_and_the_filter() {
    let world = World::new().await;
    let agent = world.agent("Ana").await;
    let mut all = Vec::new();
    for n in 0..10 {
        world.clock.advance(chrono::Duration::minutes(1));
        all.push(world.hears(&phone(n), "oi").await.0);
    }
    let newest: Vec<_> = all.iter().rev().copied().collect();
    let any = ConversationFilter::default();
    assert_eq!(ids(&world, &agent, &any).await, newest);
    let open = ConversationFilter { status: Some(ConversationStatus::Open), ..any.clone() };
    assert_eq!(ids(&world, &agent, &open).await, newest);
    world.says(&agent, all[0], "Olá").await;
    assert_eq!(ids(&world, &agent, &open).await, newest[..9]);
    let waiting = ConversationFilter { status: Some(ConversationStatus::Waiting), ..any.clone() };
    assert_eq!(ids(&world, &agent, &waiting).await, [all[0]]);
    let mine = ConversationFilter { owner_id: Some("me".to_owned()), ..any.clone() };
    assert_eq!(ids(&world, &agent, &mine).await, [all[0]]);
    let nobodys = ConversationFilter { owner_id: Some("none".to_owned()), ..any.clone() };
    assert_eq!(ids(&world, &agent, &nobodys).await, newest[..9]);
    let longest = ConversationFilter { sort: Some(ConversationSort::WaitingSince), ..any.clone() };
    assert_eq!(ids(&world, &agent, &longest).await, all[1..]);
    let created = ConversationFilter { sort: Some(ConversationSort::CreatedAt), ..any.clone() };
    assert_eq!(ids(&world, &agent, &created).await, newest);
    for (filter, wanted) in [
        (ConversationFilter { number: Some(4), ..any.clone() }, vec![all[3]]),
        (
            ConversationFilter {
                contact_id: world.find(all[5]).await.contact.map(|contact| contact.id),
                ..any.clone()
            },
            vec![all[5]],
        ),
        (ConversationFilter { number: Some(4), priority: Some("low".to_owned()), ..any.clone() }, vec![]),
        (ConversationFilter { handled_by: Some("human".to_owned()), ..any.clone() }, vec![all[0]]),
        (ConversationFilter { priority: Some("high".to_owned()), ..any.clone() }, vec![]),
        (ConversationFilter { unit_id: Some(world.other_unit), ..any.clone() }, vec![]),
        (ConversationFilter { channel_kind: Some("email".to_owned()), ..any.clone() }, vec![]),
        (ConversationFilter { audience: Some("internal".to_owned()), ..any.clone() }, vec![]),
        (ConversationFilter { archived: Some(true), ..any.clone() }, vec![]),
        (
            ConversationFilter {
                updated_after: Some(world.clock.now() - chrono::Duration::seconds(30)),
                ..any.clone()
            },
            vec![all[0], all[9]],
        ),
    ] {
        let mut found = ids(&world, &agent, &filter).await;
        found.sort_unstable();
        assert_eq!(found, wanted, "{filter:?}");
    }
    let first = run!(world, tx => list_conversations(&agent, &mut tx, &CursorKey::new(b"key"), &any, &PageRequest { limit: 3, cursor: None })).unwrap();
    let foreign = PageRequest { limit: 3, cursor: first.next_cursor };
    let refused = run!(world, tx => list_conversations(&agent, &mut tx, &CursorKey::new(b"key"), &open, &foreign));
    assert_eq!(code(refused), "CURSOR_INVALID", "a cursor belongs to its filter");
}

#[tokio::test]
async fn check_20_everybody_sees_what_authorize_would_allow_and_nothing_else() {
    let world = World::new().await;
    let manager = world.manager("Gil").await;
    let view = [Permission::MESSAGING_VIEW];
    let mine = world.person("Ana", &view, Scope::Own).await;
    let people = [
        world.person("Bia", &view, Scope::Organization).await,
        world.person("Cai", &view, Scope::Units(vec![world.other_unit])).await,
        world.person("Duda", &view, Scope::Units(vec![world.unit])).await,
        world.person("Edu", &view, Scope::Unassigned(vec![world.unit])).await,
        world.person("Fe", &view, Scope::ChannelAccount(world.account)).await,
        world.person("Gu", &view, Scope::ChannelAccount(world.ids.sortable(world.clock.now()))).await,
        world.person("Hugo", &[Permission::CONTACTS_VIEW], Scope::Organization).await,
        mine.clone(),
    ];
    let mut all = Vec::new();
    for n in 0..6 {
        all.push(world.hears(&phone(n), "oi").await.0);
    }
    let to = |user, unit| messaging::Assignment { user_id: user, unit_id: unit, reason: None };
    run!(world, tx => messaging::assign(&manager, &mut tx, all[0], to(mine.subject.user_id(), None))).unwrap();
    run!(world, tx => messaging::assign(&manager, &mut tx, all[1], to(None, Some(world.other_unit)))).unwrap();
    run!(world, tx => messaging::assign(&manager, &mut tx, all[2], to(manager.subject.user_id(), None))).unwrap();
    world.sql("update conversations set unit_id = null where organization_id = $1 and number = 4").await.unwrap();
    let mut admin = world.admin().await;
    sqlx::query("update conversations set participants = array[$2] where id = $1")
        .bind(all[4].0)
        .bind(mine.subject.user_id().unwrap().0)
        .execute(&mut admin)
        .await
        .unwrap();
    let mut sizes = Vec::new();
    for person in &people {
        for status in [None, Some(ConversationStatus::Open)] {
            for sort in [None, Some(ConversationSort::CreatedAt), Some(ConversationSort::WaitingSince)] {
                let filter = ConversationFilter { status, sort, ..ConversationFilter::default() };
                let mut listed = ids(&world, person, &filter).await;
                let mut allowed = Vec::new();
                for id in &all {
                    if run!(world, tx => messaging::find_conversation(person, &mut tx, *id)).is_ok() {
                        allowed.push(*id);
                    }
                }
                listed.sort_unstable();
                allowed.sort_unstable();
                assert_eq!(listed, allowed);
                sizes.push(listed.len());
            }
        }
    }
    sizes.dedup();
    assert_eq!(sizes, [6, 1, 5, 3, 6, 0, 2]);
}
