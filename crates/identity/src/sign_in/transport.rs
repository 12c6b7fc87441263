//! How a refresh token travels: in the body, or in a cookie that pages cannot read.

use crate::handle::Settings;
use http::{HeaderMap, HeaderValue, header};
use kernel::{Error, ErrorKind};
use serde::Deserialize;

/// Name of the cookie (with `__Secure-` before it unless the installation speaks plain HTTP).
const REFRESH_COOKIE: &str = "balcao_refresh";
/// The only paths that the cookie is sent to.
const COOKIE_PATH: &str = "/api/auth";

/// Where a client wants its refresh token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    #[default]
    Body,
    /// HttpOnly, Secure, SameSite=Strict; for browsers.
    Cookie,
}

fn cookie_name(settings: &Settings) -> String {
    let prefix = if settings.secure_cookies { "__Secure-" } else { "" };
    format!("{prefix}{REFRESH_COOKIE}")
}

/// The `Set-Cookie` that hands over a refresh token for `seconds`.
///
/// # Errors
/// Never with tokens of ours, which are base64url.
pub fn set_cookie(settings: &Settings, token: &str, seconds: i64) -> Result<HeaderValue, Error> {
    let secure = if settings.secure_cookies { "; Secure" } else { "" };
    let name = cookie_name(settings);
    let text = format!("{name}={token}; Path={COOKIE_PATH}; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    let mut value = HeaderValue::try_from(text).map_err(|_| Error::internal("cookie value"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// The `Set-Cookie` that takes it away.
///
/// # Errors
/// Never.
pub fn unset_cookie(settings: &Settings) -> Result<HeaderValue, Error> {
    set_cookie(settings, "", 0)
}

/// The refresh token that came in the cookie.
pub fn presented_cookie(settings: &Settings, headers: &HeaderMap) -> Option<String> {
    let name = cookie_name(settings);
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, value)| *found == name && !value.is_empty())
        .map(|(_, value)| value.to_owned())
}

/// Lets only pages of this host and of configured origins use the cookie. A browser always says the origin of such a
/// request; `null` and none are refused.
///
/// # Errors
/// 403 `ORIGIN_DENIED`.
pub fn check_origin(settings: &Settings, headers: &HeaderMap) -> Result<(), Error> {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let known = text(header::ORIGIN).is_some_and(|origin| {
        let host = origin.split_once("://").map(|(_, host)| host);
        settings.origins.iter().any(|allowed| allowed == origin)
            || (host.is_some() && host.map(str::to_ascii_lowercase) == text(header::HOST).map(str::to_ascii_lowercase))
    });
    if known {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Forbidden, "ORIGIN_DENIED", "Pages of this origin may not use the cookie."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(header::HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap())).collect()
    }

    #[test]
    fn only_this_host_and_configured_origins_pass() {
        let settings = Settings { origins: vec!["https://console.example".to_owned()], ..Settings::default() };
        let passes = |origin: Option<&str>| {
            let mut all = vec![(header::HOST, "api.example:8080")];
            all.extend(origin.map(|origin| (header::ORIGIN, origin)));
            check_origin(&settings, &headers(&all)).is_ok()
        };
        assert!(passes(Some("https://console.example")) && passes(Some("https://api.example:8080")));
        for bad in [
            None,
            Some("null"),
            Some("https://console.example.evil"),
            Some("http://console.example"),
            Some("https://evil"),
            Some(""),
        ] {
            assert!(!passes(bad), "{bad:?}");
        }
    }

    #[test]
    fn the_cookie_is_out_of_reach_and_is_read_back() {
        let settings = Settings::default();
        let set = set_cookie(&settings, "abc-_1", 60).unwrap();
        let text = set.to_str().unwrap();
        assert_eq!(
            text,
            "__Secure-balcao_refresh=abc-_1; Path=/api/auth; Max-Age=60; HttpOnly; SameSite=Strict; Secure"
        );
        let sent = headers(&[(header::COOKIE, "other=1; __Secure-balcao_refresh=abc-_1; x=y")]);
        assert_eq!(presented_cookie(&settings, &sent).as_deref(), Some("abc-_1"));
        assert_eq!(presented_cookie(&settings, &headers(&[(header::COOKIE, "balcao_refresh=abc")])), None);
    }
}
