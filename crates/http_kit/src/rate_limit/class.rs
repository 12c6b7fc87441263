//! What a request is counted as: a pure function of its method and its route's template.

use http::Method;

/// What is counted together. Limits are per class; the names are those of the configuration and the headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Class {
    /// Requests without a credential, or with a bad one.
    Anonymous,
    /// Sign-in, by address; the throttle by e-mail lives in the database.
    Login,
    /// Sign-in, by address with e-mail; its route counts.
    LoginPair,
    /// Refresh and logout.
    Session,
    Validate,
    /// Links and resets by mail, by address.
    Mail,
    /// The same by e-mail; their routes count.
    MailTo,
    Registration,
    /// All other calls below `/api/auth`.
    Auth,
    /// Users, memberships, invitations, roles.
    People,
    /// Organizations and settings.
    Organization,
    Writing,
    Reading,
    /// Messages.
    Sending,
    Uploads,
    /// Conversations started, by organization.
    Conversations,
    /// Contacts looked up by a whole value.
    Lookup,
}

/// By whom a class is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    Address,
    /// Something that only the route knows; it counts by itself ([`crate::RequestFacts::count`]).
    Route,
    Session,
    Principal,
    Organization,
}

impl Class {
    pub const ALL: [Self; 17] = [
        Self::Anonymous,
        Self::Login,
        Self::LoginPair,
        Self::Session,
        Self::Validate,
        Self::Mail,
        Self::MailTo,
        Self::Registration,
        Self::Auth,
        Self::People,
        Self::Organization,
        Self::Writing,
        Self::Reading,
        Self::Sending,
        Self::Uploads,
        Self::Conversations,
        Self::Lookup,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Login => "login",
            Self::LoginPair => "login_pair",
            Self::Session => "session",
            Self::Validate => "validate",
            Self::Mail => "mail",
            Self::MailTo => "mail_to",
            Self::Registration => "registration",
            Self::Auth => "auth",
            Self::People => "people",
            Self::Organization => "organization",
            Self::Writing => "writing",
            Self::Reading => "reading",
            Self::Sending => "sending",
            Self::Uploads => "uploads",
            Self::Conversations => "conversations",
            Self::Lookup => "lookup",
        }
    }

    /// The class of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }

    /// Whether an organization's own people and keys are counted in it, so that it may set its limit lower.
    pub fn is_lowered_by_organizations(self) -> bool {
        matches!(self.scope(), Scope::Principal | Scope::Organization)
    }

    pub(crate) fn scope(self) -> Scope {
        match self {
            Self::Anonymous | Self::Login | Self::Mail | Self::Registration => Scope::Address,
            Self::LoginPair | Self::MailTo => Scope::Route,
            Self::Session => Scope::Session,
            Self::Conversations => Scope::Organization,
            _ => Scope::Principal,
        }
    }
}

/// The classes of a route, `template` beginning with `/api/` (without a version); `None` for routes that are never
/// counted: health, metrics, public keys, and provider webhooks (whose domain counts them by organization).
pub(crate) fn classes_of(method: &Method, template: &str) -> Option<Vec<Class>> {
    let Some(path) = template.strip_prefix("/api/") else {
        let uncounted = ["/health", "/metrics", "/.well-known/"];
        return if uncounted.iter().any(|prefix| template.starts_with(prefix)) { None } else { Some(Vec::new()) };
    };
    if path.ends_with("jwks.json") || path.starts_with("channels/webhooks/") {
        return None;
    }
    if let Some(call) = path.strip_prefix("auth/") {
        return Some(auth_classes(call));
    }
    let reads = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    let posts = *method == Method::POST;
    let general = if reads { Class::Reading } else { Class::Writing };
    Some(match path.split('/').next().unwrap_or_default() {
        // Marks and drafts come with every key press and glance: they count as looking.
        _ if ends_in(path, &["seen", "read", "typing", "draft"]) => vec![Class::Reading],
        _ if posts && ends_in(path, &["messages", "notes"]) => vec![Class::Sending],
        // A guess at the present password, as much as a change.
        "me" if path == "me/password" => vec![Class::Auth, general],
        "files" if posts => vec![Class::Uploads],
        "conversations" if posts && path == "conversations" => vec![Class::Writing, Class::Conversations],
        "contacts" if path == "contacts/lookup" => vec![Class::Lookup, Class::Reading],
        "registration" | "register" => vec![Class::Registration],
        "users" | "memberships" | "invitations" | "roles" | "role-assignments" => vec![Class::People, general],
        "organization" | "organizations" | "settings" => vec![Class::Organization, general],
        _ => vec![general],
    })
}

