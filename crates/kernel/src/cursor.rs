//! Opaque cursors: a value and a keyed checksum that binds it to an organization and a purpose.

use crate::ids::OrganizationId;
use crate::token::hmac_sha256;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;

/// Length of the checksum in bytes: cursors are not secrets, they only must not be made up.
const CHECK: usize = 8;

/// Signs cursors. One key an installation.
#[derive(Clone)]
pub struct CursorKey(std::sync::Arc<[u8]>);

impl CursorKey {
    pub fn new(key: &[u8]) -> Self {
        Self(key.into())
    }

    /// Text of `value` for `purpose` (list path with its filter, `sync`, ...) in an organization.
    pub fn seal(&self, organization_id: OrganizationId, purpose: &str, value: &[u8]) -> String {
        let mut bytes = self.check(organization_id, purpose, value).to_vec();
        bytes.extend_from_slice(value);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The value inside `text`, or `None` for anything not sealed here for the same organization and purpose.
    pub fn open(&self, organization_id: OrganizationId, purpose: &str, text: &str) -> Option<Vec<u8>> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (check, value) = bytes.split_at_checked(CHECK)?;
        let right: bool = self.check(organization_id, purpose, value).ct_eq(check).into();
        right.then(|| value.to_vec())
    }

    fn check(&self, organization_id: OrganizationId, purpose: &str, value: &[u8]) -> [u8; CHECK] {
        let mac = hmac_sha256(&self.0, &[b"cursor", organization_id.as_bytes(), purpose.as_bytes(), value]);
        let mut check = [0; CHECK];
        check.copy_from_slice(&mac[..CHECK]);
        check
    }
}
