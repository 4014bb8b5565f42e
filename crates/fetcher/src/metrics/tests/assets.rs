//! The alert rules and the dashboard name metrics and labels that there are.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::*;

const ALERTS: &str = include_str!("../../../assets/prometheus-alerts.yml");
const DASHBOARD: &str = include_str!("../../../assets/grafana-dashboard.json");

/// Labels that Prometheus adds, or that a histogram has.
const ADDED: [&str; 3] = ["instance", "job", "le"];

/// Labels by metric, of an exposition in which everything has happened.
fn known() -> BTreeMap<String, BTreeSet<String>> {
    let health = health();
    for source in health.sources() {
        source.observe_latency(Duration::from_secs(1));
        source.cycle_ended(&Ok(()));
        source.degrade(Reason::HeavyRecord, "record 7");
    }
    health.output().failed(&Error::Auth("401".to_owned()));
    health.reloads().loaded("m365.yml");
    let mut known = BTreeMap::<String, BTreeSet<String>>::new();
    let (types, samples) = parse(&render(&health));
    // Some have a sample only where something is known.
    known.extend(types.into_keys().map(|name| (name, BTreeSet::new())));
    for (name, labels, _) in samples {
        known.entry(name).or_default().extend(labels.into_keys());
    }
    known
}

/// Words of an expression with what follows each; texts in quotation marks are none.
fn words(expression: &str) -> Vec<(String, char)> {
    let (mut words, mut word, mut in_text) = (Vec::new(), String::new(), false);
    for c in expression.chars().chain([' ']) {
        if c == '"' {
            in_text = !in_text;
        }
        if !in_text && (c.is_ascii_alphanumeric() || c == '_' || c == '$') {
            word.push(c);
        } else if !word.is_empty() && !c.is_whitespace() || c == ' ' && !word.is_empty() {
            words.push((std::mem::take(&mut word), c));
        }
    }
    words
}

#[track_caller]
fn check(expression: &str) {
    let known = known();
    let labels: BTreeSet<&str> = known.values().flatten().map(String::as_str).chain(ADDED).collect();
    let mut metrics = 0;
    for (word, follows) in words(expression) {
        if word.starts_with("m365_") || word.starts_with("process_") {
            assert!(known.contains_key(&word), "there is no metric {word}: {expression}");
            metrics += 1;
        } else if follows == '=' {
            assert!(labels.contains(&*word), "there is no label {word}: {expression}");
        }
    }
    for list in expression.split(" by (").skip(1).chain(expression.split(" on (").skip(1)) {
        for label in list.split(')').next().expect("a list").split(',') {
            assert!(labels.contains(label.trim()), "there is no label {label}: {expression}");
        }
    }
    assert!(metrics > 0, "{expression}");
}

#[test]
fn alert_rules_name_what_there_is() {
    let rules: Value = serde_saphyr::from_str(ALERTS).expect("YAML");
    let rules = rules["groups"][0]["rules"].as_array().expect("rules");
    assert!(rules.len() > 10);
    for rule in rules {
        check(rule["expr"].as_str().expect("an expression"));
        for key in ["summary", "description"] {
            assert!(rule["annotations"][key].is_string(), "{rule}");
        }
        assert!(["warning", "critical"].contains(&rule["labels"]["severity"].as_str().expect("a severity")));
        let text = rule["annotations"].to_string();
        for label in text.split("$labels.").skip(1).map(|rest| rest.split(' ').next().expect("a label")) {
            assert!(["cloud", "tenant", "dataset", "output", "reason", "instance"].contains(&label), "{label}");
        }
    }
}

#[test]
fn the_dashboard_names_what_there_is() {
    let dashboard: Value = serde_json::from_str(DASHBOARD).expect("JSON");
    let mut shown = String::new();
    for panel in dashboard["panels"].as_array().expect("panels").iter().filter(|panel| panel["type"] != "row") {
        for target in panel["targets"].as_array().expect("targets") {
            let expression = target["expr"].as_str().expect("an expression");
            check(expression);
            shown.push_str(expression);
            shown.push('\n');
        }
    }
    for variable in dashboard["templating"]["list"].as_array().expect("variables") {
        if let Some(query) = variable["query"]["query"].as_str() {
            check(query);
        }
    }
    for name in [DOCUMENTS, LATENCY, SOURCE_STATE, SOURCE_REASON, OUTPUT_STATE, OUTPUT_REASON, OUTPUT_BATCHES] {
        assert!(shown.contains(name), "{name} is on no panel");
    }
}
