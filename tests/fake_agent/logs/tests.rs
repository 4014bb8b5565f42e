//! Lines that an agent takes as they are, and lines that it does not.

use super::parse_line;

#[test]
fn a_line_of_the_agents_shape_is_read() {
    let line = parse_line(
        r#"{"log.level":"info","@timestamp":"2026-11-20T13:18:00.123Z","message":"collecting","unit.id":"a-1","n":1}"#,
    );
    let line = line.unwrap();
    assert_eq!((line.level.as_str(), line.message.as_str(), line.unit.as_deref()), ("info", "collecting", Some("a-1")));
    assert_eq!(line.fields["n"], 1);
    let nested = r#"{"log.level":"warn","@timestamp":"2026-11-20T13:18:00.123+0100","message":"","unit":{"id":"b"}}"#;
    assert_eq!(parse_line(nested).unwrap().unit.as_deref(), Some("b"));
}

#[test]
fn what_an_agent_would_mangle_is_an_error() {
    let line = |level: &str, time: &str, more: &str| {
        format!(r#"{{"log.level":"{level}","@timestamp":"{time}","message":"x"{more}}}"#)
    };
    let time = "2026-11-20T13:18:00.123Z";
    assert!(parse_line(&line("error", time, "")).is_ok());
    for (line, why) in [
        ("panicked at src/main.rs".to_owned(), "plain text"),
        (r#"{"log.level":"info""#.to_owned(), "no JSON"),
        (r#"{"message":"x"}"#.to_owned(), "no log.level"),
        (r#"{"log.level":"info","message":"x"}"#.to_owned(), "no @timestamp"),
        (format!(r#"{{"log.level":"info","@timestamp":"{time}"}}"#), "no message"),
        (line("critical", time, ""), "becomes info"),
        (line("trace", time, ""), "becomes info"),
        (line("info", "2026-11-20T13:18:00Z", ""), "replaced"),
        (line("info", "2026-11-20T13:18:00.123456Z", ""), "replaced"),
        (line("info", "2026-11-20T13:18:00.123+01:00", ""), "replaced"),
        (line("info", time, r#","ecs.version":"8.11.0""#), "ecs.version"),
    ] {
        let error = parse_line(&line).unwrap_err();
        assert!(error.contains(why), "{error}");
    }
}
