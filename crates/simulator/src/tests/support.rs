//! A simulator on a free port and a client for it.

use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::{AlertsPerIncident, Simulator, Tenant};

pub(super) const GRAPH: &str = "https://graph.microsoft.com/.default";
pub(super) const DEFENDER: &str = "https://api.security.microsoft.com/.default";

pub(super) struct Client {
    pub(super) simulator: Simulator,
    pub(super) base: String,
    pub(super) http: reqwest::Client,
    pub(super) token: String,
}

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Value,
}

/// A time at which every record of the default tenant has its last version.
pub(super) fn late() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

/// A client without time limits.
#[expect(clippy::disallowed_methods, reason = "a test that asks itself")]
pub(super) fn http() -> reqwest::Client {
    reqwest::Client::builder().build().unwrap()
}

/// A tenant of `incidents` incidents.
pub(super) fn tenant(incidents: u64, alerts: AlertsPerIncident) -> Tenant {
    Tenant { incidents, alerts_per_incident: alerts, ..Tenant::default() }
}

impl Client {
    pub(super) async fn start(tenant: Tenant, scope: &str) -> Client {
        let simulator = Simulator::new(tenant);
        simulator.clock().set(late());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(simulator.clone().serve(listener, std::future::pending()));
        let mut client = Client { simulator, base, http: http(), token: String::new() };
        client.token = client.sign_in(scope, "demo-secret").await.body["access_token"].as_str().unwrap().to_owned();
        client
    }

    /// A simulator of the default tenant and another one; nobody is signed in.
    pub(super) async fn beside(other: &Tenant) -> Client {
        let simulator = Simulator::with_tenants(vec![Tenant::default(), other.clone()]);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(simulator.clone().serve(listener, std::future::pending()));
        Client { simulator, base, http: http(), token: String::new() }
    }

    /// Signs in with a tenant's own secret.
    pub(super) async fn sign_in_as(&self, tenant: &Tenant, scope: &str) -> Answer {
        let Tenant { id, client_id, .. } = tenant;
        let form = [
            ("client_id", &**client_id),
            ("client_secret", "demo-secret"),
            ("scope", scope),
            ("grant_type", "client_credentials"),
        ];
        self.sign_in_with(id, &form).await
    }

    pub(super) async fn sign_in(&self, scope: &str, secret: &str) -> Answer {
        let tenant = Tenant::default();
        self.sign_in_with(
            &tenant.id,
            &[
                ("grant_type", "client_credentials"),
                ("client_id", &tenant.client_id),
                ("client_secret", secret),
                ("scope", scope),
            ],
        )
        .await
    }

    pub(super) async fn sign_in_with(&self, tenant: &str, form: &[(&str, &str)]) -> Answer {
        let url = format!("{}/{tenant}/oauth2/v2.0/token", self.base);
        answer(self.http.post(url).form(form).send().await.unwrap()).await
    }

    /// `path` below the base address, or an absolute link, with query parameters.
    pub(super) fn request(&self, path: &str, params: &[(&str, &str)]) -> reqwest::RequestBuilder {
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.base) };
        let request = self.http.get(url).bearer_auth(&self.token).header("Prefer", "include-unknown-enum-members");
        if params.is_empty() { request } else { request.query(params) }
    }

    pub(super) async fn get(&self, path: &str, params: &[(&str, &str)]) -> Answer {
        answer(self.request(path, params).send().await.unwrap()).await
    }

    /// All records of a listing, following the links to the end; also the number of pages.
    pub(super) async fn all(&self, path: &str, params: &[(&str, &str)]) -> (Vec<Value>, usize) {
        let (mut records, mut pages, mut next) = (Vec::new(), 0, None::<String>);
        loop {
            let page = match &next {
                None => self.get(path, params).await,
                Some(link) => self.get(link, &[]).await,
            };
            assert_eq!(page.status, 200, "{}", page.body);
            pages += 1;
            records.extend(page.body["value"].as_array().unwrap().iter().cloned());
            match page.body["@odata.nextLink"].as_str() {
                None => return (records, pages),
                Some(link) => next = Some(link.to_owned()),
            }
        }
    }
}

pub(super) async fn answer(response: reqwest::Response) -> Answer {
    let status = response.status().as_u16();
    let bytes = response.bytes().await.unwrap();
    let body =
        serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{error} in {}", String::from_utf8_lossy(&bytes)));
    Answer { status, body }
}
