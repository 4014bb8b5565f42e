//! Laws of the credentials that the platform provides: federated tokens and managed identities.

use super::*;
use crate::config::ManagedIdentity;

fn identity(service: &Service, header: Option<&str>, client_id: Option<&str>) -> Proof {
    Proof::ManagedIdentity(ManagedIdentity {
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
    let source = service.source(Proof::FederatedToken(file.clone()));
    let fault = source.token().await.expect_err("no file").to_string();
    assert!(fault.contains("\nhint: check `federated_token_file`"), "{fault}");
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
    let ends = crate::clock::now().timestamp() + 3600;
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
        let fault = service.source(identity(&service, None, None)).token().await.expect_err("refused");
        assert_eq!(fault.is_temporary(), temporary, "{fault}");
        assert!(fault.to_string().contains(part), "{fault}");
    }
}
