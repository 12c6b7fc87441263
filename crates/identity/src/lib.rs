//! Identity and access: organizations, people, sign-in, tokens, grants.
//!
//! Owns the tables `organizations`, `users`, `memberships`, `roles`, `role_assignments`, `sessions`, `refresh_tokens`,
//! `login_throttles`, `signing_keys`; the built-in roles; the middleware that says who a request comes from
//! ([`authenticate`]); the job `identity.upkeep`. Asks for `users.view` and `users.manage`. Reads the views
//! `team_units`, `unit_trees`, `unit_memberships` and `fallback_units` of `service_levels`.
//! Absent on purpose: who may do what with a thing (kernel's `authorize` decides on every transport), units and their
//! members (`service_levels`), mail, and so far invitations, custom roles, keys of service accounts, second factors and
//! the audit chain.

mod access_token;
mod authenticate;
mod events;
mod handle;
mod keys;
mod module;
mod password;
mod provision;
mod roles;
mod routes;
mod sign_in;
mod store;
mod subject;
mod tax_id;
mod text;
mod users;

pub use self::module::{UPKEEP, module};
pub use authenticate::{ORGANIZATION_HEADER, authenticate};
pub use handle::{Identity, Settings};
pub use keys::Rotation;
pub use password::{About, HashPool, Password, PasswordHash};
pub use provision::{NewOrganization, Organization, provision_organization};
pub use roles::{BUILT_IN, BuiltInRole, built_in};
pub use routes::well_known;
pub use sign_in::{Client, LoginRequest, LogoutRequest, Pair, SignedIn};
pub use users::{CreatedUser, ListUsers, NewUser, UserView, create_user, find_user, list_users};
