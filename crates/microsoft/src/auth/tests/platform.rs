//! Laws of the credentials that the platform provides: federated tokens and managed identities.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::rsa::KeyPair;
use ring::signature::RSA_PKCS1_SHA256;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use serde_json::json;
use simulator::{Federated, Simulator, Tenant};

use super::*;
use crate::ManagedIdentity;

fn identity(service: &Service, header: Option<&str>, client_id: Option<&str>) -> CredentialKind {
    CredentialKind::ManagedIdentity(ManagedIdentity {
        endpoint: service.root.clone(),
        header: header.map(Into::into),
        client_id: client_id.map(str::to_owned),
    })
}

#[tokio::test]
async fn a_federated_token_is_read_for_each_request() {
    let service = Service::start(answer_for(3600)).await;
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("token");
    let source = service.source(CredentialKind::FederatedToken(file.clone()));
    let error = source.token().await.expect_err("no file").to_string();
    assert!(error.contains("\nhint: check `federated_token_file`"), "{error}");
    for written in ["foreign.one.x", "foreign.two.x"] {
        std::fs::write(&file, format!("{written}\n")).expect("writes");
        let given = source.token().await.expect("token");
        assert_eq!(token(&source).await, given.expose_secret());
        source.discard(&given).await;
        let body = service.asked().last().expect("asked").body.clone();
        assert!(body.contains(&format!("&client_assertion={written}&")), "{body}");
        assert!(
            body.ends_with("client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer")
        );
        assert!(!body.contains("secret"));
    }
    assert_eq!(service.asked().len(), 2);
}

#[tokio::test]
async fn a_machine_asks_its_metadata_service() {
    let service = Service::start(|token| {
        let body = format!(
            r#"{{"access_token":"{token}","client_id":"x","expires_in":"86399","expires_on":"1","token_type":"Bearer"}}"#
        );
        (StatusCode::OK, body)
    })
    .await;
    let source = service.source(identity(&service, None, None));
    assert_eq!(token(&source).await, "token-1");
    later(86_000).await;
    assert_eq!(token(&source).await, "token-1");
    later(150).await;
    assert_eq!(token(&source).await, "token-2");
    let asked = &service.asked()[0];
    assert_eq!(asked.query, "api-version=2019-08-01&resource=https%3A%2F%2Fgraph.microsoft.com");
    assert_eq!(asked.headers["metadata"], "true");
    assert!(!asked.headers.contains_key("x-identity-header"));
}

