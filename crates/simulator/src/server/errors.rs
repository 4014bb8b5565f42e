//! Error bodies in the shapes of the three services.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::Response;

use crate::clock;
use crate::json::{Json, write_guid};
use crate::list::Api;
use crate::rng::Rng;

/// A GUID that no other request gets.
pub(super) fn request_id() -> String {
    let now = clock::real().timestamp_nanos_opt().unwrap_or_default();
    let mut bytes = Vec::with_capacity(36);
    write_guid(&mut bytes, Rng::new(now.cast_unsigned()).draw(1));
    String::from_utf8(bytes).unwrap_or_default()
}

pub(crate) fn respond(status: StatusCode, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// An error of Graph or of the Defender API. `headers` are the request's: the client's own request id is echoed.
pub(super) fn refuse(api: Api, status: StatusCode, code: &str, message: &str, headers: &HeaderMap) -> Response {
    let id = request_id();
    let client = headers.get("client-request-id").and_then(|value| value.to_str().ok()).unwrap_or(&id);
    let mut out = Vec::with_capacity(512);
    let mut json = Json::new(&mut out, true);
    json.item(|json| {
        json.object("error", |json| {
            json.text("code", code);
            json.text("message", message);
            match api {
                Api::Graph => json.object("innerError", |json| {
                    json.text("date", &clock::real().format("%Y-%m-%dT%H:%M:%S").to_string());
                    json.text("request-id", &id);
                    json.text("client-request-id", client);
                }),
                Api::Defender => json.text("target", &id),
            }
        });
    });
    let mut response = respond(status, out);
    for (name, value) in [("request-id", &*id), ("client-request-id", client)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    }
    if status == StatusCode::UNAUTHORIZED {
        let challenge = HeaderValue::from_static(
            "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\"",
        );
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    response
}

/// An error of the token endpoint.
pub(super) fn aadsts(status: StatusCode, error: &str, code: u32, message: &str) -> Response {
    let (trace, correlation) = (request_id(), request_id());
    let time = clock::real().format("%Y-%m-%d %H:%M:%SZ").to_string();
    let code_text = code.to_string();
    let mut out = Vec::with_capacity(1024);
    let mut json = Json::new(&mut out, true);
    json.item(|json| {
        json.text("error", error);
        json.cat(
            "error_description",
            &[
                "AADSTS",
                &code_text,
                ": ",
                message,
                " Trace ID: ",
                &trace,
                " Correlation ID: ",
                &correlation,
                " Timestamp: ",
                &time,
            ],
        );
        json.raw("error_codes", &format!("[{code}]"));
        json.text("timestamp", &time);
        json.text("trace_id", &trace);
        json.text("correlation_id", &correlation);
        json.cat("error_uri", &["https://login.microsoftonline.com/error?code=", &code_text]);
    });
    respond(status, out)
}

/// Every path that is not simulated.
pub(super) async fn not_found(uri: Uri, headers: HeaderMap) -> Response {
    let message =
        format!("Resource not found for the segment '{}'.", uri.path().rsplit('/').next().unwrap_or_default());
    refuse(Api::Graph, StatusCode::NOT_FOUND, "BadRequest", &message, &headers)
}
