//! Single records by id.

use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;

use super::Simulator;
use super::auth::admit;
use super::errors::{refuse, respond};
use super::lists::{pairs, wants_newer};
use crate::content::{self, IncidentState, Show};
use crate::faults::Endpoint;
use crate::filetime;
use crate::json::Json;
use crate::list::{List, Story};
use crate::timeline::TenantModel;

/// Answers for one list.
pub(super) fn record(list: &'static List, simulator: &Simulator, id: &str, parts: &Parts) -> Response {
    let (headers, pairs) = (&parts.headers, pairs(&parts.uri));
    let tenant = match admit(simulator, list, headers) {
        Ok(tenant) => tenant,
        Err(refused) => return *refused,
    };
    let refused = |status, code, message: &str| refuse(list.api, status, code, message, headers);
    let expands = |(name, value): &&(String, String)| name == "$expand" && list.expand.as_ref() == Some(value);
    let expand = pairs.iter().any(|pair| expands(&pair));
    if let Some((name, _)) =
        pairs.iter().find(|pair| list.expand.is_some() && pair.0.starts_with('$') && !expands(pair))
    {
        let message = format!("The query parameter '{name}' is not supported.");
        return refused(StatusCode::BAD_REQUEST, "BadRequest", &message);
    }
    let (tenant, now) = (&simulator.shared.tenants[tenant], filetime::from_time(simulator.clock().now()));
    let model = TenantModel::new(tenant);
    let found = content::locate(list, &model, id);
    let found = found.map(|(incident, number)| (IncidentState::new(model, incident), number));
    let visible = found.and_then(|(state, number)| {
        let hit = content::visible(list, &state, number, now)?;
        Some((state, hit))
    });
    let Some((state, hit)) = visible else {
        let noun = list.single.as_deref().unwrap_or("record");
        let message = format!("Requested {noun} with id '{id}' was not found.");
        return refused(StatusCode::NOT_FOUND, "ResourceNotFound", &message);
    };
    let faults = simulator.shared.faults.of(&tenant.id);
    let broken = |message: &str| refused(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", message);
    if expand && faults.fails(id) {
        return broken(&format!("Expanding alerts of incident {id} failed."));
    }
    if faults.is_unreadable(Endpoint::Record(list.name), id) {
        return broken(&format!("Record {id} cannot be read."));
    }
    let mut out = Vec::with_capacity(16 * 1024);
    let show = Show { newer: wants_newer(headers), oversize: simulator.shared.faults.oversize(&model) };
    // The record's own opening brace becomes the comma behind the context.
    if let Some(context) = &list.context {
        out.push(b'{');
        Json::new(&mut out, true).cat("@odata.context", &[context, "/$entity"]);
    }
    let start = out.len();
    if expand && list.is(Story::Incidents) {
        content::incident_at(&state, hit.event, true, show, &mut out);
    } else {
        content::write(list, &state, &hit, show, &mut out);
    }
    if start > 0 {
        out[start] = b',';
    }
    respond(StatusCode::OK, out)
}
