//! Scripted misbehaviour, for tests of those who fetch.

mod manners;
mod times;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{fmt, io};

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, DATE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use chrono::TimeDelta;
use futures_util::{StreamExt, future, stream};

pub use self::manners::Manner;
use crate::content::{self, alert};
use crate::filetime;
use crate::listing::Hit;
use crate::query::List;
use crate::timeline::TenantModel;

/// What a fault applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// Every request.
    Any,
    /// `POST /{tenant}/oauth2/v2.0/token`.
    Token,
    /// `GET /v1.0/security/incidents`.
    Incidents,
    /// `GET /v1.0/security/incidents/{id}`.
    Incident,
    /// `GET /v1.0/security/alerts_v2`.
    Alerts,
    /// `GET /v1.0/security/alerts_v2/{id}`.
    Alert,
    /// `GET /api/incidents`.
    Legacy,
}

impl Endpoint {
    pub(crate) fn of(path: &str) -> Endpoint {
        let under = |base: &str| path.strip_prefix(base);
        match path {
            "/api/incidents" => Endpoint::Legacy,
            _ if path.ends_with("/oauth2/v2.0/token") => Endpoint::Token,
            _ => match (under("/v1.0/security/incidents"), under("/v1.0/security/alerts_v2")) {
                (Some(""), _) => Endpoint::Incidents,
                (Some(_), _) => Endpoint::Incident,
                (_, Some("")) => Endpoint::Alerts,
                (_, Some(_)) => Endpoint::Alert,
                _ => Endpoint::Any,
            },
        }
    }

    fn list(list: List) -> Endpoint {
        match list {
            List::Incidents => Endpoint::Incidents,
            List::Alerts => Endpoint::Alerts,
            List::Legacy => Endpoint::Legacy,
        }
    }
}

/// One kind of misbehaviour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Answers this instead: status, headers, body.
    Respond {
        /// HTTP status code.
        status: u16,
        /// Header names and values, such as `("retry-after", "2")`.
        headers: Vec<(String, String)>,
        /// The whole body.
        body: Vec<u8>,
    },
    /// Sends the real status and headers with this body.
    Replace(Vec<u8>),
    /// Sends the real answer with these members, JSON or not, before the time of the last change of every record.
    Members(Vec<u8>),
    /// Sends the real answer, a flat JSON object, with this member (its name; its value as JSON) in place of its own.
    Member(&'static str, &'static str),
    /// Waits before the real answer.
    Delay(Duration),
    /// Breaks the connection after this many bytes of the real body.
    Cut(usize),
    /// An empty page whose next link goes on at the same place (lists only).
    EmptyPage,
    /// Lists and gets that expand the alerts of this incident (its id) fail with 500, as they do for huge incidents.
    ExpandFails(String),
    /// Whatever would carry this record (its id; of an incident in both APIs) fails with 500: lists, and the record alone.
    RecordFails(String),
    /// The alert with this id carries this many bytes more in its description (Graph only).
    Oversized(String, usize),
    /// The record with this id appears in lists only so long after its time, as records do that a service stores late.
    Late(String, TimeDelta),
    /// The next page begins with the last record of this one (lists only).
    Repeat,
    /// Sends the real answer under this content type.
    ContentType(String),
    /// Sends the real answer with this `Date`, which may be none: a service, or a proxy, whose clock is wrong.
    Date(String),
    /// Sends the real answer with the times of change at this offset from UTC, in minutes.
    Offset(i32),
    /// The clock moves on before the real answer, and stops there.
    Tick(TimeDelta),
    /// Lists asked with a larger `$skip` are empty and have no next link, whatever there is.
    SkipEnds(u64),
    /// The real answer, in this manner.
    Manner(Manner),
}

impl Fault {
    /// A JSON answer with this status.
    pub fn status(status: u16, body: impl Into<Vec<u8>>) -> Fault {
        Fault::Respond { status, headers: vec![("content-type".into(), "application/json".into())], body: body.into() }
    }

