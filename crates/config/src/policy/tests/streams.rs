use serde_json::{Value, json};

use super::{accepted, refused};

fn stream(members: &Value) -> Value {
    let mut stream = json!({"id": "one", "data_stream": {"dataset": "m365_security.alert"}});
    for (key, value) in members.as_object().expect("an object") {
        stream[key] = value.clone();
    }
    stream
}

fn streams(members: &Value) -> Value {
    json!({"streams": [stream(members)]})
}

#[test]
fn a_stream_that_is_wrong_leaves_the_others_alone() {
    let unit = accepted(&json!({"streams": [
        {"id": "a", "data_stream.dataset": "m365_security.alert", "interval": "5x"},
        {"id": "b", "data_stream.dataset": "m365_security.moon"},
        {"id": "c", "data_stream.dataset": "m365_security.incident"},
        {"id": "c", "data_stream.dataset": "m365_security.evidence"},
        {"id": "d", "data_stream.dataset": "m365_security.incident"},
        {"id": "e", "data_stream.dataset": "m365_security.log", "data_stream.type": "metrics"},
        {"id": "f", "data_stream.dataset": "other"},
        {"id": "g", "data_stream.dataset": "m365_security.evidence", "overlap": "48h", "lookback": "x"},
    ]}));
    assert_eq!(unit.streams.iter().map(|stream| stream.id.as_str()).collect::<Vec<_>>(), ["c"]);
    assert_eq!(unit.tenant.datasets.len(), 1);
    let mut broken: Vec<String> = unit.broken.iter().map(|it| format!("{}: {}", it.id, it.errors)).collect();
    broken.sort();
    let expected = [
        "a: Interval (interval): `5x` is not a time span",
        "b: data_stream.dataset: unknown dataset `moon`",
        "c: id: is the id of another stream",
        "d: data_stream.dataset: dataset `incident` is named twice",
        "e: data_stream.type: `metrics` is not what is collected here",
        "f: data_stream.dataset: does not say what to collect; allowed: one of m365_security.",
        "g: Lookback (lookback): `x` is not a time span",
    ];
    assert_eq!(broken.len(), expected.len(), "{broken:#?}");
    for (said, expected) in broken.iter().zip(expected) {
        assert!(said.starts_with(expected), "{said}");
    }
    // Everything that is wrong with a stream is told at once.
    assert!(broken[6].contains("Overlap (overlap): is longer than a day"), "{}", broken[6]);
}

#[test]
fn the_collectors_own_reports_are_a_stream_and_no_dataset() {
    let unit = accepted(&json!({"streams": [
        {"id": "own", "data_stream.dataset": "m365_security.health", "tags": ["forwarded"]},
        {"id": "a", "data_stream.dataset": "m365_security.alert"},
        {"id": "again", "data_stream.dataset": "m365_security.health"},
    ]}));
    assert_eq!(unit.streams.iter().map(|stream| stream.id.as_str()).collect::<Vec<_>>(), ["a"]);
    let reports = unit.reports.expect("a stream of reports");
    assert_eq!(
        (reports.id.as_str(), reports.data_stream.to_string().as_str()),
        ("own", "logs-m365_security.health-lab")
    );
    assert_eq!(reports.additions.tags, ["forwarded"]);
    assert_eq!(unit.broken.len(), 1);
    refused(&json!({"streams": [{"id": "own", "data_stream.dataset": "m365_security.health"}]}), "streams: are none");
}

#[test]
fn an_input_without_a_usable_stream_is_refused() {
    refused(&json!({"streams": []}), "streams: are none");
    refused(&json!({"streams": null}), "streams: are none");
    refused(&streams(&json!({"enabled": false})), "streams: are none, or all switched off");
    refused(&streams(&json!({"interval": "x"})), "stream one: Interval (interval): `x` is not a time span");
}

