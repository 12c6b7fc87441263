//! `balcao settings set|clear`: what holds where an organization sets nothing itself.

use super::{Session, with_house};
use crate::cli::Settings;
use crate::failure::Failure;
use identity::settings::set_platform_setting;
use serde::Serialize;
use serde_json::Value;

/// What holds from here on.
#[derive(Serialize)]
struct Set {
    key: String,
    plan: Option<String>,
    /// `null`: taken back.
    value: Option<Value>,
}

pub async fn run(session: &Session, command: Settings) -> Result<(), Failure> {
    let set = match command {
        Settings::Set { key, value, plan } => {
            // A word without quotes is the text that it looks like.
            let value = serde_json::from_str(&value).unwrap_or(Value::String(value));
            Set { key, plan, value: Some(value) }
        }
        Settings::Clear { key, plan } => Set { key, plan, value: None },
    };
    with_house(session, async |house| {
        let identity = &house.domains.identity;
        set_platform_setting(identity, set.plan.as_deref(), &set.key, set.value.as_ref()).await?;
        Ok(())
    })
    .await?;
    session.printer.answer(&set, |set| {
        let whom =
            set.plan.as_deref().map_or_else(|| "every organization".to_owned(), |plan| format!("the plan {plan}"));
        match &set.value {
            Some(value) => format!("{} is {value} for {whom}, where nothing else is set.", set.key),
            None => format!("{} is no longer set for {whom}.", set.key),
        }
    });
    Ok(())
}
