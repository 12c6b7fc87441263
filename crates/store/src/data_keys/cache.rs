//! Keys that this node unwrapped, for a minute: a provider may be a service far away.

use super::TenantKeys;
use kernel::ids::OrganizationId;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// Less than a third of the time for which a new version is only published.
const LIFE: Duration = Duration::from_secs(60);
/// Beyond it the old ones are thrown out.
const MOST: usize = 10_000;

#[derive(Default)]
pub(crate) struct KeyCache(RwLock<HashMap<OrganizationId, (Instant, Arc<TenantKeys>)>>);

impl KeyCache {
    pub(super) fn get(&self, organization: OrganizationId) -> Option<Arc<TenantKeys>> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&organization).filter(|(at, _)| at.elapsed() < LIFE).map(|(_, keys)| keys.clone())
    }

    pub(super) fn put(&self, organization: OrganizationId, keys: Arc<TenantKeys>) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.retain(|_, (at, _)| at.elapsed() < LIFE);
        }
        known.insert(organization, (Instant::now(), keys));
    }

    pub(super) fn forget(&self, organization: OrganizationId) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(&organization);
    }
}
