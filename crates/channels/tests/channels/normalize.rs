//! Cases beside the fixtures: addresses, hostile texts, envelopes, dedupe keys.

use channels::connector::{Address, InboundKind, UnknownReason};
use channels::whatsapp::normalize::normalize;
use messaging::content::{MessageKind, Segment};
use serde_json::{Value, json};

use crate::fixtures::{self, body, messages, only, only_message, text};

fn unknown_of(raw: &[u8]) -> UnknownReason {
    match only(raw).kind {
        InboundKind::Unknown(item) => item.reason,
        other => panic!("not unknown: {other:?}"),
    }
}

#[test]
fn contacts_are_matched_by_id_whatever_their_order_and_number() {
    let contacts = json!([
        {"profile": {"name": "Bea"}, "wa_id": "5511990000002", "user_id": "BR.2"},
        {"profile": {"name": "Nobody asked"}, "wa_id": "5511990000009", "user_id": "BR.9"},
        {"profile": {"name": "Ana"}, "wa_id": "5511990000001", "user_id": "BR.1"},
    ]);
    let mut hidden = text("wamid.3", "", "c");
    hidden["from_user_id"] = json!("BR.1");
    let raw = messages(
        contacts,
        json!([text("wamid.1", "5511990000001", "a"), text("wamid.2", "5511990000002", "b"), hidden]),
    );
    let names: Vec<_> = normalize(&raw).iter().map(|event| event.contact().unwrap().clone()).collect();
    let named = |address: &Address| (address.profile_name.clone().unwrap(), address.bsuid.clone().unwrap());
    assert_eq!(
        names.iter().map(named).collect::<Vec<_>>(),
        [("Ana", "BR.1"), ("Bea", "BR.2"), ("Ana", "BR.1")].map(|(n, b)| (n.to_owned(), b.to_owned()))
    );
}

#[test]
fn a_contact_with_another_id_for_the_same_phone_is_not_mixed_in() {
    let contacts = json!([{"profile": {"name": "Old owner"}, "wa_id": "5511990000001", "user_id": "BR.1"}]);
    let mut item = text("wamid.1", "5511990000001", "a");
    item["from_user_id"] = json!("BR.2");
    let contact = only_message(&messages(contacts, json!([item]))).contact;
    assert_eq!((contact.bsuid.as_deref(), contact.profile_name), (Some("BR.2"), None));
}

#[test]
fn a_business_scoped_id_never_becomes_a_phone() {
    let contact = only_message(&messages(json!([]), json!([text("wamid.1", "BR.13491208655302741918", "a")]))).contact;
    assert_eq!(contact.phone_raw, None);
    assert_eq!(contact.bsuid.as_deref(), Some("BR.13491208655302741918"));
}

#[test]
fn an_item_of_nobody_is_kept_and_not_guessed() {
    let contacts = json!([{"profile": {"name": "Ana"}, "wa_id": "5511990000001", "user_id": "BR.1"}]);
    let item = json!({"id": "wamid.1", "timestamp": "1767355237", "type": "text", "text": {"body": "a"}});
    assert_eq!(unknown_of(&messages(contacts, json!([item]))), UnknownReason::NoAddress);
}

#[test]
fn names_lose_controls_and_direction_marks_and_keep_emoji() {
    let name = "\u{202e}Ana\u{202c}\n\u{200b}Lu\u{feff} 👩🏽\u{200d}⚕\u{fe0f}\u{0}\u{7}\t ";
    let contacts = json!([{"profile": {"name": name, "username": "\u{2066}"}, "wa_id": "5511990000001"}]);
    let contact = only_message(&messages(contacts, json!([text("wamid.1", "5511990000001", "a")]))).contact;
    assert_eq!(contact.profile_name.as_deref(), Some("Ana Lu 👩🏽\u{200d}⚕\u{fe0f}"));
    assert_eq!(contact.username, None);
}

