//! `balcao simulate whatsapp`: posts what Meta would post, correctly signed, to the running server.

use super::webhook::{self, Customer};
use super::{Session, find_organization, sent, with_house};
use crate::cli::{Simulate, SimulateWhatsapp};
use crate::config::Config;
use crate::database::inspect;
use crate::failure::{Failure, REFUSED, SERVER_UNREACHABLE};
use crate::house::{House, app_secret};
use channels::accounts::{self, AccountStatus, ChannelAccount, Filter};
use channels::whatsapp::signature;
use identity::Organization;
use kernel::PageRequest;
use kernel::ids::MessageId;
use outbound::{Call, CallError, HeaderName, HeaderValue, Method, Outbound, OutboundSettings, Url};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::time::Duration;
use store::{DbError, PlatformReason};
use tokio::time::{Instant, sleep};

/// How long a reply may take from the click to the provider.
const PATIENCE: Duration = Duration::from_secs(10);

pub async fn run(session: &Session, command: Simulate) -> Result<(), Failure> {
    let Simulate::Whatsapp(wish) = command;
    let server = server(&session.config, wish.url.as_deref())?;
    let (payload, told) = with_house(session, async |house| {
        let organization = organization(house, wish.organization.as_deref()).await?;
        match (&wish.text, &wish.status) {
            (Some(text), _) => message(session, house, &organization, &wish, text).await,
            (None, Some(status)) => status_of(session, house, &organization, &wish, status).await,
            (None, None) => Err(Failure::new(REFUSED, "nothing to simulate: --text or --status")),
        }
    })
    .await?;
    post(session, server, &payload).await?;
    session.printer.answer(&told, |told| {
        let word = |key: &str| told.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        match told.get("status") {
            Some(_) => format!("Message {} is told to be {}.", word("message_id"), word("status")),
            None => format!("+{} wrote to +{}.", word("from"), word("to")),
        }
    });
    Ok(())
}

/// A customer's message.
async fn message(
    session: &Session,
    house: &House,
    organization: &Organization,
    wish: &SimulateWhatsapp,
    text: &str,
) -> Result<(Value, Value), Failure> {
    let account =
        accounts(house, organization).await?.into_iter().find(|account| account.status == AccountStatus::Active);
    let Some(account) = account else {
        return Err(Failure::new(REFUSED, format!("{} has no active WhatsApp number", organization.slug)));
    };
    let random: uuid::Uuid = session.ids.random();
    let id = format!("wamid.SIM{}", random.simple());
    let from = Customer { number: &wish.from, name: &wish.name };
    let payload = webhook::text(&account, from, &id, text, session.clock.now());
    let told = json!({
        "external_id": id,
        "from": wish.from,
        "to": account.settings.display_number,
        "organization": organization.slug,
        "channel_account_id": account.id,
    });
    Ok((payload, told))
}

/// What became of a reply: the steps up to the wanted one, because a provider leaves none out.
async fn status_of(
    session: &Session,
    house: &House,
    organization: &Organization,
    wish: &SimulateWhatsapp,
    status: &str,
) -> Result<(Value, Value), Failure> {
    let steps: &[&str] = match status {
        "sent" => &["sent"],
        "delivered" => &["sent", "delivered"],
        "read" => &["sent", "delivered", "read"],
        "failed" => &["failed"],
        _ => return Err(Failure::new(REFUSED, "a status is one of sent, delivered, read, failed")),
    };
    let reply = handed_over(house, organization, wish.of.map(MessageId)).await?;
    let account =
        accounts(house, organization).await?.into_iter().find(|account| account.id == reply.channel_account_id);
    let Some(account) = account else {
        return Err(Failure::new(REFUSED, "this reply did not leave by a WhatsApp number"));
    };
    // In simulation no provider has given it an id; our tag says which one is meant then.
    let external_id = reply.external_id.unwrap_or_else(|| format!("wamid.SIM{}", reply.message_id.0.simple()));
    let tag = reply.attempt_id.to_string();
    let payload = webhook::statuses(&account, &wish.from, &external_id, Some(&tag), steps, session.clock.now());
    let told = json!({"message_id": reply.message_id, "external_id": external_id, "status": status, "organization": organization.slug});
    Ok((payload, told))
}

