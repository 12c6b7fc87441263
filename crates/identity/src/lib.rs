//! Identity and access: organizations, people, sign-in, tokens, grants.
//!
//! Owns the tables `organizations`, `users`, `memberships`, `roles`, `role_assignments`, `sessions`, `refresh_tokens`,
//! `login_throttles`, `one_time_links`, `password_history`, `known_devices`, `signing_keys`, `invitations`, `person_keys`,
//! `erasures`, `privacy_exports` and those of settings, plans, domains, factors, providers, service accounts and
//! impersonation; the view `people`; the built-in roles; the middleware that says who a request comes from
//! ([`authenticate`]); the jobs `identity.*`. Reads the views `team_units`, `unit_trees`, `unit_memberships` and
//! `fallback_units` of `service_levels` and calls its functions `set_member_units` and `leave_units`.
//! Absent on purpose: who may do what with a thing (kernel's `authorize` decides on every transport), units
//! (`service_levels`), how mail leaves (`mail`), what becomes of the work of somebody who leaves (`messaging` hears
//! `membership.*` and `privacy.erased`), the audit chain (`audit`).

mod access_token;
mod assignments;
mod authenticate;
mod ceremony;
mod denial;
mod events;
mod explain;
mod handle;
mod house_key;
mod impersonation;
pub mod invitations;
mod keys;
pub mod limits;
pub mod links;
mod mfa;
mod module;
mod oidc;
pub mod organizations;
mod passkeys;
mod password;
mod platform;
mod privacy;
mod provision;
mod roles;
mod routes;
mod service_accounts;
mod sessions;
pub mod settings;
mod sign_in;
mod store;
mod subject;
mod tax_id;
mod text;
mod users;

pub use self::module::{UPKEEP, module};
pub use authenticate::{ORGANIZATION_HEADER, authenticate};
pub use handle::{Identity, Settings};
pub use house_key::{ColumnKeys, KeyStatus, Rekeyed};
pub use keys::Rotation;
pub use mfa::{Method, Proof};
pub use oidc::PlatformProvider;
pub use password::{About, HashPool, Password, PasswordChange, PasswordHash};
pub use platform::{PlatformRole, Staff};
pub use privacy::{Applied, Erased, RECORDS, Records};
pub use provision::{NewOrganization, Organization, provision_organization};
pub use roles::{BUILT_IN, BuiltInRole, built_in};
pub use routes::well_known;
pub use service_accounts::{Behalf, on_behalf_of};
pub use sign_in::{
    ASK_LINK, Asked, Client, Entered, ExchangeRequest, LoginRequest, LogoutRequest, Pair, Reauthenticated,
    SessionProof, SignedIn,
};
pub use users::{CreatedUser, ListUsers, NewUser, UserView, create_user, find_user, list_users};