#[tokio::test]
async fn app_service_wants_its_header_and_tells_when_the_token_ends() {
    let ends = common::clock::now().timestamp() + 3600;
    let service = Service::start(move |token| {
        (StatusCode::OK, format!(r#"{{"access_token":"{token}","expires_on":"{ends}","token_type":"Bearer"}}"#))
    })
    .await;
    let source = service.source(identity(&service, Some("canary-header"), Some(CLIENT)));
    assert_eq!(token(&source).await, "token-1");
    later(3200).await;
    assert_eq!(token(&source).await, "token-1");
    later(120).await;
    assert_eq!(token(&source).await, "token-2");
    let asked = &service.asked()[0];
    assert_eq!(asked.headers["x-identity-header"], "canary-header");
    assert!(!asked.headers.contains_key("metadata"));
    assert!(asked.query.ends_with(&format!("&client_id={CLIENT}")), "{}", asked.query);
    assert!(!format!("{source:?}").contains("canary"));
}

#[tokio::test]
async fn a_platform_without_a_token_says_what_to_do() {
    for (status, body, temporary, part) in [
        (
            400,
            r#"{"error":"invalid_request","error_description":"Identity not found"}"#,
            false,
            "400 Bad Request: Identity not found\nhint: assign the identity",
        ),
        (
            400,
            r#"{"statusCode":400,"message":"No managed identity found"}"#,
            false,
            "No managed identity found\nhint: ",
        ),
        (403, "Forbidden by policy", false, "hint: check `managed_identity`"),
        (404, "", true, "404"),
        (410, "", true, "410"),
        (429, "{}", true, "429"),
        (500, "oops", true, "500"),
        (200, "<html>", false, "hint: check `managed_identity`"),
    ] {
        let service = Service::start(move |_| (StatusCode::from_u16(status).expect("status"), body.to_owned())).await;
        let error = service.source(identity(&service, None, None)).token().await.expect_err("refused");
        assert_eq!(error.is_temporary(), temporary, "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
}

const ISSUER: &str = "https://issuer.example/cluster";
const SUBJECT: &str = "system:serviceaccount:security:m365-fetcher";

/// A token of the foreign issuer.
fn foreign(issuer: &str, subject: &str, audience: &str, seconds: i64) -> String {
    let key = PrivatePkcs8KeyDer::from_pem_file(testdata("key-pkcs8.pem")).expect("key");
    let key = KeyPair::from_pkcs8(key.secret_pkcs8_der()).expect("key");
    let now = common::clock::now().timestamp();
    let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = json!({
        "iss": issuer, "sub": subject, "aud": audience, "iat": now, "nbf": now - 3600, "exp": now + seconds,
    });
    let signed = format!("{}.{}", part(json!({"alg": "RS256", "typ": "JWT", "kid": "1"})), part(claims));
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).expect("signs");
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// The simulated tenant with this credential, and its token endpoint.
async fn tenant(federated: Option<Federated>) -> Url {
    let tenant = Tenant { federated, ..Tenant::default() };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("listens");
    let address = listener.local_addr().expect("address");
    let endpoint = Url::parse(&format!("http://{address}/{}/oauth2/v2.0/token", tenant.id)).expect("address");
    tokio::spawn(Simulator::new(tenant).serve(listener, std::future::pending()));
    endpoint
}

#[tokio::test]
async fn the_tenant_accepts_the_token_of_the_issuer_it_trusts() {
    const AUDIENCE: &str = "api://AzureADTokenExchange";
    let certificate = |name: &str| {
        let certificates = CertificateDer::pem_file_iter(testdata(name)).expect("a PEM file");
        certificates.last().expect("one").expect("certificate").to_vec()
    };
    let registered = |name: &str| Federated {
        issuer: ISSUER.to_owned(),
        subject: SUBJECT.to_owned(),
        certificate: certificate(name),
    };
    let trusting = tenant(Some(registered("certificate.pem"))).await;
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("token");
    let ask = async |endpoint: &Url, assertion: String| {
        std::fs::write(&file, assertion).expect("writes");
        source(endpoint.clone(), CredentialKind::FederatedToken(file.clone())).token().await
    };
    let token = ask(&trusting, foreign(ISSUER, SUBJECT, AUDIENCE, 600)).await.expect("token");
    assert_eq!(token.expose_secret().split('.').count(), 3);
    let nobody = tenant(None).await;
    let other_key = tenant(Some(registered("second.pem"))).await;
    for (endpoint, assertion, code) in [
        (&nobody, foreign(ISSUER, SUBJECT, AUDIENCE, 600), "AADSTS70021:"),
        (&trusting, foreign("https://other.example", SUBJECT, AUDIENCE, 600), "AADSTS700211:"),
        (&trusting, foreign(ISSUER, SUBJECT, "api://other", 600), "AADSTS700212:"),
        (&trusting, foreign(ISSUER, "system:serviceaccount:x:y", AUDIENCE, 600), "AADSTS700213:"),
        (&other_key, foreign(ISSUER, SUBJECT, AUDIENCE, 600), "AADSTS700027:"),
        (&trusting, foreign(ISSUER, SUBJECT, AUDIENCE, -600), "AADSTS700024:"),
    ] {
        let error = ask(endpoint, assertion).await.expect_err(code);
        let said = error.to_string();
        assert!(matches!(error, Error::Auth(_)) && said.contains(code) && said.contains("\nhint: "), "{code} {said}");
        if code.starts_with("AADSTS7002") || code == "AADSTS70021:" {
            assert!(said.contains("a new one takes minutes to work"), "{said}");
        }
    }
}
