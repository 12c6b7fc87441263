//! Webhook fields beside messages: preferences, templates, account and number, thread control, and what is only kept.

use serde_json::Value;

use super::{Change, Events, Scope, clean, content_key, read, value};
use crate::connector::{
    AccountChange, InboundKind, PreferenceChange, RawItem, TemplateChange, TemplateChangeKind, ThreadControlChange,
    UnknownReason,
};
use crate::whatsapp::errors;

/// Fields about the business account or the number.
const ACCOUNT_FIELDS: [&str; 8] = [
    "account_update",
    "account_alerts",
    "account_review_update",
    "phone_number_quality_update",
    "phone_number_name_update",
    "business_capability_update",
    "security",
    "payment_configuration_update",
];

pub(super) fn normalize(scope: &Scope, change: &Change<'_>, events: &mut Events) {
    let field = scope.field.as_str();
    if ACCOUNT_FIELDS.contains(&field) {
        return whole(scope, change, events, |body| Some(InboundKind::AccountChange(account(field, body))));
    }
    match field {
        "user_preferences" => list(scope, change, "user_preferences", preference, events),
        "message_template_status_update"
        | "message_template_quality_update"
        | "template_category_update"
        | "message_template_components_update" => {
            whole(scope, change, events, |body| template(field, body).map(InboundKind::TemplateChange));
        }
        "messaging_handovers" => {
            whole(scope, change, events, |body| thread_control(scope, body).map(InboundKind::ThreadControl));
        }
        "history" => list(scope, change, "history", only_kept(UnknownReason::History), events),
        "smb_app_state_sync" => list(scope, change, "state_sync", only_kept(UnknownReason::AddressBook), events),
        "calls" => events.unknown(scope, UnknownReason::Call, None, change.raw.to_owned()),
        _ if field.starts_with("group_") => {
            events.unknown(scope, UnknownReason::Group, None, change.raw.to_owned());
        }
        _ => events.unknown(scope, UnknownReason::Field, None, change.raw.to_owned()),
    }
}

/// An item of `errors[]` of a value: an error that belongs to no message.
pub(super) fn value_error(scope: &Scope, item: &Value, raw: RawItem, events: &mut Events) {
    let change = AccountChange {
        field: "value_error".to_owned(),
        event: None,
        display_phone_number: None,
        error: Some(errors::parse_object(item)),
    };
    let key = content_key(scope, &raw);
    events.push(scope, InboundKind::AccountChange(change), scope.entry_time, &key, raw);
}

/// Makes one event of the whole value of a change; what `reading` cannot make sense of is kept as unknown.
fn whole(scope: &Scope, change: &Change<'_>, events: &mut Events, reading: impl Fn(&Value) -> Option<InboundKind>) {
    let body: Option<Value> =
        change.parts.iter().map(|(name, raw)| Some((name.clone(), value(raw)?))).collect::<Option<Value>>();
    let raw = change.raw.to_owned();
    match body.as_ref().and_then(|body| Some((reading(body)?, read::time(body, "timestamp")))) {
        Some((kind, at)) => {
            let key = content_key(scope, &raw);
            events.push(scope, kind, at.or(scope.entry_time), &key, raw);
        }
        None => events.unknown(scope, UnknownReason::Shape, None, raw),
    }
}

/// Calls `each` with every item of a list in the value.
fn list(
    scope: &Scope,
    change: &Change<'_>,
    name: &str,
    each: impl Fn(&Scope, &Value, RawItem, &mut Events),
    events: &mut Events,
) {
    match change.parts.get(name) {
        Some(items) => change.each(scope, name, items, each, events),
        None => events.unknown(scope, UnknownReason::Shape, None, change.raw.to_owned()),
    }
}

fn only_kept(reason: UnknownReason) -> impl Fn(&Scope, &Value, RawItem, &mut Events) {
    move |scope, _, raw, events| events.unknown(scope, reason, None, raw)
}

fn preference(scope: &Scope, item: &Value, raw: RawItem, events: &mut Events) {
    let contact = scope.people.address(item, "wa_id", "user_id", "parent_user_id");
    let (Some(category), Some(word)) = (read::line(item, "category"), read::line(item, "value")) else {
        return events.unknown(scope, UnknownReason::Shape, None, raw);
    };
    if contact.is_nobody() {
        return events.unknown(scope, UnknownReason::NoAddress, None, raw);
    }
    let change = PreferenceChange { contact, category, value: word, detail: read::line(item, "detail") };
    let key = content_key(scope, &raw);
    let at = read::time(item, "timestamp").or(scope.entry_time);
    events.push(scope, InboundKind::Preference(change), at, &key, raw);
}

fn account(field: &str, body: &Value) -> AccountChange {
    // The word has another key in some fields; the raw record has the rest.
    let words = ["event", "decision", "alert_type", "requested_verified_name"];
    AccountChange {
        field: field.to_owned(),
        event: words.iter().find_map(|key| read::line(body, key)),
        display_phone_number: read::line(body, "display_phone_number"),
        error: None,
    }
}

fn template(field: &str, body: &Value) -> Option<TemplateChange> {
    let change = match field {
        "message_template_status_update" => {
            TemplateChangeKind::Status { status: read::line(body, "event")?, reason: reason(body) }
        }
        "message_template_quality_update" => TemplateChangeKind::Quality {
            previous: read::line(body, "previous_quality_score"),
            current: read::line(body, "new_quality_score")?,
        },
        "template_category_update" => TemplateChangeKind::Category {
            previous: read::line(body, "previous_category"),
            current: read::line(body, "new_category").or_else(|| read::line(body, "correct_category"))?,
        },
        _ => TemplateChangeKind::Components,
    };
    Some(TemplateChange {
        template_id: read::id(body, "message_template_id"),
        name: read::line(body, "message_template_name")?,
        language: read::line(body, "message_template_language").map(|tag| tag.replace('-', "_")),
        change,
    })
}

/// Why a template was rejected or paused: the explanation if there is one, else the code, unless it says nothing.
fn reason(body: &Value) -> Option<String> {
    let code = read::line(body, "reason").filter(|reason| reason != "NONE");
    let told = |part: &str, key: &str| body.get(part).and_then(|part| read::line(part, key));
    match (code, told("rejection_info", "reason").or_else(|| told("other_info", "description"))) {
        (Some(code), Some(words)) => Some(format!("{code}: {words}")),
        (code, words) => code.or(words),
    }
}

/// Thread control. The documentation shows no settled shape, so the reading is broad and the raw record decides.
fn thread_control(scope: &Scope, body: &Value) -> Option<ThreadControlChange> {
    let actions =
        ["pass_thread_control", "take_thread_control", "request_thread_control", "control_passed", "control_taken"];
    let action = actions.iter().find(|action| body.get(**action).is_some())?;
    let detail = body.get(*action).unwrap_or(&Value::Null);
    let person = ["sender", "recipient", "user"].iter().filter_map(|key| body.get(*key)).chain([body]);
    let contact = person
        .map(|person| scope.people.address(person, "wa_id", "user_id", "parent_user_id"))
        .find(|address| !address.is_nobody())?;
    Some(ThreadControlChange {
        contact,
        action: clean::line(action, 100),
        previous_owner: read::id(detail, "previous_owner_app_id"),
        new_owner: read::id(detail, "new_owner_app_id"),
    })
}
