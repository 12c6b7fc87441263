//! Access tokens (RFC 9068): ES256, 15 minutes, no permissions inside.

use crate::handle::Identity;
use crate::keys::Keys;
use chrono::{DateTime, Duration, Utc};
use jsonwebtoken::{Algorithm, Header, Validation};
use kernel::access::ImpersonationKind;
use kernel::ids::{MembershipId, OrganizationId, SessionId, UserId};
use kernel::{Error, ErrorKind};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use uuid::Uuid;

/// How long an access token is good.
pub const LIFE: Duration = Duration::minutes(15);
/// How far ahead of this node's clock another node's may be, in seconds.
const SKEW: i64 = 60;
/// Older tokens are refused whatever they say, in seconds.
const MAX_AGE: i64 = 24 * 60 * 60;
/// The longest token that is looked at, in bytes.
const MAX_LENGTH: usize = 4_096;
const TYPE: &str = "at+jwt";

/// What a token says. Times are Unix seconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Claims {
    pub iss: String,
    pub aud: String,
    pub sub: UserId,
    pub org: OrganizationId,
    pub mid: MembershipId,
    pub sid: SessionId,
    pub jti: Uuid,
    pub iat: i64,
    pub nbf: i64,
    pub exp: i64,
    pub auth_time: i64,
    pub amr: Vec<String>,
    /// Names, for clients to show. Decisions read the current grants.
    pub roles: Vec<String>,
    /// Who really acts (RFC 8693), where the principal is impersonated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Act>,
    /// The key that signed; a header field, kept here for the cache.
    #[serde(skip)]
    pub kid: String,
}

/// The person behind an impersonated principal.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Act {
    pub sub: UserId,
    pub kind: ImpersonationKind,
}

/// Whose token it is to be.
pub struct NewToken {
    pub user_id: UserId,
    pub organization_id: OrganizationId,
    pub membership_id: MembershipId,
    pub session_id: SessionId,
    pub authenticated_at: DateTime<Utc>,
    pub amr: Vec<String>,
    pub roles: Vec<String>,
}

impl Identity {
    /// Signs a token that is good from now on.
    ///
    /// # Errors
    /// When the key does not sign.
    pub(crate) fn sign(&self, keys: &Keys, new: NewToken) -> Result<String, Error> {
        let end = self.0.clock.now() + LIFE;
        self.sign_until(keys, new, end, None)
    }

    /// The same for somebody who acts as another: there is nothing to refresh, so it is good to the end of his session.
    ///
    /// # Errors
    /// When the key does not sign.
    pub(crate) fn sign_until(
        &self,
        keys: &Keys,
        new: NewToken,
        end: DateTime<Utc>,
        act: Option<Act>,
    ) -> Result<String, Error> {
        let (kid, key) = &keys.signing;
        let now = self.0.clock.now().timestamp();
        let claims = Claims {
            iss: self.0.settings.issuer.clone(),
            aud: self.0.settings.audience.clone(),
            sub: new.user_id,
            org: new.organization_id,
            mid: new.membership_id,
            sid: new.session_id,
            jti: self.0.ids.random(),
            iat: now,
            nbf: now,
            exp: end.timestamp(),
            auth_time: new.authenticated_at.timestamp(),
            amr: new.amr,
            roles: new.roles,
            act,
            kid: String::new(),
        };
        let header = Header { typ: Some(TYPE.to_owned()), kid: Some(kid.clone()), ..Header::new(Algorithm::ES256) };
        jsonwebtoken::encode(&header, &claims, key).map_err(|error| Error::internal(format!("token: {error}")))
    }

    /// What a presented token says, if it is ours and good now.
    ///
    /// # Errors
    /// 401 `AUTH_TOKEN_INVALID`, or `AUTH_TOKEN_EXPIRED` with `refresh_required`.
    pub(crate) async fn verify(&self, token: &str) -> Result<Arc<Claims>, Error> {
        let claims = self.verify_signature(token).await?;
        if claims.exp <= self.0.clock.now().timestamp() {
            return Err(Error::new(
                ErrorKind::Unauthenticated,
                "AUTH_TOKEN_EXPIRED",
                "This access token is over; refresh it.",
            )
            .with("refresh_required", true));
        }
        Ok(claims)
    }

    /// The same for a token whose time is over: enough to sign out with.
    ///
    /// # Errors
    /// 401 `AUTH_TOKEN_INVALID`.
    pub(crate) async fn verify_signature(&self, token: &str) -> Result<Arc<Claims>, Error> {
        if token.len() > MAX_LENGTH {
            return Err(invalid("too long"));
        }
        let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let claims = match self.0.verified.get(&hash) {
            // A key that was dropped in an emergency takes its tokens with it.
            Some(claims) if self.0.keys.current().await?.verifying.contains_key(&claims.kid) => claims,
            _ => {
                let claims = Arc::new(self.check(token).await?);
                self.0.verified.insert(hash, claims.clone());
                claims
            }
        };
        let now = self.0.clock.now().timestamp();
        if claims.iat > now + SKEW || claims.nbf > now + SKEW || claims.iat < now - MAX_AGE {
            return Err(invalid("made in the future or long ago"));
        }
        Ok(claims)
    }

    async fn check(&self, token: &str) -> Result<Claims, Error> {
        let header = jsonwebtoken::decode_header(token).map_err(invalid)?;
        let plain = header.crit.is_none()
            && header.jku.is_none()
            && header.jwk.is_none()
            && header.x5u.is_none()
            && header.x5c.is_none();
        let typed = header.typ.as_deref().is_some_and(|typ| typ.eq_ignore_ascii_case(TYPE));
        if header.alg != Algorithm::ES256 || !typed || !plain {
            return Err(invalid("algorithm, type or header"));
        }
        let kid = header.kid.unwrap_or_default();
        let key = self.0.keys.verifying(&kid).await?.ok_or_else(|| invalid("unknown key"))?;
        let mut checked = jsonwebtoken::decode::<Claims>(token, &key, &self.validation()).map_err(invalid)?.claims;
        checked.kid = kid;
        Ok(checked)
    }

    fn validation(&self) -> Validation {
        let mut validation = Validation::new(Algorithm::ES256);
        validation.set_issuer(&[&self.0.settings.issuer]);
        validation.set_audience(&[&self.0.settings.audience]);
        validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        // It would ask the ambient clock; the times are checked by the house's own.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation
    }
}

fn invalid(why: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Unauthenticated, "AUTH_TOKEN_INVALID", "This access token is not valid.").with_private(why)
}
