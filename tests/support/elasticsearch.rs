//! The server that the tests of one process share.

use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Client, Method};
use serde_json::Value;

use super::{Part, Stack, cpu, distribution, environment, java, launch, left_out};

const LIMIT: Duration = Duration::from_mins(2);

/// A real Elasticsearch with the stand-in plugin, security off, on a fresh data folder.
///
/// All tests of a process share it: use names (pipelines, templates, data streams) of your own.
pub struct Elasticsearch {
    url: String,
    client: Client,
    process: Option<launch::Process>,
}

impl Elasticsearch {
    /// The shared server of that stack, started on first use (about 20 s; the very first time it is downloaded, too).
    /// `M365_TEST_ELASTICSEARCH=http://host:port` takes a running one instead. `None` when `M365_SKIP` leaves it out.
    ///
    /// # Panics
    /// When the server cannot be had; the text names what is missing.
    pub fn shared(stack: Stack) -> Option<&'static Self> {
        static SERVERS: [OnceLock<Result<Elasticsearch, String>>; 2] = [const { OnceLock::new() }; 2];
        if left_out(Part::Elasticsearch) {
            return None;
        }
        // The failure is kept as well: the other tests shall not wait for it once more.
        match SERVERS[stack as usize].get_or_init(|| Self::open(stack).map_err(|error| format!("{error:#}"))) {
            Ok(server) => Some(server),
            Err(error) => panic!("no elasticsearch {} for the tests: {error}", stack.version()),
        }
    }

    /// A server of that stack which ends with the value: for tests of what belongs to a whole cluster. `None` when
    /// `M365_SKIP` leaves it out.
    ///
    /// # Panics
    /// When the server cannot be had; the text names what is missing.
    pub fn private(stack: Stack) -> Option<Self> {
        if left_out(Part::Elasticsearch) {
            return None;
        }
        let server = Self::client().and_then(|client| Self::start(stack, client));
        Some(server.unwrap_or_else(|error| panic!("no elasticsearch {} for the test: {error:#}", stack.version())))
    }

    #[expect(clippy::disallowed_methods, reason = "a test that asks its own server")]
    fn client() -> Result<Client> {
        // Connections are not kept: each test has a runtime of its own, and a connection dies with the runtime it began in.
        Ok(Client::builder().pool_max_idle_per_host(0).timeout(LIMIT).build()?)
    }

    fn open(stack: Stack) -> Result<Self> {
        let client = Self::client()?;
        if let Some(url) = environment::variable("M365_TEST_ELASTICSEARCH") {
            let url = url.into_string().ok().context("M365_TEST_ELASTICSEARCH is not text")?;
            return Ok(Self { url: url.trim_end_matches('/').to_owned(), client, process: None });
        }
        Self::start(stack, client)
    }

    fn start(stack: Stack, client: Client) -> Result<Self> {
        let jdk = java::find(stack.java())?;
        let home = distribution::prepare(stack, &jdk)?;
        let process = launch::start(&home, &jdk)?;
        Ok(Self { url: process.url.clone(), client, process: Some(process) })
    }

    /// The server's address without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Sends a JSON body (or none, if `body` is null) to `path` (with leading slash); returns status and answer.
    pub async fn request(&self, method: Method, path: &str, body: &Value) -> Result<(u16, Value)> {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        self.send(method, path, ("application/json", text)).await
    }

    /// `GET path`.
    pub async fn get_json(&self, path: &str) -> Result<(u16, Value)> {
        self.request(Method::GET, path, &Value::Null).await
    }

    /// `PUT path`, for templates, pipelines and documents.
    pub async fn put_json(&self, path: &str, body: &Value) -> Result<(u16, Value)> {
        self.request(Method::PUT, path, body).await
    }

    /// `POST path`, for searches, `_simulate`, `_refresh`.
    pub async fn post_json(&self, path: &str, body: &Value) -> Result<(u16, Value)> {
        self.request(Method::POST, path, body).await
    }

    /// Sends bulk lines to `path` (`/_bulk`, `/{target}/_bulk?…`); each line ends with a newline.
    pub async fn bulk(&self, path: &str, lines: impl Into<String>) -> Result<(u16, Value)> {
        self.send(Method::POST, path, ("application/x-ndjson", lines.into())).await
    }

    /// CPU time used so far by the server's processes, launcher included. Only for a server that this process started.
    pub fn cpu_time(&self) -> Result<Duration> {
        let process = self.process.as_ref();
        cpu::of_group(process.context("M365_TEST_ELASTICSEARCH names a server whose processes are unknown")?.pid)
    }

    async fn send(&self, method: Method, path: &str, (kind, body): (&'static str, String)) -> Result<(u16, Value)> {
        ensure!(path.starts_with('/'), "path {path} must begin with a slash");
        let mut request = self.client.request(method.clone(), format!("{}{path}", self.url));
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, HeaderValue::from_static(kind)).body(body);
        }
        let answer = request.send().await.with_context(|| format!("{method} {path} on {}", self.url))?;
        let status = answer.status().as_u16();
        let text = answer.text().await?;
        // HEAD and a few cat requests answer with no JSON.
        let value = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Ok((status, value))
    }
}
