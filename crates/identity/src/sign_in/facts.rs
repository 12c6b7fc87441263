//! Facts about a login as such. They belong to no single organization: the platform's log gets them, and the log of each
//! organization where the person is active. One job writes them all, added in the transaction of what happened, so that
//! a sign-in meant for nobody costs exactly what one meant for somebody does.

use super::Client;
use crate::events::{doc, event, seen_with};
use crate::handle::Identity;
use crate::store::sign_in as rows;
use chrono::Duration;
use kernel::ids::{OrganizationId, UserId};
use kernel::{Actor, ActorKind, Ctx, Error, NewEvent, Origin};
use module::EventDoc;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;
use store::jobs::{Backoff, JobKind, JobOutcome, Lane, NewJob, SealedPayload};
use store::{INSTALLATION, TenantTx};

/// Writes one fact into the logs that it belongs to.
pub const TELL: &str = "identity.tell";

pub const EVENTS: &[EventDoc] = &[
    doc("auth.login_succeeded", "Somebody signed in: user_id, session_id, amr."),
    doc("auth.login_failed", "A sign-in failed: reason, and user_id for the organizations where the person is active."),
    doc("auth.throttled", "A sign-in came too soon after failed ones: reason, user_id likewise."),
    doc("auth.logged_out", "Somebody signed out: user_id, session_id."),
    doc("auth.session_revoked", "A session ended; its sockets close: session_id, reason."),
    doc("auth.refresh_reused", "A refresh token was used again; its session was ended: user_id, session_id."),
    doc("auth.magic_link_requested", "A link that signs in was asked for: user_id."),
    doc("auth.magic_link_exchanged", "Such a link was used: user_id."),
    doc("auth.password_changed", "Somebody changed the own password: user_id."),
    doc("auth.password_reset_requested", "A link to choose a new password was asked for: user_id."),
    doc("auth.password_reset", "A new password was chosen by such a link; all sessions ended: user_id."),
    doc(
        "auth.email_verified",
        "Somebody proved that the own address is his: user_id, and reason `claimed` where what the login had before was cleared.",
    ),
    doc("auth.reauthenticated", "Somebody proved again who he is: user_id, session_id, method."),
];

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fact {
    LoginFailed,
    Throttled,
    MagicLinkRequested,
    MagicLinkExchanged,
    PasswordChanged,
    PasswordResetRequested,
    PasswordReset,
    EmailVerified,
}

impl Fact {
    fn kind(self) -> &'static str {
        match self {
            Self::LoginFailed => "auth.login_failed",
            Self::Throttled => "auth.throttled",
            Self::MagicLinkRequested => "auth.magic_link_requested",
            Self::MagicLinkExchanged => "auth.magic_link_exchanged",
            Self::PasswordChanged => "auth.password_changed",
            Self::PasswordResetRequested => "auth.password_reset_requested",
            Self::PasswordReset => "auth.password_reset",
            Self::EmailVerified => "auth.email_verified",
        }
    }

    /// Whether the person did it; else somebody who may be anybody.
    fn is_by_the_person(self) -> bool {
        matches!(self, Self::MagicLinkExchanged | Self::PasswordChanged | Self::PasswordReset | Self::EmailVerified)
    }
}

/// Whom a fact is about.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Whom<'a> {
    /// The login, if there is one.
    pub login: Option<UserId>,
    /// The organization that the person named, by slug or id, member there or not.
    pub named: Option<&'a str>,
}

/// What lies sealed in the job: an address may be personal.
#[derive(Serialize, Deserialize)]
struct Told {
    fact: Fact,
    login: Option<UserId>,
    named: Option<String>,
    reason: Option<String>,
    ip: String,
    user_agent: Option<String>,
}

