//! The declarations against bytes that Elastic's official descriptors have made of contents of our own
//! (`tests/official/golden.py`), both ways.

use data_encoding::HEXLOWER;
use prost::Message;
use prost_types::Timestamp;
use serde_json::json;

use super::{
    ActionLevel, ActionRequest, ActionResponse, ActionStatus, ActionType, AgentInfo, CheckinExpected, CheckinObserved,
    ConnectionSupports, DataStream, DiagnosticResult, Features, FqdnFeature, Limits, LimitsOfComponent, Meta, Package,
    StartUpInfo, State, Stream, UnitExpected, UnitExpectedConfig, UnitLogLevel, UnitObserved, VersionInfo,
};
use crate::json::structure;

const GOLDEN: &str = include_str!("golden.txt");

/// The official bytes of a message of that name are ours, and mean to us what was written.
#[track_caller]
fn check<M: Message + Default + PartialEq>(name: &str, message: &M) {
    let line = GOLDEN.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).unwrap();
    let bytes = HEXLOWER.decode(line.as_bytes()).unwrap();
    let decoded = M::decode(bytes.as_slice()).unwrap();
    assert!(decoded == *message, "{name}");
    assert_eq!(HEXLOWER.encode(&message.encode_to_vec()), line, "{name}");
    // Fields of later versions are skipped: number 500, a text.
    let later = [bytes.as_slice(), &[0xa2, 0x1f, 3, b'n', b'e', b'w']].concat();
    assert!(M::decode(later.as_slice()).unwrap() == *message, "{name}");
}

fn object(value: &serde_json::Value) -> Option<prost_types::Struct> {
    value.as_object().map(structure)
}

fn agent_info() -> AgentInfo {
    AgentInfo {
        id: "agent-of-golden".to_owned(),
        version: "9.5.2".to_owned(),
        snapshot: true,
        mode: 1,
        unprivileged: true,
    }
}

#[test]
fn start_up_info() {
    check(
        "StartUpInfo",
        &StartUpInfo {
            addr: "localhost:6789".to_owned(),
            server_name: "0123456789abcdef0123456789abcdef".to_owned(),
            token: "token-of-golden".to_owned(),
            ca_cert: b"-----BEGIN CERTIFICATE-----ca".to_vec(),
            peer_cert: b"-----BEGIN CERTIFICATE-----peer".to_vec(),
            peer_key: b"-----BEGIN RSA PRIVATE KEY-----key".to_vec(),
            services: vec![StartUpInfo::CHECKIN_V2, 4],
            supports: vec![ConnectionSupports::CheckinChunking as i32],
            max_message_size: 104_857_600,
            agent_info: Some(agent_info()),
        },
    );
}

fn data_stream(dataset: &str) -> DataStream {
    DataStream {
        source: object(&json!({ "dataset": dataset })),
        dataset: dataset.to_owned(),
        r#type: "logs".to_owned(),
        namespace: "golden".to_owned(),
    }
}

fn config() -> UnitExpectedConfig {
    let source = json!({
        "id": "m365-1", "interval": "5m", "port": 8080, "share": 0.5, "nothing": null, "enabled": true,
        "data_stream.namespace": "golden", "hosts": ["https://a.example", 7, [false]],
        "ssl": {"verification_mode": "none"},
    });
    let package = Package {
        source: object(&json!({"name": "m365_security"})),
        name: "m365_security".to_owned(),
        version: "0.1.0".to_owned(),
    };
    let stream = |id: &str| Stream {
        source: object(&json!({"batch_size": 1000, "enabled": true})),
        id: id.to_owned(),
        data_stream: Some(data_stream(id)),
    };
    UnitExpectedConfig {
        source: object(&source),
        id: "m365-1".to_owned(),
        r#type: "m365-fetcher".to_owned(),
        name: "tenant one".to_owned(),
        revision: 3,
        meta: Some(Meta { source: object(&json!({"policy_template": "m365"})), package: Some(package) }),
        data_stream: Some(data_stream("generic")),
        streams: vec![stream("m365_security.alert"), stream("m365_security.incident")],
    }
}

#[test]
fn checkin_expected() {
    let input = UnitExpected {
        id: "m365-default-m365-1".to_owned(),
        r#type: 0,
        state: State::Healthy as i32,
        config_state_idx: 1,
        config: Some(config()),
        log_level: UnitLogLevel::Debug as i32,
    };
    let output = UnitExpected {
        id: "m365-default".to_owned(),
        r#type: 1,
        state: State::Stopped as i32,
        config_state_idx: 7,
        config: None,
        log_level: UnitLogLevel::Error as i32,
    };
    let limits = Limits { source: object(&json!({"go_max_procs": 2})), go_max_procs: 2 };
    let features =
        Features { source: object(&json!({"fqdn": {"enabled": true}})), fqdn: Some(FqdnFeature { enabled: true }) };
    check(
        "CheckinExpected",
        &CheckinExpected {
            units: vec![input, output],
            agent_info: Some(agent_info()),
            features: Some(features),
            features_idx: 2,
            component: Some(LimitsOfComponent { limits: Some(limits) }),
            component_idx: 1 << 40,
            units_timestamp: Some(Timestamp { seconds: 1_700_000_000, nanos: 123_456_789 }),
        },
    );
}

#[test]
fn checkin_observed() {
    let input = UnitObserved {
        id: "m365-default-m365-1".to_owned(),
        r#type: 0,
        config_state_idx: 1,
        state: State::Degraded as i32,
        message: "alert: zu langsam, für heute".to_owned(),
        payload: object(&json!({"streams": {"alert": {"status": "DEGRADED", "error": "slow"}}})),
    };
    let output = UnitObserved {
        id: "m365-default".to_owned(),
        r#type: 1,
        config_state_idx: 7,
        state: State::Stopped as i32,
        message: "stopped".to_owned(),
        payload: None,
    };
    let version_info = VersionInfo {
        name: "m365-fetcher".to_owned(),
        meta: [("version".to_owned(), "0.1.0".to_owned())].into(),
        build_hash: "abc".to_owned(),
    };
    check(
        "CheckinObserved",
        &CheckinObserved {
            token: "token-of-golden".to_owned(),
            units: vec![input, output],
            version_info: Some(version_info),
            features_idx: 2,
            component_idx: 1 << 40,
            units_timestamp: Some(Timestamp { seconds: 1_700_000_000, nanos: 5 }),
            supports: vec![ConnectionSupports::CheckinChunking as i32],
            pid: 77,
        },
    );
}

#[test]
fn action_request() {
    check(
        "ActionRequest",
        &ActionRequest {
            id: "action-1".to_owned(),
            name: "diagnostics".to_owned(),
            params: br#"{"additional_metrics":["CPU"]}"#.to_vec(),
            unit_id: "m365-default".to_owned(),
            unit_type: 1,
            r#type: ActionType::Diagnostics as i32,
            level: ActionLevel::Unit as i32,
        },
    );
}

#[test]
fn action_response() {
    let file = DiagnosticResult {
        name: "state".to_owned(),
        filename: "state.json".to_owned(),
        description: "what is remembered".to_owned(),
        content_type: "application/json".to_owned(),
        content: b"{}".to_vec(),
        generated: Some(Timestamp { seconds: 1_700_000_000, nanos: 0 }),
    };
    check(
        "ActionResponse",
        &ActionResponse {
            token: "token-of-golden".to_owned(),
            id: "action-1".to_owned(),
            status: ActionStatus::Failed as i32,
            result: br#"{"error":"none"}"#.to_vec(),
            diagnostic: vec![file],
        },
    );
}
