//! What a person looks at a dashboard with: a time, a range, what is chosen; and the objects that panels point to.

use std::collections::BTreeMap;

use serde_json::Value;

use super::error::{Problem, Result};

/// The state of a dashboard that is open.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// The time that `now` means, in milliseconds since 1970.
    pub now: i64,
    /// Begin and end as date math or RFC 3339; `None` takes the range that the dashboard restores.
    pub range: Option<(String, String)>,
    /// Chosen values by the id of the control; they replace what the control itself has chosen.
    pub selections: BTreeMap<String, Vec<Value>>,
}

/// The saved objects that dashboards point to: data views (`index-pattern`) and saved searches (`search`), decoded.
#[derive(Debug, Clone, Default)]
pub struct Library(BTreeMap<(String, String), Value>);

/// Where a data view looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DataView {
    /// Index pattern or alias.
    pub(crate) index: String,
    /// The field that the time range is about.
    pub(crate) time_field: Option<String>,
    /// How values of a field are shown, by the field's name; null where nothing is said.
    pub(crate) formats: Value,
}

impl Library {
    /// Objects of other types are left aside.
    pub fn new<'a>(objects: impl IntoIterator<Item = &'a Value>) -> Self {
        let key = |object: &Value| Some((object["type"].as_str()?.to_owned(), object["id"].as_str()?.to_owned()));
        Self(objects.into_iter().filter_map(|object| Some((key(object)?, object.clone()))).collect())
    }

    fn object(&self, kind: &str, id: &str) -> Option<&Value> {
        self.0.get(&(kind.to_owned(), id.to_owned()))
    }

    /// Where the data view of this id looks: an index pattern or an alias. `None` if there is no such data view.
    pub fn index(&self, id: &str) -> Option<String> {
        self.data_view(id).ok().map(|view| view.index)
    }

    /// The data view of this id. `logs-*` and `metrics-*` exist in every space that uses Fleet.
    pub(crate) fn data_view(&self, id: &str) -> Result<DataView> {
        match self.object("index-pattern", id) {
            Some(object) => {
                let attributes = &object["attributes"];
                let title = attributes["title"].as_str();
                let title = title.ok_or_else(|| Problem::new(format!("data view {id} has no title")))?;
                let time_field = attributes["timeFieldName"].as_str().filter(|name| !name.is_empty());
                let formats = attributes["fieldFormatMap"].as_str().unwrap_or("null");
                let formats = serde_json::from_str(formats)
                    .map_err(|error| Problem::new(format!("data view {id}: its fieldFormatMap is no JSON: {error}")))?;
                Ok(DataView { index: title.to_owned(), time_field: time_field.map(str::to_owned), formats })
            }
            None if ["logs-*", "metrics-*"].contains(&id) => {
                let time_field = Some("@timestamp".to_owned());
                Ok(DataView { index: id.to_owned(), time_field, formats: Value::Null })
            }
            None => Err(Problem::new(format!("there is no data view {id}"))),
        }
    }

    /// The saved search of this id.
    pub(crate) fn search(&self, id: &str) -> Result<&Value> {
        self.object("search", id).ok_or_else(|| Problem::new(format!("there is no saved search {id}")))
    }
}

/// The id that a reference points to.
pub(crate) fn reference<'a>(references: &'a Value, name: &str, kind: &str) -> Result<&'a str> {
    let mut found = references.as_array().into_iter().flatten();
    let found = found.find(|reference| reference["name"] == name && reference["type"] == kind);
    let id = found.and_then(|reference| reference["id"].as_str());
    id.ok_or_else(|| Problem::new(format!("there is no reference called {name} of type {kind}")))
}
