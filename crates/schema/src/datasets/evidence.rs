//! Evidence of alerts: one document per item, with its alert as context.

use schemars::{JsonSchema, SchemaGenerator};

use super::alert::{Alert, Context, SOURCE};
use crate::attr::{kind, to};
use crate::dataset::{Definition, Rows};
use crate::ecs;
use crate::evidence::Evidence;
use crate::ops::Derive;
use crate::types::{Keyword, Member};

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
    .derive(ecs::EVENT_DURATION, Derive::Duration, "firstActivityDateTime lastActivityDateTime")
    .drop_rest::<Alert>(IN_ALERT))]
pub struct Item {
    /// The alert that the item belongs to.
    #[schemars(flatten)]
    pub context: Context,
    /// The item.
    pub evidence: Evidence,
    /// Product that raised the alert, as it is shown to people.
    #[schemars(transform = to(ecs::OBSERVER_PRODUCT).ecs_only())]
    pub product_name: Keyword,
    /// State of the alert: new, inProgress, resolved.
    pub status: Member,
}

/// Why a column of the alert is not repeated in the documents of its evidence.
const IN_ALERT: &str = "in the document of the dataset alert";
