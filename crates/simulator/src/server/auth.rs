//! The token endpoint, and the check of the tokens it gave out.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::extract::{Form, Path, Request, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, HOST};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;

use super::errors::{aadsts, refuse, request_id, respond};
use super::{Simulator, assertion};
use crate::clock;
use crate::encode::base64url;
use crate::json::{Json, write_hex};
use crate::list::{Api, List};
use crate::tenant::Tenant;

/// Lifetime of an access token, seconds.
const LIFETIME: i64 = 3599;

const GRAPH: &[&str] = &[
    "https://graph.microsoft.com",
    "https://graph.microsoft.us",
    "https://dod-graph.microsoft.us",
    "https://microsoftgraph.chinacloudapi.cn",
];
const DEFENDER: &[&str] = &[
    "https://api.security.microsoft.com",
    "https://api-gcc.security.microsoft.us",
    "https://api-gov.security.microsoft.us",
];

/// What a token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Audience {
    Graph,
    Defender,
    /// The scope named the simulator's own address: a custom cloud that plays all services.
    Own,
}

#[derive(Debug, Clone, Copy)]
struct Grant {
    tenant: usize,
    audience: Audience,
    /// Seconds since 1970.
    expires: i64,
}

/// Tokens given out.
#[derive(Debug, Default)]
pub(super) struct Tokens(Mutex<HashMap<String, Grant>>);

impl Tokens {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Grant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn clear(&self) {
        self.lock().clear();
    }
}

/// `POST /{tenant}/oauth2/v2.0/token`.
pub(super) async fn token(
    State(simulator): State<Simulator>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    match grant(&simulator, &tenant, &headers, &form) {
        Ok(token) => issued(&token),
        Err(refused) => *refused,
    }
}

fn grant(
    simulator: &Simulator,
    tenant: &str,
    headers: &HeaderMap,
    form: &HashMap<String, String>,
) -> Result<String, Box<Response>> {
    let refused = |status, error, code, message: &str| Err(Box::new(aadsts(status, error, code, message)));
    let field = |name: &str| form.get(name).map_or("", String::as_str);
    let known = simulator.shared.tenants.iter().enumerate().filter(|(_, t)| t.id.eq_ignore_ascii_case(tenant));
    let mut known = known.peekable();
    if known.peek().is_none() {
        let message = format!(
            "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant."
        );
        return refused(StatusCode::BAD_REQUEST, "invalid_request", 90002, &message);
    }
    if field("grant_type") != "client_credentials" {
        let message = format!("The app requested an unsupported grant type '{}'.", field("grant_type"));
        return refused(StatusCode::BAD_REQUEST, "unsupported_grant_type", 70003, &message);
    }
    let client = field("client_id");
    let Some((index, found)) = known.find(|(_, t)| t.client_id.eq_ignore_ascii_case(client)) else {
        let message = format!(
            "Application with identifier '{client}' was not found in the directory '{tenant}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant."
        );
        return refused(StatusCode::BAD_REQUEST, "unauthorized_client", 700_016, &message);
    };
    check_credential(found, tenant, headers, form)?;
    let scope = field("scope");
    let Some(resource) = scope.strip_suffix("/.default") else {
        let message =
            format!("The provided value for the input parameter 'scope' is not valid. The scope {scope} is not valid.");
        return refused(StatusCode::BAD_REQUEST, "invalid_scope", 70011, &message);
    };
    let Some(audience) = audience(resource, headers) else {
        let message = format!("The resource principal named {resource} was not found in the tenant named {tenant}.");
        return refused(StatusCode::BAD_REQUEST, "invalid_resource", 500_011, &message);
    };
    let expires = clock::real().timestamp() + LIFETIME;
    let token = make(found, resource, expires);
    let mut tokens = simulator.shared.tokens.lock();
    tokens.retain(|_, grant| grant.expires > expires - 2 * LIFETIME);
    tokens.insert(token.clone(), Grant { tenant: index, audience, expires });
    Ok(token)
}

/// An assertion wins over a secret beside it.
fn check_credential(
    found: &Tenant,
    tenant: &str,
    headers: &HeaderMap,
    form: &HashMap<String, String>,
) -> Result<(), Box<Response>> {
    let refused =
        |code, message: &str| Err(Box::new(aadsts(StatusCode::UNAUTHORIZED, "invalid_client", code, message)));
    let field = |name: &str| form.get(name).map_or("", String::as_str);
    let assertion = field("client_assertion");
    if !assertion.is_empty() && field("client_assertion_type") == assertion::TYPE {
        let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let endpoint = format!("://{host}/{tenant}/oauth2/v2.0/token");
        return assertion::verify(assertion, found, &endpoint, clock::real())
            .or_else(|(code, message)| refused(code, &message));
    }
    if field("client_secret").is_empty() {
        let message = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
        return refused(7_000_218, message);
    }
    if field("client_secret") != found.client_secret {
        let message = format!(
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '{}'.",
            field("client_id")
        );
        return refused(7_000_215, &message);
    }
    Ok(())
}