impl Identity {
    /// Adds the job that tells of `fact`, in a transaction of any organization.
    ///
    /// # Errors
    /// When it cannot be sealed.
    pub(crate) fn tell(
        &self,
        tx: &mut TenantTx,
        fact: Fact,
        whom: &Whom<'_>,
        reason: Option<&str>,
        client: &Client,
    ) -> Result<(), Error> {
        let told = Told {
            fact,
            login: whom.login,
            named: whom.named.map(str::to_owned),
            reason: reason.map(str::to_owned),
            ip: client.ip.clone(),
            user_agent: client.user_agent.clone(),
        };
        let ctx = self.acting(tx.organization_id(), client);
        let payload = SealedPayload::seal(&ctx, &self.0.sealer, tx.organization_id(), &told)?;
        tx.enqueue(&ctx, NewJob::new(Lane::Interactive, TELL, &payload));
        Ok(())
    }

    async fn write_fact(&self, ctx: &Ctx, told: &Told) -> Result<(), Error> {
        let mut tx = self.0.db.tenant(INSTALLATION).await?;
        let mut active = BTreeSet::new();
        if let Some(user) = told.login {
            let memberships = rows::memberships_of(tx.conn(), user).await?;
            active.extend(
                memberships.iter().filter(|one| one.membership_status == "active").map(|one| one.organization_id.0),
            );
        }
        tx.append(&ctx_in(ctx, INSTALLATION), fact_event(told, true, INSTALLATION));
        tx.commit().await?;
        for organization in active.iter().copied().map(OrganizationId) {
            self.append_fact(ctx, organization, fact_event(told, true, organization)).await?;
        }
        // Where the person is not active, nothing tells whether there is such a login.
        if let Some(name) = &told.named
            && let Some(named) = self.organization(name).await?
            && !active.contains(&named.id.0)
        {
            self.append_fact(ctx, named.id, fact_event(told, false, named.id)).await?;
        }
        Ok(())
    }

    async fn append_fact(&self, ctx: &Ctx, organization: OrganizationId, event: NewEvent) -> Result<(), Error> {
        let mut tx = self.0.db.tenant(organization).await?;
        tx.append(&ctx_in(ctx, organization), event);
        tx.commit().await?;
        Ok(())
    }
}

/// The job that writes facts.
pub(crate) fn job_kind(identity: Identity) -> JobKind {
    JobKind::new(TELL, move |run| {
        let identity = identity.clone();
        async move {
            let payload: SealedPayload = run.parse()?;
            let told: Told = payload.open(&identity.0.sealer, run.organization_id)?;
            let mut ctx = run.ctx;
            if let Ok(ip) = told.ip.parse() {
                ctx = ctx.with_origin(Arc::new(Origin { ip, user_agent: told.user_agent.clone() }));
            }
            identity.write_fact(&ctx, &told).await?;
            Ok(JobOutcome::Done)
        }
    })
    .backoff(Backoff::Exponential { first: Duration::seconds(1), most: Duration::minutes(10) })
}

fn ctx_in(ctx: &Ctx, organization: OrganizationId) -> Ctx {
    let within = Ctx::system(organization, ctx.clock.clone(), ctx.ids.clone(), ctx.request_id.clone());
    match &ctx.origin {
        Some(origin) => within.with_origin(origin.clone()),
        None => within,
    }
}

fn fact_event(told: &Told, knows_login: bool, organization: OrganizationId) -> NewEvent {
    let login = told.login.filter(|_| knows_login);
    let mut data = json!({});
    if let Some(user) = login {
        data["user_id"] = json!(user);
    }
    if let Some(reason) = &told.reason {
        data["reason"] = json!(reason);
    }
    let (stream, id) = login.map_or(("organization", organization.0), |user| ("user", user.0));
    let mut event = event(told.fact.kind(), stream, id, seen_with("audit.view"), data);
    if let Some(user) = login.filter(|_| told.fact.is_by_the_person()) {
        event.actor = Actor { kind: ActorKind::User, id: Some(user.0) };
    }
    event
}
