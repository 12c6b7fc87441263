//! Sessions as people see them: their own, and those of others with `users.manage`.

mod list;
mod revoke;
pub(crate) mod routes;

pub use list::SessionItem;
