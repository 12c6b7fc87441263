//! What is checked before a provider of an organization is believed.

use crate::assignments::ScopeRef;
use crate::roles::{check_grant, role_named};
use crate::store::{members, oidc as rows, people, second_factors};
use kernel::ids::UserId;
use kernel::{Ctx, Error};
use store::TenantTx;
use uuid::Uuid;

const MOST_DOMAINS: usize = 20;

/// A text of a sensible length without control characters.
pub fn within(field: &'static str, text: &str, most: usize) -> Result<(), Error> {
    if (1..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control) {
        return Ok(());
    }
    Err(Error::invalid_field(field, "LENGTH", format!("1 to {most} characters.")))
}

/// Domains, each proven by this organization for signing in.
pub async fn proven(tx: &mut TenantTx, typed: &[String]) -> Result<Vec<String>, Error> {
    if typed.len() > MOST_DOMAINS {
        return Err(Error::invalid_field("domains", "TOO_MANY", "At most 20 domains."));
    }
    let mut domains: Vec<String> = Vec::with_capacity(typed.len());
    for domain in typed {
        let domain = domain.trim().trim_end_matches('.').to_ascii_lowercase();
        if !rows::signs_in(tx, &domain).await? {
            return Err(Error::invalid_field(
                "domains",
                "DOMAIN_NOT_VERIFIED",
                "Prove each domain to be yours, for signing in, first.",
            ));
        }
        if !domains.contains(&domain) {
            domains.push(domain);
        }
    }
    Ok(domains)
}

/// A role that the caller could give himself.
pub async fn grantable(ctx: &Ctx, tx: &mut TenantTx, field: &'static str, name: &str) -> Result<Uuid, Error> {
    let role = role_named(tx, field, name).await?;
    let scope = ScopeRef::of(role.default_scope(), None).ok_or_else(|| Error::internal("a role without scope"))?;
    check_grant(ctx, tx, &role, &scope, None).await?;
    Ok(*role.id)
}

/// Should the provider fail, one admin with a second factor comes in without it.
pub async fn check_break_glass(ctx: &Ctx, tx: &mut TenantTx, user: Option<UserId>) -> Result<(), Error> {
    let invalid = || {
        Error::invalid_field(
            "break_glass_user_id",
            "BREAK_GLASS_INVALID",
            "Name an active admin with a second factor, who can come in should the provider fail.",
        )
    };
    let user = user.ok_or_else(invalid)?;
    let member = people::find(tx, user, false).await?.filter(|member| member.status == "active").ok_or_else(invalid)?;
    let held = second_factors::held(tx, user).await?;
    let has_factor = held.totp_confirmed_at.is_some() || held.passkeys > 0;
    if has_factor && members::is_admin(tx, member.membership_id, ctx.now()).await? { Ok(()) } else { Err(invalid()) }
}
