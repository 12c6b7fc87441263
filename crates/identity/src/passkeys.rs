//! Passkeys (WebAuthn): discoverable, with user verification, bound to the installation's own domain. What the user
//! verified with his device counts as two factors.

pub(crate) mod events;
mod manage;
mod register;
pub(crate) mod routes;
mod sign_in;

use crate::handle::Settings;
use kernel::{Error, ErrorKind};
use url::Url;
use webauthn_rs::{Webauthn, WebauthnBuilder};

/// So many of one person.
const MAX_PASSKEYS: usize = 10;

/// The party that passkeys are made for: the host of the installation's public address, and of other origins only
/// those on the same domain. `None` where that host is an address instead of a name, which WebAuthn does not know.
pub fn relying_party(settings: &Settings) -> Option<Webauthn> {
    let base = Url::parse(&settings.issuer).ok()?;
    let domain = base.domain()?.to_owned();
    let mut builder = WebauthnBuilder::new(&domain, &base).ok()?.rp_name("Balcao");
    let others: Vec<Url> = settings.origins.iter().filter_map(|origin| Url::parse(origin).ok()).collect();
    for other in others.iter().filter(|other| is_below(other.domain(), &domain)) {
        builder = builder.append_allowed_origin(other);
    }
    builder.build().ok()
}

fn is_below(host: Option<&str>, domain: &str) -> bool {
    host.is_some_and(|host| host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')))
}

fn unavailable() -> Error {
    Error::new(
        ErrorKind::Conflict,
        "PASSKEYS_UNAVAILABLE",
        "Passkeys need a public address with a host name; this installation has none.",
    )
}

fn refused() -> Error {
    Error::new(ErrorKind::Unauthenticated, "PASSKEY_INVALID", "This passkey was not accepted; start again.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passkeys_belong_to_a_name_and_not_to_an_address() {
        let of = |issuer: &str| relying_party(&Settings { issuer: issuer.to_owned(), ..Settings::default() });
        assert!(of("https://desk.example").is_some() && of("http://localhost:8080").is_some());
        assert!(of("http://127.0.0.1:8080").is_none() && of("not a url").is_none());
    }

    #[test]
    fn only_origins_on_the_domain_may_use_them() {
        assert!(is_below(Some("desk.example"), "desk.example") && is_below(Some("a.desk.example"), "desk.example"));
        for other in [None, Some("evildesk.example"), Some("example"), Some("desk.example.evil")] {
            assert!(!is_below(other, "desk.example"), "{other:?}");
        }
    }
}
