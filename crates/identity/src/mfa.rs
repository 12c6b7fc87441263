//! Second factors: codes of an authenticator app (TOTP), recovery codes, and passkeys where a first factor came before.
//!
//! MFA is on once an app is confirmed; a passkey alone is a way to sign in that needs no second factor, and serves as one
//! where the organization demands it. Whoever must have a second factor and has none signs in for seven days as before;
//! afterwards the session is good for nothing but enrolling (`mfa_required` in every decision).

mod challenge;
mod enrol;
pub(crate) mod events;
mod finish;
mod prove;
mod recovery;
mod requirement;
mod reset;
pub(crate) mod routes;
mod totp;

pub(crate) use challenge::{Challenge, FirstFactor};
pub(crate) use enrol::tell;
pub use prove::Proof;
use requirement::Requirement;
pub(crate) use requirement::{due, follow_setting};

use serde::{Deserialize, Serialize};

/// What a second factor may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Six digits of an authenticator app.
    Totp,
    Passkey,
    RecoveryCode,
}
