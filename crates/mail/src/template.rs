//! The letters there are. A letter is a folder below `templates/` with `<language>.subject`, `.txt` and `.html` for each
//! language and `sample.json`, the data that a preview and the tests write it with. Adding one is a line in the list.

use chrono::Duration;
use serde::{Deserialize, Serialize};

/// Languages that every letter exists in; the first one is written where nothing else fits.
pub const LANGUAGES: [&str; 3] = ["pt-BR", "en", "es"];

/// The texts of one letter in one language.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Texts {
    pub subject: &'static str,
    pub text: &'static str,
    pub html: &'static str,
}

macro_rules! texts {
    ($name:literal, $language:literal) => {
        Texts {
            subject: include_str!(concat!("../templates/", $name, "/", $language, ".subject")),
            text: include_str!(concat!("../templates/", $name, "/", $language, ".txt")),
            html: include_str!(concat!("../templates/", $name, "/", $language, ".html")),
        }
    };
}

macro_rules! templates {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $hours:literal hours;)*) => {
        /// Which letter.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Template {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)*
        }

        impl Template {
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its folder.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// After this nobody needs it any more: then it is given up.
            pub fn worth_sending_for(self) -> Duration {
                match self { $(Self::$variant => Duration::hours($hours),)* }
            }

            /// The texts in the order of [`LANGUAGES`].
            pub(crate) fn texts(self) -> [Texts; LANGUAGES.len()] {
                match self {
                    $(Self::$variant => [texts!($name, "pt-BR"), texts!($name, "en"), texts!($name, "es")],)*
                }
            }

            /// Data to look at the letter with, as JSON.
            pub fn sample(self) -> &'static str {
                match self { $(Self::$variant => include_str!(concat!("../templates/", $name, "/sample.json")),)* }
            }
        }
    };
}

templates! {
    /// `link`, `minutes`: signs in once.
    MagicLink = "magic_link", 1 hours;
    /// `link`, `minutes`: lets a new password be chosen.
    ResetPassword = "reset_password", 1 hours;
    /// `link`, `hours`: proves the address.
    VerifyEmail = "verify_email", 24 hours;
    /// `code`, `minutes`: proves that one is still the same person.
    MailCode = "mail_code", 1 hours;
    /// `at`, `ip`: the password is another one now.
    PasswordChanged = "password_changed", 72 hours;
    /// `at`, `ip`, `device`, `organization`: a sign-in from a device never seen before.
    NewDevice = "new_device", 72 hours;
    /// `at`, `ip`, `organization`: a refresh token was used again, its session was ended.
    SessionEnded = "session_ended", 72 hours;
    /// `organization`, `inviter`, `message` (may be empty), `link`, `days`, `password_ignored`: asks to become a member.
    Invitation = "invitation", 168 hours;
    /// `organization`: somebody tried to register with an e-mail that has a login.
    AlreadyRegistered = "already_registered", 72 hours;
    /// `link`, `days`: the login has another address now; goes to the one before.
    EmailChanged = "email_changed", 168 hours;
    /// `due`: the account will be erased.
    ErasureRequested = "erasure_requested", 168 hours;
    /// `link`, `hours`: the copy of one's data can be fetched.
    ExportReady = "export_ready", 24 hours;
    /// `at`, `change` (see the template): second factors, passkeys or linked accounts are others now.
    SignInFactorsChanged = "sign_in_factors_changed", 72 hours;
    /// `organization`, `change` (see the template), `detail`: what the admins of an organization have to know.
    OrganizationNotice = "organization_notice", 168 hours;
    /// `account`, `prefix`, `ends`, `organization`: a key of a service account comes to its end.
    ApiKeyEnding = "api_key_ending", 72 hours;
    /// `staff`, `reason`, `minutes`, `mode`, `organization`: platform staff asks to be let in.
    SupportRequested = "support_requested", 24 hours;
    /// `who`, `reason`, `until`, `organization`: somebody acts in the reader's name.
    ImpersonationStarted = "impersonation_started", 24 hours;
    /// `who`, `at`, `organization`: and no longer does.
    ImpersonationEnded = "impersonation_ended", 72 hours;
    /// `day`, `count`, `heads` (a signed checkpoint a line), `public_key`: the audit's checkpoints of a day, to be kept.
    AuditHeads = "audit_heads", 72 hours;
}

impl Template {
    /// The template of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|template| template.name() == name)
    }
}
