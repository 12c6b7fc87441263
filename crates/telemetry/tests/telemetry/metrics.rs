//! The metrics page.

use telemetry::Metrics;

#[test]
fn installing_twice_gives_the_same_recorder() {
    let first = Metrics::install().unwrap();
    metrics::describe_counter!("greetings_total", "Greetings said.");
    metrics::counter!("greetings_total", "to" => "world").increment(2);
    let second = Metrics::install().unwrap();
    metrics::counter!("greetings_total", "to" => "world").increment(1);
    for page in [first.render(), second.render()] {
        assert!(page.contains("# HELP greetings_total Greetings said.\n# TYPE greetings_total counter\n"), "{page}");
        assert!(page.contains("greetings_total{to=\"world\"} 3\n"), "{page}");
    }
}

#[test]
fn durations_and_sizes_are_histograms_with_buckets() {
    let page = Metrics::install().unwrap();
    metrics::histogram!("wait_seconds").record(0.03);
    metrics::histogram!("body_bytes").record(2000.0);
    metrics::histogram!("batch_rows").record(7.0);
    page.upkeep();
    let text = page.render();
    for line in [
        "wait_seconds_bucket{le=\"0.025\"} 0\n",
        "wait_seconds_bucket{le=\"0.05\"} 1\n",
        "wait_seconds_bucket{le=\"+Inf\"} 1\n",
        "body_bytes_bucket{le=\"1024\"} 0\n",
        "body_bytes_bucket{le=\"4096\"} 1\n",
        "batch_rows_bucket{le=\"5\"} 0\n",
        "batch_rows_bucket{le=\"10\"} 1\n",
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_process_shows_its_own_figures() {
    let text = Metrics::install().unwrap().render();
    for (name, kind) in [
        ("process_cpu_seconds_total", "counter"),
        ("process_threads", "gauge"),
        ("process_start_time_seconds", "gauge"),
        ("process_resident_memory_bytes", "gauge"),
        ("process_open_fds", "gauge"),
        ("process_max_fds", "gauge"),
    ] {
        assert!(text.contains(&format!("# TYPE {name} {kind}\n{name} ")), "{name} is missing in\n{text}");
    }
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let (_, value) = line.rsplit_once(' ').unwrap();
        assert!(value.parse::<f64>().is_ok(), "{line}");
    }
}
