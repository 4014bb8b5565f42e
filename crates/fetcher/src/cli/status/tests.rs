//! What `status` says: 80 columns, a summary first, then trouble.

use std::sync::Arc;

use super::render::span;
use super::*;
use crate::config::BrokenTenant;
use common::error::Error;
use common::health::{Health, Key, Reason};

fn status(health: &Health) -> Status {
    let common::health::Snapshot { at, outputs, dead_letters, sources } = health.snapshot();
    let config = health.reloads().snapshot();
    let head =
        control::Head { version: "1".to_owned(), pid: 7, started: at.clone(), at, config, outputs, dead_letters };
    Status { head, sources }
}

fn shown(health: &Health, all: bool) -> String {
    let status = status(health);
    let text = render(&Summary::of(&status), &status, all);
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    text
}

fn source(health: &Health, tenant: &str) -> Arc<common::health::SourceHealth> {
    let key = Key { cloud: "global".into(), tenant: tenant.into(), datasets: "alert+evidence".into() };
    let source = health.source(&key, Duration::from_mins(1));
    source.cycle_ended(&Ok(()));
    source
}

#[tokio::test]
async fn the_summary_comes_first_then_trouble_and_all_the_rest_if_asked_for() {
    let health = Health::default();
    let throttled = source(&health, "11111111-2222-3333-4444-555555555555");
    throttled.throttled(Some(Duration::from_mins(5)));
    throttled.set_name(Some("Contoso"));
    let long = format!("403: Forbidden {} {}\nhint: grant it", "word ".repeat(60), "x".repeat(200));
    source(&health, "a-much-longer-tenant.example").degrade(Reason::Permission, long);
    let text = shown(&health, false);
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0], "degraded: 2 tenants, 1 ok, 0 degraded, 1 failed; output starting", "{text}");
    assert!(lines[1].starts_with("2 sources, no record yet, backlog none; 0 documents, 0 late, 0 lost"), "{text}");
    assert_eq!(lines[4], "a-much-longer-tenant.example alert+evidence: failed", "{text}");
    assert!(text.contains("  permission since ") && text.contains("    what to do: "), "{text}");
    assert!(!text.contains("11111111"), "what is well is not shown: {text}");
    let text = shown(&health, true);
    assert!(text.contains("11111111-2222-3333-4444-555555555555 (Contoso)"), "{text}");
    assert!(text.contains("throttled 1 times, 5 min of pause"), "{text}");
}

#[tokio::test]
async fn of_many_troubles_some_are_shown() {
    let health = Health::default();
    for tenant in 0..1000 {
        source(&health, &format!("tenant-{tenant}"));
    }
    assert!(is_well(Summary::of(&status(&health)).state));
    assert!(shown(&health, false).lines().count() <= 3);
    for tenant in 100..200 {
        source(&health, &format!("tenant-{tenant}")).cycle_ended(&Err(Error::Auth("AADSTS7000215".to_owned())));
    }
    let text = shown(&health, false);
    assert!(text.contains("tenant-100") && !text.contains("tenant-300"), "{text}");
    assert!(text.contains("1000 tenants, 900 ok, 0 degraded, 100 failed") && text.contains("80 more with trouble"));
    assert!(shown(&health, true).contains("tenant-300"));
}

#[tokio::test]
async fn a_broken_tenant_and_a_refused_reload_are_told() {
    let health = Health::default();
    health.reloads().loaded("m365.yml");
    source(&health, "contoso");
    let config = crate::config::parse(
        "m365.yml",
        "tenants:\n  - {id: contoso, client_id: a, client_secret: b, datasets: [alert]}\n  - {id: fabrikam, name: Fabrikam, \
         client_id: a, client_secret: \"${NOWHERE}\", datasets: [alert]}\noutput: {stdout: {}}\n",
        &|_| None,
    );
    let broken: Vec<BrokenTenant> = config.expect("one tenant is left").broken;
    health.broken(broken.iter().map(|tenant| (tenant.told(), false)));
    let text = shown(&health, false);
    assert!(text.starts_with("degraded: 2 tenants, 1 ok, 0 degraded, 1 failed"), "{text}");
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("fabrikam (Fabrikam): failed") && flat.contains("NOWHERE is not set"), "{text}");
    health.broken(std::iter::empty());
    assert!(is_well(Summary::of(&status(&health)).state), "it is mended");
    health.reloads().refused("m365.yml:3:5: nonsense");
    let text = shown(&health, false);
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("config: reload refused at ") && flat.contains("m365.yml:3:5: nonsense"), "{text}");
    assert!(text.starts_with("degraded"), "{text}");
    health.reloads().loaded("m365.yml");
    assert!(!shown(&health, false).contains("refused"));
}

#[tokio::test]
async fn what_a_terminal_would_obey_is_not_printed() {
    let health = Health::default();
    source(&health, "contoso").degrade(Reason::Refused, "a\u{1b}[31mb\u{202e}c\r\u{7}d");
    let text = shown(&health, false);
    assert!(!text.contains(['\u{1b}', '\u{202e}', '\r', '\u{7}']), "{text:?}");
}

#[test]
fn spans_are_short() {
    let shown = [0, 119, 120, 7199, 7260, 172_800, 180_000, -70].map(span);
    assert_eq!(shown, ["0 s", "119 s", "2 min", "119 min", "2 h 1 min", "2 d 0 h", "2 d 2 h", "-70 s"]);
}
