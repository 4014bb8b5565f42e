//! Manners of services and of what stands before them, which are no failures: how pages are cut, linked, packed and counted.
//! They change what the simulator answers, or what it is asked.

mod answer;

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

use self::answer::Answer;
use crate::list::List;
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
    /// The answer of a list in this manner.
    pub(crate) async fn apply(&self, list: Option<&'static List>, request: Request, next: Next) -> Response {
        let uri = request.uri().clone();
        let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
        let here = format!("http://{host}");
        let Some(list) = list else { return next.run(request).await };
        if uri.query().is_some_and(|query| query.contains(END)) {
            let empty = Value::Array(Vec::new());
            let page = list.envelope.as_ref().map_or(empty.clone(), |envelope| json!({ envelope: empty }));
            return respond(StatusCode::OK, page.to_string());
        }
        let nested = if let Self::NestedPages(size) = self { NestedPage::of(list, &uri, *size) } else { None };
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
            _ => match nested {
                Some(nested) => Answer::edit(list, response, |answer| answer.page = nested.page(answer, &here)).await,
                None => Answer::edit(list, response, |answer| self.edit(answer, &here, &uri)).await,
            },
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
            Self::NestedPages(_) => nested.map(|nested| format!("{}?$expand={}", nested.record, nested.name)),
            _ => None,
        };
        if let Some(Ok(uri)) = changed.map(Uri::try_from) {
            *request.uri_mut() = uri;
        }
        request
    }

    fn edit(&self, answer: &mut Answer, here: &str, uri: &Uri) {
        let Some(mut rows) = answer.take_rows() else {
            if let (Self::NestedPages(size), Some(page)) = (self, answer.page.as_object_mut()) {
                cut_nested(answer.list, page, *size, here);
            }
            return;
        };
        let count = rows.len();
        let error = json!({"code": "PartialFailure", "message": "a shard does not answer"});
        match self {
            Self::Unlinked(_) => answer.next = None,
            Self::LinkAtEnd => {
                answer.next.get_or_insert_with(|| format!("{here}{}?${END}", uri.path()));
            }
            Self::Part(most) => {
                rows.truncate(*most);
                answer.next = None;
                answer.insert("error", error);
            }
            Self::ErrorRow(place) => {
                rows.truncate(*place);
                rows.push(json!({ "error": error }));
                answer.next = None;
            }
            Self::Counted(most) => {
                rows.truncate(*most);
                answer.next = None;
                answer.insert("@odata.count", count.into());
            }
            Self::Announces(all) => answer.insert("@odata.count", (*all).into()),
            Self::NestedPages(size) => {
                for record in rows.iter_mut().filter_map(Value::as_object_mut) {
                    cut_nested(answer.list, record, *size, here);
                }
            }
            Self::NamesTenant(tenant) => {
                for row in rows.iter_mut().filter_map(Value::as_object_mut) {
                    row.insert("tenantId".to_owned(), tenant.as_str().into());
                }
            }
            Self::Links(start) => answer.next = answer.next.take().map(|next| next.replacen(here, start, 1)),
            _ => {}
        }
        answer.give_rows(rows);
    }
}

/// The rest of a record's nested array.
struct NestedPage {
    /// Path of the record.
    record: String,
    name: &'static str,
    skip: usize,
    size: usize,
}

impl NestedPage {
    fn of(list: &'static List, uri: &Uri, size: usize) -> Option<Self> {
        let name = list.expand.as_deref()?;
        let record = uri.path().strip_suffix(name)?.strip_suffix('/')?.to_owned();
        let skip = uri.query()?.split("$skip=").nth(1)?.parse().ok()?;
        Some(Self { record, name, skip, size })
    }

    fn page(&self, answer: &Answer, here: &str) -> Value {
        let all = answer.page.get(self.name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let rest = all.get(self.skip..).unwrap_or_default();
        let mut page = json!({ "value": rest[..rest.len().min(self.size)] });
        if rest.len() > self.size {
            let link = format!("{here}{}/{}?$skip={}", self.record, self.name, self.skip + self.size);
            page["@odata.nextLink"] = link.into();
        }
        page
    }
}

fn cut_nested(list: &List, record: &mut Map<String, Value>, size: usize, here: &str) {
    let Some(name) = &list.expand else { return };
    let id = record.get(&list.id).and_then(Value::as_str).unwrap_or_default().to_owned();
    let Some(nested) = record.get_mut(name).and_then(Value::as_array_mut) else { return };
    if nested.len() > size {
        nested.truncate(size);
        let link = format!("{here}{}/{id}/{name}?$skip={size}", list.route);
        record.insert(format!("{name}@odata.nextLink"), link.into());
    }
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
