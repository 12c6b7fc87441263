//! Self-registration: somebody makes a login and becomes a member, where the organization lets people do so.

use super::add::taken;
use super::read::own_view;
use super::{UserView, events, fields, roles};
use crate::handle::Identity;
use crate::limits::{self, Limit};
use crate::password::About;
use crate::settings::{self, Effective, RegistrationMode};
use crate::sign_in::{Asked, Client};
use crate::store::logins::{self, NewPerson};
use crate::store::{invitations, members, people, sign_in};
use crate::text::Email;
use kernel::ids::{OrganizationId, UserId};
use kernel::{Ctx, Error, ErrorKind};
use mail::{Letter, Template};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::jobs::{JobKind, JobOutcome, Lane, NewJob, SealedPayload};
use store::{PlatformReason, TenantTx};

/// What somebody typed to become a member.
pub(crate) struct Registration {
    pub name: String,
    pub email: String,
    pub password: SecretString,
    /// Slug or id of the organization.
    pub organization: Option<String>,
    pub language: Option<String>,
}

/// A registration that was let in, as it lies sealed in the job.
#[derive(Serialize, Deserialize)]
struct Wanted {
    email: Email,
    /// As shown, as compared.
    name: (String, String),
    language: String,
    password_hash: String,
    organization_name: String,
}

/// Makes a member of somebody who registered where accounts are concealed.
const REGISTER: &str = "identity.register";

/// The job that does it.
pub(crate) fn job_kind(identity: Identity) -> JobKind {
    JobKind::new(REGISTER, move |run| {
        let identity = identity.clone();
        async move {
            let payload: SealedPayload = run.parse()?;
            let wanted: Wanted = payload.open(&identity.0.sealer, run.organization_id)?;
            match identity.enroll(&run.ctx, &wanted, true).await {
                // The last seat went meanwhile: nothing comes of it, as for those who come later.
                Err(error) if error.kind() == ErrorKind::Conflict => Ok(JobOutcome::Done),
                Err(error) => Err(error),
                Ok(_) => Ok(JobOutcome::Done),
            }
        }
    })
}

/// What came of it.
pub(crate) enum Registered {
    Member(Box<UserView>),
    /// Whether there is a login is told to the owner of the address alone.
    Concealed,
}

impl Identity {
    /// Makes a login with an e-mail still to be proven, and an active membership with the role for those who register.
    ///
    /// # Errors
    /// 403 `REGISTRATION_CLOSED`; 422 `ORGANIZATION_REQUIRED` and for wrong fields; 409 `EMAIL_TAKEN` (unless accounts are
    /// concealed), 409 `LIMIT_REACHED`.
    pub(crate) async fn register(&self, typed: Registration, client: &Client) -> Result<Registered, Error> {
        let email = Email::parse(&typed.email)?;
        let name = fields::name("name", &typed.name)?;
        let organization = self.registration_organization(typed.organization.as_deref()).await?;
        let ctx = self.acting(organization.id, client);
        let mut tx = self.0.db.tenant(organization.id).await?;
        let settings = settings::effective(&mut tx).await?;
        may_register(&mut tx, &settings, &email).await?;
        let language = match typed.language.as_deref() {
            Some(language) => fields::language("language", language)?,
            None => invitations::sender(&mut tx, None).await?.language,
        };
        // Not held while the password is hashed.
        tx.commit().await?;
        let about = About {
            min_chars: settings.password_min_chars(),
            email: &email.shown,
            name: &name.0,
            organization_name: &organization.name,
            organization_slug: &organization.slug,
        };
        let hash = self.0.hashes.accept(&typed.password, &about).await?;
        let wanted = Wanted {
            email,
            name,
            language,
            password_hash: hash.as_str().to_owned(),
            organization_name: organization.name.clone(),
        };
        if self.settings().conceal_accounts {
            self.register_later(&ctx, &wanted).await
        } else {
            self.enroll(&ctx, &wanted, false).await
        }
    }

    /// Where accounts are concealed the work is left to a job, so that the answer and its time are the same for an address
    /// that has a login and one that has none.
    async fn register_later(&self, ctx: &Ctx, wanted: &Wanted) -> Result<Registered, Error> {
        let organization = ctx.organization_id();
        let payload = SealedPayload::seal(ctx, &self.0.sealer, organization, wanted)?;
        let mut tx = self.0.db.tenant(organization).await?;
        limits::check(ctx, &mut tx, Limit::Seats).await?;
        tx.enqueue(ctx, NewJob::new(Lane::Interactive, REGISTER, &payload));
        tx.commit().await?;
        Ok(Registered::Concealed)
    }

