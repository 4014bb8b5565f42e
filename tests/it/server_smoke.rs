//! The test server does what the generated artefacts need from it.

use it::{Elasticsearch, Stack};
use serde_json::{Value, json};

/// Index template and pipeline of one test, under names of its own.
async fn install(server: &Elasticsearch, name: &str, processors: Value) {
    let (status, answer) =
        server.put_json(&format!("/_ingest/pipeline/{name}"), &json!({"processors": processors})).await.unwrap();
    assert_eq!(status, 200, "{answer}");
    let template = json!({
        "index_patterns": [format!("logs-{name}-*")],
        "data_stream": {},
        "priority": 500,
        "template": {
            "settings": {"index": {"number_of_replicas": 0, "default_pipeline": name}},
            "mappings": {
                "dynamic": "strict",
                "properties": {
                    "@timestamp": {"type": "date"},
                    "data_stream": {"properties": {"type": {"type": "constant_keyword", "value": "logs"}}},
                    "message": {"type": "match_only_text"},
                    "process": {"properties": {"command_line": {"type": "wildcard"}}},
                    "score": {"type": "scaled_float", "scaling_factor": 1000},
                    "label": {"type": "keyword"},
                    "source": {"properties": {
                        "ip": {"type": "ip"},
                        "geo": {"properties": {
                            "city_name": {"type": "keyword"}, "country_iso_code": {"type": "keyword"},
                            "location": {"type": "geo_point"},
                        }},
                        "as": {"properties": {
                            "number": {"type": "long"},
                            "organization": {"properties": {"name": {"type": "keyword"}}},
                        }},
                    }},
                    "user_agent": {"properties": {
                        "name": {"type": "keyword"}, "version": {"type": "keyword"}, "original": {"type": "keyword"},
                        "os": {"type": "object", "dynamic": true}, "device": {"type": "object", "dynamic": true},
                    }},
                },
            },
        },
    });
    let (status, answer) = server.put_json(&format!("/_index_template/{name}"), &template).await.unwrap();
    assert_eq!(status, 200, "{answer}");
}

/// The document as it was indexed.
async fn stored(server: &Elasticsearch, name: &str, id: &str) -> Value {
    let query = json!({"query": {"ids": {"values": [id]}}});
    let (status, answer) = server.post_json(&format!("/logs-{name}-default/_search"), &query).await.unwrap();
    assert_eq!(status, 200, "{answer}");
    answer.pointer("/hits/hits/0/_source").cloned().unwrap_or(Value::Null)
}

#[tokio::test]
async fn data_stream_takes_an_id_once_and_only_known_fields() {
    for stack in Stack::selected() {
        let Some(server) = Elasticsearch::shared(stack) else { return };
        install(server, "smoke_strict", json!([])).await;
        let path = "/logs-smoke_strict-default/_create/one?refresh=true";
        let document = json!({
            "@timestamp": "2026-01-01T00:00:00Z", "data_stream": {"type": "logs"}, "message": "some text",
            "process": {"command_line": "cmd /c dir"}, "score": 1.5,
        });
        assert_eq!(server.put_json(path, &document).await.unwrap().0, 201);
        assert_eq!(server.put_json(path, &document).await.unwrap().0, 409, "a duplicate is a conflict");
        assert_eq!(stored(server, "smoke_strict", "one").await, document);

        let unknown = "{\"create\":{\"_id\":\"two\"}}\n{\"@timestamp\":\"2026-01-01T00:00:00Z\",\"nope\":1}\n";
        let (status, answer) = server.bulk("/logs-smoke_strict-default/_bulk", unknown).await.unwrap();
        assert_eq!(status, 200, "{answer}");
        let item = &answer["items"][0]["create"];
        assert_eq!(item["status"], 400, "{answer}");
        assert_eq!(item["error"]["type"], "strict_dynamic_mapping_exception", "{answer}");
    }
}

