//! `balcao channel create`.

use super::{Session, find_organization, read_secret_line, with_house};
use crate::cli::{Channel, NewChannel};
use crate::failure::Failure;
use crate::house::House;
use channels::accounts::{self, ChannelAccount, NewWhatsappAccount};
use identity::Organization;

pub async fn run(session: &Session, command: Channel) -> Result<(), Failure> {
    let Channel::Create(NewChannel::Whatsapp {
        organization,
        name,
        phone_number_id,
        display_number,
        waba_id,
        simulation,
        ..
    }) = command;
    let access_token = Some(read_secret_line("the access token")?);
    // People write it with a plus, spaces and hyphens.
    let display_number = display_number.chars().filter(char::is_ascii_digit).collect();
    let new = NewWhatsappAccount { name, phone_number_id, display_number, waba_id, access_token, simulation };
    let made = with_house(session, async |house| {
        let organization = find_organization(house, &organization).await?;
        create(house, &organization, new).await
    })
    .await?;
    session.printer.answer(&made, |made| {
        let simulation = if made.simulation { ", in simulation" } else { "" };
        format!("The WhatsApp number {} is {}{simulation} ({}).", number(made), made.status.as_str(), made.id)
    });
    Ok(())
}

/// Adds the number and activates it: two transactions, because the provider is asked in between.
pub async fn create(
    house: &House,
    organization: &Organization,
    new: NewWhatsappAccount,
) -> Result<ChannelAccount, Failure> {
    let domains = &house.domains;
    let ctx = domains.operator(organization.id);
    let mut tx = domains.db.tenant(organization.id).await?;
    let draft = accounts::create_whatsapp(&domains.channels, &ctx, &mut tx, new).await?;
    tx.commit().await?;
    let checked = domains.channels.check_credentials(&ctx, draft.id).await?;
    let mut tx = domains.db.tenant(organization.id).await?;
    let active = accounts::activate(&domains.channels, &ctx, &mut tx, draft.id, checked).await.map_err(|error| {
        let failure = Failure::from(error);
        Failure::new(failure.code, format!("{}; it stays a draft ({})", failure.sentence, draft.id))
    })?;
    tx.commit().await?;
    Ok(active)
}

/// How people know it.
pub fn number(account: &ChannelAccount) -> String {
    account.settings.display_number.as_deref().map(|digits| format!("+{digits}")).unwrap_or_default()
}
