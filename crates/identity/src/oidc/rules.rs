//! Pure rules of signing in through identity providers: where a browser may be sent back to, which domain an e-mail
//! lies on, what a provider's word is worth.

use super::client::Assertion;
use crate::handle::Settings;
use crate::text::Email;
use kernel::{Error, ErrorKind};
use url::Url;

/// Where the browser goes when all is done: a path of the installation's own console, or a page of a configured origin.
///
/// # Errors
/// 422 `REDIRECT_NOT_ALLOWED` for anything else.
pub fn return_target(settings: &Settings, typed: Option<&str>) -> Result<Url, Error> {
    let refused = || {
        Error::new(
            ErrorKind::Invalid,
            "REDIRECT_NOT_ALLOWED",
            "`return_to` is no page of this installation's consoles.",
        )
    };
    let typed = typed.unwrap_or("/");
    let base = Url::parse(&settings.issuer).map_err(Error::internal)?;
    // Browsers read a backslash as a slash and drop tabs and line ends: whatever is read twice is refused.
    let is_shaped = typed.starts_with('/') || typed.contains("://");
    if !is_shaped || typed.len() > 2_000 || typed.chars().any(|c| c == '\\' || c.is_control() || c.is_whitespace()) {
        return Err(refused());
    }
    let target = base.join(typed).map_err(|_| refused())?;
    let plain = target.username().is_empty() && target.password().is_none() && target.fragment().is_none();
    let known = target.origin() == base.origin()
        || settings.origins.iter().filter_map(|origin| Url::parse(origin).ok()).any(|o| o.origin() == target.origin());
    if plain && known && target.origin().is_tuple() { Ok(target) } else { Err(refused()) }
}

/// The e-mail that a provider vouches for, with the domain it lies on.
pub fn vouched_email(assertion: &Assertion) -> Option<(Email, String)> {
    if !assertion.email_verified {
        return None;
    }
    let email = Email::parse(assertion.email.as_deref()?).ok()?;
    let (_, domain) = email.norm.rsplit_once('@')?;
    let domain = domain.to_owned();
    Some((email, domain))
}

/// How the person proved who he is. What an organization's own provider says counts in that organization alone, so it
/// has a word of its own.
pub fn amr_of(of_organization: bool, assertion: &Assertion) -> Vec<String> {
    let mut amr = vec![if of_organization { ORGANIZATION_AMR } else { PLATFORM_AMR }.to_owned()];
    if assertion.amr.iter().any(|method| method == "mfa") {
        amr.push("mfa".to_owned());
    }
    amr
}

/// In `amr`: vouched for by a provider that the operator named.
pub const PLATFORM_AMR: &str = "oidc";
/// In `amr`: vouched for by a provider of the session's organization.
pub const ORGANIZATION_AMR: &str = kernel::access::VOUCHED_BY_ORGANIZATION;

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings {
            issuer: "https://desk.example".to_owned(),
            origins: vec!["https://console.example:8443".to_owned()],
            ..Settings::default()
        }
    }

    #[test]
    fn browsers_are_sent_to_our_own_pages_only() {
        let target = |typed: &str| return_target(&settings(), Some(typed)).map(|url| url.to_string());
        assert_eq!(return_target(&settings(), None).unwrap().as_str(), "https://desk.example/");
        assert_eq!(target("/login/done?x=1").unwrap(), "https://desk.example/login/done?x=1");
        assert_eq!(target("https://console.example:8443/in").unwrap(), "https://console.example:8443/in");
        for evil in [
            "https://evil.example/",
            "//evil.example/",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "https:evil.example@x",
            "https://desk.example@evil.example/",
            "https://desk.example.evil.example/",
            "https://user:pass@desk.example/",
            "http://desk.example/",
            "https://console.example/",
            "https://console.example:8444/",
            "javascript:alert(1)",
            "data:text/html,x",
            "/\t/evil.example",
            "/ok#code=stolen",
        ] {
            let given = target(evil);
            assert!(given.is_err(), "{evil} leads to {given:?}");
        }
    }

    #[test]
    fn an_e_mail_counts_when_the_provider_verified_it() {
        let of = |email: Option<&str>, email_verified| {
            let assertion = Assertion { email: email.map(str::to_owned), email_verified, ..Assertion::default() };
            vouched_email(&assertion).map(|(email, domain)| (email.norm, domain))
        };
        let ana = Some(("ana@clinica.example".to_owned(), "clinica.example".to_owned()));
        assert_eq!(of(Some(" Ana@Clinica.Example"), true), ana);
        assert_eq!(of(Some("ana@clinica.example"), false), None);
        assert_eq!(of(Some("not an e-mail"), true), None);
        assert_eq!(of(None, true), None);
    }

    #[test]
    fn only_the_claim_makes_it_two_factors() {
        let of = |amr: &[&str]| {
            let amr = amr.iter().map(ToString::to_string).collect();
            amr_of(true, &Assertion { amr, ..Assertion::default() })
        };
        assert_eq!(of(&["pwd"]), ["oidc_org"]);
        assert_eq!(of(&["pwd", "mfa"]), ["oidc_org", "mfa"]);
        assert_eq!(amr_of(false, &Assertion::default()), ["oidc"]);
    }
}