fn auth_classes(call: &str) -> Vec<Class> {
    match call {
        "login" => vec![Class::Login, Class::LoginPair],
        "mfa" => vec![Class::Login],
        "refresh" | "logout" => vec![Class::Session],
        "validate" => vec![Class::Validate],
        "magic-link" | "password/forgot" | "verify-email/resend" => vec![Class::Mail, Class::MailTo],
        _ => vec![Class::Auth],
    }
}

fn ends_in(path: &str, words: &[&str]) -> bool {
    path.rsplit('/').next().is_some_and(|last| words.contains(&last))
}

#[cfg(test)]
mod tests {
    use super::{Class, classes_of};
    use http::Method;

    #[test]
    fn routes_are_counted_as_the_specification_says() {
        use Class::{
            Auth, Conversations, Login, LoginPair, Lookup, Mail, MailTo, Organization, People, Reading, Sending,
            Session, Uploads, Validate, Writing,
        };
        let cases = [
            (Method::POST, "/api/auth/login", vec![Login, LoginPair]),
            (Method::POST, "/api/auth/mfa", vec![Login]),
            (Method::POST, "/api/auth/refresh", vec![Session]),
            (Method::POST, "/api/auth/logout", vec![Session]),
            (Method::GET, "/api/auth/validate", vec![Validate]),
            (Method::POST, "/api/auth/magic-link", vec![Mail, MailTo]),
            (Method::POST, "/api/auth/magic-link/exchange", vec![Auth]),
            (Method::POST, "/api/me/password", vec![Auth, Writing]),
            (Method::POST, "/api/auth/switch", vec![Auth]),
            (Method::GET, "/api/users/{user_id}", vec![People, Reading]),
            (Method::PATCH, "/api/users/{user_id}", vec![People, Writing]),
            (Method::GET, "/api/organization", vec![Organization, Reading]),
            (Method::GET, "/api/conversations", vec![Reading]),
            (Method::POST, "/api/conversations", vec![Writing, Conversations]),
            (Method::GET, "/api/conversations/{conversation_id}/messages", vec![Reading]),
            (Method::POST, "/api/conversations/{conversation_id}/messages", vec![Sending]),
            (Method::POST, "/api/conversations/{conversation_id}/notes", vec![Sending]),
            (Method::POST, "/api/conversations/{conversation_id}/seen", vec![Reading]),
            (Method::POST, "/api/conversations/{conversation_id}/close", vec![Writing]),
            (Method::POST, "/api/contacts/lookup", vec![Lookup, Reading]),
            (Method::POST, "/api/files", vec![Uploads]),
            (Method::GET, "/api/files/{file_id}", vec![Reading]),
            (Method::GET, "unmatched", vec![]),
        ];
        for (method, template, classes) in cases {
            assert_eq!(classes_of(&method, template), Some(classes), "{method} {template}");
        }
        for uncounted in
            ["/health", "/health/live", "/metrics", "/.well-known/jwks.json", "/api/channels/webhooks/whatsapp"]
        {
            assert_eq!(classes_of(&Method::GET, uncounted), None, "{uncounted}");
        }
    }

    #[test]
    fn names_are_unique_and_read_back() {
        for class in Class::ALL {
            assert_eq!(Class::parse(class.name()), Some(class));
        }
    }
}
