//! The acceptance checks of identity and access, over the real router and a real database.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests, which may fail by panic")]

mod assignments;
mod authenticator;
mod data_keys;
mod domains;
mod founding;
mod harness;
mod impersonation;
mod invitations;
mod lifecycle;
mod limits;
mod links;
mod login;
mod logout;
mod mfa;
mod oidc;
mod organizations;
mod passkeys;
mod passwords;
mod people;
mod plans;
mod post;
mod privacy;
mod provider;
mod refresh;
mod rights;
mod roles;
mod service_accounts;
mod sessions;
mod settings;
mod staff;
mod throttle;
mod tokens;
mod users;
