//! Alerts of Microsoft Defender XDR (`microsoft.graph.security.alert`, Microsoft Graph v1.0).

use schemars::{JsonSchema, SchemaGenerator};

use super::incident::Comment;
use crate::api::{Api, CloudName};
use crate::attr::{column, kind, to};
use crate::collection::{Collection, Envelope, List, NextPage, OData, Query, RecordPaths};
use crate::dataset::{Definition, Rows};
use crate::ecs;
use crate::evidence::Evidence;
use crate::ops::{Derive, Op};
use crate::shared;
use crate::source::{Limit, Source};
use crate::tables;
use crate::types::{Dictionary, Guid, Keyword, LowerMember, Member, Prose, Timestamp, Url};

/// Where alerts come from; the dataset `evidence` reads the same answers.
pub const SOURCE: Source = Source {
    api: Api::Graph,
    path: "/v1.0/security/alerts_v2",
    collection: Collection::List(List {
        record: RecordPaths { id: &["id"], changed: "lastUpdateDateTime", created: "createdDateTime" },
        query: Query::OData(OData::USUAL),
        envelope: Envelope::Member("value"),
        next: NextPage::Link,
        page_size: 1000,
        by_id: true,
        redirect: None,
    }),
    permission: "SecurityAlert.Read.All",
    also: &["SecurityAlert.ReadWrite.All"],
    licence: "any Microsoft Defender XDR workload",
    interval: 300,
    lookback: 24,
    max_lookback: 180 * 24,
    limit: Limit { family: "graph-alerts", per_minute: 150, per_hour: None },
    clouds: CloudName::WITH_DEFENDER,
};

/// Alerts, one document per version, with their evidence.
pub const DATASET: Definition = Definition {
    name: "alert",
    title: "Defender XDR alerts",
    prefix: "m365_defender.alert",
    camel_case: false,
    source: SOURCE,
    rows: Rows::Elements,
    identity: &["id", "tenantId", "lastUpdateDateTime"],
    row: SchemaGenerator::subschema_for::<Alert>,
};

/// One version of an alert with all its evidence.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::EVENT_KIND, "alert")
    .constant(ecs::OBSERVER_VENDOR, "Microsoft")
    .otherwise(ecs::OBSERVER_PRODUCT, "Microsoft Defender XDR")
    .derive(ecs::EVENT_DURATION, Derive::Duration, "firstActivityDateTime lastActivityDateTime"))]
pub struct Alert {
    /// What the alert shares with the documents of its evidence.
    #[schemars(flatten)]
    pub context: Context,
    /// What the alert is about.
    #[schemars(transform = to(ecs::MESSAGE).also(ecs::RULE_DESCRIPTION))]
    pub description: Prose,
    /// Group or person that the alert is attributed to.
    #[schemars(transform = to(ecs::THREAT_GROUP_NAME))]
    pub actor_display_name: Keyword,
    /// More about the alert, as the detecting product says it.
    pub additional_data: Dictionary,
    /// Owner of the alert; free text, usually a user principal name. Who works on an alert is no account that it names.
    pub assigned_to: Keyword,
    /// All categories of the alert.
    #[schemars(transform = to(ecs::THREAT_TACTIC_NAME).table(tables::TACTIC_NAME)
        .also(ecs::THREAT_TACTIC_ID).table(tables::TACTIC_ID)
        .also(ecs::THREAT_FRAMEWORK).table(tables::TACTIC_FRAMEWORK))]
    pub categories: Vec<Keyword>,
    /// Remarks of analysts.
    #[schemars(transform = column().unrelated())]
    pub comments: Vec<Comment>,
    /// Labels set by people.
    #[schemars(transform = column().named("tags"))]
    pub custom_tags: Vec<Keyword>,
    /// Values that a custom detection adds.
    pub custom_details: Dictionary,
    /// Nature of the alert as determined, for example phishing or multiStagedAttack.
    #[schemars(transform = to(ecs::EVENT_CATEGORY).table(tables::DETERMINATION_CATEGORY)
        .also(ecs::EVENT_TYPE).table(tables::DETERMINATION_TYPE))]
    pub determination: Member,
    /// Things that the alert is about.
    pub evidence: Vec<Evidence>,
    /// Page of the incident in the Defender portal.
    #[schemars(transform = to(ecs::EVENT_REFERENCE).parts())]
    pub incident_web_url: Url,
    /// State of the automated investigation, for example running, pendingApproval, benign.
    pub investigation_state: Member,
    /// Product that raised the alert, as it is shown to people.
    #[schemars(transform = to(ecs::OBSERVER_PRODUCT))]
    pub product_name: Keyword,
    /// What to do about it.
    pub recommended_actions: Prose,
    /// State: new, inProgress, resolved.
    #[schemars(transform = to(ecs::EVENT_ACTION))]
    pub status: Member,
    /// Labels set by the service.
    pub system_tags: Vec<Keyword>,
    /// Labels set by people, under the name that older answers use.
    pub tags: Vec<Keyword>,
    /// Name of the threat, for example a malware name.
    pub threat_display_name: Keyword,
    /// Family of the threat, for example `Mimikatz`.
    #[schemars(transform = to(ecs::THREAT_SOFTWARE_NAME).rank(1))]
    pub threat_family_name: Keyword,
}

