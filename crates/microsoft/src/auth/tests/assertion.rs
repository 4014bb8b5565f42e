//! Laws of the client assertions: as the simulated tenant and OpenSSL verify them.

use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde_json::Value;
use simulator::{Simulator, Tenant};

use super::*;
use crate::auth::{assertion, certificate};

/// The simulated tenant with our certificate registered, and its token endpoint.
async fn tenant() -> Url {
    let der = CertificateDer::from_pem_file(testdata("certificate.pem")).expect("certificate");
    let tenant = Tenant { certificate: Some(der.to_vec()), ..Tenant::default() };
    assert_eq!(tenant.client_id, CLIENT);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("listens");
    let address = listener.local_addr().expect("address");
    let endpoint = Url::parse(&format!("http://{address}/{}/oauth2/v2.0/token", tenant.id)).expect("address");
    tokio::spawn(Simulator::new(tenant).serve(listener, std::future::pending()));
    endpoint
}

fn signing() -> certificate::SigningCertificate {
    certificate::read(&certificate_files()).expect("usable")
}

fn part(token: &str, index: usize) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(token.split('.').nth(index).expect("part")).expect("base64url")
}

fn json(token: &str, index: usize) -> Value {
    serde_json::from_slice(&part(token, index)).expect("JSON")
}

#[tokio::test]
async fn the_tenant_accepts_the_certificate_with_either_form_of_key() {
    let endpoint = tenant().await;
    for key in ["key-pkcs8.pem", "key-pkcs1.pem"] {
        let files = CertificateFiles { key: Some(testdata(key)), ..certificate_files() };
        let token = token(&source(endpoint.clone(), CredentialKind::Certificate(files))).await;
        assert_eq!(token.split('.').count(), 3);
    }
}

#[tokio::test]
async fn another_certificate_is_refused_with_its_cure() {
    let files = CertificateFiles { certificate: testdata("second.pem"), key: None, password: None };
    let error = source(tenant().await, CredentialKind::Certificate(files)).token().await.expect_err("refused");
    let said = error.to_string();
    assert!(matches!(error, Error::Auth(_)), "{said}");
    assert!(said.contains("401 Unauthorized: AADSTS700027: ") && said.contains("The key was not found"), "{said}");
    assert!(said.contains("\nhint: register this certificate"), "{said}");
}

#[tokio::test]
async fn the_tenant_verifies_what_entra_verifies() {
    let endpoint = tenant().await;
    let now = common::clock::now();
    let sign = |client: &str, endpoint: &Url, now| {
        assertion::sign(&signing(), client, endpoint, now).expect("signs").expose_secret().to_owned()
    };
    let good = sign(CLIENT, &endpoint, now);
    let (signed, _) = good.rsplit_once('.').expect("parts");
    let other = sign(CLIENT, &endpoint, now - TimeDelta::minutes(1));
    let elsewhere = endpoint.join("/22222222-2222-4222-8222-222222222222/oauth2/v2.0/token").expect("address");
    for (assertion, code) in [
        (good.clone(), 0),
        // Within the tolerance of five minutes.
        (sign(CLIENT, &endpoint, now + TimeDelta::minutes(4)), 0),
        (sign(CLIENT, &endpoint, now - TimeDelta::minutes(14)), 0),
        (sign(CLIENT, &endpoint, now + TimeDelta::minutes(6)), 700_024),
        (sign(CLIENT, &endpoint, now - TimeDelta::minutes(16)), 700_024),
        (sign(CLIENT, &elsewhere, now), 700_023),
        (format!("{signed}.{}", other.rsplit('.').next().expect("signature")), 700_027),
        (format!("{signed}."), 700_027),
        (sign("12345678-0000-0000-0000-000000000000", &endpoint, now), 70_021),
        (signed.to_owned(), 50_027),
        ("canary".to_owned(), 50_027),
    ] {
        let form = [
            ("client_id", CLIENT),
            ("scope", SCOPE),
            ("grant_type", "client_credentials"),
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", &assertion),
        ];
        let client = crate::client().expect("client");
        let answer = client.post(endpoint.clone()).form(&form).send().await.expect("answer");
        let body: Value = answer.json().await.expect("JSON");
        assert_eq!(body["error_codes"][0].as_u64().unwrap_or_default(), code, "{body}");
        assert_eq!(body["access_token"].is_string(), code == 0);
    }
}

