//! `balcao user create`.

use super::{Session, find_organization, read_secret_line, with_house};
use crate::cli::User;
use crate::failure::Failure;
use crate::house::House;
use identity::{About, CreatedUser, NewUser, Organization, PasswordHash};
use secrecy::SecretString;

pub async fn run(session: &Session, command: User) -> Result<(), Failure> {
    let User::Create { organization, email, name, role, .. } = command;
    let password = read_secret_line("the password")?;
    let new = NewUser { role: Some(role), ..NewUser::new(email, name) };
    let made = with_house(session, async |house| {
        let organization = find_organization(house, &organization).await?;
        let hash = accept(house, &organization, &new, &password).await?;
        create(house, &organization, NewUser { password: Some(hash), ..new }).await
    })
    .await?;
    session.printer.answer(&made, |made| {
        let login = if made.login_created { "" } else { "; the login was there already and keeps its password" };
        format!("Created {} as {} ({}){login}.", made.email, made.role, made.user_id)
    });
    Ok(())
}

/// The password as it is stored, if it is good enough. Takes a quarter of a second: not inside a transaction.
pub async fn accept(
    house: &House,
    organization: &Organization,
    new: &NewUser,
    password: &SecretString,
) -> Result<PasswordHash, Failure> {
    let about = About {
        email: &new.email,
        name: &new.name,
        organization_name: &organization.name,
        organization_slug: &organization.slug,
        ..About::default()
    };
    Ok(house.domains.identity.hashes().accept(password, &about).await?)
}

/// Makes an active member of the organization, with its fallback unit.
pub async fn create(house: &House, organization: &Organization, new: NewUser) -> Result<CreatedUser, Failure> {
    let domains = &house.domains;
    let ctx = domains.operator(organization.id);
    let mut tx = domains.db.tenant(organization.id).await?;
    let made = identity::create_user(&ctx, &mut tx, new).await?;
    service_levels::join_fallback_unit(&ctx, &mut tx, made.membership_id).await?;
    tx.commit().await?;
    domains.identity.rights_changed();
    Ok(made)
}