#[test]
fn file_names_are_one_harmless_line() {
    let shown = |name: &str| {
        let item = json!({"id": "wamid.1", "from": "5511990000001", "type": "document",
            "document": {"id": "9", "filename": name}});
        only_message(&messages(json!([]), json!([item]))).segments[0].media().unwrap().file_name.clone()
    };
    let long = format!("{}.pdf", "a".repeat(400));
    for (name, expected) in [
        ("../../etc/passwd\r\nX: y<script>.pdf.html", Some("passwd X_ y_script_.pdf.html")),
        ("C:\\temp\\laudo.pdf", Some("laudo.pdf")),
        ("fdp\u{202e}exe.pdf", Some("fdpexe.pdf")),
        (".. /", None),
        ("", None),
        ("...", None),
        ("nota nº 12 – março (cópia).pdf", Some("nota nº 12 – março (cópia).pdf")),
    ] {
        assert_eq!(shown(name).as_deref(), expected, "{name:?}");
    }
    let cut = shown(&long).unwrap();
    assert!(cut.ends_with("a.pdf") && cut.chars().count() == 150);
}

#[test]
fn nul_is_taken_out_of_whatever_is_stored() {
    let reply = json!({"name": "flow", "body": "Sent", "response_json": "{\"no\\u0000me\":\"a\\u0000\"}"});
    let form = json!({"id": "wamid.1", "from": "5511990000001", "type": "interactive",
        "interactive": {"type": "nfm_reply", "nfm_reply": reply}});
    let raw = messages(json!([]), json!([form, text("wamid.2", "5511990000001", "a\u{0}b")]));
    let stored: Vec<String> = normalize(&raw)
        .iter()
        .map(|event| match &event.kind {
            InboundKind::Message(message) => serde_json::to_string(&message.segments).unwrap(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(stored[0], r#"[{"type":"form_reply","name":"flow","answers":{"nome":"a"}}]"#);
    assert_eq!(stored[1], r#"[{"type":"text","text":"ab"}]"#);
}

#[test]
fn what_has_no_content_is_unsupported_and_never_an_empty_bubble() {
    let contents = [
        json!({"type": "text"}),
        json!({"type": "text", "text": {"body": ""}}),
        json!({"type": "text", "text": "not an object"}),
        json!({"type": "image", "image": {"caption": "without id"}}),
        json!({"type": "image", "image": {"id": "../me"}}),
        json!({"type": "location", "location": {"latitude": 91, "longitude": 0}}),
        json!({"type": "contacts", "contacts": []}),
        json!({"type": "interactive"}),
        json!({"type": "interactive", "interactive": {"type": "button_reply"}}),
        json!({"type": "order", "order": {"product_items": []}}),
        json!({"type": "button", "button": {}}),
        json!({"type": 7}),
        json!({}),
    ];
    for mut item in contents {
        item["id"] = json!("wamid.1");
        item["from"] = json!("5511990000001");
        let message = only_message(&messages(json!([]), json!([item])));
        assert_eq!(message.kind, MessageKind::Unsupported, "{item}");
        assert!(matches!(message.segments[..], [Segment::Unsupported { .. }]), "{item}");
    }
}

#[test]
fn an_interactive_without_its_object_stands_beside_the_values_error() {
    let metadata = json!({"phone_number_id": "2200"});
    let item = json!({"id": "wamid.1", "from": "5511990000001", "type": "interactive"});
    let errors = json!([{"code": 131000, "title": "Something went wrong"}]);
    let raw = body("messages", json!({"metadata": metadata, "messages": [item], "errors": errors}));
    let names: Vec<_> = normalize(&raw).iter().map(|event| event.kind.name()).collect();
    assert_eq!(names, ["message", "account_change"]);
}

#[test]
fn standby_messages_are_marked() {
    let mut value: Value =
        serde_json::from_slice(&messages(json!([]), json!([text("wamid.1", "5511990000001", "a")]))).unwrap();
    assert!(!only_message(&serde_json::to_vec(&value).unwrap()).standby);
    value["entry"][0]["changes"][0]["field"] = json!("standby");
    assert!(only_message(&serde_json::to_vec(&value).unwrap()).standby);
}

#[test]
fn a_handover_names_the_person_and_the_owners() {
    let value = json!({"metadata": {"phone_number_id": "2200"}, "timestamp": "1767355237", "sender": {"wa_id": "5511990000001"},
        "pass_thread_control": {"previous_owner_app_id": "1", "new_owner_app_id": 2}});
    let event = only(&body("messaging_handovers", value));
    let InboundKind::ThreadControl(change) = event.kind else { panic!() };
    assert_eq!(change.contact.phone_raw.as_deref(), Some("5511990000001"));
    assert_eq!(
        (change.action.as_str(), change.previous_owner.as_deref(), change.new_owner.as_deref()),
        ("pass_thread_control", Some("1"), Some("2"))
    );
    assert_eq!(unknown_of(&body("messaging_handovers", json!({"x": 1}))), UnknownReason::Shape);
}

#[test]
fn an_app_edit_or_deletion_is_marked_as_the_businesss() {
    let edit = json!({"id": "wamid.2", "from": "551130001234", "to": "5511990000001", "type": "revoke",
        "revoke": {"original_message_id": "wamid.1"}});
    let event =
        only(&body("smb_message_echoes", json!({"metadata": {"phone_number_id": "2200"}, "message_echoes": [edit]})));
    let InboundKind::Revoke(revoke) = &event.kind else { panic!() };
    assert!(revoke.by_business);
    assert_eq!(revoke.contact.phone_raw.as_deref(), Some("5511990000001"));
}

#[test]
fn older_system_forms_with_empty_strings_are_read() {
    let system = json!({"type": "customer_changed_number", "body": "", "new_wa_id": "5521990000018", "customer": "5511990000017",
        "wa_id": "", "user_id": ""});
    let item = json!({"id": "wamid.1", "from": "", "type": "system", "timestamp": "1767355237", "system": system});
    let InboundKind::IdentityChange(change) = only(&messages(json!([]), json!([item]))).kind else { panic!() };
    assert_eq!(change.previous.phone_raw.as_deref(), Some("5511990000017"));
    assert_eq!(change.current, Address { phone_raw: Some("5521990000018".to_owned()), ..Address::default() });

    let key = json!({"id": "wamid.2", "from": "5511990000017", "type": "system", "timestamp": "1767355237",
        "system": {"type": "customer_identity_changed"}, "identity": {"acknowledged": true, "hash": "x"}});
    let InboundKind::IdentityChange(change) = only(&messages(json!([]), json!([key]))).kind else { panic!() };
    assert_eq!(change.previous, change.current);

    let new =
        json!({"id": "wamid.3", "from": "5511990000017", "type": "system", "system": {"type": "user_grew_wings"}});
    assert_eq!(unknown_of(&messages(json!([]), json!([new]))), UnknownReason::System);
}

#[test]
fn envelopes_of_every_shape_get_an_answer() {
    assert_eq!(unknown_of(b""), UnknownReason::BrokenJson);
    assert_eq!(unknown_of(b"{\"object\":"), UnknownReason::BrokenJson);
    assert_eq!(unknown_of(b"\xff\xfe"), UnknownReason::BrokenJson);
    assert_eq!(unknown_of(b"[1]"), UnknownReason::Shape);
    assert_eq!(unknown_of(b"{}"), UnknownReason::NotOurs);
    assert_eq!(unknown_of(br#"{"object":"page","entry":[]}"#), UnknownReason::NotOurs);
    assert_eq!(unknown_of(br#"{"object":"whatsapp_business_account"}"#), UnknownReason::Shape);
    assert_eq!(unknown_of(br#"{"object":"whatsapp_business_account","entry":[7]}"#), UnknownReason::Shape);
    assert_eq!(unknown_of(br#"{"object":"whatsapp_business_account","entry":[{"id":"1"}]}"#), UnknownReason::Shape);
    assert_eq!(unknown_of(&body("messages", json!(null))), UnknownReason::Shape);
    assert_eq!(unknown_of(&body("messages", json!({"metadata": {}}))), UnknownReason::Shape);
    assert_eq!(unknown_of(&body("messages", json!({"messages": {"0": 1}}))), UnknownReason::Shape);
    assert_eq!(unknown_of(&body("calls", json!({"calls": []}))), UnknownReason::Call);
    assert_eq!(unknown_of(&body("group_lifecycle_update", json!({}))), UnknownReason::Group);
    assert!(normalize(br#"{"object":"whatsapp_business_account","entry":[]}"#).is_empty());
    assert!(normalize(&messages(json!([]), json!([]))).is_empty());
}

#[test]
fn one_item_beyond_reading_spoils_no_other() {
    let deep = format!("{{\"id\":\"wamid.9\",\"x\":{}{}}}", "[".repeat(5_000), "]".repeat(5_000));
    let huge_number = r#"{"id":"wamid.9","from":"5511990000001","type":"text","text":{"body":1e999}}"#.to_owned();
    let half_pair = r#"{"id":"wamid.9","from":"5511990000001","type":"text","text":{"body":"\ud83d"}}"#.to_owned();
    for poison in [deep, huge_number, half_pair, "null".to_owned(), "[]".to_owned()] {
        let good = |id: &str| text(id, "5511990000001", "ok").to_string();
        let raw = format!(
            r#"{{"object":"whatsapp_business_account","entry":[{{"id":"1","changes":[{{"field":"messages","value":{{"messages":[{},{poison},{}]}}}}]}}]}}"#,
            good("wamid.1"),
            good("wamid.2"),
        );
        let events = normalize(raw.as_bytes());
        let names: Vec<_> = events.iter().map(|event| event.kind.name()).collect();
        assert_eq!(names, ["message", "unknown", "message"], "{}", &poison[..poison.len().min(80)]);
        assert_eq!(events[1].raw.get(), poison, "the raw text is kept to the byte");
    }
}

#[test]
fn keys_tell_items_apart_and_repetitions_not() {
    let key = |name: &str| only(&fixtures::bytes(name)).dedupe_key;
    assert!(key("in_text.json").starts_with("message:in:wamid."));
    assert!(key("echo_sent_from_business_app.json").starts_with("message:out:wamid."));
    assert!(key("in_edit_text.json").starts_with("edit:wamid."));
    assert_ne!(key("in_edit_text.json"), key("in_edit_caption.json"));
    assert_ne!(key("st_sent_pmp.json"), key("st_delivered_pmp.json"));
    assert_ne!(key("template_status_paused.json"), key("template_status_rejected.json"));
    let twice = normalize(&fixtures::bytes("batch_same_message_twice.json"));
    assert_eq!(twice[0].dedupe_key, twice[1].dedupe_key);
    // What the contacts beside a status say makes no other item of it.
    let mut value = fixtures::value("st_sent_pmp.json");
    let before = normalize(value.to_string().as_bytes())[0].dedupe_key.clone();
    value["entry"][0]["changes"][0]["value"].as_object_mut().unwrap().remove("contacts");
    assert_eq!(normalize(value.to_string().as_bytes())[0].dedupe_key, before);
    // An item that was unknown to an older version is not a repetition once it can be read.
    assert!(key("in_group_message.json").starts_with("unknown:"));
}

#[test]
fn ids_too_long_for_an_index_are_not_taken() {
    assert_eq!(
        unknown_of(&messages(json!([]), json!([text(&"w".repeat(600), "5511990000001", "a")]))),
        UnknownReason::NoId
    );
    let status = json!({"id": "w".repeat(512), "status": "é".repeat(250), "recipient_user_id": "B".repeat(512)});
    let event = only(&body("messages", json!({"statuses": [status]})));
    assert!(event.dedupe_key.len() <= 1_200, "{}", event.dedupe_key.len());
}
