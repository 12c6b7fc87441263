//! Devices that people sign in from: a new one is told to them.

use super::open::Opening;
use crate::handle::Identity;
use crate::store::sign_in::{self as rows, Login};
use kernel::text::{clean_line, truncate_chars};
use kernel::token::hmac_sha256;
use kernel::{Ctx, Error};
use mail::{Letter, Template};
use serde_json::{Value, json};
use store::TenantTx;

/// How much of a client's name for itself a letter shows.
const SHOWN: usize = 160;

impl Identity {
    /// Remembers the device, and writes to its owner if it was never seen before. The very first one of a login is no
    /// news: the person has just been asked to sign in.
    pub(super) async fn greet_device(&self, ctx: &Ctx, tx: &mut TenantTx, opening: &Opening<'_>) -> Result<(), Error> {
        let (login, client) = (opening.login, opening.client);
        let agent = client.user_agent.as_deref().unwrap_or_default();
        // Not the address: people move about with their devices.
        let hash = hmac_sha256(&self.0.throttle_key, &[b"device", login.user_id.as_bytes(), agent.as_bytes()]);
        let is_new = rows::see_device(tx, login.user_id, &hash, ctx.now()).await?;
        if !is_new || login.last_login_at.is_none() {
            return Ok(());
        }
        let named = opening.device_name.map(clean_line).filter(|name| !name.is_empty());
        let device = named.unwrap_or_else(|| if agent.is_empty() { "?".to_owned() } else { clean_line(agent) });
        let data = json!({
            "organization": opening.membership.name,
            "device": truncate_chars(&device, SHOWN),
            "ip": client.ip,
        });
        self.notify(ctx, tx, login, Template::NewDevice, data).await
    }

    /// Writes to a person about the own login, in a transaction of any organization. `at` is added to the data: now, as
    /// the person's clock shows it.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn notify(
        &self,
        ctx: &Ctx,
        tx: &mut TenantTx,
        login: &Login,
        template: Template,
        mut data: Value,
    ) -> Result<(), Error> {
        let zone = match &login.timezone {
            Some(zone) => Some(zone.clone()),
            None => rows::zone(tx).await?,
        };
        data["at"] = json!(shown_at(ctx, zone.as_deref().unwrap_or("UTC")));
        let letter = Letter { to: login.email.clone(), language: login.language.clone(), template, data };
        mail::post(ctx, tx, &self.0.sealer, &letter)
    }
}

/// `2026-11-21 09:30 (America/Sao_Paulo)`
fn shown_at(ctx: &Ctx, zone: &str) -> String {
    let now = jiff::Timestamp::from_second(ctx.now().timestamp()).unwrap_or_default();
    let local = now.in_tz(zone).unwrap_or_else(|_| now.to_zoned(jiff::tz::TimeZone::UTC));
    let shown = if local.time_zone().iana_name() == Some(zone) { zone } else { "UTC" };
    format!("{} ({shown})", local.strftime("%Y-%m-%d %H:%M"))
}
