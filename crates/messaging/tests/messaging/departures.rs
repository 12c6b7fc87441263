//! What happens when somebody leaves: work returns to the queue, messages stay under another name.

use crate::harness::World;
use crate::run;
use kernel::{Actor, Audience, Ctx, StreamRef};
use messaging::claim;
use serde_json::{Value, json};
use store::log::{LoggedEvent, Position, ReaderRun};

async fn hears(world: &World, kind: &str, data: Value) {
    let module = messaging::module(&world.messaging);
    let reader = module.readers.into_iter().find(|reader| reader.kinds.contains(&kind)).expect("somebody listens");
    let event = LoggedEvent {
        position: Position::default(),
        id: world.ids.random(),
        organization_id: world.organization,
        kind: kind.to_owned(),
        version: 1,
        occurred_at: world.clock.now(),
        stream: StreamRef { kind: "user".into(), id: world.ids.random(), seq: None },
        actor: Actor::SYSTEM,
        request_id: "test".to_owned(),
        audience: Audience::default(),
        data,
    };
    (reader.run)(ReaderRun { ctx: world.system(), event }).await.unwrap();
}

fn id_of(ctx: &Ctx) -> Value {
    json!(ctx.subject.user_id())
}

#[tokio::test]
async fn live_work_of_somebody_who_left_returns_to_the_queues() {
    let world = World::new().await;
    let (ana, bia) = (world.agent("Ana").await, world.agent("Bia").await);
    let mut hers = Vec::new();
    for phone in ["5511990000017", "5511990000018", "5511990000019"] {
        let (id, _) = world.hears(phone, "oi").await;
        run!(world, tx => claim(&ana, &mut tx, id)).unwrap();
        hers.push(id);
    }
    let (other, _) = world.hears("5511990000020", "oi").await;
    run!(world, tx => claim(&bia, &mut tx, other)).unwrap();
    run!(world, tx => messaging::close(&ana, &mut tx, hers[2], Some("resolved".to_owned()))).unwrap();
    for kind in ["membership.suspended", "membership.removed"] {
        hears(&world, kind, json!({ "user_id": id_of(&ana) })).await;
    }
    assert_eq!((world.find(hers[0]).await.owner_id, world.find(hers[1]).await.owner_id), (None, None));
    assert_eq!(world.find(hers[2]).await.owner_id, ana.subject.user_id(), "history stays");
    assert_eq!(world.find(other).await.owner_id, bia.subject.user_id());
    let told = world.event_data("conversation.assigned").await;
    let returned = told.iter().filter(|data| data["reason"] == "membership_suspended" && data["to"].is_null()).count();
    assert_eq!(returned, 2, "{told:?}");
}

#[tokio::test]
async fn messages_of_somebody_erased_stay_under_another_name() {
    let world = World::new().await;
    let (ana, bia) = (world.agent("Zuleica Canário").await, world.agent("Bia").await);
    let (id, _) = world.hears("5511990000017", "oi").await;
    world.says(&ana, id, "bom dia").await;
    world.notes(&ana, id, "nota-1").await.unwrap();
    world.says(&bia, id, "eu também").await;
    let with = async |name: &'static str| {
        world
            .event_data("message.created")
            .await
            .iter()
            .filter(|data| data["message"]["sender"]["name"] == name)
            .count()
    };
    assert_eq!(with("Zuleica Canário").await, 2);
    hears(&world, "privacy.erased", json!({ "user_id": id_of(&ana), "number": 1, "shown": "Usuário removido #1" }))
        .await;
    let named = "select count(*) from messages where organization_id = $1 and sender_name = 'Zuleica Canário'";
    assert_eq!(world.count(named).await, 0);
    let shown = "select count(*) from messages where organization_id = $1 and sender_name = 'Usuário removido #1'";
    assert_eq!(world.count(shown).await, 2);
    let others = "select count(*) from messages where organization_id = $1 and sender_name = 'Bia'";
    assert_eq!(world.count(others).await, 1);
}