#[tokio::test]
async fn pipeline_processors_work() {
    for stack in Stack::selected() {
        let Some(server) = Elasticsearch::shared(stack) else { return };
        let processors = json!([
            {"script": {"tag": "s", "lang": "painless", "source": "ctx.score = ctx.score * params.by", "params": {"by": 2}}},
            {"set": {"tag": "l", "field": "label", "value": "from {{{source.ip}}}"}},
            {"geoip": {"tag": "g", "field": "source.ip", "target_field": "source.geo", "ignore_missing": true,
                "properties": ["city_name", "country_iso_code", "location"]}},
            {"geoip": {"tag": "a", "database_file": "GeoLite2-ASN.mmdb", "field": "source.ip", "target_field": "source.as",
                "properties": ["asn", "organization_name"], "ignore_missing": true}},
            {"rename": {"tag": "r", "field": "source.as.asn", "target_field": "source.as.number", "ignore_missing": true}},
            {"rename": {"tag": "o", "field": "source.as.organization_name", "target_field": "source.as.organization.name",
                "ignore_missing": true}},
            {"user_agent": {"tag": "u", "field": "user_agent.original", "ignore_missing": true}},
        ]);
        install(server, "smoke_pipeline", processors).await;
        let agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/131.0.0.0 Safari/537.36";
        let lines = [
            json!({"create": {"_id": "known"}}),
            json!({"@timestamp": "2026-01-01T00:00:00Z", "score": 2, "source": {"ip": "192.0.2.200"},
                "user_agent": {"original": agent}}),
            json!({"create": {"_id": "unknown"}}),
            json!({"@timestamp": "2026-01-01T00:00:00Z", "score": 3, "source": {"ip": "192.0.2.1"}}),
        ];
        let body: String = lines.iter().flat_map(|line| [line.to_string(), "\n".to_owned()]).collect();
        let (_, answer) = server.bulk("/logs-smoke_pipeline-default/_bulk?refresh=true", body).await.unwrap();
        assert_eq!(answer["errors"], false, "{answer}");

        let known = stored(server, "smoke_pipeline", "known").await;
        assert_eq!(known["score"], 4, "{known}");
        assert_eq!(known["label"], "from 192.0.2.200");
        let geo = json!({"city_name": "Berlin", "country_iso_code": "DE", "location": {"lat": 52.52, "lon": 13.405}});
        assert_eq!(known["source"]["geo"], geo);
        assert_eq!(known["source"]["as"], json!({"number": 64496, "organization": {"name": "Contoso Hosting GmbH"}}));
        assert_eq!(known["user_agent"]["name"], "Chrome", "{known}");
        assert_eq!(known["user_agent"]["os"]["name"], "Windows", "{known}");

        let unknown = stored(server, "smoke_pipeline", "unknown").await;
        assert_eq!(unknown["source"], json!({"ip": "192.0.2.1"}), "an address outside of the table is left alone");
    }
}

#[tokio::test]
async fn on_failure_sees_the_error_of_geoip() {
    for stack in Stack::selected() {
        let Some(server) = Elasticsearch::shared(stack) else { return };
        let body = json!({
            "pipeline": {
                "processors": [{"geoip": {"tag": "g", "field": "ip"}}],
                "on_failure": [{"set": {"field": "error", "value":
                    "{{{_ingest.on_failure_processor_type}}} {{{_ingest.on_failure_processor_tag}}}: {{{_ingest.on_failure_message}}}"}}],
            },
            "docs": [{"_source": {"ip": "no address"}}, {"_source": {"ip": ["192.0.2.1", "198.51.100.200"]}}],
        });
        let (status, answer) = server.post_json("/_ingest/pipeline/_simulate", &body).await.unwrap();
        assert_eq!(status, 200, "{answer}");
        assert_eq!(answer["docs"][0]["doc"]["_source"]["error"], "geoip g: 'no address' is not an IP string literal.");
        assert_eq!(answer["docs"][1]["doc"]["_source"]["geoip"]["city_name"], "Seattle", "{answer}");

        let refused = json!({"processors": [{"geoip": {"field": "ip", "properties": ["planet"]}}]});
        assert_eq!(server.put_json("/_ingest/pipeline/smoke_refused", &refused).await.unwrap().0, 400);
    }
}

#[tokio::test]
async fn cpu_time_of_the_server_grows() {
    let Some(server) = Elasticsearch::shared(Stack::selected()[0]) else { return };
    let Ok(before) = server.cpu_time() else { return };
    for _ in 0..20 {
        server.get_json("/_nodes/stats").await.unwrap();
    }
    let after = server.cpu_time().unwrap();
    assert!(after > before, "{before:?} then {after:?}");
}