    /// Makes the login and the membership, or meets the login that the address has: its owner alone is told, where that is
    /// concealed.
    async fn enroll(&self, ctx: &Ctx, wanted: &Wanted, conceal: bool) -> Result<Registered, Error> {
        let mut tx = self.0.db.tenant(ctx.organization_id()).await?;
        let person = NewPerson {
            id: ctx.ids.random(),
            email: &wanted.email.shown,
            email_norm: &wanted.email.norm,
            name: &wanted.name.0,
            name_norm: &wanted.name.1,
            language: &wanted.language,
            password_hash: Some(&wanted.password_hash),
            must_change_password: false,
        };
        let (user, made) = logins::make(&mut tx, &person, ctx.now()).await?;
        if !made && !conceal {
            return Err(taken());
        }
        if !made {
            return self.met_again(ctx, tx, user, &wanted.organization_name).await;
        }
        let settings = settings::effective(&mut tx).await?;
        let view = self.welcome(ctx, &mut tx, user, &settings).await?;
        tx.commit().await?;
        Ok(Registered::Member(Box::new(view)))
    }

    /// Makes the new login a member and writes to its address.
    async fn welcome(
        &self,
        ctx: &Ctx,
        tx: &mut TenantTx,
        user: UserId,
        settings: &Effective,
    ) -> Result<UserView, Error> {
        limits::take_seat(ctx, tx).await?;
        let joined = members::join(tx, ctx.new_id(), user, None, None, ctx.now()).await?;
        let membership = joined.ok_or_else(taken)?;
        let role = [settings.registration_default_role.clone()];
        let granted = roles::grantable(ctx, tx, "registration.default_role", &role).await?;
        roles::assign(ctx, tx, membership, &granted).await?;
        let units = people::set_units(tx, membership, &[], ctx.now()).await?;
        events::append(ctx, tx, events::user("user.created", user, json!({})));
        let data = json!({ "status": "active", "units": units });
        events::append(ctx, tx, events::membership("membership.created", membership, user, data));
        let login = sign_in::login_by_id(tx.conn(), user).await?.ok_or_else(Error::not_found)?;
        self.post_link(ctx, tx, Asked::VerifyEmail, &login, None).await?;
        own_view(tx, &self.0.persons, user).await
    }

    /// The e-mail has a login already.
    async fn met_again(
        &self,
        ctx: &Ctx,
        mut tx: TenantTx,
        user: UserId,
        organization: &str,
    ) -> Result<Registered, Error> {
        if let Some(facts) = logins::facts(&mut tx, user).await? {
            let letter = Letter {
                to: facts.email,
                language: facts.language,
                template: Template::AlreadyRegistered,
                data: json!({ "organization": organization }),
            };
            mail::post(ctx, &mut tx, &self.0.sealer, &letter)?;
        }
        tx.commit().await?;
        Ok(Registered::Concealed)
    }

    /// The organization named, else the installation's only one.
    async fn registration_organization(&self, named: Option<&str>) -> Result<crate::Organization, Error> {
        let found = match named {
            Some(named) => self.organization(named).await?,
            None => match self.only_organization().await? {
                Some(id) => self.organization(&id.to_string()).await?,
                None => {
                    return Err(Error::new(
                        ErrorKind::Invalid,
                        "ORGANIZATION_REQUIRED",
                        "Say which organization is meant.",
                    ));
                }
            },
        };
        found.filter(|organization| organization.status == "active").ok_or_else(closed)
    }

    async fn only_organization(&self) -> Result<Option<OrganizationId>, Error> {
        let mut tx = self.0.db.platform(PlatformReason::SignIn).await?;
        let only = logins::only_organization(&mut tx).await?;
        tx.commit().await?;
        Ok(only)
    }
}

/// Whether this address may register here.
async fn may_register(tx: &mut TenantTx, settings: &Effective, email: &Email) -> Result<(), Error> {
    let open = match settings.registration_mode {
        RegistrationMode::Open => true,
        RegistrationMode::Domain => {
            let domain = email.norm.rsplit_once('@').map_or("", |(_, domain)| domain);
            people::owns_domain(tx, domain).await?
        }
        RegistrationMode::Closed | RegistrationMode::Invite => false,
    };
    if open { Ok(()) } else { Err(closed()) }
}

fn closed() -> Error {
    Error::new(ErrorKind::Forbidden, "REGISTRATION_CLOSED", "This organization takes nobody in without an invitation.")
}
