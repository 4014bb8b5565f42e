//! From searches to the page, whoever answers them: what controls choose first, then all panels, until nothing is open.

use panels::lens::Search;
use serde_json::Value;

use crate::choice::Choices;
use crate::objects::Objects;
use crate::progress::{Finished, Prepared};
use crate::{Error, Scope};

/// The answer to a search, or why there is none.
pub(crate) type Answer = Result<Value, String>;

/// The page. `ask` answers searches in their order.
pub(crate) async fn page(
    scope: Scope<'_>,
    ask: impl AsyncFn(Vec<&Search>) -> Result<Vec<Answer>, Error>,
) -> Result<Finished, Error> {
    let objects = Objects::own();
    let mut choices = Choices::new(&objects.dashboards, &objects.library);
    let answers = ask(choices.searches().collect()).await?;
    choices.answer(answers);
    let prepared = Prepared::new(objects, &choices, scope.now).map_err(Error::Panels)?;
    let mut progress = prepared.begin();
    loop {
        let searches = progress.searches();
        if searches.is_empty() {
            return Ok(progress.page(scope.source));
        }
        let answers = ask(searches).await?;
        progress.answer(answers);
    }
}
