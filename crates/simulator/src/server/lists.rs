//! Pages of the lists.

use axum::body::Body;
use axum::extract::Query as Params;
use axum::http::header::HOST;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use serde_json::Value;

use super::Simulator;
use super::auth::admit;
use super::body::PageBody;
use super::errors::{refuse, respond};
use crate::content::Show;
use crate::encode::percent;
use crate::filetime;
use crate::list::{List, Method, Next};
use crate::listing;
use crate::query::skiptoken::Key;
use crate::query::{Asked, Query, TOKEN};
use crate::timeline::TenantModel;

/// A request for a page.
struct Request<'a> {
    list: &'static List,
    uri: &'a Uri,
    headers: &'a HeaderMap,
    asked: Asked<'a>,
}

/// Answers for one list.
pub(super) fn page(list: &'static List, simulator: &Simulator, parts: &Parts, body: &Bytes) -> Response {
    let pairs = pairs(&parts.uri);
    let body = if list.method == Method::Post { serde_json::from_slice::<Value>(body).ok() } else { None };
    let asked = Asked { params: &pairs, body: body.as_ref() };
    answer(simulator, &Request { list, uri: &parts.uri, headers: &parts.headers, asked })
}

/// Decoded query parameters.
pub(super) fn pairs(uri: &Uri) -> Vec<(String, String)> {
    Params::try_from_uri(uri).map(|Params(pairs)| pairs).unwrap_or_default()
}

fn answer(simulator: &Simulator, request: &Request<'_>) -> Response {
    let Request { list, headers, asked, .. } = *request;
    let tenant = match admit(simulator, list, headers) {
        Ok(tenant) => tenant,
        Err(refused) => return *refused,
    };
    let mut query = match Query::parse(list, asked, simulator.stamp(tenant)) {
        Ok(query) => query,
        Err(why) => return refuse(list.api, StatusCode::BAD_REQUEST, "BadRequest", &why.0, headers),
    };
    let faults = &simulator.shared.faults.of(&simulator.shared.tenants[tenant].id);
    let model = TenantModel::new(&simulator.shared.tenants[tenant]);
    let now = filetime::from_time(simulator.clock().now());
    if faults.empty_page(list) {
        query.top = 0;
    }
    let late = faults.late(list, &model);
    let mut page = if faults.ends_before(list, query.skip) {
        listing::Page::default()
    } else {
        listing::page(&model, &query, listing::Sight { now, late: &late, repeat: faults.repeats(list) })
    };
    if query.top == 0 {
        // Nothing was handed out: the next link asks for the same place again.
        page.next = Some(query.after.unwrap_or(Key::start(query.descending)));
    }
    let broken =
        |message: &str| refuse(list.api, StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", message, headers);
    if let Some(id) = query.expand.then(|| faults.failing(&model, &page.hits)).flatten() {
        return broken(&format!("Expanding alerts of incident {id} failed."));
    }
    if let Some(id) = faults.unreadable(list, &model, &page.hits) {
        return broken(&format!("Record {id} cannot be read."));
    }
    let next = page.next.map(|key| link(request, &key.encode(query.hash)));
    let header = match &list.next {
        Next::Header(name) => next.clone().map(|next| (name, next)),
        Next::Link { .. } | Next::Skip { .. } => None,
    };
    let show = Show { newer: wants_newer(headers), oversize: faults.oversize(&model) };
    let body = PageBody::new(simulator.shared.tenants[tenant].clone(), &query, page, next, show);
    let mut response = respond(StatusCode::OK, Body::from_stream(stream::iter(body)));
    if let Some((name, next)) = header
        && let (Ok(name), Ok(next)) = (HeaderName::try_from(name), HeaderValue::try_from(next))
    {
        response.headers_mut().insert(name, next);
    }
    response
}

/// The client's `Prefer` header names the newer enumeration members.
pub(super) fn wants_newer(headers: &HeaderMap) -> bool {
    headers
        .get_all("prefer")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|preference| preference.trim().eq_ignore_ascii_case("include-unknown-enum-members"))
}

/// Absolute link to the next page: the same options and where to go on.
fn link(request: &Request<'_>, token: &str) -> String {
    let host = request.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let mut link = format!("http://{host}{}?", request.uri.path());
    let skip = Query::skip_name(request.list);
    let kept = request.asked.params.iter().filter(|(name, _)| name != TOKEN && Some(name.as_str()) != skip);
    for (name, value) in kept {
        percent(&mut link, name);
        link.push('=');
        percent(&mut link, value);
        link.push('&');
    }
    link.push_str(TOKEN);
    link.push('=');
    link.push_str(token);
    link
}
