//! What a set-up would do, step by step.

use bytes::Bytes;
use serde_json::Value;

use crate::{data_streams, transforms};
use common::error::Error;

/// What a step is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A component template.
    ComponentTemplate,
    /// An ingest pipeline.
    Pipeline,
    /// An index template of data streams.
    IndexTemplate,
    /// A data stream that is there already.
    DataStream,
    /// An index template of the indices that a transform fills.
    Destination,
    /// A transform.
    Transform,
    /// A saved object of Kibana.
    SavedObject,
    /// The package, which Fleet installs.
    Package,
}

impl Kind {
    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Kind::ComponentTemplate => "component template",
            Kind::Pipeline => "ingest pipeline",
            Kind::IndexTemplate | Kind::Destination => "index template",
            Kind::DataStream => "data stream",
            Kind::Transform => "transform",
            Kind::SavedObject => "saved object",
            Kind::Package => "package",
        }
    }

    /// The first part of its API's path; none for what has another API.
    pub(crate) fn api(self) -> &'static str {
        match self {
            Kind::ComponentTemplate => "_component_template",
            Kind::Pipeline => "_ingest/pipeline",
            Kind::IndexTemplate | Kind::Destination => "_index_template",
            Kind::DataStream => "_data_stream",
            Kind::Transform => "_transform",
            Kind::SavedObject | Kind::Package => "",
        }
    }

    pub(crate) fn of_api(api: &str) -> Option<Self> {
        let kinds = [Kind::ComponentTemplate, Kind::Pipeline, Kind::IndexTemplate, Kind::Transform];
        kinds.into_iter().find(|kind| kind.api() == api)
    }
}

/// How what is there differs from what belongs there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// It is not there.
    New,
    /// These parts of it differ.
    Changed(Vec<String>),
    /// It does not.
    Same,
}

impl Difference {
    /// The same where no part differs.
    pub(crate) fn of(parts: Vec<String>) -> Self {
        if parts.is_empty() { Difference::Same } else { Difference::Changed(parts) }
    }
}

/// One thing, how it differs, and what puts it right.
#[derive(Debug)]
pub struct Step {
    /// What it is.
    pub kind: Kind,
    /// Its name, as the product shows it.
    pub name: String,
    /// How it differs.
    pub difference: Difference,
    pub(crate) work: Work,
}

/// What puts a difference right.
#[derive(Debug)]
pub(crate) enum Work {
    /// Nothing is left to do, or another step does it too.
    None,
    /// A body is put.
    Put { path: String, body: Value },
    /// A transform is put, renewed or started.
    Transform(transforms::Work),
    /// A data stream takes over new templates.
    DataStream(data_streams::Work),
    /// All saved objects are imported.
    Import(Bytes),
    /// The archive of the package is uploaded.
    Upload(Bytes),
}

/// All steps, in the order in which they are made.
#[derive(Debug, Default)]
pub struct Plan {
    /// The steps; those that are the same already, too.
    pub steps: Vec<Step>,
    /// What this cluster cannot take, and why. The rest is installed.
    pub left_out: Vec<String>,
    /// What has to be cleared away before anything is changed: what and what to do, each.
    pub(crate) in_the_way: Vec<String>,
}

impl Plan {
    /// Steps that change something.
    pub fn changes(&self) -> usize {
        self.steps.iter().filter(|step| step.difference != Difference::Same).count()
    }

    pub(crate) fn add(&mut self, kind: Kind, name: impl Into<String>, difference: Difference, work: Work) {
        let work = if difference == Difference::Same { Work::None } else { work };
        self.steps.push(Step { kind, name: name.into(), difference, work });
    }

    pub(crate) fn unless_in_the_way(self) -> Result<Self, Error> {
        match self.in_the_way.as_slice() {
            [] => Ok(self),
            [only] => Err(Error::Permanent(format!("nothing was changed: {only}"))),
            all => {
                let count = all.len();
                Err(Error::Permanent(format!("nothing was changed: {count} things are in the way\n{}", all.join("\n"))))
            }
        }
    }
}
