//! Identity providers of the platform: a JSON list, because each has several parts and one of them is a secret.

use identity::PlatformProvider;
use outbound::Url;
use secrecy::SecretString;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    key: String,
    name: String,
    issuer: String,
    client_id: String,
    client_secret: String,
}

/// Reads the list.
///
/// # Errors
/// A sentence that names the provider and never its secret.
pub fn read(text: &str) -> Result<Vec<PlatformProvider>, String> {
    let entries: Vec<Entry> =
        serde_json::from_str(text).map_err(|error| format!("is not such a JSON list (line {})", error.line()))?;
    let mut providers: Vec<PlatformProvider> = Vec::with_capacity(entries.len());
    for entry in entries {
        if !is_key(&entry.key) || providers.iter().any(|known| known.key == entry.key) {
            return Err(format!("has the key `{}`, which is no name of its own", entry.key));
        }
        if !Url::parse(&entry.issuer).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host()) {
            return Err(format!("names no http(s) URL as the issuer of `{}`", entry.key));
        }
        providers.push(PlatformProvider {
            key: entry.key,
            name: entry.name,
            issuer: entry.issuer,
            client_id: entry.client_id,
            client_secret: SecretString::from(entry.client_secret),
        });
    }
    Ok(providers)
}

/// A word for URLs that is no id of an organization's provider.
fn is_key(key: &str) -> bool {
    (1..=30).contains(&key.len())
        && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(key: &str, issuer: &str) -> String {
        format!(r#"{{"key":"{key}","name":"N","issuer":"{issuer}","client_id":"c","client_secret":"s3cr3t"}}"#)
    }

    #[test]
    fn a_list_of_providers_is_read() {
        let text =
            format!("[{},{}]", entry("google", "https://accounts.example"), entry("own", "http://keycloak:8080"));
        let keys: Vec<String> = read(&text).unwrap().into_iter().map(|provider| provider.key).collect();
        assert_eq!(keys, ["google", "own"]);
        assert!(read("[]").unwrap().is_empty());
    }

    #[test]
    fn what_is_wrong_is_said_without_the_secret() {
        for wrong in [
            "{}".to_owned(),
            format!("[{}]", entry("Google", "https://x.example")),
            format!("[{}]", entry("x", "ftp://x.example")),
            format!("[{},{}]", entry("x", "https://x.example"), entry("x", "https://y.example")),
        ] {
            let said = read(&wrong).map(|_| ()).unwrap_err();
            assert!(!said.contains("s3cr3t"), "{said}");
        }
    }
}
