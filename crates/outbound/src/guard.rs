//! The address guard: which URLs may be called at all.
//!
//! A URL is judged twice. [`Guard::check`] judges what is written in it (scheme, credentials, port, literal
//! addresses); the resolver filter in `resolve` judges what its name means at the moment of connecting. Both are
//! needed: the HTTP client never asks a resolver about a literal address, and a name may change its meaning between
//! a check and a connection.

use crate::address::{self, Reason};
use url::{Host, Origin, Url};

/// How far a URL is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Its origin was named by the operator in the configuration: addresses are not judged.
    Operator,
    /// It came from anywhere else: addresses are judged when the connection is made.
    Guarded,
}

/// Why a URL was not called. The texts name the rule, never the address behind a name: they may reach the person who
/// typed the URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the address is not a valid http or https URL")]
    Invalid,
    #[error("the scheme is not allowed")]
    Scheme,
    #[error("the address must not contain a user name or password")]
    Credentials,
    #[error("the port is not allowed")]
    Port,
    #[error("the host is not public")]
    InsideName,
    #[error("the host is not public")]
    Address(Reason),
}

/// The rules, fixed at start.
#[derive(Clone, Debug)]
pub struct Guard {
    allow_http: bool,
    ports: Vec<u16>,
    trusted: Vec<Origin>,
}

impl Guard {
    /// `ports` empty means any port. `trusted` are origins (scheme, host, port) that the operator named; each must be
    /// an http or https URL without credentials, its path is ignored.
    pub fn new(allow_http: bool, ports: Vec<u16>, trusted: &[Url]) -> Result<Self, Refusal> {
        let mut origins = Vec::with_capacity(trusted.len());
        for url in trusted {
            check_shape(url)?;
            origins.push(url.origin());
        }
        Ok(Self { allow_http, ports, trusted: origins })
    }

    /// Reads and judges a URL that somebody typed.
    pub fn parse(&self, text: &str) -> Result<Url, Refusal> {
        let url = Url::parse(text).map_err(|_| Refusal::Invalid)?;
        self.check(&url).map(|_| url)
    }

    /// Judges what is written in `url`. A name passes here and is judged again when it is resolved.
    pub fn check(&self, url: &Url) -> Result<Trust, Refusal> {
        check_shape(url)?;
        if self.trusted.contains(&url.origin()) {
            return Ok(Trust::Operator);
        }
        if url.scheme() == "http" && !self.allow_http {
            return Err(Refusal::Scheme);
        }
        let port = url.port_or_known_default().ok_or(Refusal::Port)?;
        if port == 0 || !(self.ports.is_empty() || self.ports.contains(&port)) {
            return Err(Refusal::Port);
        }
        // `Url` has already turned every spelling of an IPv4 address (decimal, octal, hexadecimal, short, wide
        // digits, trailing dot) into the address itself.
        let reason = match url.host().ok_or(Refusal::Invalid)? {
            Host::Ipv4(ip) => address::refusal(ip.into()),
            Host::Ipv6(ip) => address::refusal(ip.into()),
            Host::Domain(name) if address::is_inside_name(name) => return Err(Refusal::InsideName),
            Host::Domain(_) => None,
        };
        reason.map_or(Ok(Trust::Guarded), |reason| Err(Refusal::Address(reason)))
    }
}

fn check_shape(url: &Url) -> Result<(), Refusal> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Refusal::Scheme);
    }
    if !url.has_host() {
        return Err(Refusal::Invalid);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Refusal::Credentials);
    }
    Ok(())
}
