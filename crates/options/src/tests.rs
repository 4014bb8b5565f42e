//! Laws of the options and of the spec file.

use std::collections::BTreeSet;

use serde_json::Value;

use super::*;

#[test]
fn names_are_told_apart_and_fit_a_policy() {
    let names: Vec<&str> = all().map(|option| option.name).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{names:?}");
    // Keys that Fleet or the agent writes beside them.
    let taken = ["id", "name", "type", "revision", "data_stream", "use_output", "streams", "meta", "policy", "enabled"];
    for name in names {
        assert!(!taken.contains(&name) && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}");
    }
}

/// What could be no default: the package's templates leave out what is empty or off.
#[test]
fn defaults_fit_their_kinds() {
    for option in all() {
        let fits = match (option.kind, option.default) {
            (Kind::Flag, default) => default == FormDefault::Off,
            (Kind::Choice(words), FormDefault::Text(text)) => words.iter().any(|(word, _)| *word == text),
            (Kind::Choice(_) | Kind::Yaml, default) => default == FormDefault::None,
            (Kind::List, default) => matches!(default, FormDefault::None | FormDefault::List(_)),
            (Kind::Text, default) => !matches!(default, FormDefault::Off | FormDefault::List(_)),
        };
        assert!(fits, "{}: {:?}", option.name, option.default);
    }
}

/// The package specification refuses variables that look secret and do not say whether they are.
#[test]
fn secrets_are_marked() {
    let looks = |name: &str| ["secret", "password", "token", "api_key"].iter().any(|word| name.contains(word));
    for option in all() {
        let is_place = option.name.ends_with("_file") || option.name.ends_with("_url");
        assert!(option.is_secret || is_place || !looks(option.name), "{}", option.name);
    }
}

#[test]
fn labels_name_title_and_key() {
    assert_eq!(label("tenant_id"), "Tenant id (tenant_id)");
    assert_eq!(label("hosts"), "hosts");
}

#[test]
fn the_input_can_be_a_component() {
    assert!(!INPUT.contains('/') && !INPUT.ends_with("beat") && !PROGRAM.ends_with("beat"));
    assert_eq!(SPEC_FILE, format!("{PROGRAM}.spec.yml"));
}

#[test]
fn the_spec_file_declares_the_input() {
    let spec: Value = serde_saphyr::from_str(SPEC).expect("YAML");
    assert_eq!(spec["version"], 2);
    let inputs = spec["inputs"].as_array().expect("inputs");
    assert_eq!(inputs.len(), 1);
    let input = &inputs[0];
    assert_eq!(input["name"], INPUT);
    assert_eq!(input["outputs"], serde_json::json!(["elasticsearch"]));
    assert_eq!(input["command"]["args"], serde_json::json!(["agent-input"]));
    let platforms: Vec<&str> = input["platforms"].as_array().expect("list").iter().filter_map(Value::as_str).collect();
    for system in ["linux", "container"] {
        for machine in ["amd64", "arm64"] {
            assert!(platforms.contains(&format!("{system}/{machine}").as_str()), "{platforms:?}");
        }
    }
    // Both above 0: else exits are never forgiven.
    assert_eq!(input["command"]["restart_monitoring_period"], "5s");
    assert_eq!(input["command"]["maximum_restarts_per_period"], 1);
}
