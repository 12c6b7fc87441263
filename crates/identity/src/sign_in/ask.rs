//! Links by mail: the one to sign in, the one for a new password, the one that proves an address.
//!
//! Asking only adds a job, the same for every address, so that neither the answer nor its time tells who has a login.

use super::Client;
use super::facts::{Fact, Whom};
use crate::handle::Identity;
use crate::links::{self, Purpose};
use crate::store::sign_in::{self as rows, Login};
use crate::text::normal_email;
use chrono::Duration;
use kernel::{Ctx, Error};
use mail::{Letter, Template};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::jobs::{JobKind, JobOutcome, Lane, NewJob, SealedPayload};
use store::{INSTALLATION, TenantTx};

/// Writes to whoever asked for a link, if there is such a login.
pub const ASK_LINK: &str = "identity.ask_link";

/// Which link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    /// Signs in; 15 minutes.
    MagicLink,
    /// A new password may be chosen; 30 minutes.
    ResetPassword,
    /// Proves the address; 24 hours.
    VerifyEmail,
}

impl Asked {
    fn purpose(self) -> Purpose {
        match self {
            Self::MagicLink => Purpose::MagicLink,
            Self::ResetPassword => Purpose::ResetPassword,
            Self::VerifyEmail => Purpose::VerifyEmail,
        }
    }

    fn life(self) -> Duration {
        match self {
            Self::MagicLink => Duration::minutes(15),
            Self::ResetPassword => Duration::minutes(30),
            Self::VerifyEmail => Duration::hours(24),
        }
    }

    fn template(self) -> Template {
        match self {
            Self::MagicLink => Template::MagicLink,
            Self::ResetPassword => Template::ResetPassword,
            Self::VerifyEmail => Template::VerifyEmail,
        }
    }

    fn fact(self) -> Option<Fact> {
        match self {
            Self::MagicLink => Some(Fact::MagicLinkRequested),
            Self::ResetPassword => Some(Fact::PasswordResetRequested),
            Self::VerifyEmail => None,
        }
    }
}

/// What lies sealed in the job.
#[derive(Serialize, Deserialize)]
struct Asking {
    what: Asked,
    email: String,
    organization: Option<String>,
    ip: String,
    user_agent: Option<String>,
}

impl Identity {
    /// Asks for a link to be sent to this address, whosever it is.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn ask_link(
        &self,
        what: Asked,
        email: &str,
        organization: Option<&str>,
        client: &Client,
    ) -> Result<(), Error> {
        let asking = Asking {
            what,
            email: normal_email(email),
            organization: organization.map(str::to_owned),
            ip: client.ip.clone(),
            user_agent: client.user_agent.clone(),
        };
        let ctx = self.acting(INSTALLATION, client);
        let payload = SealedPayload::seal(&ctx, &self.0.sealer, INSTALLATION, &asking)?;
        let mut tx = self.0.db.tenant(INSTALLATION).await?;
        tx.enqueue(&ctx, NewJob::new(Lane::Interactive, ASK_LINK, &payload).until(ctx.now() + what.life()));
        tx.commit().await?;
        Ok(())
    }

    async fn answer(&self, ctx: &Ctx, asking: &Asking) -> Result<(), Error> {
        let mut tx = self.0.db.tenant(INSTALLATION).await?;
        let login = rows::login_by_email(tx.conn(), &asking.email).await?.filter(|login| {
            login.status == "active" && (asking.what != Asked::VerifyEmail || login.email_verified_at.is_none())
        });
        if let Some(login) = login {
            let client = Client {
                ip: asking.ip.clone(),
                user_agent: asking.user_agent.clone(),
                request_id: ctx.request_id.clone(),
            };
            self.post_link(ctx, &mut tx, asking.what, &login, asking.organization.as_deref()).await?;
            if let Some(fact) = asking.what.fact() {
                self.tell(&mut tx, fact, &Whom { login: Some(login.user_id), named: None }, None, &client)?;
            }
        }
        tx.commit().await?;
        Ok(())
    }

    /// Makes a link for this login and posts the letter with it, in one transaction of any organization.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn post_link(
        &self,
        ctx: &Ctx,
        tx: &mut TenantTx,
        what: Asked,
        login: &Login,
        organization: Option<&str>,
    ) -> Result<(), Error> {
        let beside = json!({ "address": self.address_mark(&login.email_norm), "organization": organization });
        let token = links::issue(self, tx.conn(), what.purpose(), login.user_id, &beside, what.life()).await?;
        let letter = Letter {
            to: login.email.clone(),
            language: login.language.clone(),
            template: what.template(),
            data: json!({
                "link": self.link(what.purpose(), &token),
                "minutes": what.life().num_minutes(),
                "hours": what.life().num_hours(),
            }),
        };
        mail::post(ctx, tx, &self.0.sealer, &letter)
    }

    /// Whether a link was sent to the address that the login has now.
    pub(crate) fn is_of_address(&self, beside: &Value, login: &Login) -> bool {
        beside["address"] == self.address_mark(&login.email_norm).as_str()
    }

    /// The address that a link went to, so that it dies with a change of the address.
    fn address_mark(&self, email_norm: &str) -> String {
        hex::encode(self.email_hash(email_norm))
    }
}

/// The job that answers.
pub(crate) fn job_kind(identity: Identity) -> JobKind {
    JobKind::new(ASK_LINK, move |run| {
        let identity = identity.clone();
        async move {
            let payload: SealedPayload = run.parse()?;
            let asking: Asking = payload.open(&identity.0.sealer, run.organization_id)?;
            identity.answer(&run.ctx, &asking).await?;
            Ok(JobOutcome::Done)
        }
    })
}
