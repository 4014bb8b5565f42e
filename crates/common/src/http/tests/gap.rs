//! Laws of what is told of a way that is missing.

use super::super::client::{Route, make};
use super::super::gap::Gap;

/// Hosts, ports and paths may look like the words by which the reasons are told apart.
#[tokio::test]
async fn an_address_is_no_reason() {
    // Bound, so that nobody else gets the port, and not listened on.
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.bind(([127, 0, 0, 1], 0).into()).expect("a port");
    let address = socket.local_addr().expect("address");
    let client = make(Route::default()).expect("a client");
    for path in ["407", "tls/handshake", "certificate", "dns%20error", "proxy-auth", "tunnel"] {
        let url = format!("http://{address}/{path}");
        let error = client.get(&url).send().await.expect_err("nobody listens");
        assert!(matches!(Gap::of(&error), Gap::Connection(_)), "{path}: {error:?}");
    }
}
