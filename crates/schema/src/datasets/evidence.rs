//! Evidence of alerts: one document per item, with its alert as context.

use schemars::{JsonSchema, SchemaGenerator};

use super::alert::{Context, SOURCE};
use crate::attr::{drop, kind, to};
use crate::dataset::{Definition, Rows};
use crate::ecs;
use crate::evidence::Evidence;
use crate::ops::Derive;
use crate::types::{Dictionary, Keyword, Member, Prose, Url};

/// Evidence, one document per item and state of its verdict and remediation.
pub const DATASET: Definition = Definition {
    name: "evidence",
    title: "Defender XDR alert evidence",
    prefix: "m365_defender.alert",
    camel_case: false,
    source: SOURCE,
    rows: Rows::Items("evidence"),
    identity: &[
        "id",
        "tenantId",
        "evidence.@odata.type",
        "evidence.verdict",
        "evidence.remediationStatus",
        "evidence.remediationStatusDetails",
    ],
    row: SchemaGenerator::subschema_for::<Item>,
};

/// One item of an alert's evidence, so that what belongs together stays together.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::EVENT_KIND, "event")
    .constant(ecs::OBSERVER_VENDOR, "Microsoft")
    .otherwise(ecs::OBSERVER_PRODUCT, "Microsoft Defender XDR")
    .derive(ecs::EVENT_DURATION, Derive::Duration, "firstActivityDateTime lastActivityDateTime"))]
pub struct Item {
    /// The alert that the item belongs to.
    #[schemars(flatten)]
    pub context: Context,
    /// The item.
    pub evidence: Evidence,
    /// Group or person that the alert is attributed to.
    #[schemars(transform = drop(IN_ALERT))]
    pub actor_display_name: Keyword,
    /// More about the alert, as the detecting product says it.
    #[schemars(transform = drop(IN_ALERT))]
    pub additional_data: Dictionary,
    /// Owner of the alert.
    #[schemars(transform = drop(IN_ALERT))]
    pub assigned_to: Keyword,
    /// All categories of the alert.
    #[schemars(transform = drop(IN_ALERT))]
    pub categories: Vec<Keyword>,
    /// Remarks of analysts.
    #[schemars(transform = drop(IN_ALERT))]
    pub comments: Vec<Dictionary>,
    /// Labels set by people.
    #[schemars(transform = drop(IN_ALERT))]
    pub custom_tags: Vec<Keyword>,
    /// Values that a custom detection adds.
    #[schemars(transform = drop(IN_ALERT))]
    pub custom_details: Dictionary,
    /// What the alert is about.
    #[schemars(transform = drop(IN_ALERT))]
    pub description: Prose,
    /// Nature of the alert as determined.
    #[schemars(transform = drop(IN_ALERT))]
    pub determination: Member,
    /// Page of the incident in the Defender portal.
    #[schemars(transform = drop(IN_ALERT))]
    pub incident_web_url: Url,
    /// State of the automated investigation.
    #[schemars(transform = drop(IN_ALERT))]
    pub investigation_state: Member,
    /// Product that raised the alert, as it is shown to people.
    #[schemars(transform = to(ecs::OBSERVER_PRODUCT).ecs_only())]
    pub product_name: Keyword,
    /// What to do about the alert.
    #[schemars(transform = drop(IN_ALERT))]
    pub recommended_actions: Prose,
    /// State of the alert: new, inProgress, resolved.
    pub status: Member,
    /// Labels set by the service.
    #[schemars(transform = drop(IN_ALERT))]
    pub system_tags: Vec<Keyword>,
    /// Labels set by people, under the name that older answers use.
    #[schemars(transform = drop(IN_ALERT))]
    pub tags: Vec<Keyword>,
    /// Name of the threat.
    #[schemars(transform = drop(IN_ALERT))]
    pub threat_display_name: Keyword,
    /// Family of the threat.
    #[schemars(transform = drop(IN_ALERT))]
    pub threat_family_name: Keyword,
}

/// Why a column of the alert is not repeated in the documents of its evidence.
const IN_ALERT: &str = "in the document of the dataset alert";