    /// `403` of a tenant that holds no licence for the service.
    pub fn unlicensed() -> Fault {
        Fault::status(
            403,
            &br#"{"error":{"code":"Forbidden","message":"The tenant does not have a license for Microsoft Defender XDR.","innerError":{"code":"Forbidden"}}}"#[..],
        )
    }

    /// Applied where the list is made, not by the transport.
    fn shapes_lists(&self) -> bool {
        matches!(self, Fault::Late(..) | Fault::SkipEnds(_) | Fault::Repeat)
    }

    /// `429` with `Retry-After`.
    pub fn throttled(seconds: u32) -> Fault {
        Fault::Respond {
            status: 429,
            headers: vec![
                ("content-type".into(), "application/json".into()),
                ("retry-after".into(), seconds.to_string()),
            ],
            body: br#"{"error":{"code":"TooManyRequests","message":"Please retry again later.","innerError":{"code":"429","message":"Please retry after"}}}"#.to_vec(),
        }
    }
}

#[derive(Debug)]
struct Rule {
    endpoint: Endpoint,
    /// Part of the query string that must be present.
    query: String,
    /// The only tenant that it strikes, by id.
    tenant: Option<String>,
    fault: Fault,
    /// How often it still strikes; `None` is for ever.
    left: Option<u32>,
}

/// The script of faults. Clones share it. Of several faults that fit a request the first one scripted strikes.
#[derive(Clone, Default)]
pub struct Faults {
    rules: Arc<Mutex<Vec<Rule>>>,
    /// Whose faults are scripted, or whose request it is.
    tenant: Option<String>,
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.lock().iter()).finish()
    }
}

impl Faults {
    /// The next `times` requests to `endpoint` suffer `fault`.
    pub fn script(&self, endpoint: Endpoint, fault: Fault, times: u32) {
        self.script_when(endpoint, "", fault, Some(times));
    }

    /// Requests to `endpoint` suffer `fault` until [`Faults::clear`].
    pub fn always(&self, endpoint: Endpoint, fault: Fault) {
        self.script_when(endpoint, "", fault, None);
    }

    /// As [`Faults::script`], for requests only whose encoded query string contains `query`; `None` times is for ever.
    pub fn script_when(&self, endpoint: Endpoint, query: &str, fault: Fault, times: Option<u32>) {
        self.lock().push(Rule { endpoint, query: query.into(), tenant: self.tenant.clone(), fault, left: times });
    }

    /// The same script, to write down what strikes this tenant (its id) only: when it signs in, and the requests with its
    /// tokens.
    #[must_use]
    pub fn of(&self, tenant: &str) -> Faults {
        Faults { rules: Arc::clone(&self.rules), tenant: Some(tenant.to_ascii_lowercase()) }
    }

    /// Forgets all faults.
    pub fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Rule>> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the first fault that fits, one strike of it.
    fn strike(&self, fits: impl Fn(&Rule) -> bool) -> Option<Fault> {
        let mut rules = self.lock();
        let at = rules.iter().position(|rule| rule.left != Some(0) && self.concerns(rule) && fits(rule))?;
        if let Some(left) = &mut rules[at].left {
            *left -= 1;
        }
        let fault = rules[at].fault.clone();
        rules.retain(|rule| rule.left != Some(0));
        Some(fault)
    }

    fn concerns(&self, rule: &Rule) -> bool {
        rule.tenant.is_none() || rule.tenant == self.tenant
    }

    /// The fault that the transport applies to this request.
    pub(crate) fn due(&self, endpoint: Endpoint, query: &str) -> Option<Fault> {
        let content = |fault: &Fault| {
            matches!(fault, Fault::EmptyPage | Fault::ExpandFails(_) | Fault::RecordFails(_) | Fault::Oversized(..))
        };
        self.strike(|rule| {
            (rule.endpoint == Endpoint::Any || rule.endpoint == endpoint)
                && query.contains(&rule.query)
                && !content(&rule.fault)
                && !rule.fault.shapes_lists()
        })
    }

