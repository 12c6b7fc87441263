//! Settings of an organization: typed keys, each read as the value that holds and where it comes from.
//!
//! Layers: the document's default, the operator's (for everybody, then for a plan), the organization's own. None of the
//! keys of this domain may be set for a unit.

mod change;
mod keys;
pub(crate) mod rates;
mod read;
mod values;

pub use change::{SettingsChange, change_settings, set_platform_setting};
pub use keys::{KEYS, Shape};
pub use read::{SettingView, SettingsView, read_settings};
pub use values::{ContactsVisibility, Effective, MfaRequirement, RegistrationMode, SignInMethod, SupportAccess};

use crate::store::settings::{self as rows, Layers};
use kernel::Error;
use serde_json::{Map, Value};
use store::TenantTx;

/// What holds in the organization of this transaction.
///
/// # Errors
/// When the statement fails.
pub async fn effective(tx: &mut TenantTx) -> Result<Effective, Error> {
    let layers = rows::layers(tx).await?;
    Ok(Effective::of(merged(&layers)))
}

/// What was set, the more specific layer over the less specific one (of rate limits the lower one); what no longer fits
/// its key is left out.
fn merged(layers: &Layers) -> Map<String, Value> {
    let mut values = Map::new();
    for layer in [&layers.platform, &layers.plan, &layers.organization] {
        for (name, value) in layer.as_object().into_iter().flatten() {
            let Some(key) = keys::find(name).filter(|key| key.shape.admits(value)) else { continue };
            let value = match values.get(name) {
                Some(below) if key.shape == Shape::RateLimits => rates::lowest(below, value),
                _ => value.clone(),
            };
            values.insert(name.clone(), value);
        }
    }
    values
}
