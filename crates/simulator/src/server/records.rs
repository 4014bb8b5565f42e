//! Single records by id.

use axum::extract::{Path, Query as Params, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::Simulator;
use super::auth::admit;
use super::errors::{Api, refuse, respond};
use super::lists::wants_newer;
use crate::content::{self, IncidentState, Show, alert};
use crate::faults::Endpoint;
use crate::filetime;
use crate::json::Json;
use crate::timeline::TenantModel;

type Pairs = Params<Vec<(String, String)>>;

pub(super) async fn incident(
    State(simulator): State<Simulator>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Params(pairs): Pairs,
) -> Response {
    let tenant = match admit(&simulator, Api::Graph, "SecurityIncident", &headers) {
        Ok(tenant) => tenant,
        Err(refused) => return *refused,
    };
    let expand = pairs.iter().any(|(name, value)| name == "$expand" && value == "alerts");
    if let Some((name, _)) =
        pairs.iter().find(|(name, value)| name.starts_with('$') && !(name == "$expand" && value == "alerts"))
    {
        let message = format!("The query parameter '{name}' is not supported.");
        return refuse(Api::Graph, StatusCode::BAD_REQUEST, "BadRequest", &message, &headers);
    }
    let (tenant, now) = (&simulator.shared.tenants[tenant], filetime::from_time(simulator.clock().now()));
    let model = TenantModel::new(tenant);
    let found = content::incident_index(tenant, &id).map(|index| IncidentState::new(model, index));
    let Some((state, event)) = found.and_then(|state| state.line.visible(now).map(|event| (state, event))) else {
        return missing(&id, "incident", &headers);
    };
    if expand && simulator.shared.faults.of(&tenant.id).fails(&id) {
        let message = format!("Expanding alerts of incident {id} failed.");
        return refuse(Api::Graph, StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", &message, &headers);
    }
    if simulator.shared.faults.of(&tenant.id).is_unreadable(Endpoint::Incident, &id) {
        return unreadable(&id, &headers);
    }
    let mut out = Vec::with_capacity(16 * 1024);
    let show = Show { newer: wants_newer(&headers), oversize: simulator.shared.faults.oversize(&model) };
    context("security/incidents/$entity", &mut out);
    let start = out.len();
    content::incident_at(&state, event, expand, show, &mut out);
    out[start] = b',';
    respond(StatusCode::OK, out)
}

pub(super) async fn alert(State(simulator): State<Simulator>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let tenant = match admit(&simulator, Api::Graph, "SecurityAlert", &headers) {
        Ok(tenant) => tenant,
        Err(refused) => return *refused,
    };
    let (tenant, now) = (&simulator.shared.tenants[tenant], filetime::from_time(simulator.clock().now()));
    let model = TenantModel::new(tenant);
    let found = alert::parse_id(&model, &id).map(|(index, alert)| (IncidentState::new(model, index), alert));
    let visible = found.and_then(|(state, alert)| {
        let event = state.line.visible(now)?;
        (alert < state.line.events()[event].born).then_some((state, alert, event))
    });
    let Some((state, number, event)) = visible else {
        return missing(&id, "alert", &headers);
    };
    if simulator.shared.faults.of(&tenant.id).is_unreadable(Endpoint::Alert, &id) {
        return unreadable(&id, &headers);
    }
    let mut out = Vec::with_capacity(16 * 1024);
    let show = Show { newer: wants_newer(&headers), oversize: simulator.shared.faults.oversize(&model) };
    context("security/alerts_v2/$entity", &mut out);
    let start = out.len();
    alert::write(&state, number, event, show, &mut Json::new(&mut out, show.newer));
    out[start] = b',';
    respond(StatusCode::OK, out)
}

/// The start of an entity's answer: the record's own opening brace becomes the comma behind the context.
fn context(entity: &str, out: &mut Vec<u8>) {
    out.push(b'{');
    Json::new(out, true).cat("@odata.context", &["https://graph.microsoft.com/v1.0/$metadata#", entity]);
}

fn unreadable(id: &str, headers: &HeaderMap) -> Response {
    let message = format!("Record {id} cannot be read.");
    refuse(Api::Graph, StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", &message, headers)
}

fn missing(id: &str, what: &str, headers: &HeaderMap) -> Response {
    let message = format!("Requested {what} with id '{id}' was not found.");
    refuse(Api::Graph, StatusCode::NOT_FOUND, "ResourceNotFound", &message, headers)
}
