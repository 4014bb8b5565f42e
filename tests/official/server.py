"""An agent's server made from Elastic's official descriptors, for one component. It does what standard input says, one JSON
object a line, and writes to standard output what happens:

    {"start_up": hex}                   first line: what the component reads from its standard input
    {"checkin": {...}, "first": bool}   a CheckinObserved, as JSON
    {"action": {...}}                   an ActionResponse, as JSON
    {"opened": "..."}                   a stream began, its first message not counted
    {"ended": "..."}                    a stream ended

    {"expect": {...}, "parts": n}       sends a CheckinExpected given as JSON, in parts of n units if that is there
    {"act": {...}}                      sends an ActionRequest given as JSON
    {"drop": true}                      ends both streams
"""

import datetime
import json
import queue
import sys
import threading
from concurrent import futures

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from google.protobuf.json_format import MessageToDict, ParseDict

import elastic_agent_client.generated.elastic_agent_client_pb2 as proto
import elastic_agent_client.generated.elastic_agent_client_pb2_grpc as service

SERVER_NAME = "00112233445566778899aabbccddeeff"
TOKEN = "token-of-the-official-server"
LIMIT = 104857600
OUT = threading.Lock()


def say(event):
    with OUT:
        print(json.dumps(event), flush=True)


def key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def certificate(subject, public_key, issuer, issuer_key, extensions):
    now = datetime.datetime.now(datetime.timezone.utc)
    name = lambda text: x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(issuer_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def pem(private_key):
    """PKCS#1, "RSA PRIVATE KEY", as agents write it."""
    return private_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )


def certificates():
    ca_key = key()
    ca = certificate(
        "localhost", ca_key.public_key(), "localhost", ca_key, [(x509.BasicConstraints(ca=True, path_length=None), True)]
    )
    pairs = []
    for _ in range(2):
        leaf = key()
        usages = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
        extensions = [
            (x509.SubjectAlternativeName([x509.DNSName(SERVER_NAME)]), False),
            (x509.ExtendedKeyUsage(usages), False),
        ]
        pairs.append((pem(leaf), certificate(SERVER_NAME, leaf.public_key(), "localhost", ca_key, extensions)))
    return ca, pairs[0], pairs[1]


class Agent(service.ElasticAgentServicer):
    def __init__(self):
        self.expected = None
        self.requests = None

    def CheckinV2(self, incoming, context):
        mine = self.expected = queue.Queue()

        def read():
            first = True
            try:
                for message in incoming:
                    assert message.token == TOKEN, "wrong token"
                    say({"checkin": MessageToDict(message, preserving_proto_field_name=True), "first": first})
                    first = False
            except Exception as error:  # A broken stream.
                say({"ended": f"checkin: {type(error).__name__}"})
            mine.put(None)

        say({"opened": "checkin"})
        threading.Thread(target=read, daemon=True).start()
        while (message := mine.get()) is not None:
            yield message

    def Actions(self, incoming, context):
        mine = self.requests = queue.Queue()

        def read():
            try:
                for message in incoming:
                    assert message.token == TOKEN, "wrong token"
                    say({"action": MessageToDict(message, preserving_proto_field_name=True)})
            except Exception as error:  # A broken stream.
                say({"ended": f"actions: {type(error).__name__}"})
            mine.put(None)

        say({"opened": "actions"})
        threading.Thread(target=read, daemon=True).start()
        while (message := mine.get()) is not None:
            yield message


def parts(message, size):
    units = list(message.units)
    del message.units[:]
    message.units_timestamp.GetCurrentTime()
    for at in range(0, len(units), size):
        part = proto.CheckinExpected(units_timestamp=message.units_timestamp)
        if at == 0:
            part.CopyFrom(message)
        part.units.extend(units[at : at + size])
        yield part
    yield proto.CheckinExpected(units_timestamp=message.units_timestamp)


def obey(agent, command):
    if "expect" in command:
        message = ParseDict(command["expect"], proto.CheckinExpected())
        messages = parts(message, command["parts"]) if "parts" in command else [message]
        for part in messages:
            agent.expected.put(part)
    elif "act" in command:
        agent.requests.put(ParseDict(command["act"], proto.ActionRequest()))
    elif "drop" in command:
        agent.expected.put(None)
        agent.requests.put(None)
    else:
        raise ValueError(command)


def main():
    ca, (server_key, server_certificate), (peer_key, peer_certificate) = certificates()
    limits = [("grpc.max_send_message_length", LIMIT), ("grpc.max_receive_message_length", LIMIT)]
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8), options=limits)
    agent = Agent()
    service.add_ElasticAgentServicer_to_server(agent, server)
    credentials = grpc.ssl_server_credentials([(server_key, server_certificate)], ca, True)
    port = server.add_secure_port("localhost:0", credentials)
    server.start()
    start_up = proto.StartUpInfo(
        addr=f"localhost:{port}",
        server_name=SERVER_NAME,
        token=TOKEN,
        ca_cert=ca,
        peer_cert=peer_certificate,
        peer_key=peer_key,
        services=[proto.CheckinV2],
        supports=[proto.CheckinChunking],
        max_message_size=LIMIT,
        agent_info=proto.AgentInfo(id="official", version="9.5.2", mode=proto.STANDALONE),
    )
    say({"start_up": start_up.SerializeToString().hex()})
    for line in sys.stdin:
        obey(agent, json.loads(line))
    server.stop(0)


main()
