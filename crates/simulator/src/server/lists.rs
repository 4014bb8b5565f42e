//! The three listings.

use axum::body::Body;
use axum::extract::{Query as Params, State};
use axum::http::header::HOST;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use futures_util::stream;

use super::Simulator;
use super::auth::admit;
use super::body::PageBody;
use super::errors::{Api, refuse, respond};
use crate::content::Show;
use crate::encode::percent;
use crate::filetime;
use crate::listing;
use crate::query::skiptoken::Key;
use crate::query::{List, Query};
use crate::timeline::TenantModel;

type Pairs = Params<Vec<(String, String)>>;

pub(super) async fn incidents(state: State<Simulator>, uri: Uri, headers: HeaderMap, pairs: Pairs) -> Response {
    list(&state.0, List::Incidents, &uri, &headers, &pairs.0)
}

pub(super) async fn alerts(state: State<Simulator>, uri: Uri, headers: HeaderMap, pairs: Pairs) -> Response {
    list(&state.0, List::Alerts, &uri, &headers, &pairs.0)
}

pub(super) async fn legacy(state: State<Simulator>, uri: Uri, headers: HeaderMap, pairs: Pairs) -> Response {
    list(&state.0, List::Legacy, &uri, &headers, &pairs.0)
}

fn list(simulator: &Simulator, list: List, uri: &Uri, headers: &HeaderMap, pairs: &[(String, String)]) -> Response {
    let api = if list == List::Legacy { Api::Defender } else { Api::Graph };
    let records = match list {
        List::Incidents => "SecurityIncident",
        List::Alerts => "SecurityAlert",
        List::Legacy => "Incident",
    };
    let tenant = match admit(simulator, api, records, headers) {
        Ok(tenant) => tenant,
        Err(refused) => return *refused,
    };
    let mut query = match Query::parse(list, pairs, simulator.stamp(tenant)) {
        Ok(query) => query,
        Err(why) => return refuse(api, StatusCode::BAD_REQUEST, "BadRequest", &why.0, headers),
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
    let failing = query.expand.then(|| faults.failing(&model, &page.hits)).flatten();
    if let Some(id) = failing {
        let message = format!("Expanding alerts of incident {id} failed.");
        return refuse(api, StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", &message, headers);
    }
    if let Some(id) = faults.unreadable(list, &model, &page.hits) {
        let message = format!("Record {id} cannot be read.");
        return refuse(api, StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", &message, headers);
    }
    let next = page.next.map(|key| link(uri, headers, pairs, &key.encode(query.hash)));
    let show = Show { newer: wants_newer(headers), oversize: faults.oversize(&model) };
    let body = PageBody::new(simulator.shared.tenants[tenant].clone(), &query, page, next, show);
    respond(StatusCode::OK, Body::from_stream(stream::iter(body)))
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
fn link(uri: &Uri, headers: &HeaderMap, pairs: &[(String, String)], token: &str) -> String {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let mut link = format!("http://{host}{}?", uri.path());
    for (name, value) in pairs.iter().filter(|(name, _)| name != "$skiptoken" && name != "$skip") {
        percent(&mut link, name);
        link.push('=');
        percent(&mut link, value);
        link.push('&');
    }
    link.push_str("$skiptoken=");
    link.push_str(token);
    link
}
