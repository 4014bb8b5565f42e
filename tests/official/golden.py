"""Prints messages with contents of our own, encoded by Elastic's official descriptors: one line each, a name and hex.

What this prints is crates/agent/src/messages/golden.txt.
"""

import elastic_agent_client.generated.elastic_agent_client_pb2 as proto


def start_up_info():
    message = proto.StartUpInfo(
        addr="localhost:6789",
        server_name="0123456789abcdef0123456789abcdef",
        token="token-of-golden",
        ca_cert=b"-----BEGIN CERTIFICATE-----ca",
        peer_cert=b"-----BEGIN CERTIFICATE-----peer",
        peer_key=b"-----BEGIN RSA PRIVATE KEY-----key",
        services=[proto.CheckinV2, proto.Log],
        supports=[proto.CheckinChunking],
        max_message_size=104857600,
    )
    message.agent_info.CopyFrom(agent_info())
    return message


def agent_info():
    return proto.AgentInfo(
        id="agent-of-golden", version="9.5.2", snapshot=True, mode=proto.STANDALONE, Unprivileged=True
    )


def data_stream(dataset):
    message = proto.DataStream(dataset=dataset, type="logs", namespace="golden")
    message.source.update({"dataset": dataset})
    return message


def config():
    message = proto.UnitExpectedConfig(id="m365-1", type="m365-fetcher", name="tenant one", revision=3)
    message.source.update(
        {
            "id": "m365-1",
            "interval": "5m",
            "port": 8080,
            "share": 0.5,
            "nothing": None,
            "enabled": True,
            "data_stream.namespace": "golden",
            "hosts": ["https://a.example", 7, [False]],
            "ssl": {"verification_mode": "none"},
        }
    )
    message.meta.source.update({"policy_template": "m365"})
    message.meta.package.name = "m365_security"
    message.meta.package.version = "0.1.0"
    message.meta.package.source.update({"name": "m365_security"})
    message.data_stream.CopyFrom(data_stream("generic"))
    for dataset in ("m365_security.alert", "m365_security.incident"):
        stream = message.streams.add(id=dataset)
        stream.source.update({"batch_size": 1000, "enabled": True})
        stream.data_stream.CopyFrom(data_stream(dataset))
    return message


def expected():
    message = proto.CheckinExpected(features_idx=2, component_idx=2**40)
    message.units_timestamp.seconds = 1_700_000_000
    message.units_timestamp.nanos = 123_456_789
    message.agent_info.CopyFrom(agent_info())
    message.features.source.update({"fqdn": {"enabled": True}})
    message.features.fqdn.enabled = True
    message.component.limits.source.update({"go_max_procs": 2})
    message.component.limits.go_max_procs = 2
    unit = message.units.add(
        id="m365-default-m365-1",
        type=proto.INPUT,
        state=proto.HEALTHY,
        config_state_idx=1,
        log_level=proto.DEBUG,
    )
    unit.config.CopyFrom(config())
    message.units.add(
        id="m365-default", type=proto.OUTPUT, state=proto.STOPPED, config_state_idx=7, log_level=proto.ERROR
    )
    return message


def observed():
    message = proto.CheckinObserved(
        token="token-of-golden", features_idx=2, component_idx=2**40, supports=[proto.CheckinChunking], pid=77
    )
    message.version_info.name = "m365-fetcher"
    message.version_info.build_hash = "abc"
    message.version_info.meta.update({"version": "0.1.0"})
    message.units_timestamp.seconds = 1_700_000_000
    message.units_timestamp.nanos = 5
    unit = message.units.add(
        id="m365-default-m365-1",
        type=proto.INPUT,
        config_state_idx=1,
        state=proto.DEGRADED,
        message="alert: zu langsam, für heute",
    )
    unit.payload.update({"streams": {"alert": {"status": "DEGRADED", "error": "slow"}}})
    message.units.add(id="m365-default", type=proto.OUTPUT, config_state_idx=7, state=proto.STOPPED, message="stopped")
    return message


def request():
    return proto.ActionRequest(
        id="action-1",
        name="diagnostics",
        params=b'{"additional_metrics":["CPU"]}',
        unit_id="m365-default",
        unit_type=proto.OUTPUT,
        type=proto.ActionRequest.DIAGNOSTICS,
        level=proto.ActionRequest.UNIT,
    )


def response():
    message = proto.ActionResponse(
        token="token-of-golden", id="action-1", status=proto.ActionResponse.FAILED, result=b'{"error":"none"}'
    )
    file = message.diagnostic.add(
        name="state", filename="state.json", description="what is remembered", content_type="application/json",
        content=b"{}",
    )
    file.generated.seconds = 1_700_000_000
    return message


MESSAGES = {
    "StartUpInfo": start_up_info,
    "CheckinExpected": expected,
    "CheckinObserved": observed,
    "ActionRequest": request,
    "ActionResponse": response,
}

if __name__ == "__main__":
    for name, make in MESSAGES.items():
        print(name, make().SerializeToString(deterministic=True).hex())
