//! Codes by time (RFC 6238): six digits, thirty seconds, SHA-1, which is what every authenticator app expects.

use chrono::{DateTime, Utc};
use kernel::{Error, Ids};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use totp_rs::{Builder, Totp};

/// 160 bits, as RFC 4226 recommends.
const SECRET_BYTES: usize = 20;
/// One step before and one after the present one: clocks differ, and people type slowly.
const TOLERANCE: u16 = 1;

/// The secret that an authenticator app shares with us.
pub struct TotpSecret(SecretSlice<u8>);

impl TotpSecret {
    pub fn new(ids: &Ids) -> Self {
        let mut bytes = vec![0; SECRET_BYTES];
        ids.fill(&mut bytes);
        Self(SecretSlice::from(bytes))
    }

    pub fn of_stored(bytes: Vec<u8>) -> Self {
        Self(SecretSlice::from(bytes))
    }

    /// What is sealed.
    pub fn bytes(&self) -> &[u8] {
        self.0.expose_secret()
    }

    /// The time step that `code` belongs to, if it is right about now and newer than `last`.
    pub fn step_of(&self, code: &str, now: DateTime<Utc>, last: Option<i64>) -> Option<i64> {
        let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        if code.len() != 6 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let seconds = u64::try_from(now.timestamp()).ok()?;
        let step = i64::try_from(self.totp(None).ok()?.check(&code, seconds)?).ok()?;
        last.is_none_or(|last| last < step).then_some(step)
    }

    /// The secret as people type it (base32), and as apps scan it (`otpauth://`).
    ///
    /// # Errors
    /// Only for an account without a name.
    pub fn to_texts(&self, account: &str, issuer: &str) -> Result<(SecretString, SecretString), Error> {
        // A colon separates the two in the label.
        let label = |text: &str| text.replace(':', " ");
        let totp = self.totp(Some((&label(account), &label(issuer))))?;
        let url = totp.to_url().map_err(Error::internal)?;
        Ok((SecretString::from(totp.secret().to_base32()), SecretString::from(url)))
    }

    fn totp(&self, names: Option<(&str, &str)>) -> Result<Totp, Error> {
        let mut builder = Builder::new().with_skew(TOLERANCE).with_secret(self.bytes().to_vec());
        if let Some((account, issuer)) = names {
            builder = builder.with_account_name(account).with_issuer(Some(issuer));
        }
        builder.build().map_err(Error::internal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Duration;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    /// RFC 6238, appendix B, cut to six digits.
    #[test]
    fn the_vectors_of_the_standard_hold() {
        let secret = TotpSecret::of_stored(b"12345678901234567890".to_vec());
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (2_000_000_000, "279037")] {
            assert_eq!(secret.step_of(code, at(seconds), None), Some(seconds / 30), "{seconds}");
        }
    }

    #[test]
    fn one_step_of_tolerance_and_each_code_once() {
        let secret = TotpSecret::of_stored(b"12345678901234567890".to_vec());
        let (now, code) = (at(59), "287082");
        assert_eq!(secret.step_of(code, now - Duration::seconds(30), None), Some(1), "a clock behind");
        assert_eq!(secret.step_of(code, now + Duration::seconds(30), None), Some(1), "a clock ahead");
        assert_eq!(secret.step_of(code, now + Duration::seconds(61), None), None);
        assert_eq!(secret.step_of(code, now, Some(1)), None, "the second time");
        assert_eq!(secret.step_of(code, now, Some(2)), None, "an older one after a newer one");
        for bad in ["", "28708", "2870822", "28708a", "-87082", "٢٨٧٠٨٢"] {
            assert_eq!(secret.step_of(bad, now, None), None, "{bad:?}");
        }
        assert_eq!(secret.step_of(" 287 082 ", now, None), Some(1), "as apps show it");
    }

    #[test]
    fn apps_are_told_issuer_and_account() {
        let secret = TotpSecret::of_stored(b"12345678901234567890".to_vec());
        let (text, url) = secret.to_texts("ana@clinica.example", "Balcao: teste").unwrap();
        assert_eq!(text.expose_secret(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert!(url.expose_secret().starts_with("otpauth://totp/Balcao%20%20teste:ana%40clinica.example?secret=GEZD"));
    }
}
