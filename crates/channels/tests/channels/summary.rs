//! Every fixture, read and told in a few lines each. The snapshots were checked by hand against the protocol.

use std::fmt::Write;

use channels::connector::{Address, InboundEvent, InboundKind, TemplateChangeKind};
use channels::whatsapp::normalize::normalize;
use messaging::content::Segment;

use crate::fixtures;

#[test]
fn inbound_fixtures_are_read_as_the_protocol_says() {
    insta::assert_snapshot!("inbound", told(|name| name.starts_with("in_")));
}

#[test]
fn status_fixtures_are_read_as_the_protocol_says() {
    insta::assert_snapshot!("statuses", told(|name| name.starts_with("st_")));
}

#[test]
fn all_other_fixtures_are_read_as_the_protocol_says() {
    insta::assert_snapshot!("others", told(|name| !name.starts_with("in_") && !name.starts_with("st_")));
}

#[test]
fn every_fixture_gives_something_and_the_same_twice() {
    for (name, raw) in fixtures::webhooks() {
        let events = normalize(&raw);
        assert!(!events.is_empty(), "{name}");
        let keys = |events: &[InboundEvent]| events.iter().map(|e| e.dedupe_key.clone()).collect::<Vec<_>>();
        assert_eq!(keys(&events), keys(&normalize(&raw)), "{name}");
    }
}

fn told(wanted: impl Fn(&str) -> bool) -> String {
    let mut text = String::new();
    for (name, raw) in fixtures::webhooks().into_iter().filter(|(name, _)| wanted(name)) {
        writeln!(text, "{name}").unwrap();
        for event in normalize(&raw) {
            tell(&event, &mut text);
        }
    }
    text
}

fn tell(event: &InboundEvent, text: &mut String) {
    let at = event.occurred_at.map_or("-".to_owned(), |at| at.timestamp().to_string());
    let account = event.account_external_id.as_deref().unwrap_or("-");
    let business = event.business_external_id.as_deref().unwrap_or("-");
    writeln!(text, "  {} {business}/{account} at {at}", event.kind.name()).unwrap();
    writeln!(text, "    key {}", short(&event.dedupe_key)).unwrap();
    for line in lines(&event.kind) {
        writeln!(text, "    {line}").unwrap();
    }
}

fn lines(kind: &InboundKind) -> Vec<String> {
    match kind {
        InboundKind::Message(message) | InboundKind::Echo(message) => {
            let mut flags = vec![message.kind.as_str().to_owned()];
            flags.extend(message.reply_to_external_id.as_deref().map(|id| format!("reply to {}", short(id))));
            flags.extend(message.forwarded.then(|| "forwarded".to_owned()));
            flags.extend(message.frequently_forwarded.then(|| "frequently".to_owned()));
            flags.extend(message.standby.then(|| "standby".to_owned()));
            let mut lines = vec![format!("with {}", who(&message.contact)), flags.join(", ")];
            lines.extend(segments(&message.segments));
            lines
        }
        InboundKind::Edit(edit) => {
            let mut lines =
                vec![format!("with {}", who(&edit.contact)), format!("of {}", short(&edit.target_external_id))];
            lines.push(format!("{} by business: {}", edit.kind.as_str(), edit.by_business));
            lines.extend(segments(&edit.segments));
            lines
        }
        InboundKind::Revoke(revoke) => vec![
            format!("with {}", who(&revoke.contact)),
            format!("of {} by business: {}", short(&revoke.target_external_id), revoke.by_business),
        ],
        InboundKind::Reaction(reaction) => vec![
            format!("with {}", who(&reaction.contact)),
            format!("to {}: {:?}", short(&reaction.target_external_id), reaction.emoji),
        ],
        InboundKind::Status(status) => {
            let mut lines = vec![
                format!("{} of {}", status.status.as_str(), short(&status.external_id)),
                format!("to {}", who(&status.recipient)),
            ];
            lines.extend(status.callback_tag.as_deref().map(|tag| format!("tag {tag}")));
            lines.extend(status.pricing.as_ref().map(|pricing| format!("pricing {pricing}")));
            lines.extend(
                status.error.as_ref().map(|e| {
                    format!("error {:?} {}: {}", e.code, e.class.as_str(), e.detail.as_deref().unwrap_or("-"))
                }),
            );
            lines
        }
        InboundKind::IdentityChange(change) => {
            vec![format!("{:?} from {}", change.change, who(&change.previous)), format!("to {}", who(&change.current))]
        }
        InboundKind::Preference(change) => {
            vec![format!("{}: {} of {}", change.category, change.value, who(&change.contact))]
        }
        InboundKind::AccountChange(change) => vec![format!(
            "{} event {:?} number {:?} error {:?}",
            change.field,
            change.event,
            change.display_phone_number,
            change.error.as_ref().map(|error| (error.code, error.class.as_str()))
        )],
        InboundKind::TemplateChange(change) => {
            let what = match &change.change {
                TemplateChangeKind::Status { status, reason } => format!("{status} because {reason:?}"),
                other => format!("{other:?}"),
            };
            vec![format!("{:?} {} {:?}: {what}", change.template_id, change.name, change.language)]
        }
        InboundKind::ThreadControl(change) => vec![format!("{change:?}")],
        InboundKind::Unknown(item) => vec![format!("{} about {:?}", item.reason.as_str(), item.about)],
    }
}

fn segments(segments: &[Segment]) -> impl Iterator<Item = String> {
    segments.iter().map(|segment| {
        // Direction marks are spelled out: a snapshot must read as it is written.
        let json = serde_json::to_string(segment).unwrap().replace(['\u{202e}', '\u{202c}', '\u{feff}'], "<mark>");
        match json.char_indices().nth(700) {
            Some((end, _)) => format!("{}… ({} characters)", &json[..end], json.chars().count()),
            None => json,
        }
    })
}

fn who(address: &Address) -> String {
    let part = |part: &Option<String>| part.clone().unwrap_or_else(|| "-".to_owned());
    format!(
        "bsuid {} parent {} phone {} user {} name {}",
        part(&address.bsuid),
        part(&address.parent_bsuid),
        part(&address.phone_raw),
        part(&address.username),
        part(&address.profile_name)
    )
}

/// Message ids and hashes are long and alike: their ends tell them apart.
fn short(text: &str) -> String {
    text.split(':')
        .map(|part| match part.len() {
            0..=30 => part.to_owned(),
            length => format!("…{}", &part[length - 8..]),
        })
        .collect::<Vec<_>>()
        .join(":")
}
