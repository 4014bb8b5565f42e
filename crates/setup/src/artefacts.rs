//! What a set-up installs: the generated artefacts that this program was built with.

use serde_json::Value;

use crate::difference;
use crate::plan::Kind;

/// `_meta.managed_by` of everything that is generated.
pub(crate) const MANAGED_BY: &str = "m365-generator";
/// The package, and the first part of the names of its datasets.
pub(crate) const PACKAGE: &str = "m365_security";
/// What the names of its data streams, templates and pipelines begin with.
pub(crate) const PREFIX: &str = "logs-m365_security.";

/// A body that an API of Elasticsearch takes, and its name there.
#[derive(Debug, Clone)]
pub struct Artefact {
    /// What it is.
    pub kind: Kind,
    /// Its name in the cluster.
    pub name: String,
    /// What is put.
    pub body: Value,
}

/// Everything, in the order in which it can be put.
#[derive(Debug, Clone, Default)]
pub struct Artefacts {
    /// Component templates, pipelines and index templates of the data streams.
    pub templates: Vec<Artefact>,
    /// Templates of the indices that hold the current state.
    pub destinations: Vec<Artefact>,
    /// Transforms that fill them.
    pub transforms: Vec<Artefact>,
    /// Saved objects of Kibana, one JSON text per line.
    pub saved_objects: String,
}

impl Artefacts {
    /// Those that this program was built with.
    pub fn embedded() -> Self {
        use output::elasticsearch::setup;
        let of = |artefacts: Vec<setup::Artefact>| artefacts.into_iter().filter_map(Artefact::of).collect::<Vec<_>>();
        let (destinations, transforms) =
            of(setup::state_artefacts()).into_iter().partition(|artefact| artefact.kind != Kind::Transform);
        Self {
            templates: of(setup::artefacts()),
            destinations,
            transforms,
            saved_objects: setup::saved_objects().to_owned(),
        }
    }

    /// Whether what is stored under a name is the template or pipeline of this version, unchanged.
    pub(crate) fn is_current(&self, kind: Kind, name: &str, stored: &Value) -> bool {
        let mut all = self.templates.iter().chain(&self.destinations);
        let ours = all.find(|artefact| artefact.kind.api() == kind.api() && artefact.name == name);
        ours.is_some_and(|ours| difference::parts(kind, &ours.body, stored).is_empty())
    }

    /// `_meta` of the generated artefacts; it marks what a set-up makes itself, too.
    pub(crate) fn meta(&self) -> Value {
        self.templates.first().map(|artefact| artefact.body["_meta"].clone()).unwrap_or_default()
    }

    /// Index templates of the data streams.
    pub(crate) fn index_templates(&self) -> impl Iterator<Item = &Artefact> {
        self.templates.iter().filter(|artefact| artefact.kind == Kind::IndexTemplate)
    }

    /// The component template with the mappings of an index template's data streams.
    pub(crate) fn component_of(&self, index_template: &Artefact) -> Option<&Artefact> {
        let composed = index_template.body["composed_of"].as_array()?;
        let is_composed = |artefact: &&Artefact| composed.iter().any(|name| *name == *artefact.name);
        self.templates.iter().filter(|artefact| artefact.kind == Kind::ComponentTemplate).find(is_composed)
    }
}

impl Artefact {
    fn of(artefact: output::elasticsearch::setup::Artefact) -> Option<Self> {
        let kind = Kind::of_api(artefact.folder)?;
        let body = artefact.parsed();
        let kind = if kind == Kind::IndexTemplate && body["data_stream"].is_null() { Kind::Destination } else { kind };
        Some(Self { kind, name: artefact.name, body })
    }
}

/// Whether something in a cluster was put by a set-up, of whatever version.
pub(crate) fn is_ours(stored: &Value) -> bool {
    stored["_meta"]["managed_by"] == MANAGED_BY
}