fn audience(resource: &str, headers: &HeaderMap) -> Option<Audience> {
    let resource = resource.trim_end_matches('/');
    if GRAPH.contains(&resource) {
        return Some(Audience::Graph);
    }
    if DEFENDER.contains(&resource) {
        return Some(Audience::Defender);
    }
    let host = resource.split_once("://").map_or(resource, |(_, rest)| rest).split('/').next();
    let own = headers.get(HOST).and_then(|host| host.to_str().ok());
    (own.is_some() && host == own).then_some(Audience::Own)
}

/// A token that looks like one: header, claims and a signature that nobody can check.
fn make(tenant: &Tenant, audience: &str, expires: i64) -> String {
    let id = request_id();
    let mut claims = Vec::with_capacity(512);
    let mut json = Json::new(&mut claims, true);
    json.item(|json| {
        json.text("aud", audience);
        json.cat("iss", &["https://sts.windows.net/", &tenant.id, "/"]);
        json.num("iat", expires - LIFETIME);
        json.num("nbf", expires - LIFETIME);
        json.num("exp", expires);
        json.text("appid", &tenant.client_id);
        json.list("roles", &tenant.roles.iter().map(String::as_str).collect::<Vec<_>>());
        json.text("tid", &tenant.id);
        json.text("uti", &id);
        json.text("ver", "1.0");
    });
    let mut signature = Vec::with_capacity(64);
    write_hex(&mut signature, id.bytes().fold(0, |h: u64, b| h.wrapping_mul(31).wrapping_add(u64::from(b))), 64);
    let [header, claims, signature] = [&b"{\"typ\":\"JWT\",\"alg\":\"RS256\"}"[..], &claims, &signature].map(base64url);
    format!("{header}.{claims}.{}{signature}", tenant.token_mark)
}

fn issued(token: &str) -> Response {
    let mut out = Vec::with_capacity(token.len() + 128);
    let mut json = Json::new(&mut out, true);
    json.item(|json| {
        json.text("token_type", "Bearer");
        json.num("expires_in", LIFETIME);
        json.num("ext_expires_in", LIFETIME);
        json.text("access_token", token);
    });
    let mut response = respond(StatusCode::OK, out);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store, no-cache"));
    response
}

/// Whose request this is, by the token or, when it signs in, by the path: the tenant's id.
pub(super) fn tenant_of(simulator: &Simulator, request: &Request) -> Option<String> {
    let token = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    match token {
        Some(token) => {
            let grant = simulator.shared.tokens.lock().get(token.trim()).copied()?;
            simulator.shared.tenants.get(grant.tenant).map(|tenant| tenant.id.clone())
        }
        None => request.uri().path().strip_suffix("/oauth2/v2.0/token").map(|id| id.trim_matches('/').to_owned()),
    }
}

/// The tenant (its number) whose list the request's bearer token opens.
pub(super) fn admit(simulator: &Simulator, list: &List, headers: &HeaderMap) -> Result<usize, Box<Response>> {
    let api = list.api;
    let code = match api {
        Api::Graph => "InvalidAuthenticationToken",
        Api::Defender => "Unauthorized",
    };
    let refused = |message| Err(Box::new(refuse(api, StatusCode::UNAUTHORIZED, code, message, headers)));
    let token =
        headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|v| v.strip_prefix("Bearer "));
    let Some(token) = token else {
        return refused("Access token is empty.");
    };
    let Some(grant) = simulator.shared.tokens.lock().get(token.trim()).copied() else {
        return refused("Lifetime validation failed, the token is expired.");
    };
    if grant.expires <= clock::real().timestamp() {
        return refused("Lifetime validation failed, the token is expired.");
    }
    match (api, grant.audience) {
        (_, Audience::Own) | (Api::Graph, Audience::Graph) | (Api::Defender, Audience::Defender) => {}
        _ => return refused("Access token validation failure. Invalid audience."),
    }
    let roles = &simulator.shared.tenants[grant.tenant].roles;
    let accepted = &list.permissions;
    if !roles.iter().any(|role| accepted.contains(role)) {
        let message = format!(
            "Missing application roles. API required roles: {}, application roles: {}.",
            accepted.join(","),
            roles.join(",")
        );
        return Err(Box::new(refuse(api, StatusCode::FORBIDDEN, "Forbidden", &message, headers)));
    }
    Ok(grant.tenant)
}
