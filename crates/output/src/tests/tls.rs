//! TLS as a policy of Elastic Agent may want it, and what else goes with every request.

use rcgen::{CertificateParams, KeyPair};
use rustls::server::WebPkiClientVerifier;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::access::{Authority, serve_tls, ship};
use super::*;
use crate::elasticsearch::mock::{Cluster as Mock, output};
use crate::settings::{Identity, Tls, TlsVersions, Verification};

async fn fails(output: &ElasticOutput, reason: &str) {
    let error = ship(output).await.expect_err("not trusted").to_string();
    assert!(error.contains(reason), "{reason}: {error}");
}

#[tokio::test]
async fn an_authority_in_the_policy_is_trusted_in_place_of_the_public_ones() {
    let authority = Authority::new();
    let (cluster, host) = authority.cluster(&["localhost"], false, false).await;
    let mut output = output(vec![host]);
    // Of the same name: it is the signature that is wrong.
    output.tls.authorities = vec![Authority::new().pem];
    fails(&output, "invalid peer certificate: BadSignature").await;
    output.tls.authorities.push(authority.pem.clone());
    ship(&output).await.expect("trusted");
    assert_eq!(cluster.documents().len(), 1);
}

#[tokio::test]
async fn fewer_checks_leave_out_what_they_say_and_nothing_else() {
    let authority = Authority::new();
    let (_, elsewhere) = authority.cluster(&["elsewhere.example"], true, false).await;
    let (_, expired) = authority.cluster(&["localhost"], true, true).await;
    let (_, foreign) = Authority::new().cluster(&["localhost"], true, false).await;
    let with = |host: &url::Url, verification| {
        let mut output = output(vec![host.clone()]);
        output.tls = Tls { authorities: vec![authority.pem.clone()], verification, ..Tls::default() };
        output
    };
    fails(&with(&elsewhere, Verification::Full), "not valid for name").await;
    ship(&with(&elsewhere, Verification::Certificate)).await.expect("the name is not asked");
    fails(&with(&expired, Verification::Certificate), "xpired").await;
    fails(&with(&foreign, Verification::Certificate), "invalid peer certificate: BadSignature").await;
    for host in [&elsewhere, &expired, &foreign] {
        ship(&with(host, Verification::None)).await.expect("nothing is asked");
    }
}

#[tokio::test]
async fn a_fingerprint_goes_with_fewer_checks() {
    let authority = Authority::new();
    let (_, host) = authority.cluster(&["elsewhere.example"], true, false).await;
    let mut output = output(vec![host]);
    output.tls.verification = Verification::Certificate;
    fails(&output, "UnknownIssuer").await;
    output.ca_fingerprint = Some(authority.fingerprint());
    ship(&output).await.expect("trusted, whatever its name");
    output.ca_fingerprint = Some(Authority::new().fingerprint());
    fails(&output, "has the fingerprint").await;
}

/// A cluster that asks for a certificate of the authority's, and speaks one version.
async fn asking(authority: &Authority) -> (Arc<Mock>, url::Url) {
    let key = KeyPair::generate().expect("key");
    let params = CertificateParams::new(["localhost".to_owned()]).expect("parameters");
    let certificate = params.signed_by(&key, &authority.issuer).expect("certificate");
    let mut roots = rustls::RootCertStore::empty();
    let der = pem(&authority.pem);
    roots.add(der).expect("an authority");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build();
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS12])
        .expect("versions")
        .with_client_cert_verifier(verifier.expect("a verifier"))
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )
        .expect("certificate");
    serve_tls(config).await
}

fn pem(text: &str) -> CertificateDer<'static> {
    use rustls_pki_types::pem::PemObject;
    CertificateDer::from_pem_slice(text.as_bytes()).expect("a certificate")
}

#[tokio::test]
async fn the_client_shows_its_certificate() {
    let authority = Authority::new();
    let (cluster, host) = asking(&authority).await;
    let mut output = output(vec![host]);
    output.tls.authorities = vec![authority.pem.clone()];
    assert!(ship(&output).await.is_err(), "without a certificate nobody is let in");
    let key = KeyPair::generate().expect("key");
    let params = CertificateParams::new(["client".to_owned()]).expect("parameters");
    let certificate = params.signed_by(&key, &authority.issuer).expect("certificate");
    let identity = Identity { certificate: certificate.pem(), key: key.serialize_pem().into() };
    output.tls.identity = Some(identity);
    assert!(!format!("{output:?}").contains("PRIVATE KEY"));
    ship(&output).await.expect("let in");
    assert_eq!(cluster.documents().len(), 1);
    output.tls.versions = TlsVersions::Only13;
    assert!(ship(&output).await.is_err(), "the cluster does not speak that version");
    output.tls.versions = TlsVersions::Only12;
    ship(&output).await.expect("let in");
}

#[tokio::test]
async fn headers_and_parameters_go_with_every_request_and_replace_none_of_ours() {
    let (cluster, host) = Mock::start().await;
    let mut output = output(vec![host]);
    let secret = {
        let mut value = reqwest::header::HeaderValue::from_static("canary-header");
        value.set_sensitive(true);
        value
    };
    output.headers.insert("x-team", secret.clone());
    output.headers.insert("authorization", secret);
    output.parameters = vec![("routing".to_owned(), "a b".to_owned())];
    assert!(!format!("{output:?}").contains("canary-header"));
    ship(&output).await.expect("delivered");
    assert_eq!(cluster.headers()[0]["x-team"], "canary-header");
    assert_eq!(cluster.authorizations(), ["ApiKey canary-key"]);
    assert!(cluster.queries()[0].ends_with("&routing=a+b"), "{:?}", cluster.queries());
}
