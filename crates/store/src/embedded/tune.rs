//! The server's settings, derived from the machine's memory and rewritten at every start. An operator's
//! `ALTER SYSTEM` (postgresql.auto.conf) is read later and wins; we never touch that file.

use std::fs;
use std::path::Path;

const MIB: u64 = 1024 * 1024;
const GIB: u64 = 1024 * MIB;
/// Assumed where the machine does not say (macOS): every machine that runs this has as much.
const UNKNOWN_MEMORY: u64 = 4 * GIB;

/// Bytes of memory that this process may count on: the machine's, or its control group's limit if that is less.
pub(super) fn machine_memory() -> u64 {
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| total_of(&text)).unwrap_or(UNKNOWN_MEMORY);
    let limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    let limit = limits.iter().find_map(|path| fs::read_to_string(Path::new(path)).ok()?.trim().parse::<u64>().ok());
    limit.map_or(machine, |limit| machine.min(limit))
}

/// The text of `balcao.conf` for a machine with `memory` bytes.
///
/// A quarter of the memory goes to shared buffers, as PostgreSQL's manual advises, and above 8 GiB only an eighth of
/// the rest: the product and the page cache live on the same machine, and the buffers' bookkeeping costs idle memory.
pub(super) fn configuration(memory: u64) -> String {
    let shared_buffers = (memory.min(8 * GIB) / 4 + memory.saturating_sub(8 * GIB) / 8).clamp(64 * MIB, 8 * GIB);
    let cache = memory * 6 / 10;
    let work = (memory / 800).clamp(4 * MIB, 32 * MIB);
    let maintenance = (memory / 16).clamp(64 * MIB, GIB);
    let linux = cfg!(target_os = "linux");
    let prefetch = if linux { "effective_io_concurrency = 200\n" } else { "" };
    // One call instead of one fsync a file: recovery after kill -9 takes a second instead of five.
    let recovery = if linux { "recovery_init_sync_method = syncfs\n" } else { "" };
    let [shared_buffers, cache, work, maintenance] =
        [shared_buffers, cache, work, maintenance].map(|bytes| bytes / MIB);
    format!(
        "# Written by balcao at every start: changes here are lost. Use ALTER SYSTEM for your own.\n\
         cluster_name = 'balcao'\n\
         \n\
         # Memory\n\
         shared_buffers = {shared_buffers}MB\n\
         effective_cache_size = {cache}MB\n\
         work_mem = {work}MB\n\
         maintenance_work_mem = {maintenance}MB\n\
         \n\
         # Durability: an answered request is on disk\n\
         fsync = on\n\
         full_page_writes = on\n\
         synchronous_commit = on\n\
         {recovery}\
         wal_level = replica\n\
         min_wal_size = 128MB\n\
         max_wal_size = 2GB\n\
         checkpoint_timeout = 10min\n\
         \n\
         # Planner: solid state disks, short statements\n\
         random_page_cost = 1.1\n\
         jit = off\n\
         {prefetch}\
         \n\
         # Connections\n\
         max_connections = 100\n\
         password_encryption = scram-sha-256\n\
         unix_socket_permissions = 0700\n\
         \n\
         # Job and event tables turn over quickly: look at them more often than once a minute\n\
         autovacuum_naptime = 20s\n\
         \n\
         # Log: a file per weekday, last week's is overwritten; no values of parameters, no row contents\n\
         logging_collector = on\n\
         log_directory = '../log'\n\
         log_filename = 'postgresql-%a.log'\n\
         log_file_mode = 0600\n\
         log_rotation_age = 1d\n\
         log_rotation_size = 0\n\
         log_truncate_on_rotation = on\n\
         log_line_prefix = '%m [%p] %u '\n\
         log_error_verbosity = terse\n\
         log_lock_waits = on\n\
         log_min_duration_statement = 500ms\n\
         log_parameter_max_length = 0\n\
         log_parameter_max_length_on_error = 0\n\
         lc_messages = 'C'\n\
         log_timezone = 'UTC'\n\
         timezone = 'UTC'\n"
    )
}

fn total_of(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(text: &str, name: &str) -> String {
        let start = format!("{name} = ");
        text.lines().find_map(|line| line.strip_prefix(&start)).unwrap().to_owned()
    }

    #[test]
    fn buffers_follow_the_memory_between_their_bounds() {
        for (memory, expected) in
            [(GIB / 8, "64MB"), (4 * GIB, "1024MB"), (8 * GIB, "2048MB"), (24 * GIB, "4096MB"), (256 * GIB, "8192MB")]
        {
            assert_eq!(setting(&configuration(memory), "shared_buffers"), expected, "{memory}");
        }
        assert_eq!(setting(&configuration(GIB / 8), "work_mem"), "4MB");
        assert_eq!(setting(&configuration(256 * GIB), "maintenance_work_mem"), "1024MB");
    }

    #[test]
    fn durability_is_never_traded_for_speed() {
        let text = configuration(GIB);
        for name in ["fsync", "synchronous_commit", "full_page_writes"] {
            assert_eq!(setting(&text, name), "on");
        }
    }

    #[test]
    fn memory_is_read_from_meminfo() {
        assert_eq!(total_of("MemTotal:       24684092 kB\nMemFree: 1 kB\n"), Some(24_684_092 * 1024));
        assert_eq!(total_of("nothing"), None);
        assert!(machine_memory() > 0);
    }
}
