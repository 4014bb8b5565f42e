//! Laws of the credentials: exactly one kind, checked before anything starts.

use super::*;

const TESTDATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../microsoft/src/auth/testdata");
const SECRET: &str = "    client_secret: ${SECRET}\n";
const CLIENT: &str = "    client_id: 66666666-7777-8888-9999-000000000000\n";
const KINDS: &str =
    "client_secret, client_secret_file, client_certificate_file, federated_token_file, managed_identity";

/// The good configuration with these lines instead of its secret; `T/` is the directory of the test keys.
fn with(lines: &str) -> String {
    GOOD.replace(SECRET, &lines.replace("T/", &format!("{TESTDATA}/")))
}

#[track_caller]
fn credential(text: &str, environment: &dyn Fn(&str) -> Option<String>) -> (String, CredentialKind) {
    let tenant = parse("m365.yml", text, environment).expect("good").tenants.remove(0);
    (tenant.client_id, tenant.credential)
}

#[track_caller]
fn refused(lines: &str, message: &str) {
    let error = parse("m365.yml", &with(lines), &environment).expect_err("an error").to_string();
    assert_eq!(error.replace(&format!("{TESTDATA}/"), "T/"), message);
}

#[test]
fn a_certificate_comes_in_one_file_or_two() {
    let (id, one) = credential(&with("    client_certificate_file: T/second.pem\n"), &environment);
    assert!(
        matches!(one, CredentialKind::Certificate(CertificateFiles { key: None, .. })) && id.starts_with("66666666")
    );
    for key in ["key-pkcs1.pem", "key-pkcs8.pem"] {
        let lines =
            format!("    client_certificate_file: T/certificate.pem\n    client_certificate_key_file: T/{key}\n");
        let (_, two) = credential(&with(&lines), &environment);
        assert!(
            matches!(two, CredentialKind::Certificate(CertificateFiles { key: Some(path), .. }) if path.ends_with(key))
        );
    }
}

#[test]
fn an_unusable_certificate_is_told_with_line_key_and_cure() {
    const ALLOWED: &str = "allowed: an unencrypted RSA key of 2048 to 4096 bits as PKCS#8 (-----BEGIN PRIVATE KEY-----) \
                           or PKCS#1 (-----BEGIN RSA PRIVATE KEY-----)";
    refused(
        "    client_certificate_file: T/nowhere.pem\n",
        "m365.yml:5:30: tenants[0].client_certificate_file: T/nowhere.pem cannot be read: No such file or directory (os error 2)",
    );
    refused(
        "    client_certificate_file: T/key-pkcs8.pem\n",
        "m365.yml:5:30: tenants[0].client_certificate_file: T/key-pkcs8.pem holds no certificate; allowed: a PEM file with -----BEGIN CERTIFICATE-----",
    );
    refused(
        "    client_certificate_file: T/certificate.pem\n",
        &format!(
            "m365.yml:5:30: tenants[0].client_certificate_file: T/certificate.pem holds no private key; {ALLOWED}"
        ),
    );
    let with_key = |key: &str, reason: &str| {
        refused(
            &format!("    client_certificate_file: T/certificate.pem\n    client_certificate_key_file: T/{key}\n"),
            &format!("m365.yml:6:34: tenants[0].client_certificate_key_file: T/{key} {reason}"),
        );
    };
    with_key(
        "key-encrypted.pem",
        &format!("holds an encrypted key; {ALLOWED}; `openssl pkey -in … -out …` writes it without a passphrase"),
    );
    with_key("key-ec.pem", &format!("holds a key that cannot be used (WrongAlgorithm); {ALLOWED}"));
    with_key("second.pem", "holds a key that does not belong to the certificate in T/certificate.pem");
    refused(
        "    client_secret: x\n    client_certificate_key_file: T/key-pkcs8.pem\n",
        "m365.yml:6:34: tenants[0].client_certificate_key_file: needs client_certificate_file with the certificate that the key belongs to",
    );
}

#[test]
fn a_pkcs12_file_is_opened_with_its_password() {
    let good = with("    client_certificate_file: T/modern.p12\n    client_certificate_password: pässword 1\n");
    let (_, read) = credential(&good, &environment);
    assert!(matches!(&read, CredentialKind::Certificate(CertificateFiles { password: Some(_), .. })));
    assert!(!format!("{read:?}").contains("pässword"));
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("password");
    std::fs::write(&file, "pässword 1\n").expect("writes");
    let lines = format!(
        "    client_certificate_file: T/modern.p12\n    client_certificate_password_file: {}\n",
        file.display()
    );
    assert!(credential(&with(&lines), &environment).1 == read);
    refused(
        "    client_certificate_file: T/modern.p12\n    client_certificate_password: canary\n",
        "m365.yml:5:30: tenants[0].client_certificate_file: T/modern.p12 cannot be opened with this password; check `client_certificate_password`",
    );
    refused(
        "    client_certificate_file: T/plain.p12\n    client_certificate_key_file: T/key-pkcs8.pem\n",
        "m365.yml:6:34: tenants[0].client_certificate_key_file: T/key-pkcs8.pem cannot stand beside T/plain.p12, which is a PKCS#12 file and holds its key",
    );
    refused(
        "    client_secret: x\n    client_certificate_password: canary\n",
        "m365.yml:6:34: tenants[0].client_certificate_password: needs client_certificate_file with the PKCS#12 file that it opens",
    );
}

