//! Service levels: where work belongs and who takes it.
//!
//! Owns the tables `units` and `unit_members`, and offers the views `unit_trees`, `team_units`, `unit_memberships` and
//! `fallback_units` to others' SQL. Every organization has one fallback unit, so that no work is without a place.
//! Asks for `units.view` and `units.manage`. Absent on purpose: who may see a thing that lies in a unit (kernel's
//! `authorize`), and so far schedules, SLA policies, routing and work items.

mod members;
mod module;
mod provision;
mod routes;
mod store;
mod unit;

pub use self::module::module;
pub use members::{add_to_units, join_fallback_unit};
pub use provision::provision_units;
pub use unit::{Unit, UnitKind, fallback_unit, list_units};
