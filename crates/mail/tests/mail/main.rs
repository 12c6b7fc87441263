//! Letters: how they read, how they lie in the queue, and how they leave.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests, which may fail by panic")]

mod folder;
mod jobs;
mod letters;
mod smtp;
mod support;
