//! Coming in, staying in, going out.

mod login;
mod logout;
mod refresh;
mod throttle;
mod transport;
mod validate;

pub use login::{LoginRequest, OrganizationView, OwnMembershipView, SignedIn};
pub use logout::LogoutRequest;
pub use transport::{Transport, check_origin, presented_cookie, set_cookie, unset_cookie};
pub use validate::{Validation, validate};

use crate::access_token::NewToken;
use crate::handle::Identity;
use crate::keys::Keys;
use kernel::ids::OrganizationId;
use kernel::token::OpaqueToken;
use kernel::{Ctx, Error};
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
}

impl Identity {
    /// Before there is a subject the product itself acts, under the request that asked.
    fn acting(&self, organization: OrganizationId, client: &Client) -> Ctx {
        Ctx::system(organization, self.0.clock.clone(), self.0.ids.clone(), client.request_id.clone())
    }

    /// The keys have to be at hand before a transaction is open: reading them takes a connection too, and waiting for
    /// one while holding another is how pools lock up.
    async fn signing_keys(&self) -> Result<Arc<Keys>, Error> {
        self.0.keys.current().await
    }

    fn pair(&self, keys: &Keys, new: NewToken, refresh_token: OpaqueToken) -> Result<Pair, Error> {
        Ok(Pair { access_token: self.sign(keys, new)?, refresh_token })
    }
}