#[test]
fn a_stream_that_is_switched_off_is_not_collected() {
    let off = stream(&json!({"enabled": false}));
    let on = json!({"id": "two", "data_stream.dataset": "m365_security.incident", "enabled": true});
    let unit = accepted(&json!({"streams": [off, on]}));
    assert_eq!(unit.streams.iter().map(|stream| stream.id.as_str()).collect::<Vec<_>>(), ["two"]);
    assert!(unit.broken.is_empty());
}

#[test]
fn a_stream_without_an_id_is_called_as_beats_call_it() {
    let unit = accepted(&streams(&json!({"id": null})));
    assert_eq!(unit.streams[0].id, "Contoso.[0]");
    let unit = accepted(&json!({"name": null, "streams": [stream(&json!({"id": null}))]}));
    assert_eq!(unit.streams[0].id, "m365-1.[0]");
}

#[test]
fn the_namespace_is_the_inputs_unless_that_is_the_usual_one() {
    let named = |input: Value, stream_: Value| {
        let mut members = streams(&json!({"data_stream.namespace": stream_}));
        members["data_stream"] = json!({"namespace": input});
        accepted(&members).streams[0].data_stream.to_string()
    };
    assert_eq!(named(json!("lab"), json!("soc")), "logs-m365_security.alert-lab");
    assert_eq!(named(json!("default"), json!("soc")), "logs-m365_security.alert-soc");
    assert_eq!(named(json!(null), json!(null)), "logs-m365_security.alert-default");
    refused(&json!({"data_stream": {"namespace": "a-b"}}), "data_stream.namespace: `a-b` is no namespace");
}

#[test]
fn another_data_stream_says_what_it_collects() {
    let named = json!({"data_stream": {"dataset": "contoso.alerts"}, "dataset": "alert"});
    let unit = accepted(&streams(&named));
    assert_eq!(unit.streams[0].data_stream.to_string(), "logs-contoso.alerts-lab");
    assert_eq!(unit.tenant.datasets[0].dataset.definition.name, "alert");
}

#[test]
fn tags_and_processors_of_input_and_stream_add_up() {
    let mut members = streams(&json!({
        "tags": ["forwarded", "soc", "forwarded"],
        "preserve_original_event": true,
        "processors": [
            {"add_tags": {"tags": ["late", "soc"]}},
            {"add_tags": {"target": "event.category", "tags": ["x"]}},
            {"add_labels": {"labels": {"tier": 2.0}}},
            {"add_fields": {"target": "organization", "fields": {"name": "Stream", "id": 7.0}}},
            {"add_fields": {"fields": {"here": true}}},
        ],
    }));
    members["processors"] =
        json!([{"add_fields": {"target": "", "fields": {"organization.name": "Contoso", "cost": 1.5}}}]);
    let unit = accepted(&members);
    let stream = &unit.streams[0];
    assert!(stream.preserve_original_event);
    assert_eq!(stream.additions.tags, ["forwarded", "soc", "late"]);
    let expected = json!({
        "organization": {"name": "Stream", "id": 7}, "cost": 1.5, "labels": {"tier": 2},
        "event": {"category": ["x"]}, "fields": {"here": true},
    });
    assert_eq!(Value::Object(stream.additions.fields.clone()), expected);
}

#[test]
fn processors_that_would_be_left_out_are_refused() {
    let refuses = |processor: Value, message: &str| {
        refused(&streams(&json!({"processors": [processor]})), message);
    };
    refuses(
        json!({"drop_event": {}}),
        "Processors (processors)[0]: `drop_event` is not known here; allowed: add_fields",
    );
    refuses(json!({"add_fields": {"fields": {}, "when": {"equals": {"a": 1}}}}), "has a condition (`when`)");
    refuses(json!({"add_fields": {}}), "has no `fields`");
    refuses(json!("drop_event"), "is no processor");
    refused(&json!({"processors": [{"drop_fields": {"fields": ["a"]}}]}), "processors[0]: `drop_fields` is not known");
    refused(&json!({"processors": {"add_fields": {}}}), "processors: is an object where a list is expected");
}
