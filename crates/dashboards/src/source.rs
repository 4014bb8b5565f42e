//! Where a panel's documents come from: history, current state, or the collector's health.

use crate::fields::ecs;
use crate::filter::Filter;

/// The package; the first part of names in Elasticsearch and Kibana, and the value of `event.module`.
pub const PACKAGE: &str = "m365_security";

/// Documents that a panel or saved search asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// History: a document per version of an incident.
    Incident,
    /// History: a document per version of an alert.
    Alert,
    /// History: a document per item of evidence and state of its remediation.
    Evidence,
    /// History: a document per version of an incident of the older API.
    Log,
    /// Now: the latest document of each entity.
    Latest(Entity),
    /// What the collector writes about itself.
    Health,
}

/// What the current state is kept of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Entity {
    /// Incidents.
    Incident,
    /// How incidents were handled, over all their versions.
    IncidentResponse,
    /// Alerts.
    Alert,
    /// Devices that evidence names.
    Device,
    /// Accounts that evidence names.
    User,
}

impl Entity {
    /// All entities.
    pub const ALL: [Entity; 5] =
        [Entity::Incident, Entity::IncidentResponse, Entity::Alert, Entity::Device, Entity::User];

    /// The word in names.
    pub fn word(self) -> &'static str {
        match self {
            Entity::Incident => "incident",
            Entity::IncidentResponse => "incident_response",
            Entity::Alert => "alert",
            Entity::Device => "device",
            Entity::User => "user",
        }
    }

    /// Dataset whose documents the entity is made from.
    pub fn dataset(self) -> &'static str {
        match self {
            Entity::Incident | Entity::IncidentResponse => "incident",
            Entity::Alert => "alert",
            Entity::Device | Entity::User => "evidence",
        }
    }

    /// Alias of the index with the latest documents. It lies outside `logs-*`, so that state is never counted as history.
    pub fn alias(self) -> String {
        format!("{PACKAGE}_latest.{}", self.word())
    }

    /// What the data view is called.
    pub fn title(self) -> &'static str {
        match self {
            Entity::Incident => "Incidents now",
            Entity::IncidentResponse => "Handling of incidents",
            Entity::Alert => "Alerts now",
            Entity::Device => "Devices now",
            Entity::User => "Users now",
        }
    }

    /// Id of the data view over the alias.
    pub fn data_view(self) -> String {
        format!("{PACKAGE}-latest-{}", self.word())
    }
}

impl Source {
    /// Id of the data view.
    pub fn data_view(self) -> String {
        match self {
            Source::Latest(entity) => entity.data_view(),
            _ => HISTORY.to_owned(),
        }
    }

    /// Name of the dataset whose fields the documents have; none for the collector's health.
    pub fn dataset(self) -> Option<&'static str> {
        match self {
            Source::Incident => Some("incident"),
            Source::Alert => Some("alert"),
            Source::Evidence => Some("evidence"),
            Source::Log => Some("log"),
            Source::Latest(entity) => Some(entity.dataset()),
            Source::Health => None,
        }
    }

    /// What tells the documents apart from others of the data view. The index of a state holds nothing else.
    pub(crate) fn condition(self) -> Option<Filter> {
        let dataset = match self {
            Source::Latest(_) => return None,
            Source::Health => schema::health::NAME,
            _ => self.dataset()?,
        };
        Some(ecs::EVENT_DATASET.is(&format!("{PACKAGE}.{dataset}")))
    }
}

/// The data view of all logs; every space that uses Fleet has it.
pub const HISTORY: &str = "logs-*";
