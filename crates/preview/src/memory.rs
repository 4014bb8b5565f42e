//! The page of documents in memory, where there is no cluster.

use dashboards::evaluate::Documents;
use dashboards::state;
use serde_json::Value;

use crate::choice::Choices;
use crate::objects::Objects;
use crate::progress::{Finished, Prepared};
use crate::{Error, Scope};

/// The page of documents, each with the name of its data stream. The caller has chosen them: the scope's namespace is not
/// asked.
///
/// # Errors
/// If there are no documents, or a panel is not understood.
pub fn documents(history: Vec<(String, Value)>, scope: Scope<'_>) -> Result<Finished, Error> {
    if history.is_empty() {
        return Err(Error::Nothing(scope.source.to_owned()));
    }
    let objects = Objects::own();
    let mut documents = Documents::new(objects.fields.clone(), scope.now);
    add_state(&mut documents, &history.iter().map(|(_, document)| document));
    for (stream, document) in history {
        documents.add(&stream, document);
    }
    let search = |search: &_| documents.search(search).map_err(|error| error.to_string());
    let mut choices = Choices::new(&objects.dashboards, &objects.library);
    let answers = choices.searches().map(search).collect();
    choices.answer(answers);
    let prepared = Prepared::new(objects, &choices, scope.now).map_err(Error::Panels)?;
    let mut progress = prepared.begin();
    loop {
        let searches = progress.searches();
        if searches.is_empty() {
            return Ok(progress.page(scope.source));
        }
        let answers = searches.into_iter().map(search).collect();
        progress.answer(answers);
    }
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
