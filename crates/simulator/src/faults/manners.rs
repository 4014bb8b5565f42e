//! Manners of services and of what stands before them, which are no failures: how pages are cut, linked, packed and counted.
//! They change what the simulator answers, or what it is asked.

use std::io::Write;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, HOST};
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Map, Value, json};

use crate::server::respond;

/// Query string of the link behind the last page.
const END: &str = "skiptoken=end";

/// How a service answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Manner {
    /// No page has a link, and these options of a query do not count.
    Unlinked(&'static [&'static str]),
    /// The last page has a link like the others; it leads to an empty page.
    LinkAtEnd,
    /// These options of a query do not count.
    Ignores(&'static [&'static str]),
    /// A page holds so many records at most, an error stands beside them, and there is no link.
    Part(usize),
    /// An error stands in the place of the record behind so many others, and there is no link.
    ErrorRow(usize),
    /// A page holds so many records at most, says how many there are in all, and has no link.
    Counted(usize),
    /// A page says that there are so many records, whatever there is.
    Announces(u64),
    /// Nested alerts come in pages of so many.
    NestedPages(usize),
    /// Records say whose they are.
    NamesTenant(String),
    /// Links begin like this instead of with the address that was asked.
    Links(String),
    /// The answer comes under another status.
    Status(u16),
    /// The answer is packed under this name, in so many members.
    Packed(&'static str, usize),
}

impl Manner {
    /// The answer in this manner.
    pub(crate) async fn apply(&self, request: Request, next: Next) -> Response {
        let uri = request.uri().clone();
        let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
        let here = format!("http://{host}");
        if uri.query().is_some_and(|query| query.contains(END)) {
            return respond(StatusCode::OK, r#"{"value":[]}"#);
        }
        let nested = if let Self::NestedPages(size) = self { NestedPage::of(&uri, *size) } else { None };
        let response = next.run(self.asked(request, nested.as_ref())).await;
        if response.status() != StatusCode::OK {
            return response;
        }
        match self {
            Self::Status(status) => {
                let mut response = response;
                *response.status_mut() = StatusCode::from_u16(*status).unwrap_or(StatusCode::OK);
                response
            }
            Self::Ignores(_) => response,
            Self::Packed(name, members) => packed(response, name, *members).await,
            _ => {
                edited(response, |page| match nested {
                    Some(nested) => *page = nested.page(page, &here),
                    None => self.edit(page, &here, &uri),
                })
                .await
            }
        }
    }

    /// What is asked of the simulator instead.
    fn asked(&self, mut request: Request, nested: Option<&NestedPage>) -> Request {
        let uri = request.uri();
        let changed = match self {
            Self::Ignores(options) | Self::Unlinked(options) => {
                let query = uri.query().unwrap_or_default();
                let is_kept = |part: &&str| !options.iter().any(|option| part.starts_with(&format!("{option}=")));
                let query: Vec<_> = query.split('&').filter(is_kept).collect();
                Some(format!("{}?{}", uri.path(), query.join("&")))
            }
            Self::NestedPages(_) => nested.map(|nested| format!("{}?$expand=alerts", nested.record)),
            _ => None,
        };
        if let Some(Ok(uri)) = changed.map(Uri::try_from) {
            *request.uri_mut() = uri;
        }
        request
    }

    fn edit(&self, page: &mut Map<String, Value>, here: &str, uri: &Uri) {
        let link = "@odata.nextLink";
        let Some(Value::Array(mut rows)) = page.remove("value") else {
            if let Self::NestedPages(size) = self {
                cut_alerts(page, *size, here);
            }
            return;
        };
        let count = rows.len();
        let error = json!({"code": "PartialFailure", "message": "a shard does not answer"});
        match self {
            Self::Unlinked(_) => drop(page.remove(link)),
            Self::LinkAtEnd => {
                page.entry(link).or_insert_with(|| format!("{here}{}?${END}", uri.path()).into());
            }
            Self::Part(most) => {
                rows.truncate(*most);
                page.remove(link);
                page.insert("error".to_owned(), error);
            }
            Self::ErrorRow(place) => {
                rows.truncate(*place);
                rows.push(json!({ "error": error }));
                page.remove(link);
            }
            Self::Counted(most) => {
                rows.truncate(*most);
                page.remove(link);
                page.insert("@odata.count".to_owned(), count.into());
            }
            Self::Announces(all) => drop(page.insert("@odata.count".to_owned(), (*all).into())),
            Self::NestedPages(size) => {
                for incident in rows.iter_mut().filter_map(Value::as_object_mut) {
                    cut_alerts(incident, *size, here);
                }
            }
            Self::NamesTenant(tenant) => {
                for row in rows.iter_mut().filter_map(Value::as_object_mut) {
                    row.insert("tenantId".to_owned(), tenant.as_str().into());
                }
            }
            Self::Links(start) => {
                if let Some(Value::String(text)) = page.get_mut(link) {
                    *text = text.replacen(here, start, 1);
                }
            }
            _ => {}
        }
        page.insert("value".to_owned(), rows.into());
    }
}

/// The rest of an incident's alerts.
struct NestedPage {
    /// Path of the incident.
    record: String,
    skip: usize,
    size: usize,
}

impl NestedPage {
    fn of(uri: &Uri, size: usize) -> Option<Self> {
        let record = uri.path().strip_suffix("/alerts")?.to_owned();
        let skip = uri.query()?.split("$skip=").nth(1)?.parse().ok()?;
        Some(Self { record, skip, size })
    }

    fn page(&self, incident: &Map<String, Value>, here: &str) -> Map<String, Value> {
        let alerts = incident.get("alerts").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let rest = alerts.get(self.skip..).unwrap_or_default();
        let mut page = Map::new();
        page.insert("value".to_owned(), rest[..rest.len().min(self.size)].into());
        if rest.len() > self.size {
            let link = format!("{here}{}/alerts?$skip={}", self.record, self.skip + self.size);
            page.insert("@odata.nextLink".to_owned(), link.into());
        }
        page
    }
}

fn cut_alerts(incident: &mut Map<String, Value>, size: usize, here: &str) {
    let id = incident.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let Some(alerts) = incident.get_mut("alerts").and_then(Value::as_array_mut) else { return };
    if alerts.len() > size {
        alerts.truncate(size);
        let link = format!("{here}/v1.0/security/incidents/{id}/alerts?$skip={size}");
        incident.insert("alerts@odata.nextLink".to_owned(), link.into());
    }
}

async fn edited(response: Response, edit: impl FnOnce(&mut Map<String, Value>)) -> Response {
    let (mut head, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let Ok(Value::Object(mut page)) = serde_json::from_slice(&bytes) else {
        return Response::from_parts(head, Body::from(bytes));
    };
    edit(&mut page);
    head.headers.remove(CONTENT_LENGTH);
    Response::from_parts(head, Body::from(Value::Object(page).to_string()))
}

async fn packed(response: Response, name: &'static str, members: usize) -> Response {
    let (mut head, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let mut out = Vec::new();
    for piece in bytes.chunks(bytes.len().div_ceil(members).max(1)) {
        let mut encoder = GzEncoder::new(&mut out, Compression::fast());
        // Writing to memory does not fail.
        let _ = encoder.write_all(piece);
        let _ = encoder.finish();
    }
    head.headers.remove(CONTENT_LENGTH);
    head.headers.insert(CONTENT_ENCODING, HeaderValue::from_static(name));
    Response::from_parts(head, Body::from(out))
}
