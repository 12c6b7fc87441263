//! Coming in, staying in, going out.

mod ask;
pub(crate) mod claim;
mod devices;
pub(crate) mod enter;
pub(crate) mod facts;
mod login;
mod logout;
mod magic_link;
pub(crate) mod open;
mod reauthenticate;
mod refresh;
mod throttle;
mod transport;
mod validate;
mod verify_email;

pub(crate) use ask::job_kind as ask_job_kind;
pub use ask::{ASK_LINK, Asked};
pub use enter::{Entered, OrganizationView, OwnMembershipView};
pub(crate) use enter::{Entry, own_membership_view};
pub use login::{LoginRequest, SignedIn};
pub use logout::LogoutRequest;
pub(crate) use magic_link::AMR_MAIL;
pub use magic_link::ExchangeRequest;
pub use reauthenticate::{Reauthenticated, SessionProof};
pub use transport::{Transport, check_origin, presented_cookie, set_cookie, unset_cookie};
pub use validate::{Validation, validate};

use crate::access_token::NewToken;
use crate::handle::Identity;
use crate::keys::Keys;
use chrono::Duration;
use kernel::ids::OrganizationId;
use kernel::token::OpaqueToken;
use kernel::{Ctx, Error, Origin};
use std::sync::Arc;

/// Where a sign-in or refresh comes from.
#[derive(Clone, Debug)]
pub struct Client {
    pub ip: String,
    pub user_agent: Option<String>,
    pub request_id: Arc<str>,
}

/// A working pair. The refresh token is shown once.
pub struct Pair {
    pub access_token: String,
    pub refresh_token: OpaqueToken,
    /// How long the refresh token is good without use.
    pub refresh_life: Duration,
}

impl Identity {
    /// Before there is a subject the product itself acts, under the request that asked.
    pub(crate) fn acting(&self, organization: OrganizationId, client: &Client) -> Ctx {
        let ctx = Ctx::system(organization, self.0.clock.clone(), self.0.ids.clone(), client.request_id.clone());
        match client.ip.parse() {
            Ok(ip) => ctx.with_origin(Arc::new(Origin { ip, user_agent: client.user_agent.clone() })),
            Err(_) => ctx,
        }
    }

    /// The keys have to be at hand before a transaction is open: reading them takes a connection too, and waiting for
    /// one while holding another is how pools lock up.
    pub(crate) async fn signing_keys(&self) -> Result<Arc<Keys>, Error> {
        self.0.keys.current().await
    }

    pub(crate) fn pair(
        &self,
        keys: &Keys,
        new: NewToken,
        refresh_token: OpaqueToken,
        refresh_life: Duration,
    ) -> Result<Pair, Error> {
        Ok(Pair { access_token: self.sign(keys, new)?, refresh_token, refresh_life })
    }
}
