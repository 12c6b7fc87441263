//! All settings with what each may hold and where its value comes from.

use super::keys::KEYS;
use super::{Effective, merged};
use crate::store::settings::{self as rows, Layers};
use kernel::{Ctx, Error, Permission, Resource};
use serde::Serialize;
use serde_json::Value;
use store::TenantTx;

/// A key with the value that holds.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct SettingView {
    #[schema(example = "session.idle_minutes")]
    pub key: &'static str,
    /// What holds.
    #[schema(value_type = Object, example = 10080)]
    pub value: Value,
    /// Who set it: default, platform, plan or organization.
    #[schema(example = "default")]
    pub source: &'static str,
    /// What it may hold, as a JSON schema.
    #[schema(value_type = Object)]
    pub schema: Value,
}

/// The organization's settings at a version.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct SettingsView {
    pub settings: Vec<SettingView>,
    pub version: i64,
}

/// All of them.
///
/// # Errors
/// 403 without `organization.view`.
pub async fn read_settings(ctx: &Ctx, tx: &mut TenantTx) -> Result<SettingsView, Error> {
    ctx.require(Permission::ORGANIZATION_VIEW, &Resource::organization(tx.organization_id()))?;
    let layers = rows::layers(tx).await?;
    Ok(view(&layers))
}

pub(super) fn view(layers: &Layers) -> SettingsView {
    let values = Effective::of(merged(layers)).to_map();
    let set_in = |layer: &Value, name: &str| layer.get(name) == values.get(name);
    let settings = KEYS.iter().map(|key| SettingView {
        key: key.name,
        value: values.get(key.name).cloned().unwrap_or_default(),
        source: match () {
            () if set_in(&layers.organization, key.name) => "organization",
            () if set_in(&layers.plan, key.name) => "plan",
            () if set_in(&layers.platform, key.name) => "platform",
            () => "default",
        },
        schema: key.shape.schema(),
    });
    SettingsView { settings: settings.collect(), version: layers.version }
}
