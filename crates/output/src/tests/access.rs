//! The way to a cluster: nodes that are down, private authorities, fingerprints, proxies, credentials.

use std::time::Duration;

use axum::serve::Listener;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use url::Url;

use super::*;
use crate::elasticsearch::mock::{Cluster, output};
use crate::settings::ElasticOutput;
use common::http::ProxyConfig;

/// Ships one document.
pub(super) async fn ship(output: &ElasticOutput) -> Result<(), Error> {
    let folder = tempfile::tempdir().expect("folder");
    let (jobs, inbox) = mpsc::channel(QUEUED);
    let output = AnyOutput::Elasticsearch(Client::new(output)?);
    let dead = Arc::new(DeadLetters::new(folder.path()));
    tokio::spawn(serve(OutputTask { output, dead, stats: Arc::default(), patience: Some(Duration::ZERO) }, inbox));
    let streams = Arc::new(DataStreams::new("default"));
    let mut outbox = BatchWriter::new(streams, jobs, Arc::<Pool>::default(), "contoso".into());
    outbox.push(0, DocId([7; 16]), b"{}");
    outbox.flush().await
}

/// An address where nobody listens.
async fn nobody() -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("listens");
    Url::parse(&format!("http://{}", listener.local_addr().expect("address"))).expect("url")
}

#[tokio::test]
async fn a_node_that_is_down_costs_no_batch() {
    let (cluster, host) = Cluster::start().await;
    for turn in 0..2 {
        let mut hosts = vec![nobody().await, host.clone(), nobody().await];
        hosts.rotate_left(turn);
        // Without patience: the next node is asked at once.
        ship(&output(hosts)).await.expect("delivered");
    }
    assert_eq!(cluster.documents().len(), 1);
    assert!(cluster.authorizations().iter().all(|header| header == "ApiKey canary-key"));
    let error = ship(&output(vec![nobody().await, nobody().await])).await.expect_err("nobody there");
    assert!(error.is_temporary() && error.to_string().to_lowercase().contains("connection refused"), "{error}");
    assert!(!error.to_string().contains("filter_path"), "{error}");
}

#[tokio::test]
async fn a_node_that_does_not_answer_is_left_out() {
    let (cluster, host) = Cluster::start().await;
    // It takes connections and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("listens");
    let silent = Url::parse(&format!("http://{}", silent.local_addr().expect("address"))).expect("url");
    let mut output = output(vec![silent, host]);
    output.timeout = Duration::from_millis(300);
    ship(&output).await.expect("delivered");
    assert_eq!(cluster.documents().len(), 1);
}

/// Certificates: an authority, and what it signed.
pub(super) struct Authority {
    pub(super) pem: String,
    der: Vec<u8>,
    pub(super) issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::new([]).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, "Contoso test authority");
        let key = KeyPair::generate().expect("key");
        let certificate = params.self_signed(&key).expect("certificate");
        Self { pem: certificate.pem(), der: certificate.der().to_vec(), issuer: Issuer::new(params, key) }
    }

    pub(super) fn fingerprint(&self) -> [u8; 32] {
        ring::digest::digest(&ring::digest::SHA256, &self.der).as_ref().try_into().expect("32 bytes")
    }

    /// A cluster behind TLS, with a certificate for these names; with the authority's own in the chain or without.
    pub(super) async fn cluster(&self, names: &[&str], with_authority: bool, expired: bool) -> (Arc<Cluster>, Url) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).expect("parameters");
        params.distinguished_name.push(rcgen::DnType::CommonName, "node");
        if expired {
            params.not_before = rcgen::date_time_ymd(2020, 1, 1);
            params.not_after = rcgen::date_time_ymd(2021, 1, 1);
        }
        let key = KeyPair::generate().expect("key");
        let certificate = params.signed_by(&key, &self.issuer).expect("certificate");
        let mut chain = vec![certificate.der().clone()];
        if with_authority {
            chain.push(self.der.clone().into());
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(chain, PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())))
            .expect("certificate");
        serve_tls(config).await
    }
}

/// A cluster behind TLS.
pub(super) async fn serve_tls(config: rustls::ServerConfig) -> (Arc<Cluster>, Url) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("listens");
    let address = listener.local_addr().expect("address");
    let cluster = Arc::<Cluster>::default();
    let app = cluster.app();
    let tls = Tls { listener, acceptor: TlsAcceptor::from(Arc::new(config)) };
    tokio::spawn(async move { axum::serve(tls, app).await });
    (cluster, Url::parse(&format!("https://localhost:{}", address.port())).expect("url"))
}