/// Columns that the documents of an alert and of its evidence share.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct Context {
    /// Unique identifier of the alert.
    #[schemars(transform = to(ecs::EVENT_ID))]
    pub id: Keyword,
    /// Entra tenant that the alert belongs to.
    #[schemars(transform = to(ecs::CLOUD_ACCOUNT_ID).rank(1))]
    pub tenant_id: Guid,
    /// Name of the alert.
    #[schemars(transform = to(ecs::RULE_NAME).also(ecs::MESSAGE).rank(1))]
    pub title: Keyword,
    /// Possible impact: unknown, informational, low, medium, high; in lower case.
    #[schemars(transform = to(ecs::EVENT_SEVERITY).table(tables::SEVERITY))]
    pub severity: LowerMember,
    /// Category: an ATT&CK tactic, or a word of Defender's own such as `Malware`.
    #[schemars(transform = to(ecs::RULE_CATEGORY)
        .also(ecs::THREAT_TACTIC_NAME).table(tables::TACTIC_NAME)
        .also(ecs::THREAT_TACTIC_ID).table(tables::TACTIC_ID)
        .also(ecs::THREAT_FRAMEWORK).table(tables::TACTIC_FRAMEWORK))]
    pub category: Keyword,
    /// Whether the alert is a true threat: unknown, falsePositive, truePositive, informationalExpectedActivity.
    pub classification: Member,
    /// Product that raised the alert, for example microsoftDefenderForEndpoint.
    #[schemars(transform = to(ecs::EVENT_PROVIDER).also(ecs::OBSERVER_PRODUCT).table(tables::PRODUCT).rank(1))]
    pub service_source: Member,
    /// Technology or sensor that found it, for example antivirus or customDetection.
    #[schemars(transform = to(ecs::OBSERVER_PRODUCT).table(tables::PRODUCT).rank(2))]
    pub detection_source: Member,
    /// Detector that raised the alert.
    #[schemars(transform = to(ecs::RULE_ID))]
    pub detector_id: Keyword,
    /// Policy that raised the alert.
    #[schemars(transform = to(ecs::RULE_ID).rank(1))]
    pub alert_policy_id: Keyword,
    /// Incident that the alert belongs to.
    #[schemars(transform = to(shared::INCIDENT_ID))]
    pub incident_id: Keyword,
    /// Id of the alert in the product that raised it.
    pub provider_alert_id: Keyword,
    /// ATT&CK techniques and sub-techniques.
    #[schemars(transform = to(ecs::THREAT_TECHNIQUE_ID).op(Op::Technique)
        .also(ecs::THREAT_TECHNIQUE_SUBTECHNIQUE_ID).op(Op::Subtechnique)
        .also(ecs::THREAT_FRAMEWORK).prefix(tables::TECHNIQUE_FRAMEWORK).rank(1))]
    pub mitre_techniques: Vec<Keyword>,
    /// Time when the alert was created.
    #[schemars(transform = to(ecs::EVENT_CREATED).rank(1).also(ecs::TIMESTAMP).rank(1))]
    pub created_date_time: Timestamp,
    /// Earliest activity of the alert.
    #[schemars(transform = to(ecs::EVENT_START))]
    pub first_activity_date_time: Timestamp,
    /// Latest activity of the alert.
    #[schemars(transform = to(ecs::EVENT_END))]
    pub last_activity_date_time: Timestamp,
    /// Time of the alert's last change; together with the id it names the version.
    #[schemars(transform = to(ecs::TIMESTAMP))]
    pub last_update_date_time: Timestamp,
    /// Time when the alert was resolved.
    pub resolved_date_time: Timestamp,
    /// Page of the alert in the Defender portal.
    #[schemars(transform = to(ecs::EVENT_URL).named("web_url").parts())]
    pub alert_web_url: Url,
}
