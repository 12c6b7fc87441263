//! The note of a panic: counted and logged as one line, its text scrubbed like any other.

use std::panic::PanicHookInfo;

const PANICS: &str = "process_panics_total";

/// Replaces the standard panic hook, which prints several lines with the raw text. Call once, in `main`, after the log
/// and the metrics are set up.
pub fn install_hook() {
    ::metrics::describe_counter!(PANICS, "Panics since the start; each one ended a request or a job.");
    std::panic::set_hook(Box::new(note));
}

fn note(panic: &PanicHookInfo<'_>) {
    ::metrics::counter!(PANICS).increment(1);
    let location = panic.location().map(ToString::to_string).unwrap_or_default();
    let thread = std::thread::current().name().unwrap_or("unnamed").to_owned();
    tracing::error!(location, thread, "panic: {}", panic.payload_as_str().unwrap_or("no text"));
}
