//! Good and bad start-up info.

use prost::Message;

use super::{StartUp, StartUpError};
use crate::messages::{AgentInfo, StartUpInfo};

fn good() -> StartUpInfo {
    StartUpInfo {
        addr: "localhost:6789".to_owned(),
        server_name: "0123456789abcdef0123456789abcdef".to_owned(),
        token: "a-token-of-this-test".to_owned(),
        ca_cert: b"-----BEGIN CERTIFICATE-----".to_vec(),
        peer_cert: b"-----BEGIN CERTIFICATE-----".to_vec(),
        peer_key: b"-----BEGIN RSA PRIVATE KEY-----".to_vec(),
        services: vec![1],
        supports: vec![0],
        max_message_size: 104_857_600,
        agent_info: Some(AgentInfo { id: "an-agent".to_owned(), mode: 1, ..AgentInfo::default() }),
    }
}

fn message(spoil: impl FnOnce(&mut StartUpInfo)) -> String {
    let mut info = good();
    spoil(&mut info);
    StartUp::decode(&info.encode_to_vec()).unwrap_err().to_string()
}

#[tokio::test]
async fn all_of_standard_input_is_one_message() {
    // In pieces, as a pipe gives them.
    let bytes = good().encode_to_vec();
    let (mut writer, reader) = tokio::io::duplex(7);
    let write = async {
        tokio::io::AsyncWriteExt::write_all(&mut writer, &bytes).await.unwrap();
        drop(writer);
    };
    let (start_up, ()) = tokio::join!(StartUp::read(reader), write);
    let start_up = start_up.unwrap();
    assert_eq!(start_up.address, "localhost:6789");
    assert!(start_up.chunking);
    assert_eq!(start_up.max_message_size, 104_857_600);
    let agent = start_up.agent().unwrap();
    assert_eq!((agent.id.as_str(), agent.is_managed), ("an-agent", false));
}

#[test]
fn an_agent_that_says_nothing_of_sizes_means_four_mebibytes_whole() {
    let info = StartUpInfo { max_message_size: 0, supports: Vec::new(), ..good() };
    let start_up = StartUp::decode(&info.encode_to_vec()).unwrap();
    assert_eq!((start_up.max_message_size, start_up.chunking), (4 * 1024 * 1024, false));
}

#[test]
fn fields_and_services_of_later_agents_are_no_error() {
    let mut bytes = StartUpInfo { services: vec![1, 77], supports: vec![0, 9], ..good() }.encode_to_vec();
    // Field 900, a number.
    bytes.extend([0xa0, 0x38, 0x05]);
    assert!(StartUp::decode(&bytes).is_ok());
}

#[test]
fn what_is_wrong_is_said_in_one_line() {
    assert!(matches!(StartUp::decode(b""), Err(StartUpError::Empty)));
    assert!(matches!(StartUp::decode(b"tenant: contoso\n"), Err(StartUpError::Garbage(_))));
    assert!(matches!(StartUp::decode(&vec![b'x'; 2 << 20]), Err(StartUpError::TooLong)));
    for (message, word) in [
        (message(|info| info.addr.clear()), "addr"),
        (message(|info| info.addr = "unix:///run/agent.sock".to_owned()), "sockets and pipes are not supported"),
        (message(|info| info.server_name.clear()), "server_name"),
        (message(|info| info.token.clear()), "token"),
        (message(|info| info.ca_cert.clear()), "ca_cert"),
        (message(|info| info.peer_cert = b"DER".to_vec()), "peer_cert"),
        (message(|info| info.peer_key.clear()), "peer_key"),
        (message(|info| info.services = vec![0]), "too old"),
        (message(|info| info.services.clear()), "too old"),
        (StartUp::decode(b"").unwrap_err().to_string(), "Elastic Agent"),
        (StartUp::decode(b"garbage").unwrap_err().to_string(), "Elastic Agent"),
    ] {
        assert!(message.contains(word) && !message.contains('\n'), "{message}");
    }
}

#[test]
fn secrets_are_not_shown() {
    let info = good();
    let start_up = StartUp::decode(&info.encode_to_vec()).unwrap();
    let shown = format!("{start_up:?} {info:?}");
    assert!(!shown.contains("a-token") && !shown.contains("PRIVATE"), "{shown}");
    assert!(shown.contains("localhost:6789"));
    assert_eq!(common::secrets::without("sent a-token-of-this-test"), "sent [removed]");
}
