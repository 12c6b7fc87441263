//! The subject of an API key, with the grants of this moment, kept for a second like those of sessions.

use super::secret;
use crate::assignments::Holder;
use crate::handle::Identity;
use crate::limits::{disabled_by, max_sockets};
use crate::settings::rates::lowest_of;
use crate::store::{api_keys as keys, assignments};
use crate::subject::{Known, Use, standing};
use chrono::Duration;
use http_kit::Network;
use kernel::ids::OrganizationId;
use kernel::masks::Mask;
use kernel::{Error, ErrorKind, Permission, PermissionSet, Principal, Subject};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use store::PlatformReason;
use uuid::Uuid;

/// A use is written down at most this often.
const TOUCH: Duration = Duration::minutes(1);

impl Identity {
    /// What is known of a presented key, if it may come from this address.
    ///
    /// # Errors
    /// 401 `AUTH_TOKEN_INVALID` for what is no key of ours, 401 `API_KEY_REVOKED`, `API_KEY_EXPIRED`, 403
    /// `IP_NOT_ALLOWED`.
    pub(crate) async fn known_key(&self, text: &str, ip: Option<IpAddr>) -> Result<Arc<Known>, Error> {
        let token = secret::parse(text).ok_or_else(unknown)?;
        let hash = token.hash();
        let (organization, id) = match self.0.key_places.get(&hash) {
            Some(place) => place,
            None => {
                let mut tx = self.0.db.platform(PlatformReason::SignIn).await?;
                let place = keys::by_hash(&mut tx, &hash).await?;
                tx.commit().await?;
                let place = place.ok_or_else(unknown)?;
                self.0.key_places.insert(hash, place);
                place
            }
        };
        let known = self.key_now(organization, id, Use::Renews).await?;
        let comes_from = |network: &Network| ip.is_some_and(|ip| network.contains(ip));
        if !known.networks.is_empty() && !known.networks.iter().any(comes_from) {
            return Err(Error::new(ErrorKind::Forbidden, "IP_NOT_ALLOWED", "This key may not come from this address."));
        }
        Ok(known)
    }

    /// The same key as it stands now, for connections that live long.
    ///
    /// # Errors
    /// As [`Identity::known_key`].
    pub(crate) async fn key_again(&self, organization: OrganizationId, id: Uuid) -> Result<Arc<Known>, Error> {
        self.key_now(organization, id, Use::Looks).await
    }

    async fn key_now(&self, organization: OrganizationId, id: Uuid, usage: Use) -> Result<Arc<Known>, Error> {
        for _ in 0..3 {
            let known = match self.0.key_subjects.get(&id).await {
                Some(known) => known,
                None => {
                    let loading = Box::pin(async { self.load_key(organization, id, usage).await.map(Arc::new) });
                    self.0.key_subjects.try_get_with(id, loading).await.map_err(|error: Arc<Error>| (*error).clone())?
                }
            };
            if known.subject.expires_at.is_some_and(|end| end <= self.0.clock.now()) {
                return Err(expired());
            }
            if known.rights == self.0.rights.load(Ordering::SeqCst) {
                return Ok(known);
            }
            self.0.key_subjects.invalidate(&id).await;
        }
        self.load_key(organization, id, usage).await.map(Arc::new)
    }

    async fn load_key(&self, organization: OrganizationId, id: Uuid, usage: Use) -> Result<Known, Error> {
        let rights = self.0.rights.load(Ordering::SeqCst);
        let now = self.0.clock.now();
        let mut tx = self.0.db.tenant(organization).await?;
        let key = keys::standing(&mut tx, id).await?.ok_or_else(unknown)?;
        if key.revoked_at.is_some() || key.account_deleted || key.account_status != "active" {
            return Err(Error::new(ErrorKind::Unauthenticated, "API_KEY_REVOKED", "This key is no longer good."));
        }
        if key.expires_at <= now {
            return Err(expired());
        }
        let grants = assignments::grants(&mut tx, Holder::ServiceAccount(key.service_account_id)).await?;
        if usage == Use::Renews && key.last_used_at.is_none_or(|last| last + TOUCH <= now) {
            keys::touch(&mut tx, id, now).await?;
        }
        tx.commit().await?;
        let subject = Subject {
            principal: Principal::ServiceAccount { id: key.service_account_id },
            organization: standing(&key.organization_status, key.suspension_mode.as_deref()),
            grants,
            key_scopes: Some(PermissionSet::granting(key.scopes.iter().filter_map(|name| Permission::parse(name)))),
            api_key_id: Some(id),
            masks: key.masks.iter().filter_map(|name| Mask::parse(name)).collect(),
            disabled: disabled_by(key.plan.as_deref(), key.features.as_ref()),
            fallback_unit: key.fallback_unit,
            expires_at: Some(key.expires_at),
            max_sockets: max_sockets(key.plan.as_deref(), key.limits.as_ref()),
            rate_limits: lowest_of(&key.rate_limits).map(Arc::new),
            ..Subject::system(organization)
        };
        Ok(Known {
            subject: Arc::new(subject),
            user_name: key.account_name,
            slug: key.slug,
            organization_name: key.organization_name,
            organization_status: key.organization_status,
            impersonator_name: None,
            networks: key.ip_allowlist.iter().filter_map(|network| network.parse().ok()).collect(),
            rights,
        })
    }
}

fn unknown() -> Error {
    Error::new(ErrorKind::Unauthenticated, "AUTH_TOKEN_INVALID", "This is no key of this installation.")
}

fn expired() -> Error {
    Error::new(ErrorKind::Unauthenticated, "API_KEY_EXPIRED", "This key came to its end.")
}
