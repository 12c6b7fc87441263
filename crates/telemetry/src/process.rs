//! The process's own figures, read from `/proc` when asked; names as the Prometheus client libraries have them. On
//! systems without `/proc` they are simply missing.

use std::fmt::Write as _;
use std::path::Path;

/// Clock ticks a second in `/proc` on Linux: fixed at 100 for user space on every architecture Rust knows.
const TICKS: f64 = 100.0;

/// What `/proc` says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Figures {
    /// User and system time so far.
    pub(crate) cpu_seconds: f64,
    pub(crate) threads: u64,
    /// Since 1970, UTC.
    pub(crate) start_seconds: f64,
    pub(crate) resident_bytes: u64,
    pub(crate) virtual_bytes: u64,
    pub(crate) open_files: u64,
    pub(crate) max_files: Option<u64>,
}

/// Appends the figures in the Prometheus text format.
pub(crate) fn render(text: &mut String) {
    let Some(figures) = read(Path::new("/proc")) else { return };
    let mut put = |name: &str, kind: &str, help: &str, value: f64| {
        // Writing into a String cannot fail.
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n");
    };
    put("process_cpu_seconds_total", "counter", "Total user and system CPU time spent.", figures.cpu_seconds);
    put("process_threads", "gauge", "Number of threads.", as_float(figures.threads));
    put("process_start_time_seconds", "gauge", "Start time since 1970 in seconds.", figures.start_seconds);
    put("process_resident_memory_bytes", "gauge", "Resident memory.", as_float(figures.resident_bytes));
    put("process_virtual_memory_bytes", "gauge", "Virtual memory.", as_float(figures.virtual_bytes));
    put("process_open_fds", "gauge", "Number of open file descriptors.", as_float(figures.open_files));
    if let Some(max) = figures.max_files {
        put("process_max_fds", "gauge", "Maximum number of open file descriptors.", as_float(max));
    }
}

/// Reads the figures below `proc`, the root of the process file system (see proc(5)).
pub(crate) fn read(proc: &Path) -> Option<Figures> {
    let own = proc.join("self");
    let stat = std::fs::read_to_string(own.join("stat")).ok()?;
    // The second field is the program's name in parentheses and may hold anything, parentheses and spaces included.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<u64>().ok());
    let status = std::fs::read_to_string(own.join("status")).ok()?;
    let limits = std::fs::read_to_string(own.join("limits")).unwrap_or_default();
    let boot = std::fs::read_to_string(proc.join("stat")).ok()?;
    let boot = boot.lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse::<u64>().ok())?;
    Some(Figures {
        cpu_seconds: as_float(ticks(11)? + ticks(12)?) / TICKS,
        threads: ticks(17)?,
        start_seconds: as_float(boot) + as_float(ticks(19)?) / TICKS,
        resident_bytes: kibibytes(&status, "VmRSS:")? * 1024,
        virtual_bytes: kibibytes(&status, "VmSize:")? * 1024,
        open_files: std::fs::read_dir(own.join("fd")).ok()?.count() as u64,
        max_files: limits
            .lines()
            .find_map(|line| line.strip_prefix("Max open files")?.split_whitespace().next()?.parse().ok()),
    })
}

fn kibibytes(status: &str, name: &str) -> Option<u64> {
    status.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse().ok())
}

#[expect(clippy::cast_precision_loss, reason = "Prometheus values are floats; 2^53 bytes or ticks are out of reach")]
fn as_float(value: u64) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_has_plausible_figures() {
        let figures = read(Path::new("/proc")).unwrap();
        assert!(figures.resident_bytes > 100_000 && figures.virtual_bytes >= figures.resident_bytes);
        assert!(figures.threads >= 1 && figures.open_files >= 3 && figures.cpu_seconds >= 0.0);
        assert!(figures.start_seconds > 1_500_000_000.0);
    }

    #[test]
    fn a_strange_program_name_confuses_nothing() {
        let proc = std::env::temp_dir().join(format!("balcao-proc-{}", std::process::id()));
        let own = proc.join("self");
        std::fs::create_dir_all(own.join("fd")).unwrap();
        let stat = "7 (a) R (b) 1) S 1 7 7 0 -1 0 0 0 0 0 250 150 0 0 20 0 9 0 12345 0 0";
        std::fs::write(own.join("stat"), stat).unwrap();
        std::fs::write(own.join("status"), "Name:\tx\nVmSize:\t 20 kB\nVmRSS:\t 10 kB\n").unwrap();
        std::fs::write(own.join("limits"), "Limit Soft Hard Units\nMax open files  1024  4096 files\n").unwrap();
        std::fs::write(proc.join("stat"), "cpu 1 2\nbtime 1700000000\n").unwrap();
        let figures = read(&proc);
        std::fs::remove_dir_all(&proc).unwrap();
        let expected = Figures {
            cpu_seconds: 4.0,
            threads: 9,
            start_seconds: 1_700_000_123.45,
            resident_bytes: 10_240,
            virtual_bytes: 20_480,
            open_files: 0,
            max_files: Some(1024),
        };
        assert_eq!(figures, Some(expected));
        assert_eq!(read(&proc), None);
    }
}
