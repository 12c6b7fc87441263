//! `invite`: an invitation and the letter with its link.

use super::{InvitationRow, LIFE, events};
use crate::handle::Identity;
use crate::store::invitations::{self as rows, NewInvitation};
use chrono::{Days, NaiveTime};
use kernel::ids::{MembershipId, UserId};
use kernel::token::OpaqueToken;
use kernel::{Ctx, Error, ErrorKind};
use mail::{Letter, Template};
use serde_json::json;
use store::TenantTx;
use uuid::Uuid;

/// Letters of one organization a day (UTC).
const LETTERS_A_DAY: i32 = 100;

/// Who is to get a letter.
pub(crate) struct Invitee<'a> {
    pub membership_id: MembershipId,
    pub user_id: UserId,
    pub email: &'a str,
    pub language: &'a str,
    pub message: Option<&'a str>,
    /// Whether somebody gave a password for a login that keeps its own: told to its owner alone.
    pub password_ignored: bool,
}

/// Makes the invitation of a membership that waits for one, and posts the letter.
///
/// # Errors
/// 429 `RATE_LIMITED` after 100 letters a day.
pub(crate) async fn invite(identity: &Identity, ctx: &Ctx, tx: &mut TenantTx, to: &Invitee<'_>) -> Result<Uuid, Error> {
    let id: Uuid = ctx.new_id();
    let token = OpaqueToken::new(&ctx.ids);
    let new = NewInvitation {
        id,
        membership_id: to.membership_id,
        user_id: to.user_id,
        token_hash: &token.hash(),
        message: to.message,
        invited_by: ctx.subject.user_id().map(|user| user.0),
        expires_at: ctx.now() + LIFE,
    };
    rows::insert(tx, &new, ctx.now()).await?;
    post(identity, ctx, tx, to, &token).await?;
    append(ctx, tx, events::invitation("invitation.created", id, to.user_id));
    Ok(id)
}

/// Gives an invitation a new link and a new life, and posts the letter again; the older link is dead.
///
/// # Errors
/// As [`invite`].
pub(super) async fn send_again(
    identity: &Identity,
    ctx: &Ctx,
    tx: &mut TenantTx,
    row: &InvitationRow,
) -> Result<(), Error> {
    let token = OpaqueToken::new(&ctx.ids);
    rows::renew(tx, row.id, &token.hash(), ctx.now() + LIFE, ctx.now()).await?;
    let to = Invitee {
        membership_id: row.membership_id,
        user_id: row.user_id,
        email: &row.email,
        language: &row.language,
        message: row.message.as_deref(),
        password_ignored: false,
    };
    post(identity, ctx, tx, &to, &token).await?;
    append(ctx, tx, events::about("invitation.resent", row));
    Ok(())
}

async fn post(
    identity: &Identity,
    ctx: &Ctx,
    tx: &mut TenantTx,
    to: &Invitee<'_>,
    token: &OpaqueToken,
) -> Result<(), Error> {
    if rows::count_letter(tx, ctx.now().date_naive()).await? > LETTERS_A_DAY {
        return Err(too_many(ctx));
    }
    let sender = rows::sender(tx, ctx.subject.user_id()).await?;
    let letter = Letter {
        to: to.email.to_owned(),
        language: to.language.to_owned(),
        template: Template::Invitation,
        data: json!({
            "inviter": sender.name.as_deref().unwrap_or(&sender.organization),
            "organization": sender.organization,
            "message": to.message.unwrap_or_default(),
            "link": identity.link_to("invitation", token),
            "days": LIFE.num_days(),
            "password_ignored": to.password_ignored,
        }),
    };
    mail::post(ctx, tx, &identity.0.sealer, &letter)
}

fn too_many(ctx: &Ctx) -> Error {
    let tomorrow = (ctx.now().date_naive() + Days::new(1)).and_time(NaiveTime::MIN).and_utc();
    let wait = u64::try_from((tomorrow - ctx.now()).num_milliseconds()).unwrap_or_default();
    Error::new(ErrorKind::TooManyRequests, "RATE_LIMITED", "An organization sends at most 100 invitations a day.")
        .with_retry_after_ms(wait)
}

/// Appends with the caller as the actor.
pub(super) fn append(ctx: &Ctx, tx: &mut TenantTx, mut event: kernel::NewEvent) {
    event.actor = ctx.actor();
    tx.append(ctx, event);
}
