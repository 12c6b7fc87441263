//! The cookie that binds a way to a provider to the browser that began it.

use crate::handle::{Identity, Settings};
use http::{HeaderMap, HeaderValue, header};
use kernel::Error;
use kernel::token::OpaqueToken;

const NAME: &str = "balcao_oidc";
/// As long as a way there and back may take, and the exchange after it.
const SECONDS: i64 = 11 * 60;

fn name(settings: &Settings) -> String {
    let prefix = if settings.secure_cookies { "__Host-" } else { "" };
    format!("{prefix}{NAME}")
}

/// The hash of what this browser presents, if it presents something.
pub fn presented(settings: &Settings, headers: &HeaderMap) -> Option<[u8; 32]> {
    value(settings, headers).map(|value| OpaqueToken::presented(&value).hash())
}

/// What binds the next way to this browser, and the cookie that keeps it there. A browser that has one keeps it, so that
/// two tabs do not disturb each other.
pub fn bind(identity: &Identity, headers: &HeaderMap) -> Result<([u8; 32], HeaderValue), Error> {
    let settings = identity.settings();
    let token = match value(settings, headers) {
        Some(value) => OpaqueToken::presented(&value),
        None => OpaqueToken::new(&identity.0.ids),
    };
    let secure = if settings.secure_cookies { "; Secure" } else { "" };
    // Lax: the provider sends the browser back from another site.
    let text =
        format!("{}={}; Path=/; Max-Age={SECONDS}; HttpOnly; SameSite=Lax{secure}", name(settings), token.expose());
    let mut cookie = HeaderValue::try_from(text).map_err(|_| Error::internal("cookie value"))?;
    cookie.set_sensitive(true);
    Ok((token.hash(), cookie))
}

/// Only what we could have made ourselves: 256 bits in base64url.
fn value(settings: &Settings, headers: &HeaderMap) -> Option<String> {
    let name = name(settings);
    let pairs = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = pairs.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(found, _)| *found == name)?;
    let ours = value.len() == 43 && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    ours.then(|| value.to_owned())
}
