//! Where the keys that wrap data keys are: here, or with somebody who wraps and unwraps for us.

use crate::platform_tx::INSTALLATION;
use crate::seal::{Place, Sealer};
use futures_util::future::BoxFuture;
use kernel::ids::OrganizationId;
use kernel::{Error, Ids};
use secrecy::{ExposeSecret, SecretSlice};
use std::sync::Arc;

/// A data key that only the provider can make readable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrapped {
    pub bytes: Vec<u8>,
    /// Which of its keys the provider used.
    pub by: String,
}

/// What a wrapped key is bound to: a key management service takes it as its encryption context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    pub organization: OrganizationId,
    pub version: i32,
}

type Wrap = dyn Fn(Context, SecretSlice<u8>) -> BoxFuture<'static, Result<Wrapped, Error>> + Send + Sync;
type Unwrap = dyn Fn(Context, Wrapped) -> BoxFuture<'static, Result<SecretSlice<u8>, Error>> + Send + Sync;

/// Wraps and unwraps data keys. Cheap to clone.
#[derive(Clone)]
pub struct KeyProvider {
    current: Arc<str>,
    wrap: Arc<Wrap>,
    unwrap: Arc<Unwrap>,
}

impl KeyProvider {
    /// A provider elsewhere. `current` names the key that it wraps with now.
    pub fn new(
        current: &str,
        wrap: impl Fn(Context, SecretSlice<u8>) -> BoxFuture<'static, Result<Wrapped, Error>> + Send + Sync + 'static,
        unwrap: impl Fn(Context, Wrapped) -> BoxFuture<'static, Result<SecretSlice<u8>, Error>> + Send + Sync + 'static,
    ) -> Self {
        Self { current: current.into(), wrap: Arc::new(wrap), unwrap: Arc::new(unwrap) }
    }

    /// The installation's own keys, from its file or the environment.
    pub(crate) fn local(masters: Sealer) -> Self {
        let (wrapping, unwrapping) = (masters.clone(), masters.clone());
        let name = masters.key_name();
        let by = name.clone();
        Self::new(
            &name,
            move |context, key| {
                let place = context.row();
                // The operating system's randomness: a nonce must not repeat, whatever a test seeds.
                let bytes = wrapping.seal(&Ids::system(), Context::place(&place), key.expose_secret());
                let by = by.clone();
                Box::pin(async move { Ok(Wrapped { bytes: bytes?, by }) })
            },
            move |context, wrapped| {
                let place = context.row();
                let key = unwrapping.open(Context::place(&place), &wrapped.bytes);
                Box::pin(async move { Ok(SecretSlice::from(key?)) })
            },
        )
    }

    /// The name of the key that wraps now.
    pub fn current(&self) -> &str {
        &self.current
    }

    pub(super) async fn wrap(
        &self,
        organization: OrganizationId,
        version: i32,
        key: SecretSlice<u8>,
    ) -> Result<Wrapped, Error> {
        (self.wrap)(Context { organization, version }, key).await
    }

    pub(super) async fn unwrap(
        &self,
        organization: OrganizationId,
        version: i32,
        wrapped: Wrapped,
    ) -> Result<SecretSlice<u8>, Error> {
        (self.unwrap)(Context { organization, version }, wrapped).await
    }
}

impl Context {
    fn row(self) -> Vec<u8> {
        [self.organization.as_bytes().as_slice(), &self.version.to_be_bytes()].concat()
    }

    fn place(row: &[u8]) -> Place<'_> {
        Place { organization: INSTALLATION.0.as_bytes(), table: "data_keys", column: "wrapped", row }
    }
}
