//! The second half of the guard: names are resolved through a filter, at the moment of connecting, and the connection
//! goes to exactly the addresses that passed. A name that changes its meaning later changes nothing.

use crate::address::{self, Reason};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

/// The addresses of a name, or why there are none.
pub type LookupFuture = Pin<Box<dyn Future<Output = std::io::Result<Vec<SocketAddr>>> + Send>>;

/// Where names are looked up. The port of an answer is 0: the URL's port is used.
pub trait Lookup: Send + Sync + 'static {
    /// Looks up the addresses of `name`.
    fn lookup(&self, name: &str) -> LookupFuture;
}

/// The operating system's resolver.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemLookup;

impl Lookup for SystemLookup {
    fn lookup(&self, name: &str) -> LookupFuture {
        let name = name.to_owned();
        Box::pin(async move { Ok(tokio::net::lookup_host((name.as_str(), 0)).await?.collect()) })
    }
}

/// All addresses of a name were refused. Travels through the HTTP client's error chain, where `call` finds it.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the name means only addresses that are not public")]
pub(crate) struct RefusedName(pub(crate) Reason);

/// A resolver for the HTTP client; `guarded` drops every address that is not public.
pub(crate) struct Resolver {
    pub(crate) lookup: Arc<dyn Lookup>,
    pub(crate) guarded: bool,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let found = self.lookup.lookup(name.as_str());
        let guarded = self.guarded;
        Box::pin(async move {
            let found = found.await?;
            let kept = if guarded { keep_public(found)? } else { found };
            Ok(Box::new(kept.into_iter()) as Addrs)
        })
    }
}

/// Drops refused addresses rather than the whole answer: behind DNS64 every public IPv4 name also has a translated
/// IPv6 address, which is refused.
fn keep_public(found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, RefusedName> {
    let mut refused = None;
    let mut kept = Vec::with_capacity(found.len());
    for address in found {
        match address::refusal(address.ip()) {
            Some(reason) => refused = Some(reason),
            None => kept.push(address),
        }
    }
    match refused {
        Some(reason) if kept.is_empty() => Err(RefusedName(reason)),
        _ => Ok(kept),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(ips: &[&str]) -> Vec<SocketAddr> {
        ips.iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), 0)).collect()
    }

    #[test]
    fn of_a_mixed_answer_only_public_addresses_are_left() {
        let mixed = addresses(&["127.0.0.1", "8.8.8.8", "64:ff9b::808:808", "fd00::1", "2606:4700::1111"]);
        assert_eq!(keep_public(mixed).unwrap(), addresses(&["8.8.8.8", "2606:4700::1111"]));
    }

    #[test]
    fn an_answer_without_a_public_address_is_refused() {
        assert_eq!(keep_public(addresses(&["127.0.0.1"])).unwrap_err().0, Reason::Loopback);
        assert!(keep_public(Vec::new()).unwrap().is_empty());
    }
}