#[test]
fn a_federated_token_file_is_there_at_the_start() {
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("token");
    std::fs::write(&file, "canary\n").expect("writes");
    let lines = format!("    federated_token_file: {}\n", file.display());
    assert!(matches!(credential(&with(&lines), &environment).1, CredentialKind::FederatedToken(path) if path == file));
    std::fs::write(&file, "\n").expect("writes");
    let error = parse("m365.yml", &with(&lines), &environment).expect_err("an error").to_string();
    assert!(error.starts_with("m365.yml:5:27: tenants[0].federated_token_file: ") && error.ends_with("is empty"));
}

#[test]
fn a_managed_identity_is_that_of_the_platform() {
    let text = |lines: &str| with(lines).replace(CLIENT, "");
    let (id, machine) = credential(&text("    managed_identity: {}\n"), &environment);
    let CredentialKind::ManagedIdentity(ManagedIdentity { endpoint, header: None, client_id: None }) = machine else {
        panic!("{machine:?}")
    };
    assert_eq!((id.as_str(), endpoint.as_str()), ("", "http://169.254.169.254/metadata/identity/oauth2/token"));
    let app_service = |name: &str| match name {
        "IDENTITY_ENDPOINT" => Some("http://127.0.0.1:41741/msi/token".to_owned()),
        "IDENTITY_HEADER" => Some("canary-header".to_owned()),
        name => environment(name),
    };
    let user_assigned = text("    managed_identity: {client_id: 12345678-0000-0000-0000-000000000000}\n");
    let (id, app) = credential(&user_assigned, &app_service);
    assert!(!format!("{app:?}").contains("canary"));
    let CredentialKind::ManagedIdentity(ManagedIdentity { endpoint, header: Some(header), client_id }) = app else {
        panic!()
    };
    assert_eq!((endpoint.port(), header.expose_secret()), (Some(41741), "canary-header"));
    assert_eq!(Some(id), client_id);
    let own = text("    managed_identity: {endpoint: \"https://192.0.2.1/token\"}\n");
    assert!(matches!(
        credential(&own, &app_service).1,
        CredentialKind::ManagedIdentity(ManagedIdentity { endpoint, header: None, .. }) if endpoint.host_str() == Some("192.0.2.1")
    ));
    for (endpoint, is_good) in
        [("http://169.254.131.2:8081/msi/token", true), ("http://localhost:1/t", true), ("http://192.0.2.1/t", false)]
    {
        let with = |more: &str| text(&format!("    managed_identity: {{endpoint: \"{endpoint}\"{more}}}\n"));
        assert_eq!(parse("m365.yml", &with(""), &environment).is_ok(), is_good, "{endpoint}");
        assert!(parse("m365.yml", &with(", allow_insecure_http: true"), &environment).is_ok(), "{endpoint}");
    }
    let arc = |name: &str| app_service(name).filter(|_| name != "IDENTITY_HEADER");
    let error = parse("m365.yml", &text("    managed_identity: {}\n"), &arc).expect_err("an error").to_string();
    assert!(error.starts_with("m365.yml:4:23: tenants[0].managed_identity: IDENTITY_ENDPOINT is set"), "{error}");
}

#[test]
fn a_tenant_has_exactly_one_kind() {
    refused(
        "    managed_identity: {}\n    federated_token_file: /token\n",
        &format!(
            "m365.yml:6:27: tenants[0].federated_token_file: cannot stand beside managed_identity; allowed: one of {KINDS}"
        ),
    );
    refused(
        "    client_certificate_file: T/second.pem\n    managed_identity: {}\n",
        &format!(
            "m365.yml:6:23: tenants[0].managed_identity: cannot stand beside client_certificate_file; allowed: one of {KINDS}"
        ),
    );
    refused("", &format!("m365.yml:4:16: tenants[0]: has no credential; allowed: one of {KINDS}"));
    refused(
        "    managed_identity: {}\n",
        "m365.yml:4:16: tenants[0].client_id: cannot stand beside managed_identity; a user-assigned identity is named by `client_id` in it",
    );
    check_error(
        CLIENT,
        "",
        "m365.yml:3:9: tenants[0].client_id: is missing; allowed: the id of the app registration, a GUID",
    );
}
