//! A stream of an input unit: one dataset.

use serde_json::{Map, Value};

use super::data_stream::{self, Written};
use super::processors;
use super::source::Source;
use super::{Additions, DataStream, Stream};
use crate::ConfigError;

/// First part of our data streams' datasets.
const PREFIX: &str = "m365_security.";

/// A stream as far as it is right by itself.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) stream: Stream,
    /// The dataset with its options, as the file writes it.
    pub(super) dataset: Map<String, Value>,
    /// Keys that are no option.
    pub(super) unknown: Vec<String>,
}

impl Draft {
    /// It is no dataset: it takes what the collector says of itself.
    pub(super) fn is_of_reports(&self) -> bool {
        self.dataset.get("name").is_some_and(|name| name == schema::health::NAME)
    }
}

/// What a stream takes over from its input.
pub(super) struct Above<'a> {
    pub(super) data_stream: &'a Written,
    pub(super) additions: &'a Additions,
}

/// The stream's id: as written, or as Elastic's own inputs name one without; `false` if it is switched off.
pub(super) fn identify(source: &mut Source, input: &str, place: usize) -> Result<(String, bool), ConfigError> {
    let id = source.text("id")?.unwrap_or_else(|| format!("{input}.[{place}]"));
    Ok((id, source.flag("enabled")?.unwrap_or(true)))
}

/// Reads a stream whose id is known.
pub(super) fn read(id: String, mut source: Source, above: &Above<'_>) -> Result<Draft, ConfigError> {
    let written = data_stream::take(&mut source)?;
    let dataset = dataset(&mut source, &written)?;
    let data_stream = DataStream {
        namespace: data_stream::namespace(above.data_stream, &written),
        dataset: written.dataset.unwrap_or_else(|| format!("{PREFIX}{dataset}")),
    };
    let mut options = Map::from_iter([("name".to_owned(), Value::from(dataset))]);
    for key in ["interval", "lookback", "overlap"] {
        options.extend(source.text(key)?.map(|text| (key.to_owned(), text.into())));
    }
    let preserve_original_event = source.flag("preserve_original_event")?.unwrap_or(false);
    let mut additions = above.additions.clone();
    additions.tag(source.list("tags")?);
    processors::read(&options::label("processors"), source.take("processors"), &mut additions)?;
    let stream = Stream { id, data_stream, preserve_original_event, additions };
    Ok(Draft { stream, dataset: options, unknown: source.rest().collect() })
}

/// Which dataset is collected: `dataset`, or what the data stream is called.
fn dataset(source: &mut Source, written: &Written) -> Result<String, ConfigError> {
    if let Some(name) = source.text("dataset")? {
        return Ok(name);
    }
    let named = written.dataset.as_deref().and_then(|name| name.strip_prefix(PREFIX));
    named.map(str::to_owned).ok_or_else(|| {
        let known = schema::catalog().iter().map(|dataset| format!("{PREFIX}{}", dataset.definition.name));
        let known = known.collect::<Vec<_>>().join(", ");
        let message =
            format!("does not say what to collect; allowed: one of {known}, or any name with `dataset` beside it");
        source.error("data_stream.dataset", message)
    })
}
