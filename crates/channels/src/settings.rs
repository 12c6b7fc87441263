//! What the operator sets for all channel accounts.

use outbound::Url;
use secrecy::SecretString;

/// Settings of the domain.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whether the WhatsApp connector is on.
    pub whatsapp_enabled: bool,
    /// Where Meta's Graph API is: `https://graph.facebook.com`, or a stand-in. Name its origin among the trusted ones
    /// of `outbound` when it is not public.
    pub graph_url: Url,
    /// `v25.0`
    pub graph_version: String,
    /// Secrets of the provider app: the one in use, then, for a day after a rotation, the one before.
    pub app_secrets: Vec<SecretString>,
    /// What Meta says in the handshake: current, then previous.
    pub verify_tokens: Vec<SecretString>,
    pub intake: IntakeLimits,
    pub sends: SendLimits,
    /// Raw bodies and the contents of items are forgotten after so many days (7 to 90).
    pub keep_raw_days: u16,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            whatsapp_enabled: true,
            #[expect(clippy::expect_used, reason = "a literal that parses, as every test shows")]
            graph_url: Url::parse("https://graph.facebook.com").expect("a literal URL"),
            graph_version: "v25.0".to_owned(),
            app_secrets: Vec::new(),
            verify_tokens: Vec::new(),
            intake: IntakeLimits::default(),
            sends: SendLimits::default(),
            keep_raw_days: 30,
        }
    }
}

/// What one node takes in.
#[derive(Clone, Copy, Debug)]
pub struct IntakeLimits {
    /// Genuine requests a minute; beyond them 429.
    pub per_minute: u32,
    /// Requests with a bad signature a minute and address; beyond them 429 instead of 401.
    pub bad_per_minute: u32,
    /// Bodies written in one statement at most.
    pub batch: usize,
    /// Batches on their way to the database at once.
    pub parallel: usize,
}

impl Default for IntakeLimits {
    fn default() -> Self {
        Self { per_minute: 10_000, bad_per_minute: 100, batch: 256, parallel: 2 }
    }
}

/// How fast messages leave.
#[derive(Clone, Copy, Debug)]
pub struct SendLimits {
    /// Messages a second from one WhatsApp number.
    pub number_per_second: u32,
    /// One recipient of one number may get so many at once...
    pub pair_burst: u32,
    /// ... and then one every so many seconds.
    pub pair_seconds: u32,
}

impl Default for SendLimits {
    fn default() -> Self {
        Self { number_per_second: 80, pair_burst: 10, pair_seconds: 6 }
    }
}
