//! Saved objects: what Kibana stores and imports. The shapes are the oldest that Kibana 8.19 writes; newer ones upgrade them.

mod dashboard;
mod data_view;
mod encode;
mod tag;

pub use data_view::{data_views, history};
pub use encode::encode;
pub use tag::{SECURITY, Tag, tags};

use serde_json::{Value, json};

use crate::dashboard::Dashboard;
use crate::panel::Body;

/// A reference of a saved object to another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Type of the other object.
    pub kind: &'static str,
    /// Its id.
    pub id: String,
    /// Name under which the attributes speak of it.
    pub name: String,
}

impl Reference {
    pub(crate) fn new(kind: &'static str, id: String, name: String) -> Self {
        Self { kind, id, name }
    }

    pub(crate) fn value(&self) -> Value {
        json!({"type": self.kind, "id": self.id, "name": self.name})
    }

    /// The reference as a panel's: a dashboard has all references in one list.
    fn of_panel(self, panel: &str) -> Self {
        Self { name: format!("{panel}:{}", self.name), ..self }
    }
}

/// A saved object in its decoded form, where texts that hold JSON are objects.
#[derive(Debug, Clone)]
pub struct SavedObject {
    /// `type`: `dashboard`, `search`, `index-pattern`, `tag`.
    pub kind: &'static str,
    /// Id, which the file is named after.
    pub id: String,
    /// `typeMigrationVersion`: without it, or with a newer one than Kibana's, an import fails.
    pub version: &'static str,
    /// Content.
    pub attributes: Value,
    /// All other objects that the attributes speak of.
    pub references: Vec<Reference>,
}

impl SavedObject {
    /// The object as source packages have it.
    pub fn decoded(&self) -> Value {
        let references: Vec<Value> = self.references.iter().map(Reference::value).collect();
        json!({
            "attributes": self.attributes, "coreMigrationVersion": "8.8.0", "id": self.id, "references": references,
            "type": self.kind, "typeMigrationVersion": self.version,
        })
    }

    /// The object as built packages have it, and Kibana's import takes it.
    pub fn encoded(&self) -> Value {
        encode(self.decoded())
    }
}

/// The dashboards' saved objects.
pub fn dashboards(dashboards: &[Dashboard]) -> Vec<SavedObject> {
    dashboards.iter().map(|one| dashboard::saved_object(one, dashboards)).collect()
}

/// Saved searches that the dashboards show, each once.
pub fn searches(dashboards: &[Dashboard]) -> Vec<SavedObject> {
    let mut objects: Vec<SavedObject> = Vec::new();
    for (_, panel) in dashboards.iter().flat_map(|dashboard| &dashboard.placed) {
        if let Body::Search(search) = &panel.body
            && !objects.iter().any(|object| object.id == search.id())
        {
            objects.push(search.saved_object());
        }
    }
    objects.sort_by(|one, other| one.id.cmp(&other.id));
    objects
}

/// All objects for Kibana's import, a line each. Beside what the package has there are the data view of all logs and the tags,
/// which Fleet makes by itself.
pub fn ndjson(all: &[Dashboard]) -> String {
    let mut objects = vec![history()];
    objects.extend(data_views());
    objects.extend(tags());
    for mut object in searches(all).into_iter().chain(dashboards(all)) {
        object.references.extend(tag::references());
        objects.push(object);
    }
    objects.iter().map(|object| object.encoded().to_string() + "\n").collect()
}
