//! How many of what in how long: the defaults of the house, and how operators change them.

use super::class::Class;
use super::window::Window;
use http::HeaderValue;
use kernel::access::RateLimits;
use std::fmt::Write as _;

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
/// The longest window there is.
pub(super) const LONG: i64 = HOUR;

/// The limits of every class. [`Limits::default`] is the specification's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits([[Option<Window>; 2]; Class::ALL.len()]);

impl Default for Limits {
    fn default() -> Self {
        Self(Class::ALL.map(|class| {
            let (minute, hour) = match class {
                Class::Anonymous => return [Some(Window { quota: 100, length: 10 * SECOND }), None],
                Class::Login => (Some(30), Some(300)),
                Class::LoginPair => (Some(5), Some(100)),
                Class::MailTo => (Some(3), Some(5)),
                Class::Session => (Some(10), Some(200)),
                Class::Validate => (Some(100), Some(1_000)),
                Class::Mail | Class::Registration => (Some(5), Some(20)),
                Class::Auth | Class::Uploads => (Some(10), None),
                Class::People => (Some(30), Some(300)),
                Class::Organization => (Some(20), Some(200)),
                Class::Writing | Class::Conversations => (None, Some(1_000)),
                Class::Reading => (None, Some(10_000)),
                Class::Sending => (Some(100), None),
                Class::Lookup => (Some(60), None),
            };
            windows(minute, hour)
        }))
    }
}

impl Limits {
    /// Replaces the limits of one class: so many a minute and an hour, `None` for no such limit (for
    /// [`Class::Anonymous`] the first is per 10 seconds).
    pub fn set(&mut self, class: Class, minute: Option<u32>, hour: Option<u32>) {
        let mut windows = windows(minute, hour);
        if let (Class::Anonymous, Some(first)) = (class, &mut windows[0]) {
            first.length = 10 * SECOND;
        }
        self.0[class as usize] = windows;
    }

    /// Takes the limits of one class from `other`.
    pub fn copy(&mut self, other: &Self, class: Class) {
        self.0[class as usize] = other.0[class as usize];
    }

    /// So many a minute and an hour, `None` for no such limit.
    pub fn quotas(&self, class: Class) -> [Option<u32>; 2] {
        self.0[class as usize].map(|window| window.map(|window| window.quota))
    }

    /// The windows of a class, lowered to those of the organization where it has its own.
    pub(super) fn windows(&self, class: Class, own: Option<&RateLimits>) -> [Option<Window>; 2] {
        let mut windows = self.0[class as usize];
        if let Some(own) = own {
            let rate = own.of(class.name());
            lower(&mut windows[0], rate.minute, MINUTE);
            lower(&mut windows[1], rate.hour, HOUR);
        }
        windows
    }

    /// All windows of these classes as a `RateLimit-Policy`.
    pub(super) fn policy_header(&self, classes: &[Class], own: Option<&RateLimits>) -> Option<HeaderValue> {
        let mut text = String::new();
        for class in classes {
            let windows = self.windows(*class, own);
            for (index, window) in windows.iter().enumerate() {
                let Some(window) = window else { continue };
                let separator = if text.is_empty() { "" } else { ", " };
                let name = window_name(*class, windows, index);
                // Writing into a String cannot fail.
                let _ = write!(text, "{separator}\"{name}\";q={};w={}", window.quota, window.length / SECOND);
            }
        }
        if text.is_empty() { None } else { HeaderValue::try_from(text).ok() }
    }
}

/// The name of one window in the headers: the class, and where it has two the length too.
pub(super) fn window_name(class: Class, windows: [Option<Window>; 2], index: usize) -> &'static str {
    // Names are made once a class; there are few, and a header is written with every answer.
    let both = windows.iter().flatten().count() == 2;
    match (both, index) {
        (false, _) => class.name(),
        (true, 0) => PER_MINUTE[class as usize],
        (true, _) => PER_HOUR[class as usize],
    }
}

/// A limit can only become lower.
fn lower(window: &mut Option<Window>, quota: Option<u32>, length: i64) {
    let Some(quota) = quota else { return };
    *window = Some(match *window {
        Some(window) => Window { quota: window.quota.min(quota), ..window },
        None => Window { quota, length },
    });
}

fn windows(minute: Option<u32>, hour: Option<u32>) -> [Option<Window>; 2] {
    [minute.map(|quota| Window { quota, length: MINUTE }), hour.map(|quota| Window { quota, length: HOUR })]
}

macro_rules! names {
    ($suffix:literal) => {
        [
            concat!("anonymous", $suffix),
            concat!("login", $suffix),
            concat!("login_pair", $suffix),
            concat!("session", $suffix),
            concat!("validate", $suffix),
            concat!("mail", $suffix),
            concat!("mail_to", $suffix),
            concat!("registration", $suffix),
            concat!("auth", $suffix),
            concat!("people", $suffix),
            concat!("organization", $suffix),
            concat!("writing", $suffix),
            concat!("reading", $suffix),
            concat!("sending", $suffix),
            concat!("uploads", $suffix),
            concat!("conversations", $suffix),
            concat!("lookup", $suffix),
        ]
    };
}

const PER_MINUTE: [&str; Class::ALL.len()] = names!("-minute");
const PER_HOUR: [&str; Class::ALL.len()] = names!("-hour");

#[cfg(test)]
mod tests {
    use super::{Class, Limits, PER_HOUR, PER_MINUTE};

    #[test]
    fn the_tables_of_names_follow_the_classes() {
        for class in Class::ALL {
            assert_eq!(PER_MINUTE[class as usize], format!("{}-minute", class.name()));
            assert_eq!(PER_HOUR[class as usize], format!("{}-hour", class.name()));
        }
    }

    #[test]
    fn policies_name_every_window() {
        let limits = Limits::default();
        let policy = limits.policy_header(&[Class::People, Class::Reading], None).unwrap();
        assert_eq!(policy, r#""people-minute";q=30;w=60, "people-hour";q=300;w=3600, "reading";q=10000;w=3600"#);
        assert_eq!(limits.policy_header(&[Class::Anonymous], None).unwrap(), r#""anonymous";q=100;w=10"#);
        assert_eq!(limits.policy_header(&[], None), None);
    }

    #[test]
    fn an_organization_lowers_and_never_raises() {
        let limits = Limits::default();
        let own = serde_json::from_str(r#"{"people": {"minute": 7, "hour": 9999}, "sending": {"hour": 500}}"#).unwrap();
        let policy = limits.policy_header(&[Class::People, Class::Sending, Class::Reading], Some(&own)).unwrap();
        assert_eq!(
            policy,
            r#""people-minute";q=7;w=60, "people-hour";q=300;w=3600, "sending-minute";q=100;w=60, "sending-hour";q=500;w=3600, "reading";q=10000;w=3600"#
        );
    }
}
