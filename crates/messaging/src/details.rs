//! What people edit side by side: priority, subject, summary, language; guarded by the version they have read.

use crate::conversation::Conversation;
use crate::events;
use crate::store::{self, NewDetails};
use ::store::TenantTx;
use kernel::ids::ConversationId;
use kernel::{Ctx, Error, ErrorKind, Permission};
use serde::{Deserialize, Deserializer};
use serde_json::json;
use utoipa::ToSchema;

/// Changed details: what is absent stays, `null` clears.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"priority": "high", "subject": "Resultado de exame"}))]
pub struct DetailsBody {
    /// `low`, `normal`, `high` or `urgent`.
    #[serde(default)]
    pub priority: Option<String>,
    /// At most 200 characters.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub subject: Option<Option<String>>,
    /// At most 4 000 characters.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub summary: Option<Option<String>>,
    /// BCP 47.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub language: Option<Option<String>>,
}

/// Edits the details of the version that the caller has read. A conversation that may not be seen is 404 before the
/// version is asked for.
///
/// # Errors
/// 404, 403 without `messaging.reply`; 428 without a version, 412 `PRECONDITION_FAILED` for another version; 422.
pub async fn edit_details(
    ctx: &Ctx,
    tx: &mut TenantTx,
    id: ConversationId,
    read_version: Option<i64>,
    body: DetailsBody,
) -> Result<Conversation, Error> {
    let mut row = store::lock_conversation(tx, id).await?.ok_or_else(Error::not_found)?;
    ctx.require(Permission::MESSAGING_REPLY, &row.resource(ctx.organization_id()))?;
    let Some(read_version) = read_version else {
        return Err(Error::new(
            ErrorKind::PreconditionRequired,
            "PRECONDITION_REQUIRED",
            "Send If-Match with the ETag you have read.",
        ));
    };
    if row.version != read_version {
        return Err(Error::new(
            ErrorKind::PreconditionFailed,
            "PRECONDITION_FAILED",
            "It was changed in the meantime; read it again.",
        ));
    }
    validate(&body)?;
    let mut changed = Vec::new();
    if let Some(priority) = body.priority.filter(|priority| *priority != row.priority) {
        row.priority = priority;
        changed.push("priority");
    }
    for (name, new, old) in [
        ("subject", body.subject, &mut row.subject),
        ("summary", body.summary, &mut row.summary),
        ("language", body.language, &mut row.language),
    ] {
        if let Some(new) = new.filter(|new| new != old) {
            *old = new;
            changed.push(name);
        }
    }
    if changed.is_empty() {
        return Ok(row.show(ctx));
    }
    row.touch(ctx.now());
    let details = NewDetails {
        priority: row.priority.clone(),
        subject: row.subject.clone(),
        summary: row.summary.clone(),
        language: row.language.clone(),
    };
    store::set_details(tx, id, &details, row.version, ctx.now()).await?;
    events::conversation(ctx, tx, &row, "conversation.updated", &ctx.actor(), json!({ "changed": changed }));
    Ok(row.show(ctx))
}

fn validate(body: &DetailsBody) -> Result<(), Error> {
    if body.priority.as_deref().is_some_and(|priority| !["low", "normal", "high", "urgent"].contains(&priority)) {
        return Err(Error::invalid_field("priority", "UNKNOWN_VALUE", "low, normal, high or urgent."));
    }
    for (field, text, most) in
        [("subject", &body.subject, 200), ("summary", &body.summary, 4_000), ("language", &body.language, 35)]
    {
        if text.iter().flatten().any(|text| text.is_empty() || text.chars().count() > most) {
            return Err(Error::invalid_field(field, "LENGTH", format!("1 to {most} characters, or null.")));
        }
    }
    Ok(())
}

/// Tells `null` (clear) from absent (keep).
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::<String>::deserialize(deserializer).map(Some)
}
