//! Sends: what is accepted, what is refused, and trouble on the way.

use std::sync::Arc;

use channels::connector::{ErrorClass, SendOutcome};
use channels::whatsapp::graph::{messages_path, read_send_answer};
use serde_json::{Value, json};
use testkit::graph::{Behaviour, Call, Fault, Number, Rule, SendResult};

use crate::world::{ANA, SOON, TOKEN, class_and_code, text, world};

#[tokio::test]
async fn what_the_product_sends_is_accepted_once_and_recorded() {
    let world = world().await;
    world.graph.resolve("5531980000017", "553180000017");
    let outcome = world.send(&text("5531980000017", "outbox:1")).await.unwrap();
    let SendOutcome::Accepted { external_id, address_used } = outcome else { panic!("{outcome:?}") };
    assert!(external_id.starts_with("wamid."));
    assert_eq!(address_used.unwrap().phone_raw.as_deref(), Some("553180000017"));
    let sends = world.graph.sends();
    assert_eq!(sends.len(), 1);
    assert_eq!((sends[0].tag.as_deref(), sends[0].text()), (Some("outbox:1"), Some("Olá 👋")));
    assert_eq!(sends[0].accepted(), Some(external_id.as_str()));
    assert_eq!(world.graph.accepted_by_tag(), [("outbox:1".to_owned(), 1)].into());
    assert!(world.graph.violations().is_empty());

    let hidden = json!({"messaging_product": "whatsapp", "recipient": "BR.70000000000000004", "type": "text", "text": {"body": "x"}});
    let SendOutcome::Accepted { address_used, .. } = world.send(&hidden).await.unwrap() else { panic!() };
    assert_eq!(address_used.unwrap().bsuid.as_deref(), Some("BR.70000000000000004"));
}

#[tokio::test]
async fn wrong_requests_are_refused_with_the_protocols_codes() {
    let world = world().await;
    let with = |changes: Value| {
        let mut body = text(ANA, "t");
        for (key, value) in changes.as_object().unwrap() {
            if value.is_null() {
                body.as_object_mut().unwrap().remove(key)
            } else {
                body.as_object_mut().unwrap().insert(key.clone(), value.clone())
            };
        }
        body
    };
    for (changes, code) in [
        (json!({"messaging_product": null}), 100),
        (json!({"messaging_product": "messenger"}), 100),
        (json!({"recipient": "BR.7"}), 100),
        (json!({"to": null}), 131_008),
        (json!({"to": null, "recipient": "5511990000017"}), 131_009),
        (json!({"to": "BR.70000000000000004"}), 131_009),
        (json!({"to": 5_511_990_000_017_i64}), 100),
        (json!({"to": "551130001234"}), 131_021),
        (json!({"type": null}), 131_008),
        (json!({"type": "hologram", "text": null, "hologram": {}}), 131_009),
        (json!({"text": null}), 131_008),
        (json!({"text": {"body": ""}}), 131_008),
        (json!({"text": {"body": "a".repeat(4_097)}}), 100),
        (json!({"text": {"body": "😀".repeat(2_049)}}), 100),
        (json!({"text": {"body": "a", "colour": "red"}}), 100),
        (json!({"note": "internal"}), 100),
        (json!({"context": {"id": "wamid.1"}}), 100),
        (json!({"biz_opaque_callback_data": "t".repeat(513)}), 100),
        (json!({"recipient_type": "group"}), 100),
        (json!({"type": "image", "text": null, "image": {"id": "1"}}), 131_009),
    ] {
        let body = with(changes);
        assert_eq!(class_and_code(&world.send(&body).await.unwrap()).1, Some(code), "{body}");
    }
    assert_eq!(world.graph.violations().len(), 20);
    assert!(world.graph.accepted().is_empty());
    let longest = with(json!({"text": {"body": "é".repeat(4_096)}}));
    assert!(matches!(world.send(&longest).await.unwrap(), SendOutcome::Accepted { .. }));
}

