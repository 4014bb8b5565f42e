//! Saved searches: tables of documents, which Discover opens and dashboards show.

use serde_json::{Value, json};

use crate::field::Field;
use crate::fields::ecs;
use crate::filter::Filter;
use crate::saved_objects::{Reference, SavedObject};
use crate::source::{PACKAGE, Source};

/// A saved search.
#[derive(Debug, Clone)]
pub struct Search {
    name: &'static str,
    title: &'static str,
    description: &'static str,
    source: Source,
    filter: Option<Filter>,
    columns: Vec<Field>,
}

/// A saved search over the documents of a source, newest first; `name` is unique among the searches.
pub fn saved(name: &'static str, title: &'static str, description: &'static str, source: Source) -> Search {
    Search { name, title, description, source, filter: None, columns: Vec::new() }
}

impl Search {
    /// Takes only these documents.
    #[must_use]
    pub fn only(mut self, filter: Filter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// Shows this field in a column.
    #[must_use]
    pub fn column(mut self, field: impl Into<Field>) -> Self {
        self.columns.push(field.into());
        self
    }

    /// Id of the saved object.
    pub fn id(&self) -> String {
        format!("{PACKAGE}-{}", self.name)
    }

    /// The saved object.
    pub fn saved_object(&self) -> SavedObject {
        let condition = Filter::all(self.source.condition(), self.filter.as_ref());
        let columns: Vec<&str> = self.columns.iter().map(|field| field.name.as_ref()).collect();
        let index = "kibanaSavedObjectMeta.searchSourceJSON.index";
        let attributes = json!({
            "title": format!("[M365 Security] {}", self.title),
            "description": self.description,
            "columns": columns,
            "sort": [[ecs::TIMESTAMP.name(), "desc"]],
            "grid": {},
            "hideChart": false,
            "isTextBasedQuery": false,
            "kibanaSavedObjectMeta": {
                "searchSourceJSON": {"filter": [], "indexRefName": index, "query": Filter::query(condition.as_ref())},
            },
        });
        let references = vec![Reference::new("index-pattern", self.source.data_view(), index.to_owned())];
        SavedObject { kind: "search", id: self.id(), version: "8.0.0", attributes, references }
    }

    /// `embeddableConfig` of a panel with the search, and its reference, whose name lacks the panel's prefix.
    pub(crate) fn panel(&self, id: &str) -> (Value, Vec<Reference>) {
        (json!({"enhancements": {}}), vec![Reference::new("search", self.id(), format!("panel_{id}"))])
    }
}
