//! Any bytes as a service's refusal or as a token endpoint's answer: what the fuzz target and its regressions check.

#[cfg(test)]
mod tests;

use reqwest::Response;
use secrecy::ExposeSecret;

use super::auth::answer;
use super::{aadsts, status_error};
use common::error::Error;

/// Longest text that an error may have: it goes into logs and the status.
const MAX_TEXT: usize = 4096;
const STATUSES: [u16; 16] = [200, 301, 400, 401, 403, 404, 408, 410, 413, 429, 500, 502, 503, 504, 418, 599];

/// Reads `input` as a status (its first byte), a `Retry-After` header (up to a line feed) and a body; `answer_of` makes an
/// answer of a status and a body.
///
/// # Panics
/// When an error is too long, has control characters in it, or shows a token.
pub async fn check(input: &[u8], answer_of: impl Fn(u16, &[u8]) -> Response) {
    let Some((status, rest)) = input.split_first() else { return };
    let status = STATUSES[usize::from(*status) % STATUSES.len()];
    let split = rest.iter().position(|byte| *byte == b'\n').unwrap_or(0);
    let (after, body) = rest.split_at(split);
    let response = || {
        let mut response = answer_of(status, body);
        if let Ok(after) = reqwest::header::HeaderValue::from_bytes(after) {
            response.headers_mut().insert(reqwest::header::RETRY_AFTER, after);
        }
        response
    };
    check_text(&status_error("GET /list", "Some.Read.All", response()).await, None);
    let token = serde_json::from_slice::<serde_json::Value>(body).ok();
    let token = token.as_ref().and_then(|answer| answer["access_token"].as_str());
    match answer::read("token", response()).await {
        Ok((secret, _)) => {
            assert_eq!(status, 200);
            assert_eq!(Some(secret.expose_secret()), token);
        }
        Err(error) => check_text(&error, token),
    }
    if let Some(number) = body.first_chunk().map(|bytes| u64::from_le_bytes(*bytes)) {
        let _ = (aadsts::hint(number), aadsts::is_transient(number));
    }
}

fn check_text(error: &Error, token: Option<&str>) {
    let text = error.to_string();
    assert!(text.chars().count() <= MAX_TEXT, "{} characters of error", text.chars().count());
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
    // A short one is part of any text, and one that the answer says elsewhere, too, is no secret.
    if let Some(token) = token.filter(|token| token.len() > 16) {
        assert!(!text.contains(token), "a token in {text:?}");
    }
}