struct Tls {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl Listener for Tls {
    type Io = TlsStream<TcpStream>;
    type Addr = std::net::SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, address) = self.listener.accept().await.expect("accepts");
            // Those who do not trust us go away.
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

#[tokio::test]
async fn a_private_authority_is_trusted_by_file_or_fingerprint_and_not_otherwise() {
    let authority = Authority::new();
    let (cluster, host) = authority.cluster(&["localhost"], true, false).await;
    let error = ship(&output(vec![host.clone()])).await.expect_err("not trusted");
    assert!(error.to_string().contains("UnknownIssuer"), "{error}");

    let file = tempfile::NamedTempFile::new().expect("file");
    std::fs::write(file.path(), &authority.pem).expect("writes");
    let mut by_file = output(vec![host.clone()]);
    by_file.ca_file = Some(file.path().to_owned());
    ship(&by_file).await.expect("trusted");

    let mut by_fingerprint = output(vec![host]);
    by_fingerprint.ca_fingerprint = Some(authority.fingerprint());
    ship(&by_fingerprint).await.expect("trusted");
    assert_eq!(cluster.documents().len(), 1);
    assert_eq!(cluster.requests().len(), 2, "nothing was sent to whom nobody vouches for");
}

#[tokio::test]
async fn a_fingerprint_vouches_for_the_authority_and_for_nothing_else() {
    let authority = Authority::new();
    let refusals = [
        // Another authority's fingerprint.
        (authority.cluster(&["localhost"], true, false).await, Authority::new().fingerprint(), "has the fingerprint"),
        // The authority is not in the chain: its certificate is nowhere to be had.
        (authority.cluster(&["localhost"], false, false).await, authority.fingerprint(), "has the fingerprint"),
        // Signed by it, for another host.
        (
            authority.cluster(&["other.contoso.example"], true, false).await,
            authority.fingerprint(),
            "not valid for name",
        ),
        (authority.cluster(&["localhost"], true, true).await, authority.fingerprint(), "xpired"),
    ];
    for ((cluster, host), fingerprint, reason) in refusals {
        let mut output = output(vec![host]);
        output.ca_fingerprint = Some(fingerprint);
        let error = ship(&output).await.expect_err("not trusted");
        assert!(error.to_string().contains(reason), "{reason}: {error}");
        assert!(cluster.requests().is_empty());
    }
    // Presented by one who does not hold the key of a certificate below it.
    let mut impostor = Authority::new();
    impostor.der.clone_from(&authority.der);
    let (cluster, host) = impostor.cluster(&["localhost"], true, false).await;
    let mut output = output(vec![host]);
    output.ca_fingerprint = Some(authority.fingerprint());
    let error = ship(&output).await.expect_err("not trusted");
    assert!(error.to_string().contains("certificate"), "{error}");
    assert!(cluster.requests().is_empty());
}

/// A proxy that passes on what it is asked for by `CONNECT` and by whole addresses; remembers the request heads.
async fn proxy() -> (Url, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("listens");
    let url = Url::parse(&format!("http://{}", listener.local_addr().expect("address"))).expect("url");
    let heads = Arc::<Mutex<Vec<String>>>::default();
    let seen = Arc::clone(&heads);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(pass_on(stream, Arc::clone(&seen)));
        }
    });
    (url, heads)
}

async fn pass_on(mut client: TcpStream, seen: Arc<Mutex<Vec<String>>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match client.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8(head).expect("text");
    seen.lock().expect("lock").push(head.clone());
    let (method, rest) = head.split_once(' ').expect("method");
    let (target, _) = rest.split_once(' ').expect("target");
    if method == "CONNECT" {
        let mut server = TcpStream::connect(target).await.expect("connects");
        client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.expect("writes");
        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
    } else {
        let target = Url::parse(target).expect("a whole address");
        let address = (target.host_str().expect("host"), target.port().expect("port"));
        let mut server = TcpStream::connect(address).await.expect("connects");
        server.write_all(head.as_bytes()).await.expect("writes");
        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
    }
}

#[tokio::test]
async fn a_proxy_is_the_way_for_requests_and_for_fingerprints() {
    let authority = Authority::new();
    let (tls_cluster, tls_host) = authority.cluster(&["localhost"], true, false).await;
    let (plain_cluster, plain_host) = Cluster::start().await;
    for (host, cluster, connects) in [(tls_host, tls_cluster, 2), (plain_host, plain_cluster, 0)] {
        let (url, heads) = proxy().await;
        let mut output = output(vec![host.clone()]);
        let login = Some(("user".to_owned(), "canary-password".into()));
        output.proxy = Some(ProxyConfig { url, login, no_proxy: vec!["elsewhere.example".to_owned()] });
        output.ca_fingerprint = (host.scheme() == "https").then(|| authority.fingerprint());
        assert!(!format!("{output:?}").contains("canary"));
        ship(&output).await.expect("delivered");
        assert_eq!(cluster.documents().len(), 1);
        {
            let heads = heads.lock().expect("lock");
            assert!(!heads.is_empty());
            assert_eq!(heads.iter().filter(|head| head.starts_with("CONNECT ")).count(), connects, "{heads:?}");
            // user:canary-password
            let is_known = |head: &String| head.contains("asic dXNlcjpjYW5hcnktcGFzc3dvcmQ=");
            assert!(heads.iter().all(is_known), "{heads:?}");
            if connects > 0 {
                assert!(heads.iter().all(|head| !head.contains("canary-key")), "the proxy learns no key: {heads:?}");
            }
        }
        // The proxy is left out where that is configured.
        heads.lock().expect("lock").clear();
        if let Some(proxy) = &mut output.proxy {
            proxy.no_proxy = vec![host.host_str().expect("host").to_owned()];
        }
        ship(&output).await.expect("delivered");
        assert!(heads.lock().expect("lock").is_empty());
    }
}

#[test]
fn hosts_without_proxy() {
    let proxy = |rules: &[&str]| ProxyConfig {
        url: Url::parse("http://192.0.2.1").expect("url"),
        login: None,
        no_proxy: rules.iter().map(|rule| (*rule).to_owned()).collect(),
    };
    for (rules, host, serves) in [
        (&[][..], "es.contoso.example", true),
        (&["es.contoso.example"][..], "ES.contoso.example", false),
        (&["contoso.example"][..], "es.contoso.example", true),
        (&[".contoso.example"][..], "es.contoso.example", false),
        (&[".contoso.example"][..], "contoso.example", false),
        (&[".contoso.example"][..], "notcontoso.example", true),
        (&["*"][..], "es.contoso.example", false),
        (&["2001:db8::1"][..], "[2001:db8::1]", false),
    ] {
        assert_eq!(proxy(rules).serves(host), serves, "{rules:?} {host}");
    }
}
