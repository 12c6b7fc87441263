//! `balcao organization create`.

use super::{Session, with_house};
use crate::cli::Organization;
use crate::failure::Failure;
use crate::house::House;
use identity::NewOrganization;
use kernel::ids::OrganizationId;
use serde::Serialize;

/// An organization that is there, whether or not this made it.
#[derive(Clone, Debug, Serialize)]
pub struct Provisioned {
    pub id: OrganizationId,
    pub slug: String,
    pub name: String,
    pub status: String,
    /// `false` when it was there already and only what was missing was added.
    pub created: bool,
}

pub async fn run(session: &Session, command: Organization) -> Result<(), Failure> {
    let Organization::Create { slug, name, kind } = command;
    let made =
        with_house(session, async |house| provision(house, NewOrganization::new(slug, name, kind)).await).await?;
    session.printer.answer(&made, |made| match made.created {
        true => format!("Created the organization {} ({}).", made.slug, made.id),
        false => format!("The organization {} ({}) was there already.", made.slug, made.id),
    });
    Ok(())
}

/// Makes it with everything that the domains give a new organization, in one transaction; may be repeated.
pub async fn provision(house: &House, new: NewOrganization) -> Result<Provisioned, Failure> {
    let domains = &house.domains;
    let known = domains.identity.organization(&new.slug).await?.map(|found| found.id);
    let id = known.unwrap_or_else(|| domains.ids.sortable(domains.clock.now()));
    let ctx = domains.operator(id);
    let mut tx = domains.db.tenant(id).await?;
    let organization = identity::provision_organization(&ctx, &mut tx, new).await?;
    for provision in house.modules.iter().flat_map(|module| &module.provisions) {
        (provision.0)(&ctx, &mut tx).await?;
    }
    tx.commit().await?;
    let identity::Organization { id, slug, name, status, .. } = organization;
    Ok(Provisioned { id, slug, name, status, created: known.is_none() })
}
