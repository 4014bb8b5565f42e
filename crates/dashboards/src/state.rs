//! Current state beside history: what each incident, alert, device and account is like now, once each.
//!
//! The data streams hold one document per version. Transforms keep the newest version of each entity in an index of its
//! own. Those indices lie outside `logs-*`, so that no panel over the history can count state, and panels over the state
//! name their data view. Everything here is data: the generator writes it out for Fleet and for Elasticsearch's API, and
//! [`memory`] computes the same documents where no cluster does it.

mod equivalent;
pub mod memory;
mod response;
mod transform;

use schema::ecs::Type;
use schema::{Dataset, Field};

pub use equivalent::Page;

/// First part of the names of everything that holds state.
const PREFIX: &str = "m365_security_latest";

/// One kind of thing whose current state is kept.
#[derive(Debug)]
pub struct Entity {
    /// Word that names it, for example `incident`.
    pub name: &'static str,
    /// Title of its data view.
    pub title: &'static str,
    /// What a document of it is.
    pub description: &'static str,
    /// Dataset whose documents it is made from.
    pub dataset: &'static str,
    /// Fields that tell one entity from another, and that every document of it has.
    pub key: &'static [&'static str],
    /// Further conditions on the documents of the dataset: a field, and the values of which it has one.
    pub only: &'static [(&'static str, &'static [&'static str])],
    /// How its documents are made.
    pub method: Method,
    /// First letters of the fields that its documents have, beside [`COMMON`]; empty for all of the dataset.
    pub keeps: &'static [&'static str],
    /// First letters of the fields that are not searchable there, although [`keeps`](Self::keeps) names them.
    pub leaves: &'static [&'static str],
    /// Age of the last change at which an entity is forgotten, as Elasticsearch writes durations.
    pub max_age: &'static str,
}

/// The function of a transform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// `latest`: a copy of the newest document.
    Latest,
    /// `pivot`: what [`response`](mod@response) makes of all versions.
    Response,
}

/// Fields that documents of every entity have.
const COMMON: &[&str] =
    &["@timestamp", "data_stream.", "ecs.version", "event.", "m365_security.", "message", "observer."];

/// Fields of the data stream, which copies of its documents keep. They are plain keywords here, because one index holds
/// documents of several namespaces.
const DATA_STREAM: &[&str] = &["data_stream.dataset", "data_stream.namespace", "data_stream.type"];

/// Type of the evidence that describes a device.
const DEVICE: &str = "#microsoft.graph.security.deviceEvidence";
/// Types of the evidence that describes an account.
const ACCOUNT: &[&str] = &["#microsoft.graph.security.userEvidence", "#microsoft.graph.security.mailboxEvidence"];

