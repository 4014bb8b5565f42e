//! Repeats are counted, ECS names are used, nothing of foreign libraries below `info`.

use std::io;
use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::repeats::{ANY, SAME, WINDOW};
use super::*;

/// A writer that tests can read.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("a lock").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What `log` writes.
fn written(form: LogFormat, log: impl FnOnce(&'static Repeats)) -> Vec<String> {
    let out = Written::default();
    let repeats: &'static Repeats = Box::leak(Box::default());
    let writer = out.clone();
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .event_format(Lines { form, repeats })
        .with_filter(filter::filter_fn(may_be_written));
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || log(repeats));
    let text = String::from_utf8(out.0.lock().expect("a lock").clone()).expect("text");
    text.lines().map(str::to_owned).collect()
}

#[tokio::test(start_paused = true)]
async fn a_burst_of_errors_is_a_few_lines_and_a_count() {
    let burst = |tenant: &str| tracing::error!(tenant, error = "connection refused", "source failed");
    let lines = written(LogFormat::Text, |repeats| {
        for _ in 0..100_000 {
            burst("contoso");
        }
        burst("fabrikam");
        assert!(repeats.due().is_empty(), "the window is open");
        let left = repeats.drain();
        assert_eq!((left.len(), left[0].repeated), (1, 100_000 - SAME));
    });
    assert_eq!(lines.len() as u64, SAME + 1, "{lines:?}");
    assert!(lines.last().is_some_and(|line| line.contains("fabrikam")), "another tenant is heard");
}

#[tokio::test(start_paused = true)]
async fn a_new_window_begins_with_the_count_of_the_old_one() {
    let out = Written::default();
    let writer = out.clone();
    let repeats: &'static Repeats = Box::leak(Box::default());
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .event_format(Lines { form: LogFormat::Text, repeats });
    let guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
    let log = |tenant: &str| tracing::warn!(tenant, "output is busy");
    for _ in 0..SAME + 5 {
        log("contoso");
    }
    tokio::time::advance(WINDOW).await;
    log("contoso");
    drop(guard);
    let text = String::from_utf8(out.0.lock().expect("a lock").clone()).expect("text");
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len() as u64, SAME + 2, "{text}");
    let summary = lines[lines.len() - 2];
    assert!(
        summary.contains(" WARN ") && summary.contains("output is busy … repeated 5 times tenant=\"contoso\""),
        "{summary}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_thousand_tenants_with_the_same_trouble_do_not_flood_either() {
    let lines = written(LogFormat::Text, |repeats| {
        for tenant in 0..5000 {
            tracing::error!(tenant = format!("tenant-{tenant}"), "source failed");
        }
        let left = repeats.drain();
        assert_eq!(left.iter().map(|summary| summary.repeated).sum::<u64>(), 5000 - ANY);
        assert_eq!(left.len(), 1);
    });
    assert_eq!(lines.len() as u64, ANY);
}

#[test]
fn json_lines_have_the_names_of_ecs() {
    let lines = written(LogFormat::Json, |_| {
        let error = common::error::Error::Auth("AADSTS7000215\nhint: the \"value\"".to_owned());
        tracing::error!(tenant = "contoso", datasets = "alert", %error, attempts = 3, "source failed");
    });
    let [line] = &lines[..] else { panic!("{lines:?}") };
    let line: Value = serde_json::from_str(line).expect("JSON");
    assert_eq!(line["message"], "source failed");
    assert_eq!(line["log.level"], "error");
    assert_eq!(line["ecs.version"], schema::ecs::VERSION);
    assert_eq!(line["organization.id"], "contoso");
    assert_eq!(line["error.message"], "AADSTS7000215\nhint: the \"value\"");
    assert_eq!((&line["m365.datasets"], &line["m365.attempts"]), (&Value::from("alert"), &Value::from(3)));
    assert!(line["@timestamp"].as_str().is_some_and(|at| at.ends_with('Z')));
}

#[test]
fn headers_of_http_libraries_are_never_written() {
    let lines = written(LogFormat::Text, |_| {
        tracing::trace!(target: "hyper::proto::h1::role", "authorization: Bearer canary");
        tracing::debug!(target: "h2::codec::framed_write", "authorization: Bearer canary");
        tracing::debug!(target: "reqwest::connect", "canary");
        tracing::debug!(target: "collect::flow", "ours");
    });
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("ours"));
}

/// Run by the test below in a process of its own: the hook is the process's.
#[test]
#[ignore = "part of another test"]
fn child_that_panics() {
    init(LogFormat::Text);
    let secret = std::hint::black_box("canary");
    panic!("{secret}: {}", secret.len());
}

#[test]
fn a_panic_is_one_line_without_what_it_was_about() {
    let program = std::env::current_exe().expect("this program");
    let output = std::process::Command::new(program)
        .args(["--exact", "cli::logs::tests::child_that_panics", "--ignored", "--nocapture"])
        .output()
        .expect("ran");
    let told = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    let lines: Vec<_> = told.lines().filter(|line| line.contains("PANIC: ")).collect();
    assert_eq!(lines.len(), 1, "{told}");
    assert!(lines[0].contains("logs/tests.rs:"), "{told}");
    assert!(!told.contains("canary"), "{told}");
}

#[test]
fn a_line_for_people_stays_one_line_and_obeys_nothing() {
    let planted = "a\u{1b}[31mb\r\nINFO forged\u{9b}2J\u{202e}\u{7f}";
    for form in [LogFormat::Text, LogFormat::Json] {
        let lines = written(form, |_| {
            let error = common::error::Error::Auth(format!("{planted}\nhint: look there"));
            tracing::error!(tenant = planted, %error, other = ?planted, "source failed");
        });
        assert_eq!(lines.len(), 1, "{lines:?}");
        let is_obeyed = |c: char| c.is_control() || c == '\u{202e}';
        assert!(!lines[0].contains(is_obeyed) && lines[0].contains("forged"), "{lines:?}");
        assert!(lines[0].contains("hint: look there"), "{lines:?}");
    }
}