    /// Records of the list (incident, alert; 0 in lists of incidents) that appear so many ticks after their time.
    pub(crate) fn late(&self, list: List, model: &TenantModel<'_>) -> Vec<(u64, u32, i64)> {
        let place = |id: &str| match list {
            List::Alerts => alert::parse_id(model, id),
            List::Incidents | List::Legacy => content::incident_index(model.tenant, id).map(|index| (index, 0)),
        };
        let rules = self.lock();
        let fits = rules.iter().filter(|rule| {
            self.concerns(rule) && (matches!(rule.endpoint, Endpoint::Any) || rule.endpoint == Endpoint::list(list))
        });
        fits.filter_map(|rule| match &rule.fault {
            Fault::Late(id, by) => place(id).map(|(incident, alert)| (incident, alert, filetime::from_delta(*by))),
            _ => None,
        })
        .collect()
    }

    /// This `$skip` leads nowhere.
    pub(crate) fn ends_before(&self, list: List, skip: u64) -> bool {
        let endpoint = Endpoint::list(list);
        let fits = |rule: &Rule| {
            (rule.endpoint == Endpoint::Any || rule.endpoint == endpoint)
                && matches!(rule.fault, Fault::SkipEnds(served) if skip > served)
        };
        self.strike(fits).is_some()
    }

    /// The last record of this page comes once more with the next one.
    pub(crate) fn repeats(&self, list: List) -> bool {
        let endpoint = Endpoint::list(list);
        self.strike(|rule| (rule.endpoint == Endpoint::Any || rule.endpoint == endpoint) && rule.fault == Fault::Repeat)
            .is_some()
    }

    pub(crate) fn empty_page(&self, list: List) -> bool {
        let endpoint = Endpoint::list(list);
        let fits = |rule: &Rule| {
            (rule.endpoint == Endpoint::Any || rule.endpoint == endpoint) && rule.fault == Fault::EmptyPage
        };
        self.strike(fits).is_some()
    }

    /// Expanding this incident fails.
    pub(crate) fn fails(&self, incident: &str) -> bool {
        self.strike(|rule| matches!(&rule.fault, Fault::ExpandFails(id) if id == incident)).is_some()
    }

    /// The first incident of the page whose expansion fails.
    pub(crate) fn failing(&self, model: &TenantModel<'_>, hits: &[Hit]) -> Option<String> {
        let on_page = |id: &str| {
            content::incident_index(model.tenant, id).is_some_and(|index| hits.iter().any(|hit| hit.incident == index))
        };
        match self.strike(|rule| matches!(&rule.fault, Fault::ExpandFails(id) if on_page(id)))? {
            Fault::ExpandFails(id) => Some(id),
            _ => None,
        }
    }

    /// The record of the page that no answer can carry.
    pub(crate) fn unreadable(&self, list: List, model: &TenantModel<'_>, hits: &[Hit]) -> Option<String> {
        let endpoint = Endpoint::list(list);
        let on_page = |id: &str| {
            let place = match list {
                List::Alerts => alert::parse_id(model, id),
                List::Incidents | List::Legacy => content::incident_index(model.tenant, id).map(|index| (index, 0)),
            };
            place.is_some_and(|named| hits.iter().any(|hit| (hit.incident, hit.alert) == named))
        };
        let fits = |rule: &Rule| {
            (rule.endpoint == Endpoint::Any || rule.endpoint == endpoint)
                && matches!(&rule.fault, Fault::RecordFails(id) if on_page(id))
        };
        match self.strike(fits)? {
            Fault::RecordFails(id) => Some(id),
            _ => None,
        }
    }

    /// This record cannot be read alone either.
    pub(crate) fn is_unreadable(&self, endpoint: Endpoint, record: &str) -> bool {
        self.strike(|rule| {
            (rule.endpoint == Endpoint::Any || rule.endpoint == endpoint)
                && matches!(&rule.fault, Fault::RecordFails(id) if id == record)
        })
        .is_some()
    }

    /// The alert to be padded. Stays in force: the alert is that big.
    pub(crate) fn oversize(&self, model: &TenantModel<'_>) -> Option<(u64, u32, usize)> {
        self.lock().iter().find_map(|rule| match &rule.fault {
            Fault::Oversized(id, bytes) => {
                alert::parse_id(model, id).map(|(incident, alert)| (incident, alert, *bytes))
            }
            _ => None,
        })
    }
}

