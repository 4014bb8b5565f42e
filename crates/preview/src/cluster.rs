//! The page of a cluster: a few requests with many searches each.

use common::error::{Error as Cause, with_causes};
use dashboards::state;
use output::elasticsearch::{Call, NodeClient, request_error};
use panels::evaluate::Documents;
use panels::lens::Search;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::objects::fields;
use crate::progress::Finished;
use crate::rounds::{self, Answer};
use crate::{Error, Scope, msearch};

/// Searches in one request. Elasticsearch runs some of them at the same time.
const AT_A_TIME: usize = 64;

/// The page of a cluster.
///
/// Where the cluster keeps no current state (its transforms were never installed), or keeps it of other namespaces too, it
/// is worked out from the history.
///
/// # Errors
/// If the cluster cannot be asked or has no documents, or a panel is not understood.
pub async fn cluster(client: &NodeClient, scope: Scope<'_>) -> Result<Finished, Error> {
    let found =
        ask(client, &[any(scope)]).await?.remove(0).map_err(|reason| Error::Cluster(Cause::Permanent(reason)))?;
    if found["hits"]["total"]["value"] == 0 {
        return Err(Error::Nothing(scope.source.to_owned()));
    }
    let state = missing_state(client, scope).await?;
    rounds::page(scope, async |searches| search(client, &state, searches).await).await
}

/// Whether there is anything of ours.
fn any(scope: Scope<'_>) -> Search {
    let body = json!({"size": 0, "track_total_hits": 1, "query": {"term": {"event.module": dashboards::PACKAGE}}});
    Search { index: narrowed(scope, dashboards::HISTORY), body }
}

/// The data streams that a search is about, without those of other namespaces.
fn narrowed(scope: Scope<'_>, index: &str) -> String {
    match (scope.namespace, index.strip_suffix("-*")) {
        (Some(namespace), Some("logs")) => format!("logs-{}.*-{namespace}", dashboards::PACKAGE),
        (Some(namespace), Some(streams)) => format!("{streams}-{namespace}"),
        _ => index.to_owned(),
    }
}

/// The answers to searches, in their order: of the cluster, or of the state that it lacks.
async fn search(client: &NodeClient, state: &Missing<'_>, searches: Vec<&Search>) -> Result<Vec<Answer>, Error> {
    let narrow = |search: &Search| Search { index: narrowed(state.scope, &search.index), body: search.body.clone() };
    let searches: Vec<Search> = searches.into_iter().map(narrow).collect();
    let (own, asked): (Vec<_>, Vec<_>) = (0..searches.len()).partition(|at| state.holds(&searches[*at]));
    let mut answers: Vec<Option<Answer>> = searches.iter().map(|_| None).collect();
    for at in own {
        answers[at] = Some(state.documents.search(&searches[at]).map_err(|error| error.to_string()));
    }
    for part in asked.chunks(AT_A_TIME) {
        let sent: Vec<Search> = part.iter().map(|at| searches[*at].clone()).collect();
        for (at, answer) in part.iter().zip(ask(client, &sent).await?) {
            answers[*at] = Some(answer);
        }
    }
    Ok(answers.into_iter().flatten().collect())
}

/// The current state of entities that a cluster does not keep.
struct Missing<'a> {
    scope: Scope<'a>,
    aliases: Vec<String>,
    documents: Documents,
}

impl Missing<'_> {
    fn holds(&self, search: &Search) -> bool {
        self.aliases.contains(&search.index)
    }
}

/// What the transforms would have made of the history, for entities whose alias is not there.
async fn missing_state<'a>(client: &NodeClient, scope: Scope<'a>) -> Result<Missing<'a>, Error> {
    let mut missing = Missing { scope, aliases: Vec::new(), documents: Documents::new(fields(), scope.now) };
    for entity in state::ENTITIES {
        if scope.namespace.is_none() && has_alias(client, &entity.alias()).await? {
            continue;
        }
        missing.aliases.push(entity.alias());
        missing.documents.alias(&entity.alias(), &entity.index());
        let mut after = None;
        loop {
            let search = Search { index: narrowed(scope, &entity.source()), body: entity.search(after.as_ref()) };
            let answer = ask(client, &[search]).await?.remove(0);
            let answer = answer.map_err(|reason| Error::Cluster(Cause::Permanent(reason)))?;
            let page = entity.page(&answer);
            for (_, document) in page.documents {
                missing.documents.add(&entity.index(), document);
            }
            after = page.after;
            if after.is_none() {
                break;
            }
        }
    }
    Ok(missing)
}

/// Sends searches in one request.
async fn ask(client: &NodeClient, searches: &[Search]) -> Result<Vec<Answer>, Error> {
    let lines = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"))]);
    let call = Call::new(Method::POST, "/_msearch").headers(lines).body(msearch::body(searches));
    let response = client.send(call).await.map_err(Error::Cluster)?;
    if response.status() != StatusCode::OK {
        return Err(Error::Cluster(request_error("POST /_msearch", response).await));
    }
    let answer = response.json().await.map_err(|error| {
        Error::Cluster(Cause::Transient(format!("POST /_msearch: the answer cannot be read: {}", with_causes(&error))))
    })?;
    msearch::answers(&answer, searches.len()).map_err(|reason| Error::Cluster(Cause::Permanent(reason)))
}

/// Whether the cluster has an alias of this name.
async fn has_alias(client: &NodeClient, name: &str) -> Result<bool, Error> {
    let response = client.send(Call::new(Method::HEAD, &format!("/_alias/{name}"))).await.map_err(Error::Cluster)?;
    match response.status() {
        StatusCode::OK => Ok(true),
        StatusCode::NOT_FOUND => Ok(false),
        _ => Err(Error::Cluster(request_error(&format!("HEAD /_alias/{name}"), response).await)),
    }
}
