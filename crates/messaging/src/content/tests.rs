use super::*;

#[test]
fn segments_carry_their_type_as_a_tag_and_come_back_unchanged() {
    let segments = vec![
        Segment::Text { text: "Bom dia".to_owned() },
        Segment::Audio { media: MediaRef { provider_id: Some("13".to_owned()), ..MediaRef::default() }, voice: true },
        Segment::Unsupported { original_type: Some("poll".to_owned()), code: Some(131_051), detail: None },
    ];
    let json = serde_json::to_value(&segments).unwrap();
    assert_eq!(
        json,
        serde_json::json!([
            {"type": "text", "text": "Bom dia"},
            {"type": "audio", "media": {"provider_id": "13"}, "voice": true},
            {"type": "unsupported", "original_type": "poll", "code": 131_051},
        ])
    );
    assert_eq!(serde_json::from_value::<Vec<Segment>>(json).unwrap(), segments);
}

#[test]
fn a_stored_file_keeps_no_provider_address() {
    let id = Uuid::from_u128(7);
    let media = MediaRef { url: Some("https://provider.example/x".to_owned()), ..MediaRef::default() };
    let stored = media.stored_as(id);
    assert_eq!((stored.attachment_id, stored.url), (Some(id), None));
}

#[test]
fn plain_text_takes_the_words_of_every_segment_in_order() {
    let segments = vec![
        Segment::File { media: MediaRef::default(), caption: Some("orçamento".to_owned()) },
        Segment::Sticker { media: MediaRef::default(), animated: false },
        Segment::ReplyChoice { option_id: "2".to_owned(), title: "Financeiro".to_owned(), description: None },
    ];
    assert_eq!(plain_text(&segments), "orçamento\nFinanceiro");
    assert_eq!(plain_text(&[]), "");
}

#[test]
fn kinds_are_spelled_alike_in_code_and_json() {
    for kind in [MessageKind::Text, MessageKind::ContactCard, MessageKind::FormReply, MessageKind::Unsupported] {
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        assert_eq!(MessageKind::parse(kind.as_str()), Some(kind));
    }
    assert_eq!(MessageKind::parse("hologram"), None);
}
