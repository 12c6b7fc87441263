//! Rate limits: who is counted for what, and the `RateLimit` headers of every answer.
//!
//! Windows slide; the tightest of those that apply decides. Counts live in this process and are bounded in number.

mod class;
mod limits;
mod table;
mod window;

pub use class::Class;
pub(crate) use class::{Scope, classes_of};
pub use limits::Limits;

use crate::caller::principal_id;
use crate::refusal::Refusal;
use crate::request::RequestFacts;
use http::{HeaderMap, HeaderName, HeaderValue};
use kernel::access::RateLimits;
use kernel::{Clock, Error, ErrorKind, Subject};
use limits::{LONG, window_name};
use std::net::IpAddr;
use std::sync::Arc;
use table::Table;
use uuid::Uuid;
use window::Verdict;

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Counts requests against the limits. One for the process.
pub(crate) struct Limiter {
    limits: Limits,
    table: Table,
    clock: Clock,
    /// `RateLimit-Policy` of requests without a credential.
    anonymous_policy: Option<HeaderValue>,
}

/// What was counted for one request: the tightest window.
#[derive(Clone, Debug)]
pub(crate) struct Charge {
    class: Class,
    /// Of the window in the headers.
    name: &'static str,
    verdict: Verdict,
    /// What the organization lowered, where it did.
    own: Option<Arc<RateLimits>>,
}

impl Limiter {
    pub fn new(limits: Limits, clock: Clock) -> Self {
        let anonymous_policy = limits.policy_header(&[Class::Anonymous], None);
        Self { limits, table: Table::default(), clock, anonymous_policy }
    }

    /// Counts one request of `key` in `class`, in all its windows or, if one is full, in none.
    fn hit(&self, class: Class, key: u128, own: Option<&Arc<RateLimits>>) -> Option<Charge> {
        let windows = self.limits.windows(class, own.map(AsRef::as_ref));
        let now = self.clock.now().timestamp_micros();
        let (window, verdict) = self.table.hit(class, key, windows, now)?;
        Some(Charge { class, name: window_name(class, windows, window), verdict, own: own.cloned() })
    }

    /// Counts a request by its address as one without a credential.
    pub fn charge_address(&self, request: &RequestFacts) -> Result<(), Refusal> {
        self.charge(request, Class::Anonymous, address_key(request.ip), None)
    }

    /// Counts, remembers the tightest for the headers, and refuses beyond the limit.
    fn charge(
        &self,
        request: &RequestFacts,
        class: Class,
        key: u128,
        own: Option<&Arc<RateLimits>>,
    ) -> Result<(), Refusal> {
        let Some(charge) = self.hit(class, key, own) else { return Ok(()) };
        let refused = (!charge.verdict.allowed).then(|| limited(&charge.verdict));
        request.remember(charge);
        refused.map_or(Ok(()), Err)
    }

    /// `RateLimit-Policy` for what is counted on a route, made once a route.
    pub fn policy_header(&self, classes: &[Class]) -> Option<HeaderValue> {
        self.limits.policy_header(classes, None)
    }

    /// Writes the headers of one answer.
    pub fn write_headers(&self, request: &RequestFacts, headers: &mut HeaderMap) {
        let Some(charge) = request.tightest() else { return };
        let policy = match &charge.own {
            Some(own) => self.limits.policy_header(request.route.classes(), Some(own)),
            None if charge.class == Class::Anonymous => self.anonymous_policy.clone(),
            None => request.route.policy.clone(),
        };
        if let Some(policy) = policy {
            headers.insert(RATE_LIMIT_POLICY, policy);
        }
        let name = charge.name;
        let seconds = u64::try_from(charge.verdict.wait_micros).unwrap_or_default().div_ceil(1_000_000);
        if let Ok(state) = HeaderValue::try_from(format!("\"{name}\";r={};t={seconds}", charge.verdict.remaining)) {
            headers.insert(RATE_LIMIT, state);
        }
    }
}

impl Charge {
    /// Whether this one is closer to its limit than `other`.
    pub fn is_tighter_than(&self, other: &Self) -> bool {
        let key = |charge: &Self| (charge.verdict.allowed, charge.verdict.remaining);
        key(self) < key(other)
    }
}

impl RequestFacts {
    /// Counts this request in `class` under an id that only the route knows, such as the session that a refresh token
    /// belongs to.
    ///
    /// # Errors
    /// 429 `RATE_LIMITED` beyond the limit.
    pub fn count(&self, class: Class, id: Uuid) -> Result<(), Refusal> {
        self.limiter.charge(self, class, id.as_u128(), None)
    }

    /// Counts this request in `class` under its address, where only the route knows that it belongs there.
    ///
    /// # Errors
    /// 429 `RATE_LIMITED` beyond the limit.
    pub fn count_address(&self, class: Class) -> Result<(), Refusal> {
        self.limiter.charge(self, class, address_key(self.ip), None)
    }
}

/// Counts what a route counts by address, before anything else is done for the request.
pub(crate) fn charge_by_address(request: &RequestFacts) -> Result<(), Refusal> {
    if request.route.exempt {
        return Ok(());
    }
    if !request.presented_credential || request.route.is_unmatched() {
        request.limiter.charge_address(request)?;
    }
    for class in request.route.classes_in(Scope::Address) {
        request.limiter.charge(request, class, address_key(request.ip), None)?;
    }
    Ok(())
}

/// Counts what a route counts by principal and organization, once both are known.
pub(crate) fn charge_principal(request: &RequestFacts, subject: &Subject) -> Result<(), Refusal> {
    let own = subject.rate_limits.as_ref();
    for class in request.route.classes_in(Scope::Principal) {
        request.limiter.charge(request, class, principal_id(subject).as_u128(), own)?;
    }
    for class in request.route.classes_in(Scope::Session) {
        let session = subject.session_id.map_or_else(|| principal_id(subject), |id| id.0);
        request.limiter.charge(request, class, session.as_u128(), None)?;
    }
    for class in request.route.classes_in(Scope::Organization) {
        request.limiter.charge(request, class, subject.organization_id.as_u128(), own)?;
    }
    Ok(())
}

/// One key an IPv4 address, one an IPv6 network of 64 bits (a household has that many addresses).
fn address_key(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => u128::from(ip.to_bits()),
        IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(ip) => u128::from(ip.to_bits()),
            None => ip.to_bits() >> 64 << 64,
        },
    }
}

fn limited(verdict: &Verdict) -> Refusal {
    // Two windows at most: the running one, and the part of the next in which it still weighs.
    let wait = u64::try_from(verdict.wait_micros.clamp(0, 2 * LONG)).unwrap_or_default();
    Error::new(ErrorKind::TooManyRequests, "RATE_LIMITED", "Too many requests; wait as long as Retry-After says.")
        .with_retry_after_ms(wait.div_ceil(1_000))
        .into()
}
