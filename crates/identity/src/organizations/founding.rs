//! How an organization begins: by a sign-up, by the platform's staff, or as the first one of an installation. The rows of
//! all domains and its first admin are one transaction.

use super::slugs::slug_of;
use super::view::OrganizationDetails;
use crate::handle::Identity;
use crate::password::{About, PasswordHash};
use crate::provision::{Begins, NewOrganization, provision_organization};
use crate::sign_in::Client;
use crate::store::{lifecycle, people};
use crate::text::Email;
use crate::users::{self, NewMember, NewUser, add_member, create_user, normal_name};
use kernel::ids::{OrganizationId, UserId};
use kernel::{Ctx, Error, FieldError};
use secrecy::SecretString;
use store::TenantTx;

/// An organization to be.
pub struct Founding {
    pub name: String,
    pub kind: String,
    /// Made of the name where it is missing.
    pub slug: Option<String>,
    pub timezone: Option<String>,
    pub language: Option<String>,
    pub admin: FirstAdmin,
}

/// Who can do everything in it.
pub struct FirstAdmin {
    pub name: String,
    pub email: String,
    pub password: Option<SecretString>,
}

/// Who founds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Founder {
    /// The operator at the first start: the admin is in at once.
    Operator,
    /// Anybody: the admin has to prove the address.
    Stranger,
    /// The platform's staff: the admin is invited.
    Staff,
}

/// What was founded.
pub struct Founded {
    pub organization: OrganizationDetails,
    pub admin: UserId,
}

/// A founding whose password is hashed, which takes a while and holds nothing meanwhile.
pub(super) struct Prepared {
    new: NewOrganization,
    admin: FirstAdmin,
    email: Email,
    hash: Option<PasswordHash>,
    founder: Founder,
}

impl Identity {
    /// Checks what was typed and hashes the password.
    ///
    /// # Errors
    /// 422 for wrong fields and weak passwords; 503 `AUTH_BUSY`.
    pub(super) async fn prepare_founding(&self, founding: Founding, founder: Founder) -> Result<Prepared, Error> {
        let Founding { name, kind, slug, timezone, language, admin } = founding;
        let slug = slug.unwrap_or_else(|| slug_of(&name));
        let mut new = NewOrganization::new(slug, name, kind);
        new.begins = if founder == Founder::Operator { Begins::Enterprise } else { Begins::Trial };
        if let Some(timezone) = timezone {
            if !super::change::is_timezone(&timezone) {
                return Err(Error::invalid_field(
                    "timezone",
                    "TIMEZONE_UNKNOWN",
                    "An IANA time zone, e.g. America/Sao_Paulo.",
                ));
            }
            new.timezone = timezone;
        }
        if let Some(language) = language {
            if !super::change::is_language(&language) {
                return Err(Error::invalid_field("language", "LANGUAGE_INVALID", "A BCP 47 tag, e.g. pt-BR."));
            }
            new.default_language = language;
        }
        let email = Email::parse(&admin.email).map_err(|error| under("admin", &error))?;
        normal_name(&admin.name).map_err(|error| under("admin", &error))?;
        let hash = match (&admin.password, founder) {
            (Some(password), _) => {
                let about = About {
                    email: &email.shown,
                    name: &admin.name,
                    organization_name: &new.name,
                    organization_slug: &new.slug,
                    ..About::default()
                };
                Some(self.0.hashes.accept(password, &about).await.map_err(|error| under("admin", &error))?)
            }
            (None, Founder::Staff) => None,
            (None, Founder::Operator | Founder::Stranger) => {
                return Err(Error::invalid_field("admin.password", "REQUIRED", "Choose a password."));
            }
        };
        Ok(Prepared { new, admin, email, hash, founder })
    }

    /// Writes everything. The caller commits.
    ///
    /// # Errors
    /// 409 `SLUG_TAKEN`, `EMAIL_TAKEN`; 422 for wrong fields.
    pub(super) async fn found_in(&self, ctx: &Ctx, tx: &mut TenantTx, prepared: Prepared) -> Result<Founded, Error> {
        provision_organization(ctx, tx, prepared.new.clone()).await?;
        // What this transaction made is committed with it, or not at all.
        self.0.sealer.for_tenant(tx, &ctx.ids, ctx.now()).await?;
        for provision in self.provisions() {
            (provision.0)(ctx, tx).await?;
        }
        let admin = match prepared.founder {
            Founder::Operator => admin_at_once(ctx, tx, prepared).await?,
            Founder::Stranger => self.admin_to_verify(ctx, tx, prepared).await?,
            Founder::Staff => self.admin_to_invite(ctx, tx, prepared).await?,
        };
        let row = lifecycle::find(tx).await?.ok_or_else(Error::not_found)?;
        Ok(Founded { organization: row.into(), admin })
    }

    /// Founds an organization in a transaction of its own.
    ///
    /// # Errors
    /// As [`Identity::prepare_founding`] and [`Identity::found_in`].
    pub(super) async fn found(&self, founding: Founding, founder: Founder, client: &Client) -> Result<Founded, Error> {
        let prepared = self.prepare_founding(founding, founder).await?;
        let id: OrganizationId = self.0.ids.sortable(self.0.clock.now());
        let ctx = self.acting(id, client);
        let mut tx = self.0.db.tenant(id).await?;
        let founded = self.found_in(&ctx, &mut tx, prepared).await?;
        tx.commit().await?;
        Ok(founded)
    }

    async fn admin_to_verify(&self, ctx: &Ctx, tx: &mut TenantTx, prepared: Prepared) -> Result<UserId, Error> {
        let hash = prepared.hash.as_ref().ok_or_else(|| Error::internal("a sign-up without a password"))?;
        let admin = users::FirstAdmin {
            name: &prepared.admin.name,
            email: &prepared.email,
            password: hash,
            language: &prepared.new.default_language,
        };
        users::first_admin(self, ctx, tx, admin).await
    }

    async fn admin_to_invite(&self, ctx: &Ctx, tx: &mut TenantTx, prepared: Prepared) -> Result<UserId, Error> {
        let member = NewMember {
            email: prepared.email.shown,
            name: Some(prepared.admin.name),
            password: prepared.hash,
            roles: vec!["admin".to_owned()],
            language: Some(prepared.new.default_language),
            send_invitation: true,
            ..NewMember::default()
        };
        Ok(add_member(self, ctx, tx, member).await?.user_id)
    }
}

async fn admin_at_once(ctx: &Ctx, tx: &mut TenantTx, prepared: Prepared) -> Result<UserId, Error> {
    let mut new = NewUser::new(prepared.email.shown, prepared.admin.name);
    (new.password, new.role) = (prepared.hash, Some("admin".to_owned()));
    let made = create_user(ctx, tx, new).await?;
    people::set_units(tx, made.membership_id, &[], ctx.now()).await?;
    Ok(made.user_id)
}

/// The same refusal with its fields below `parent`.
fn under(parent: &str, error: &Error) -> Error {
    let below = |field: &FieldError| FieldError { field: format!("{parent}.{}", field.field).into(), ..field.clone() };
    error.clone().with_fields(error.fields().iter().map(below).collect())
}
