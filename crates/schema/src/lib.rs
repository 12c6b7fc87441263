//! The schema of the house: embeds `migrations/` and nothing else, so that a SQL file rebuilds nobody.

/// Every migration, up and down, in order.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations");

/// Creates the database roles where they are absent and grants what a database needs; may run again.
pub const ROLES: &str = include_str!("../../../migrations/roles.sql");
