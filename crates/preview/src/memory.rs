//! The page of documents in memory, where there is no cluster.

use dashboards::state;
use panels::evaluate::Documents;
use serde_json::Value;

use crate::objects::fields;
use crate::progress::Finished;
use crate::{Error, Scope, rounds};

/// The page of documents, each with the name of its data stream. The caller has chosen them: the scope's namespace is not
/// asked.
///
/// # Errors
/// If there are no documents, or a panel is not understood.
pub async fn documents(history: Vec<(String, Value)>, scope: Scope<'_>) -> Result<Finished, Error> {
    if history.is_empty() {
        return Err(Error::Nothing(scope.source.to_owned()));
    }
    let mut documents = Documents::new(fields(), scope.now);
    add_state(&mut documents, &history.iter().map(|(_, document)| document));
    for (stream, document) in history {
        documents.add(&stream, document);
    }
    let search = |search: &_| documents.search(search).map_err(|error| error.to_string());
    rounds::page(scope, async |searches| Ok(searches.into_iter().map(search).collect())).await
}

/// Adds the current state that transforms would keep in a cluster.
pub(crate) fn add_state<'a>(documents: &mut Documents, history: &(impl Iterator<Item = &'a Value> + Clone)) {
    for entity in state::ENTITIES {
        documents.alias(&entity.alias(), &entity.index());
        for (_, document) in state::memory::current(entity, history.clone()) {
            documents.add(&entity.index(), document);
        }
    }
}