#[test]
fn claims_and_header_are_what_entra_asks_for() {
    let endpoint = Url::parse("https://login.example/tenant/oauth2/v2.0/token").expect("address");
    let now = common::clock::now();
    let sign = || assertion::sign(&signing(), CLIENT, &endpoint, now).expect("signs").expose_secret().to_owned();
    let token = sign();
    let header = json(&token, 0);
    assert_eq!((&header["alg"], &header["typ"]), (&"PS256".into(), &"JWT".into()));
    let claims = json(&token, 1);
    assert_eq!(claims["aud"], endpoint.as_str());
    assert_eq!((&claims["iss"], &claims["sub"]), (&CLIENT.into(), &CLIENT.into()));
    assert_eq!((claims["nbf"].as_i64(), claims["iat"].as_i64()), (Some(now.timestamp()), Some(now.timestamp())));
    assert_eq!(claims["exp"].as_i64(), Some(now.timestamp() + 600));
    assert_ne!(claims["jti"], json(&sign(), 1)["jti"]);
}

#[test]
fn openssl_verifies_the_assertion() {
    let openssl = |args: &[&str]| Command::new("openssl").args(args).output();
    if openssl(&["version"]).is_err() {
        println!("skipped: openssl is not installed");
        return;
    }
    let endpoint = Url::parse("https://login.example/tenant/oauth2/v2.0/token").expect("address");
    let token = assertion::sign(&signing(), CLIENT, &endpoint, common::clock::now()).expect("signs");
    let token = token.expose_secret();
    let folder = tempfile::tempdir().expect("folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("path").to_owned();
    let certificate = testdata("certificate.pem");
    let run = |args: &[&str]| {
        let output = openssl(args).expect("runs");
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    let certificate = certificate.to_str().expect("path");
    std::fs::write(path("public"), run(&["x509", "-in", certificate, "-pubkey", "-noout"])).expect("writes");
    std::fs::write(path("signed"), token.rsplit_once('.').expect("parts").0).expect("writes");
    std::fs::write(path("signature"), part(token, 2)).expect("writes");
    let (public, signature, signed) = (path("public"), path("signature"), path("signed"));
    let mut verify = vec!["dgst", "-sha256", "-verify", &public, "-signature", &signature];
    // PS256: the salt is as long as the digest, which OpenSSL takes at its word here.
    for option in ["rsa_padding_mode:pss", "rsa_pss_saltlen:32", "rsa_mgf1_md:sha256"] {
        verify.extend(["-sigopt", option]);
    }
    verify.push(&signed);
    assert_eq!(String::from_utf8_lossy(&run(&verify)).trim(), "Verified OK");
    std::fs::write(path("signed"), "something else").expect("writes");
    assert!(!openssl(&verify).expect("runs").status.success());
    std::fs::write(path("der"), run(&["x509", "-in", certificate, "-outform", "DER"])).expect("writes");
    let thumbprint = URL_SAFE_NO_PAD.encode(run(&["dgst", "-sha256", "-binary", &path("der")]));
    assert_eq!(json(token, 0)["x5t#S256"], thumbprint);
}

#[test]
fn a_replaced_certificate_is_taken_up_and_a_broken_one_is_not() {
    let folder = tempfile::tempdir().expect("folder");
    let files = CertificateFiles { certificate: folder.path().join("pem"), key: None, password: None };
    let mut age = Duration::from_hours(1);
    let mut place = |text: &[u8]| {
        std::fs::write(&files.certificate, text).expect("writes");
        // The clock of a file system may be too coarse to tell two writes of a test apart.
        age -= Duration::from_mins(1);
        let time = std::time::SystemTime::from(common::clock::now()) - age;
        std::fs::File::options().write(true).open(&files.certificate).expect("opens").set_modified(time).expect("sets");
    };
    let read = |name: &str| std::fs::read(testdata(name)).expect("reads");
    let first = [read("certificate.pem"), read("key-pkcs1.pem")].concat();
    let mut watched = Watched::default();
    let error = watched.current(&files).expect_err("no file").to_string();
    assert!(error.contains("cannot be read") && error.contains("\nhint: check `client_certificate_file`"), "{error}");
    let mut thumbprint = || watched.current(&files).expect("usable").thumbprint.clone();
    place(&first);
    let own = thumbprint();
    assert_eq!(thumbprint(), own);
    place(&read("second.pem"));
    let other = thumbprint();
    assert_ne!(other, own);
    place(&first[..first.len() / 2]);
    assert_eq!(thumbprint(), other);
    std::fs::remove_file(&files.certificate).expect("removes");
    assert_eq!(thumbprint(), other);
    place(&first);
    assert_eq!(thumbprint(), own);
}

/// The certificate in a PKCS#12 file of OpenSSL, as a source would read it.
fn of_pkcs12(name: &str, password: Option<&str>) -> Result<String, String> {
    let files = CertificateFiles { certificate: testdata(name), key: None, password: password.map(Into::into) };
    certificate::read(&files).map(|read| read.thumbprint).map_err(|unusable| unusable.message)
}

#[test]
fn pkcs12_files_of_today_and_of_old_are_read() {
    let own = signing().thumbprint;
    for (name, password) in [
        // AES-256 with SHA-256; 3DES in the form of today; RC2 and 3DES with SHA-1; AES-128 with SHA-512 and the empty password; no encryption, no seal.
        ("modern.p12", Some("pässword 1")),
        ("des3.p12", Some("pässword 1")),
        ("legacy.p12", Some("pässword 1")),
        ("empty.p12", None),
        ("empty.p12", Some("")),
        ("plain.p12", None),
    ] {
        assert_eq!(of_pkcs12(name, password).as_deref(), Ok(own.as_str()), "{name}");
    }
}

#[test]
fn pkcs12_files_that_cannot_be_used_say_why_and_never_the_password() {
    for (name, password, part) in [
        (
            "modern.p12",
            Some("canary"),
            "modern.p12 cannot be opened with this password; check `client_certificate_password`",
        ),
        ("legacy.p12", Some("canary"), "cannot be opened with this password"),
        ("modern.p12", None, "cannot be opened with this password"),
        ("empty.p12", Some("canary"), "cannot be opened with this password"),
        ("nokey.p12", Some("x"), "nokey.p12 holds no key"),
        // RC2 with 128 bits and 3DES with two keys, which no program chooses by itself.
        ("rc2-128.p12", Some("pässword 1"), "is encrypted with a cipher that is not known; `openssl pkcs12"),
        ("certificate.pem", Some("canary"), "is not a PKCS#12 file, and only those have a password"),
    ] {
        let said = of_pkcs12(name, password).expect_err("unusable");
        assert!(said.contains(part) && !said.contains("canary"), "{name}: {said}");
    }
    // Whatever is broken in a file, it is an error and no crash.
    let whole = std::fs::read(testdata("modern.p12")).expect("reads");
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("broken.pfx");
    for place in (0..whole.len()).step_by(37).chain(0..40) {
        for broken in [whole[..place].to_vec(), {
            let mut broken = whole.clone();
            broken[place] ^= 0x5A;
            broken
        }] {
            std::fs::write(&path, broken).expect("writes");
            let password = Some("pässword 1".into());
            let files = CertificateFiles { certificate: path.clone(), key: None, password };
            assert!(certificate::read(&files).is_err(), "{place}");
        }
    }
}

#[tokio::test]
async fn the_tenant_accepts_a_certificate_of_a_pkcs12_file() {
    let password = Some("pässword 1".into());
    let files = CertificateFiles { certificate: testdata("legacy.p12"), key: None, password };
    let token = token(&source(tenant().await, CredentialKind::Certificate(files))).await;
    assert_eq!(token.split('.').count(), 3);
}

#[tokio::test]
async fn an_expired_certificate_is_told_and_not_sent() {
    let service = Service::start(answer_for(3600)).await;
    let files =
        CertificateFiles { certificate: testdata("expired.pem"), key: Some(testdata("key-pkcs8.pem")), password: None };
    let error = service.source(CredentialKind::Certificate(files)).token().await.expect_err("expired").to_string();
    assert!(error.contains("expired.pem has expired on 2020-01-31\nhint: register a new certificate"), "{error}");
    assert!(service.asked().is_empty());
}

#[test]
fn no_key_is_shown() {
    let shown = format!("{:?} {:?}", signing(), CredentialKind::Certificate(certificate_files()));
    let pem = std::fs::read_to_string(testdata("key-pkcs1.pem")).expect("reads");
    assert!(pem.lines().skip(3).all(|line| !shown.contains(line)) && !shown.contains("PRIVATE"));
    // 256 bytes are the public modulus; the private part would be longer than that again.
    assert!(shown.len() < 1500, "{shown}");
}
