//! Laws of odd answers: whatever stands in the endpoint's place, a refusal is a refusal with its cure, a pause is kept, and a
//! token is asked for once.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;

/// A service that answers with this status, headers and body while it is not told otherwise.
async fn service(
    status: u16,
    headers: &'static [(&'static str, &'static str)],
    body: String,
) -> (Url, Arc<Mutex<Vec<Instant>>>) {
    let asked: Arc<Mutex<Vec<Instant>>> = Arc::default();
    let noted = Arc::clone(&asked);
    let handler = async move || {
        noted.lock().expect("lock").push(Instant::now());
        let mut given = HeaderMap::new();
        for (name, value) in headers {
            given.insert(*name, value.parse().expect("header"));
        }
        (StatusCode::from_u16(status).expect("status"), given, body)
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("listens");
    let root = Url::parse(&format!("http://{}/token", listener.local_addr().expect("address"))).expect("address");
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(handler)).await });
    (root, asked)
}

async fn refusal(status: u16, body: &str) -> Error {
    let (root, _) = service(status, &[], body.to_owned()).await;
    source(root, CredentialKind::Secret("x".into())).token().await.expect_err("refused")
}

#[tokio::test]
async fn a_refusal_is_one_whatever_its_form() {
    const SECRET_IS_WRONG: &str = "the client secret is wrong";
    const NOBODY: &str = "what answers is not Microsoft's token endpoint";
    for (status, body, words) in [
        (
            401,
            r#"{"error":"invalid_client","error_description":"AADSTS7000215: no","error_codes":[7000215]}"#,
            SECRET_IS_WRONG,
        ),
        (401, r#"{"error":"invalid_client","error_codes":["7000215"]}"#, SECRET_IS_WRONG),
        (401, r#"{"error":"invalid_client","error_codes":7000215}"#, SECRET_IS_WRONG),
        (401, r#"{"error":"invalid_client","error_codes":"7000215","error_description":null}"#, SECRET_IS_WRONG),
        (401, r#"{"error_codes":null,"error_description":"AADSTS7000215: no"}"#, SECRET_IS_WRONG),
        (401, r#"{"error_codes":[-1,1e99,null],"error_description":"x AADSTS7000215."}"#, SECRET_IS_WRONG),
        (401, r#"{"error_description":{"message":"AADSTS7000215: no"}}"#, SECRET_IS_WRONG),
        (400, r#"{"error":{"code":"invalid_client","message":"AADSTS7000215: no"}}"#, SECRET_IS_WRONG),
        (
            400,
            r#"{"error_description":17,"error":["invalid_client"],"trace_id":{},"correlation_id":[]}"#,
            "check `client_id`",
        ),
        (403, "<html>AADSTS7000215</html>", SECRET_IS_WRONG),
        (400, "\u{feff}{\"error_codes\":[7000215]}", SECRET_IS_WRONG),
        (400, "{}", "check `client_id`"),
        (401, "<html>Unauthorized</html>", NOBODY),
        (403, "", NOBODY),
        (404, "", NOBODY),
        (405, "null", NOBODY),
        (418, "[]", NOBODY),
        (400, "{\"error\":", NOBODY),
        (407, "<html>login</html>", "check `http.proxy`"),
        (407, "", "check `http.proxy`"),
        (404, "{}", "check `cloud` and `id`"),
        (200, "<html>portal</html>", "check `cloud`"),
        (200, "", "the body is not a token answer"),
        (204, "", "the body is not a token answer"),
        (200, "{}", "`access_token` is missing"),
        (200, r#"{"access_token":null}"#, "`access_token` is missing"),
        (200, r#"{"access_token":""}"#, "`access_token` is empty"),
        (200, r#"{"access_token":17}"#, "`access_token` is not a text"),
        (200, r#"{"access_token":"a\nb"}"#, "`access_token` holds characters that no header can carry"),
        (200, r#"{"access_token":"a b"}"#, "`access_token` holds characters that no header can carry"),
        (200, r#"{"access_token":"é"}"#, "`access_token` holds characters that no header can carry"),
    ] {
        let error = refusal(status, body).await;
        let said = error.to_string();
        assert!(matches!(error, Error::Auth(_)), "{status} {body}: {error:?}");
        assert!(said.contains(words) && said.contains("\nhint: "), "{status} {body}: {said}");
        assert!(said.contains(&status.to_string()), "{said}");
    }
}

#[tokio::test]
async fn what_passes_is_a_pause_and_no_refusal() {
    for (status, body) in [
        (429, ""),
        (408, "{}"),
        (500, "<html>"),
        (502, r#"{"error":{}}"#),
        (503, ""),
        (504, "null"),
        (400, r#"{"error":"temporarily_unavailable"}"#),
        (400, r#"{"error_codes":["90033"]}"#),
        (400, r#"{"error_description":"AADSTS90033: A transient error"}"#),
    ] {
        let error = refusal(status, body).await;
        assert!(matches!(error, Error::Throttled { .. }), "{status} {body}: {error:?}");
    }
}

#[tokio::test]
async fn the_endpoints_pause_is_kept_by_all_who_share_it() {
    let date = (common::clock::now() + chrono::TimeDelta::seconds(41)).format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let dated: &'static [(&str, &str)] = Box::leak(Box::new([("retry-after", &*date.leak())]));
    for (status, headers) in [(429, &[("retry-after", "40")][..]), (503, &[("retry-after", "40")]), (503, dated)] {
        let (root, asked) = service(status, headers, String::new()).await;
        let pauses: Arc<Budget> = Arc::default();
        let one = source(root.clone(), CredentialKind::Secret("x".into())).sharing(Arc::clone(&pauses));
        let other = source(root, CredentialKind::Secret("x".into())).sharing(pauses);
        one.token().await.expect_err("busy");
        tokio::time::pause();
        let waiting = async { tokio::join!(one.token(), other.token()) };
        let is_waiting = tokio::time::timeout(Duration::from_secs(35), waiting).await.is_err();
        tokio::time::resume();
        assert!(is_waiting, "{status} {headers:?}: asked again before its time");
        assert_eq!(asked.lock().expect("lock").len(), 1, "{status} {headers:?}");
    }
    // Without a time there is a pause all the same.
    let (root, _) = service(500, &[], String::new()).await;
    let pauses: Arc<Budget> = Arc::default();
    source(root, CredentialKind::Secret("x".into())).sharing(Arc::clone(&pauses)).token().await.expect_err("busy");
    assert!(pauses.is_paused());
    // An absurd wait is bounded.
    let (root, asked) = service(429, &[("retry-after", "18446744073709551615")], String::new()).await;
    let source = source(root, CredentialKind::Secret("x".into()));
    source.token().await.expect_err("busy");
    later(16 * 60).await;
    later(3 * 60).await;
    source.token().await.expect_err("busy");
    assert_eq!(asked.lock().expect("lock").len(), 2);
}

#[tokio::test]
async fn a_token_is_used_while_the_endpoint_cannot_renew_it() {
    let broken: Arc<Mutex<bool>> = Arc::default();
    let is_broken = Arc::clone(&broken);
    let service = Service::start(move |token| {
        if *is_broken.lock().expect("lock") {
            (StatusCode::SERVICE_UNAVAILABLE, String::new())
        } else {
            (StatusCode::OK, format!(r#"{{"access_token":"{token}","expires_in":3600}}"#))
        }
    })
    .await;
    let source = service.source(CredentialKind::Secret("x".into()));
    assert_eq!(token(&source).await, "token-1");
    *broken.lock().expect("lock") = true;
    later(3400).await;
    assert_eq!(token(&source).await, "token-1");
    assert_eq!(token(&source).await, "token-1");
    assert_eq!(service.asked().len(), 2, "not asked with every request");
    later(300).await;
    source.token().await.expect_err("it has ended");
}

#[tokio::test]
async fn an_odd_lifetime_is_bounded() {
    // (members, kept for so many seconds, renewed after so many more)
    for (members, kept, renewed) in [
        (r#""expires_in":3600"#, 3290, 20),
        (r#""expires_in":"3600""#, 3290, 20),
        (r#""expires_in":" 3600 ""#, 3290, 20),
        (r#""expires_in":3600.9"#, 3290, 20),
        (r#""expires_in":3.6e3"#, 3290, 20),
        (r#""token_type":"Bearer""#, 290, 20),
        (r#""expires_in":null"#, 290, 20),
        (r#""expires_in":"soon""#, 290, 20),
        (r#""expires_in":"NaN""#, 290, 20),
        (r#""expires_in":{}"#, 290, 20),
        (r#""expires_in":0"#, 290, 20),
        (r#""expires_in":-1"#, 290, 20),
        (r#""expires_in":-1e400"#, 290, 20),
        (r#""expires_in":-1,"expires_on":1"#, 290, 20),
        (r#""expires_in":1"#, 25, 10),
        (r#""expires_in":0.001"#, 25, 10),
        (r#""expires_in":18446744073709551615"#, 86_000, 500),
        (r#""expires_in":1e300"#, 86_000, 500),
        (r#""expires_in":1e400"#, 86_000, 500),
        (r#""expires_on":18446744073709551615"#, 86_000, 500),
        (r#""expires_on":"1e400""#, 86_000, 500),
        (r#""expires_on":"09/14/2027 00:00:00 AM +00:00""#, 290, 20),
    ] {
        let service =
            Service::start(move |token| (StatusCode::OK, format!(r#"{{"access_token":"{token}",{members}}}"#))).await;
        let source = service.source(CredentialKind::Secret("x".into()));
        assert_eq!(token(&source).await, "token-1", "{members}");
        later(kept).await;
        assert_eq!(token(&source).await, "token-1", "{members}");
        later(renewed).await;
        assert_eq!(token(&source).await, "token-2", "{members}");
    }
}

#[tokio::test]
async fn what_the_endpoint_gives_back_of_a_secret_is_not_repeated() {
    const SECRET: &str = "canary~echo/9Kx+Lq&more";
    let encoded: String = url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    for echo in [
        SECRET.to_owned(),
        encoded.clone(),
        encoded.to_lowercase(),
        SECRET.replace('/', "\\/"),
        STANDARD.encode(SECRET),
        STANDARD.encode(format!("client:{SECRET}")),
        SECRET[..20].to_owned(),
    ] {
        for body in [
            serde_json::json!({"error": "invalid_client", "error_description": format!("AADSTS7000215: {echo} is wrong")}),
            serde_json::json!({"error": echo}),
            serde_json::json!({"error": {"message": echo}, "trace_id": echo, "correlation_id": echo}),
        ] {
            let (root, _) = service(401, &[], body.to_string()).await;
            let error = source(root, CredentialKind::Secret(SECRET.into())).token().await.expect_err("refused");
            for said in [error.to_string(), format!("{error:?}")] {
                assert!(!said.contains("echo") && !said.contains(&echo), "{echo}: {said}");
            }
        }
    }
}

#[tokio::test]
async fn a_federated_token_is_cleaned_or_refused() {
    let service = Service::start(answer_for(3600)).await;
    let file = tempfile::NamedTempFile::new().expect("file");
    let source = service.source(CredentialKind::FederatedToken(file.path().to_owned()));
    for (bytes, words) in [
        (&b"a.b.c\nd.e.f"[..], "has a line break in it"),
        (b"a.b c", "something else than one token"),
        (b"\xff\xfea\0", "is UTF-16"),
        (b" \n", "is empty"),
    ] {
        std::fs::write(file.path(), bytes).expect("writes");
        let said = source.token().await.expect_err("refused").to_string();
        assert!(said.contains(words) && said.contains("\nhint: check `federated_token_file`"), "{said}");
        later(30).await;
    }
    std::fs::write(file.path(), "\u{feff}a.b.c\r\n").expect("writes");
    token(&source).await;
    assert!(service.asked()[0].body.contains("&client_assertion=a.b.c&"));
}
