//! `balcao seed demo`: an organization to look at, made by the same commands as a real one. May be repeated.

use super::webhook::{self, Customer};
use super::{Session, channel, organization, user, with_house};
use crate::cli::Seed;
use crate::failure::{Failure, REFUSED};
use crate::house::{House, app_secret};
use crate::print::columns;
use channels::accounts::{ChannelAccount, NewWhatsappAccount};
use channels::connector::ConnectorKind;
use channels::intake::Webhook;
use channels::whatsapp::signature;
use identity::{BUILT_IN, ListUsers, NewOrganization, NewUser, Organization, PasswordHash};
use kernel::PageRequest;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use std::net::{IpAddr, Ipv4Addr};
use store::jobs::Workers;

pub const SLUG: &str = "clinica-demo";
/// Everybody's, and known to everybody who reads this: for machines that only their owner can reach.
const PASSWORD: &str = "porta-aberta-as-7h";
const NUMBER_ID: &str = "220011447788001";
const CONVERSATIONS: [(Customer<'static>, &[&str]); 3] = [
    (
        Customer { number: "5511990000021", name: "João Exemplo" },
        &["Bom dia!", "Vocês atendem pelo convênio Vida Boa?", "Queria marcar um retorno com o cardiologista."],
    ),
    (Customer { number: "5511990000022", name: "Rita Exemplo" }, &["O resultado do meu exame de sangue já saiu?"]),
    (
        Customer { number: "5521990000023", name: "Paulo Exemplo" },
        &["Preciso remarcar a consulta de amanhã", "Pode ser quinta de manhã?"],
    ),
];

/// What the demo consists of.
#[derive(Serialize)]
struct Demo {
    organization: organization::Provisioned,
    users: Vec<Login>,
    channel_accounts: Vec<Number>,
}

#[derive(Serialize)]
struct Login {
    role: &'static str,
    name: String,
    email: String,
    password: &'static str,
}

#[derive(Serialize)]
struct Number {
    id: kernel::ids::ChannelAccountId,
    kind: String,
    name: String,
    display_number: String,
    phone_number_id: Option<String>,
    simulation: bool,
}

pub async fn run(session: &Session, command: Seed) -> Result<(), Failure> {
    let Seed::Demo = command;
    if session.config.production {
        return Err(Failure::new(
            REFUSED,
            "the demo has passwords that everybody knows, and this configuration says production = true",
        ));
    }
    let demo = with_house(session, async |house| demo(session, house).await).await?;
    session.printer.answer(&demo, text);
    Ok(())
}

async fn demo(session: &Session, house: &House) -> Result<Demo, Failure> {
    let made = organization::provision(house, NewOrganization::new(SLUG, "Clínica Demonstração", "clinic")).await?;
    let organization = super::find_organization(house, SLUG).await?;
    let mut users = Vec::new();
    let mut hash = None;
    for role in &BUILT_IN {
        users.push(login(house, &organization, role.name, &mut hash).await?);
    }
    let account = number(house, &organization).await?;
    converse(session, house, &account).await?;
    let display_number = channel::number(&account);
    let ChannelAccount { id, kind, name, external_id: phone_number_id, simulation, .. } = account;
    Ok(Demo {
        organization: made,
        users,
        channel_accounts: vec![Number { id, kind, name, display_number, phone_number_id, simulation }],
    })
}

/// A person with this role; one that is there already stays as it is.
/// All have one password, which is hashed once.
async fn login(
    house: &House,
    organization: &Organization,
    role: &'static str,
    hash: &mut Option<PasswordHash>,
) -> Result<Login, Failure> {
    let email = format!("{role}@{SLUG}.example");
    let name = match role {
        "admin" => "Ana Lima",
        "manager" => "Márcia Rocha",
        "supervisor" => "Sérgio Dias",
        "agent" => "Alice Nunes",
        "finance" => "Fábio Melo",
        "developer" => "Davi Castro",
        _ => "Vera Prado",
    };
    if !has_role(house, organization, role).await? {
        let new = NewUser { role: Some(role.to_owned()), ..NewUser::new(email.as_str(), name) };
        if hash.is_none() {
            *hash = Some(user::accept(house, organization, &new, &SecretString::from(PASSWORD)).await?);
        }
        user::create(house, organization, NewUser { password: hash.clone(), ..new }).await?;
    }
    Ok(Login { role, name: name.to_owned(), email, password: PASSWORD })
}

async fn has_role(house: &House, organization: &Organization, role: &str) -> Result<bool, Failure> {
    let domains = &house.domains;
    let ctx = domains.operator(organization.id);
    let mut tx = domains.db.tenant(organization.id).await?;
    let filter = ListUsers { role: Some(role.to_owned()), ..ListUsers::default() };
    let page = PageRequest { limit: 1, cursor: None };
    let found = identity::list_users(&ctx, &mut tx, &domains.cursors, filter, &page).await?;
    tx.commit().await?;
    Ok(!found.data.is_empty())
}

/// The WhatsApp number in simulation.
async fn number(house: &House, organization: &Organization) -> Result<ChannelAccount, Failure> {
    let found = super::simulate::accounts(house, organization).await?;
    if let Some(account) = found.into_iter().find(|account| account.external_id.as_deref() == Some(NUMBER_ID)) {
        return Ok(account);
    }
    let new = NewWhatsappAccount {
        name: "Recepção".to_owned(),
        phone_number_id: NUMBER_ID.to_owned(),
        display_number: "551130001234".to_owned(),
        waba_id: "998877665544001".to_owned(),
        access_token: None,
        simulation: true,
    };
    channel::create(house, organization, new).await
}

/// Customers write, by the way that real messages come. The same messages again change nothing.
async fn converse(session: &Session, house: &House, account: &ChannelAccount) -> Result<(), Failure> {
    let domains = &house.domains;
    let secret = app_secret(&session.config, &session.sealer()?);
    for (customer, texts) in CONVERSATIONS {
        for (index, body) in texts.iter().enumerate() {
            let id = format!("wamid.DEMO{}{index}", customer.number);
            let body = webhook::text(account, customer, &id, body, session.clock.now()).to_string();
            let signature = signature::sign(secret.expose_secret().as_bytes(), body.as_bytes());
            let taken = domains.channels.take_in(Webhook {
                connector: ConnectorKind::Whatsapp,
                signature: Some(signature.as_bytes()),
                user_agent: None,
                body: body.as_bytes(),
                from: IpAddr::V4(Ipv4Addr::LOCALHOST),
                request_id: "seed-demo".into(),
            });
            taken.await?;
        }
    }
    // Without a server nobody else works on them.
    let kinds = house.modules.iter().flat_map(|module| module.job_kinds.iter().cloned()).collect();
    let (db, clock, ids) = (domains.db.clone(), domains.clock.clone(), domains.ids.clone());
    let drained = Workers::new(db, clock, ids, kinds, session.config.workers.clone()).drain().await?;
    match drained.failed.first() {
        Some((kind, error)) => Err(Failure::plain(format!("{kind} failed: {error}"))),
        None => Ok(()),
    }
}

fn text(demo: &Demo) -> String {
    let mut text = format!("Organization {} ({})\n\n", demo.organization.slug, demo.organization.id);
    let mut rows = vec![["ROLE", "LOGIN", "PASSWORD"].map(str::to_owned).to_vec()];
    rows.extend(demo.users.iter().map(|user| vec![user.role.to_owned(), user.email.clone(), user.password.to_owned()]));
    text.push_str(&columns(&rows));
    for number in &demo.channel_accounts {
        text.push_str(&format!("\nWhatsApp {} in simulation ({})\n", number.display_number, number.id));
    }
    text
}