/// The answer to a request under a fault.
pub(crate) async fn apply(fault: Option<Fault>, request: Request, next: Next) -> Response {
    match fault {
        Some(Fault::Respond { status, headers, body }) => {
            let mut response = Response::new(Body::from(body));
            *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            for (name, value) in headers {
                if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                    response.headers_mut().insert(name, value);
                }
            }
            response
        }
        Some(Fault::Replace(body)) => next.run(request).await.map(|_| Body::from(body)),
        Some(Fault::Members(members)) => {
            let (mut head, body) = next.run(request).await.into_parts();
            head.headers.remove(CONTENT_LENGTH);
            let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
            Response::from_parts(head, Body::from(with_members(&body, &members)))
        }
        Some(Fault::Member(name, value)) => {
            const LONGEST: usize = 64 * 1024;
            let (mut parts, body) = next.run(request).await.into_parts();
            let body = axum::body::to_bytes(body, LONGEST).await.unwrap_or_default();
            parts.headers.remove(CONTENT_LENGTH);
            Response::from_parts(parts, Body::from(with_member(&String::from_utf8_lossy(&body), name, value)))
        }
        Some(Fault::ContentType(kind)) => {
            let mut response = next.run(request).await;
            if let Ok(kind) = HeaderValue::try_from(kind) {
                response.headers_mut().insert(CONTENT_TYPE, kind);
            }
            response
        }
        Some(Fault::Date(date)) => {
            let mut response = next.run(request).await;
            if let Ok(date) = HeaderValue::try_from(date) {
                response.headers_mut().insert(DATE, date);
            }
            response
        }
        Some(Fault::Offset(minutes)) => {
            let (head, body) = next.run(request).await.into_parts();
            Response::from_parts(head, times::with_offset(body, minutes).await)
        }
        Some(Fault::Delay(time)) => {
            tokio::time::sleep(time).await;
            next.run(request).await
        }
        Some(Fault::Manner(manner)) => manner.apply(request, next).await,
        Some(Fault::Cut(after)) => next.run(request).await.map(|body| cut(body, after)),
        _ => next.run(request).await,
    }
}

/// The body with members more in every record.
fn with_members(body: &[u8], members: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() * 2);
    let mut rest = body;
    while !rest.is_empty() {
        if [&b"\"lastUpdateDateTime\":"[..], b"\"lastUpdateTime\":"].iter().any(|name| rest.starts_with(name)) {
            out.extend_from_slice(members);
            out.push(b',');
        }
        let end = rest[1..].iter().position(|&byte| byte == b'"').map_or(rest.len(), |at| at + 1);
        out.extend_from_slice(&rest[..end]);
        rest = &rest[end..];
    }
    out
}

/// The object with this member; its values hold neither comma nor brace.
fn with_member(object: &str, name: &str, value: &str) -> String {
    let key = format!("\"{name}\":");
    match object.split_once(&key) {
        Some((head, rest)) => {
            let end = rest.find([',', '}']).unwrap_or(rest.len());
            format!("{head}{key}{value}{}", &rest[end..])
        }
        None => format!("{},{key}{value}}}", object.trim_end().trim_end_matches('}')),
    }
}

/// The first `after` bytes of a body, then an error that makes the server drop the connection.
fn cut(body: Body, after: usize) -> Body {
    let head = body.into_data_stream().scan(after, |left, chunk| {
        let chunk = chunk.unwrap_or_default();
        let take = chunk.len().min(*left);
        let go_on = *left > 0;
        *left -= take;
        future::ready(go_on.then(|| Ok::<Bytes, io::Error>(chunk.slice(..take))))
    });
    // The server sends what it has while it waits, and drops the connection only then.
    let end = stream::once(async {
        tokio::time::sleep(Duration::from_millis(30)).await;
        Err(io::Error::other("cut by a scripted fault"))
    });
    Body::from_stream(head.chain(end))
}