/// Everything whose state is kept.
pub const ENTITIES: &[Entity] = &[
    Entity {
        name: "incident",
        title: "M365 Security: incidents now",
        description: "The newest version of each incident.",
        dataset: "incident",
        key: &["m365_defender.incident.tenant_id", "m365_defender.incident.id"],
        only: &[],
        method: Method::Latest,
        keeps: &[],
        leaves: &["m365_defender.incident.unmapped"],
        max_age: "365d",
    },
    Entity {
        name: "incident_response",
        title: "M365 Security: handling of incidents",
        description: "How fast each incident was taken up and closed, from all of its versions.",
        dataset: "incident",
        key: &["m365_defender.incident.tenant_id", "m365_defender.incident.id"],
        only: &[],
        method: Method::Response,
        keeps: &["m365_defender.incident.tenant_id", "m365_defender.incident.id"],
        leaves: &[],
        max_age: "365d",
    },
    Entity {
        name: "alert",
        title: "M365 Security: alerts now",
        description: "The newest version of each alert.",
        dataset: "alert",
        key: &["m365_defender.alert.tenant_id", "m365_defender.alert.id"],
        only: &[],
        method: Method::Latest,
        keeps: &[],
        leaves: &["m365_defender.alert.evidence.", "m365_defender.alert.unmapped"],
        max_age: "365d",
    },
    Entity {
        name: "device",
        title: "M365 Security: devices now",
        description: "What the newest evidence says of each device.",
        dataset: "evidence",
        key: &["m365_defender.alert.tenant_id", "host.id"],
        only: &[("m365_defender.alert.evidence.odata_type", &[DEVICE])],
        method: Method::Latest,
        keeps: &[
            "cloud.",
            "device.",
            "host.",
            "m365_defender.alert.",
            "m365_defender.alert.evidence.created_datetime",
            "m365_defender.alert.evidence.defender_av_status",
            "m365_defender.alert.evidence.detailed_roles",
            "m365_defender.alert.evidence.device_dns_name",
            "m365_defender.alert.evidence.first_seen_datetime",
            "m365_defender.alert.evidence.health_status",
            "m365_defender.alert.evidence.last_external_ip_address",
            "m365_defender.alert.evidence.last_ip_address",
            "m365_defender.alert.evidence.logged_on_users.",
            "m365_defender.alert.evidence.mde_device_id",
            "m365_defender.alert.evidence.odata_type",
            "m365_defender.alert.evidence.onboarding_status",
            "m365_defender.alert.evidence.os_build",
            "m365_defender.alert.evidence.os_platform",
            "m365_defender.alert.evidence.rbac_group.",
            "m365_defender.alert.evidence.remediation_status",
            "m365_defender.alert.evidence.risk_score",
            "m365_defender.alert.evidence.roles",
            "m365_defender.alert.evidence.tags",
            "m365_defender.alert.evidence.verdict",
            "m365_defender.alert.evidence.version",
            "m365_defender.alert.evidence.vm_metadata.",
            "related.",
            "rule.",
            "threat.",
        ],
        leaves: &["m365_defender.alert.evidence.", "m365_defender.alert.unmapped"],
        max_age: "180d",
    },
    Entity {
        name: "user",
        title: "M365 Security: accounts now",
        description: "What the newest evidence says of each account.",
        dataset: "evidence",
        key: &["m365_defender.alert.tenant_id", "user.id"],
        only: &[("m365_defender.alert.evidence.odata_type", ACCOUNT)],
        method: Method::Latest,
        keeps: &[
            "cloud.",
            "m365_defender.alert.",
            "m365_defender.alert.evidence.created_datetime",
            "m365_defender.alert.evidence.detailed_roles",
            "m365_defender.alert.evidence.display_name",
            "m365_defender.alert.evidence.odata_type",
            "m365_defender.alert.evidence.primary_address",
            "m365_defender.alert.evidence.remediation_status",
            "m365_defender.alert.evidence.roles",
            "m365_defender.alert.evidence.tags",
            "m365_defender.alert.evidence.user_account.",
            "m365_defender.alert.evidence.verdict",
            "related.",
            "rule.",
            "threat.",
            "user.",
        ],
        leaves: &["m365_defender.alert.evidence.", "m365_defender.alert.unmapped"],
        max_age: "180d",
    },
];

/// The entity of this name.
pub fn entity(name: &str) -> Option<&'static Entity> {
    ENTITIES.iter().find(|entity| entity.name == name)
}

impl Entity {
    /// Index that holds the documents: `m365_security_latest.dest_<name>-1`.
    pub fn index(&self) -> String {
        format!("{PREFIX}.dest_{}-1", self.name)
    }

    /// Alias by which the documents are searched: `m365_security_latest.<name>`. It moves to the newest index when one
    /// is made, so that what reads it survives a new mapping.
    pub fn alias(&self) -> String {
        format!("{PREFIX}.{}", self.name)
    }

    /// Name of the destination's index template.
    pub fn template(&self) -> String {
        self.alias()
    }

    /// Id of the data view over the alias, and of the transform where Fleet does not choose it.
    pub fn id(&self) -> String {
        format!("m365_security-latest-{}", self.name)
    }

    /// Index pattern of the history that it is made from.
    pub fn source(&self) -> String {
        format!("logs-m365_security.{}-*", self.dataset)
    }

    /// The searchable fields of its documents, by name. What else a copied document has stands in `_source` only.
    pub fn fields(&self, datasets: &[Dataset]) -> Vec<Field> {
        let dataset = datasets.iter().find(|dataset| dataset.definition.name == self.dataset);
        let mut fields: Vec<Field> = dataset.map(Dataset::fields).unwrap_or_default();
        fields.retain(|field| self.has(&field.name));
        fields.extend(
            DATA_STREAM
                .iter()
                .filter(|_| self.method == Method::Latest)
                .map(|name| Field::custom(*name, Type::Keyword, "Data stream that the document was copied from.")),
        );
        if self.method == Method::Response {
            fields.extend(response::fields());
        }
        for field in &mut fields {
            if field.kind == Type::ConstantKeyword {
                field.kind = Type::Keyword;
            }
        }
        fields.sort_by(|one, other| one.name.cmp(&other.name));
        fields
    }

    /// Whether its documents have the field of the dataset. The longest beginning that fits decides, because a part of a
    /// group that is left may be kept.
    fn has(&self, name: &str) -> bool {
        if name == "event.original" {
            return false;
        }
        if self.method == Method::Response {
            return [response::COPIED, response::NEWEST, self.keeps].iter().any(|names| names.contains(&name));
        }
        let longest =
            |all: &[&str]| all.iter().filter(|first| name.starts_with(**first)).map(|first| first.len()).max();
        let kept = if self.keeps.is_empty() { Some(0) } else { longest(self.keeps).max(longest(COMMON)) };
        kept.is_some() && kept > longest(self.leaves)
    }
}