/// The reply, once it has been handed to the provider (or would have been).
async fn handed_over(
    house: &House,
    organization: &Organization,
    of: Option<MessageId>,
) -> Result<sent::Reply, Failure> {
    let since = Instant::now();
    let ctx = house.domains.operator(organization.id);
    loop {
        let mut tx = house.domains.db.tenant(organization.id).await?;
        let found = sent::reply(&house.domains, &ctx, &mut tx, of).await?;
        tx.commit().await?;
        match found {
            Some(reply) if reply.handed_over => return Ok(reply),
            _ if since.elapsed() > PATIENCE => {
                return Err(Failure::new(REFUSED, "there is no reply that was handed to the provider"));
            }
            _ => sleep(Duration::from_millis(100)).await,
        }
    }
}

/// The organization's WhatsApp numbers.
pub async fn accounts(house: &House, organization: &Organization) -> Result<Vec<ChannelAccount>, Failure> {
    let domains = &house.domains;
    let ctx = domains.operator(organization.id);
    let mut tx = domains.db.tenant(organization.id).await?;
    let page = PageRequest { limit: 100, cursor: None };
    let page = accounts::list(&ctx, &mut tx, &domains.cursors, &Filter::default(), &page).await?;
    tx.commit().await?;
    Ok(page.data.into_iter().filter(|account| account.kind == "whatsapp").collect())
}

/// The named one, or the demo's, or the only one there is.
async fn organization(house: &House, named: Option<&str>) -> Result<Organization, Failure> {
    if let Some(name) = named {
        return find_organization(house, name).await;
    }
    if let Some(demo) = house.domains.identity.organization(super::seed::SLUG).await? {
        return Ok(demo);
    }
    let mut tx = house.domains.db.platform(PlatformReason::Operator).await?;
    let slugs = inspect::organizations(tx.conn(), 2).await.map_err(DbError)?;
    tx.commit().await?;
    match slugs.as_slice() {
        [only] => find_organization(house, only).await,
        [] => Err(Failure::new(REFUSED, "there is no organization yet: `balcao seed demo` makes one")),
        _ => Err(Failure::new(REFUSED, "there are several organizations: say which with --organization")),
    }
}

/// Where the server is: named, or as it wrote down when it started.
fn server(config: &Config, named: Option<&str>) -> Result<Url, Failure> {
    let address = match named {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => match std::fs::read_to_string(config.address_file()) {
            Ok(address) => format!("http://{}", address.trim()),
            Err(_) => format!("http://{}", config.listen),
        },
    };
    let wrong = |_| Failure::new(REFUSED, "--url is no http or https URL");
    format!("{address}/api/channels/webhooks/whatsapp").parse::<Url>().map_err(wrong)
}

async fn post(session: &Session, server: Url, payload: &Value) -> Result<(), Failure> {
    let body = payload.to_string();
    let secret = app_secret(&session.config, &session.sealer()?);
    let signature = signature::sign(secret.expose_secret().as_bytes(), body.as_bytes());
    let settings = OutboundSettings { trusted_origins: vec![server.clone()], ..OutboundSettings::default() };
    let client = Outbound::new(settings).map_err(Failure::plain)?;
    let signature = HeaderValue::from_str(&signature).map_err(Failure::plain)?;
    let call = Call::new("simulate", Method::POST, server.clone())
        .body(HeaderValue::from_static("application/json"), body)
        .header(HeaderName::from_static(signature::HEADER), signature);
    match client.call(call).await {
        Ok(_) => Ok(()),
        Err(CallError::Status(answer)) => Err(Failure::new(
            REFUSED,
            format!("the server answered {}: {}", answer.status, String::from_utf8_lossy(&answer.body)),
        )),
        Err(error) => {
            let host = server.origin().ascii_serialization();
            Err(Failure::new(SERVER_UNREACHABLE, format!("no server answers at {host}: {error}")))
        }
    }
}