#[tokio::test]
async fn token_number_and_version_are_checked() {
    let world = world().await;
    let post = async |path: &str, token: &str| {
        let url = format!("{}{path}", world.graph.url());
        let answer = world.client.post(url).bearer_auth(token).json(&text(ANA, "t")).send().await.unwrap();
        let status = answer.status().as_u16();
        class_and_code(&read_send_answer(status, &answer.bytes().await.unwrap(), None))
    };
    let path = messages_path("v25.0", &world.number.phone_number_id);
    assert_eq!(post(&path, "other").await, (ErrorClass::Auth, Some(190)));
    assert_eq!(post("/v25.0/999/messages", TOKEN).await, (ErrorClass::Content, Some(100)));
    assert_eq!(post(&path.replace("v25.0", "25"), TOKEN).await.1, Some(2_500));
    world.graph.put_number(Number { access_token: "new".to_owned(), ..world.number.clone() });
    assert_eq!(post(&path, TOKEN).await, (ErrorClass::Auth, Some(190)));
}

#[tokio::test]
async fn errors_of_the_table_come_as_asked_and_in_turn() {
    let world = world().await;
    for code in [130_429, 131_056, 190, 131_016] {
        world.graph.next(Call::Send, Behaviour::error(code));
    }
    world.graph.next(Call::Send, Behaviour::Html(502));
    let mut classes = Vec::new();
    for _ in 0..5 {
        classes.push(class_and_code(&world.send(&text(ANA, "t")).await.unwrap()).0);
    }
    use ErrorClass as C;
    assert_eq!(classes, [C::Throttled, C::ThrottledRecipient, C::Auth, C::Transient, C::Transient]);
    assert!(matches!(world.send(&text(ANA, "t")).await.unwrap(), SendOutcome::Accepted { .. }));
    assert_eq!(world.graph.accepted_by_tag(), [("t".to_owned(), 1)].into());
    assert_eq!(
        world.graph.calls().iter().map(|call| call.answered).collect::<Vec<_>>(),
        [429, 429, 401, 500, 502, 200].map(Some)
    );
}

#[tokio::test]
async fn rules_hold_for_those_they_match_and_as_often_as_they_say() {
    let world = world().await;
    world.graph.when(Rule::sends_to(ANA, Behaviour::Refuse(Fault::of(131_056).retry_after(4))).times(2));
    let code = async |to: &str| match world.send(&text(to, "t")).await.unwrap() {
        SendOutcome::Rejected { code, .. } => code,
        _ => None,
    };
    assert_eq!(code("5521990000033").await, None);
    assert_eq!(code(ANA).await, Some(131_056));
    assert_eq!(code(ANA).await, Some(131_056));
    assert_eq!(code(ANA).await, None);
    world.graph.when(Rule::every(Call::Send, Behaviour::error(1)));
    assert_eq!(code(ANA).await, Some(1));
    world.graph.behave();
    assert_eq!(code(ANA).await, None);
}

#[tokio::test]
async fn a_cut_before_and_a_cut_after_look_alike_and_only_one_went_out() {
    let world = world().await;
    world.graph.next(Call::Send, Behaviour::DropBeforeReading);
    assert!(world.send(&text(ANA, "before")).await.is_err());
    world.graph.next(Call::Send, Behaviour::DropAfterAccepting);
    assert!(world.send(&text(ANA, "after")).await.is_err());
    world.graph.next(Call::Send, Behaviour::Garble);
    assert!(matches!(world.send(&text(ANA, "garbled")).await.unwrap(), SendOutcome::Unclear { .. }));
    assert_eq!(world.graph.accepted_by_tag(), [("after".to_owned(), 1), ("garbled".to_owned(), 1)].into());
    let results: Vec<bool> = world.graph.sends().iter().map(|send| matches!(send.result, SendResult::Lost)).collect();
    assert_eq!(results, [true, false, false]);
}

#[tokio::test]
async fn a_paused_server_refuses_connections_and_comes_back_on_its_port() {
    let world = world().await;
    world.graph.pause().await;
    assert!(world.send(&text(ANA, "t")).await.unwrap_err().is_connect());
    world.graph.resume().await.unwrap();
    assert!(matches!(world.send(&text(ANA, "t")).await.unwrap(), SendOutcome::Accepted { .. }));
}

#[tokio::test]
async fn a_held_call_waits_for_the_test() {
    let world = world().await;
    let gate = Arc::new(tokio::sync::Notify::new());
    world.graph.next(Call::Send, Behaviour::Hold(gate.clone(), Box::default()));
    let body = text(ANA, "t");
    let (outcome, ()) = tokio::join!(world.send(&body), async {
        assert!(world.graph.sends().is_empty());
        gate.notify_one();
    });
    assert!(matches!(outcome.unwrap(), SendOutcome::Accepted { .. }));
    assert!(world.graph.wait_for(SOON, |sends| sends.len() == 1).await);
}
