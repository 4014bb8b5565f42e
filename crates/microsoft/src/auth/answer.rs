//! The answers of token endpoints: of any form, because proxies and platforms answer in the endpoint's place, and bounded in
//! what they can make the caller do.

use std::time::Duration;

use reqwest::{Response, StatusCode};
use rustc_hash::FxHashMap;
use secrecy::SecretString;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::aadsts;
use common::error::{Error, quoted};
use common::http::{REDIRECTED, connection_error, read_bounded, redirected, retry_after};
use common::secrets;

const MAX_TOKEN_BODY: usize = 256 * 1024;
/// Bounds of a token's lifetime, whatever the answer says: a token is neither asked for at every request nor kept for ever.
const SHORTEST: f64 = 60.0;
const LONGEST: f64 = 24.0 * 3600.0;
/// Where the answer does not say it. A token that ends earlier is refused once, and replaced.
const DEFAULT: f64 = 10.0 * 60.0;

/// A token or an error of Entra, of a machine's metadata service, or of App Service.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// Values as they are written: one that is odd must not cost the others.
    members: FxHashMap<String, Box<RawValue>>,
    /// The body is an object.
    is_object: bool,
    /// Error codes that stand in the text of a body that is none.
    codes: Vec<u64>,
}

/// The token of Entra's answer and its lifetime.
pub(crate) async fn read(what: &str, response: Response) -> Result<(SecretString, Duration), Error> {
    let status = response.status();
    let after = retry_after(&response);
    if status.is_redirection() {
        return Err(redirected(what, &response, REDIRECTED));
    }
    let what = format!("{what}: {status}");
    let answer = parse(&what, response).await?;
    if status.is_success() {
        return answer.token().map_err(|odd| {
            Error::Auth(format!(
                "{what}: {odd}\nhint: check `cloud`: what answers there is not Microsoft's token endpoint"
            ))
        });
    }
    // The secret may have been given out, and be in the reason as well.
    let token = answer.text("access_token");
    let _remembered = secrets::hold(&token);
    Err(answer.to_error(&what, status, after))
}

/// The body, whatever it is.
pub(super) async fn parse(what: &str, response: Response) -> Result<Answer, Error> {
    let body = read_bounded(response, MAX_TOKEN_BODY).await.map_err(|error| connection_error(what, &error))?;
    let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&body);
    Ok(match serde_json::from_slice(body) {
        Ok(members) => Answer { members, is_object: true, codes: Vec::new() },
        Err(_) => Answer { codes: aadsts::find(&String::from_utf8_lossy(body)), ..Answer::default() },
    })
}

impl Answer {
    fn value(&self, name: &str) -> Value {
        self.members.get(name).and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
    }

    /// A member as a text, also where it is a number or an object with a text in it.
    fn text(&self, name: &str) -> String {
        words(&self.value(name))
    }

    /// A member as a number, also where it is written as a text or is beyond all bounds.
    fn number(&self, name: &str) -> Option<f64> {
        let written = self.members.get(name)?.get();
        let number: f64 = written.trim_matches('"').trim().parse().ok()?;
        (!number.is_nan()).then_some(number)
    }

    /// The token and its lifetime, or what is wrong with it.
    pub(super) fn token(&self) -> Result<(SecretString, Duration), String> {
        if !self.is_object {
            return Err("the body is not a token answer".to_owned());
        }
        let token = match self.value("access_token") {
            Value::String(token) if token.is_empty() => return Err("`access_token` is empty".to_owned()),
            Value::String(token) => token,
            Value::Null => return Err("`access_token` is missing".to_owned()),
            _ => return Err("`access_token` is not a text".to_owned()),
        };
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("`access_token` holds characters that no header can carry".to_owned());
        }
        Ok((token.into(), self.lifetime()))
    }

    fn lifetime(&self) -> Duration {
        let is_given = |seconds: &f64| *seconds > 0.0;
        // Seconds since 1970: App Service sends no `expires_in`.
        let until = || {
            let now = u32::try_from(common::clock::now().timestamp()).map_or(f64::MAX, f64::from);
            self.number("expires_on").map(|end| end - now)
        };
        let seconds =
            self.number("expires_in").filter(is_given).or_else(|| until().filter(is_given)).unwrap_or(DEFAULT);
        Duration::from_secs_f64(seconds.clamp(SHORTEST, LONGEST))
    }

    /// What the answer says, in one line.
    pub(super) fn said(&self) -> String {
        // The first line holds the code and the sentence; the rest repeats the ids. App Service has `message`.
        let texts = ["error_description", "message", "error", "Message"].map(|name| self.text(name));
        let said = texts.iter().find(|text| !text.trim().is_empty()).map_or("", String::as_str);
        let line = said.trim().lines().next().unwrap_or_default();
        match (line.split(" Trace ID:").next().unwrap_or_default(), self.is_object) {
            // Its text stays out of the message: it is not known what it holds.
            ("", false) => "the body is not a token answer".to_owned(),
            ("", true) => "no reason given".to_owned(),
            (line, _) => quoted(line),
        }
    }

    /// Codes of Entra: as they are listed, and as they stand in the texts.
    fn codes(&self) -> Vec<u64> {
        let listed = match self.value("error_codes") {
            Value::Array(codes) => codes,
            one => vec![one],
        };
        let mut codes: Vec<u64> = listed.iter().filter_map(|code| words(code).trim().parse().ok()).collect();
        for name in ["error_description", "error", "message", "suberror"] {
            codes.extend(self.members.get(name).map(|raw| aadsts::find(raw.get())).unwrap_or_default());
        }
        codes.extend(&self.codes);
        codes
    }

    /// What a refusal asks for. `what` names the status.
    fn to_error(&self, what: &str, status: StatusCode, after: Option<Duration>) -> Error {
        let mut what = format!("{what}: {}", self.said());
        let (trace, correlation) = (self.text("trace_id"), self.text("correlation_id"));
        if !trace.is_empty() {
            use std::fmt::Write;
            let _ = write!(what, " (trace {}, correlation {})", quoted(&trace), quoted(&correlation));
        }
        let codes = self.codes();
        let asks_for_time =
            matches!(self.text("error").as_str(), "temporarily_unavailable" | "slow_down" | "server_error");
        if is_busy(status) || asks_for_time || codes.iter().any(|code| aadsts::is_transient(*code)) {
            return Error::Throttled { what, after };
        }
        let hint = codes.iter().find_map(|code| aadsts::hint(*code)).unwrap_or(match status {
            StatusCode::PROXY_AUTHENTICATION_REQUIRED => "the proxy asks for a login; check `http.proxy`",
            _ if !self.is_object => {
                "check `cloud`, and `http.proxy`: what answers is not Microsoft's token endpoint, or a proxy or firewall \
                 refuses the way to it"
            }
            StatusCode::NOT_FOUND => "check `cloud` and `id`",
            _ => "check `client_id`, its credential, and whether a policy blocks this application or address",
        });
        Error::Auth(format!("{what}\nhint: {hint}"))
    }
}

/// The endpoint cannot answer now.
pub(super) fn is_busy(status: StatusCode) -> bool {
    matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT) || status.is_server_error()
}

/// The text in a value.
fn words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Array(values) => values.first().map(words).unwrap_or_default(),
        Value::Object(members) => ["message", "description", "error_description", "code", "value"]
            .iter()
            .find_map(|name| members.get(*name).map(words).filter(|text| !text.is_empty()))
            .unwrap_or_default(),
        Value::Null | Value::Bool(_) => String::new(),
    }
}
