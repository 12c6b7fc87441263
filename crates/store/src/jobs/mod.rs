//! Background work: rows written in the command's transaction, taken in batches, at least once, fair among
//! organizations.

mod add;
mod claim;
mod dead;
mod enqueue;
mod finish;
mod kind;
mod schedule;
mod sealed;
mod worker;

pub use add::Adder;
pub use dead::{DeadJob, list_dead, replay_dead};
pub(crate) use enqueue::insert_jobs;
pub use enqueue::{Lane, NewJob, QueueDepth, absorb, depth, forget_organization};
pub use kind::{Backoff, JobKind, JobOutcome, JobRun};
pub use schedule::{Every, Schedule, Schedules};
pub use sealed::SealedPayload;
pub use worker::{Drained, WorkerLimits, Workers};
