//! Requests to Elasticsearch and Kibana, and what their answers mean for a set-up.

use bytes::Bytes;
use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};
use serde_json::Value;

use common::error::{Error, quoted, with_causes};
use common::http::read_bounded;
use output::elasticsearch::{Call, NodeClient};

/// Longest answer that is read: all templates of a large cluster.
const MAX_ANSWER: usize = 64 * 1024 * 1024;

/// One of the two products, as it is asked.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) client: NodeClient,
    pub(crate) product: Product,
}

/// Whose answers are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Product {
    Elasticsearch,
    Kibana,
}

/// A status and a body.
#[derive(Debug)]
pub(crate) struct Answer {
    what: String,
    product: Product,
    pub(crate) status: StatusCode,
    pub(crate) body: Vec<u8>,
}

impl Service {
    pub(crate) async fn send(&self, call: Call<'_>, what: String) -> Result<Answer, Error> {
        let response = self.client.send(call.if_redirected(self.product.elsewhere())).await?;
        let status = response.status();
        let failed = |error| Error::Transient(format!("{what}: {}", with_causes(&error)));
        let body = read_bounded(response, MAX_ANSWER).await.map_err(failed)?;
        Ok(Answer { what, product: self.product, status, body })
    }

    /// What is there; `None` where nothing is.
    pub(crate) async fn get(&self, path: &str) -> Result<Option<Value>, Error> {
        let answer = self.ask(path).await?;
        if answer.status == StatusCode::NOT_FOUND { Ok(None) } else { answer.success().map(Some) }
    }

    /// The answer to a GET, whatever its status.
    pub(crate) async fn ask(&self, path: &str) -> Result<Answer, Error> {
        self.send(Call::get(path), format!("GET {}", shown(path))).await
    }

    /// A request with a body; none if it is null.
    pub(crate) async fn request(&self, method: Method, path: &str, body: &Value) -> Result<Answer, Error> {
        let what = format!("{method} {}", shown(path));
        let call = Call::new(method, path).headers(self.product.headers());
        self.send(if body.is_null() { call } else { call.json(body) }, what).await
    }

    /// A request with bytes of another kind.
    pub(crate) async fn upload(&self, path: &str, headers: HeaderMap, body: Bytes) -> Result<Answer, Error> {
        let mut all = self.product.headers();
        all.extend(headers);
        self.send(Call::new(Method::POST, path).headers(all).body(body), format!("POST {}", shown(path))).await
    }
}

impl Answer {
    /// Its JSON; null where it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Whether the path is unknown to the server: it lacks a module, or is another product.
    pub(crate) fn is_unknown_path(&self) -> bool {
        [400, 404, 405].contains(&self.status.as_u16()) && self.said().contains("no handler found")
            || self.status == StatusCode::METHOD_NOT_ALLOWED
    }

    /// What it says, in a form that can be shown.
    pub(crate) fn said(&self) -> String {
        let value = self.json();
        let reason = [&value["error"]["reason"], &value["message"]].into_iter().find_map(Value::as_str);
        quoted(&reason.map_or_else(|| String::from_utf8_lossy(&self.body).into_owned(), str::to_owned))
    }

    /// Its JSON if it is a success.
    pub(crate) fn success(self) -> Result<Value, Error> {
        if self.status.is_success() { Ok(self.json()) } else { Err(self.error()) }
    }

    /// What its status asks for.
    pub(crate) fn error(&self) -> Error {
        let what = format!("{}: {}: {}", self.what, self.status, self.said());
        match self.status.as_u16() {
            401 => Error::Auth(format!("{what}\nhint: {}", self.product.login())),
            403 => Error::Auth(format!("{what}\nhint: {}", self.product.privileges())),
            429 | 503 => Error::Throttled { what, after: None },
            408 | 500 | 502 | 504 => Error::Transient(what),
            _ => Error::Permanent(what),
        }
    }
}

impl Product {
    /// Kibana takes no change without its header against forged requests.
    fn headers(self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if self == Product::Kibana {
            headers.insert("kbn-xsrf", reqwest::header::HeaderValue::from_static("true"));
        }
        headers
    }

    fn login(self) -> &'static str {
        match self {
            Product::Elasticsearch => {
                "Elasticsearch does not accept the login; name one with --api-key-file, or --username and \
                 --password-file, or in ELASTICSEARCH_API_KEY"
            }
            Product::Kibana => {
                "Kibana does not accept the login of the cluster: is it the Kibana of this cluster, and does it take API \
                 keys or passwords (`xpack.security.authc.http`, a `basic` provider)?"
            }
        }
    }

    pub(crate) fn privileges(self) -> &'static str {
        match self {
            Product::Elasticsearch => {
                "a set-up needs the cluster privileges monitor, manage_index_templates, manage_ingest_pipelines and \
                 manage_transform; manage on logs-m365_security.*; and manage, read, index and delete on \
                 m365_security_latest.*"
            }
            Product::Kibana => {
                "the login needs Kibana's privilege `Saved Objects Management: All` in that space, or, for --fleet, \
                 `Fleet: All` and `Integrations: All` in all spaces (and `Rules: All` for a package with rules)"
            }
        }
    }

    fn elsewhere(self) -> &'static str {
        match self {
            Product::Elasticsearch => {
                "redirects are not followed; is this the address of Kibana or of a portal? --elasticsearch takes the \
                 address of Elasticsearch itself, with its scheme and port"
            }
            Product::Kibana => {
                "redirects are not followed; --kibana takes Kibana's own address, with its scheme and the path that it is \
                 served below (`server.basePath`), as https://host/kibana"
            }
        }
    }
}

/// A path without its query, which may be long.
fn shown(path: &str) -> &str {
    path.split('?').next().unwrap_or_default()
}
