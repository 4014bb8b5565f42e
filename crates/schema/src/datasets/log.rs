//! Incidents of the older Defender API (`/api/incidents`), one row per entity of an alert.

pub mod alert;
pub mod entity;

use schemars::{JsonSchema, SchemaGenerator};

use self::alert::Alert;
use crate::api::{Api, CloudName};
use crate::attr::{column, kind, to};
use crate::collection::{Collection, Envelope, List, NextPage, OData, Query, RecordPaths};
use crate::dataset::{Definition, Rows};
use crate::ecs;
use crate::ops::Op;
use crate::shared;
use crate::source::{Limit, Source};
use crate::tables;
use crate::types::{Guid, Keyword, Member, Prose, Timestamp, Url};

/// Incidents, alerts and entities, one document per entity, in the form that existing saved searches know.
pub const DATASET: Definition = Definition {
    name: "log",
    title: "Defender XDR incidents (legacy API)",
    prefix: "m365_defender",
    camel_case: true,
    source: Source {
        api: Api::Defender,
        path: "/api/incidents",
        collection: Collection::List(List {
            record: RecordPaths { id: &["incidentId"], changed: "lastUpdateTime", created: "createdTime" },
            query: Query::OData(OData { orderable: false, ..OData::USUAL }),
            envelope: Envelope::Member("value"),
            next: NextPage::Link,
            page_size: 100,
            by_id: false,
            // Of the 50 calls a minute none is spent on it: the list brings the other side when it changes by the merge, and
            // the dataset incident follows the same merge by id.
            redirect: None,
        }),
        permission: "Incident.Read.All",
        also: &["Incident.ReadWrite.All"],
        licence: "any Microsoft Defender XDR workload",
        interval: 300,
        lookback: 168,
        max_lookback: 180 * 24,
        limit: Limit { family: "defender-incidents", per_minute: 50, per_hour: Some(1500) },
        clouds: CloudName::WITH_DEFENDER,
    },
    rows: Rows::Outer { outer: "alerts", inner: "entities" },
    identity: IDENTITY,
    row: SchemaGenerator::subschema_for::<Row>,
};

/// What tells one row from another: incident version, alert version, everything that names the entity, and its state.
const IDENTITY: &[&str] = &[
    "incidentId",
    "tenantId",
    "lastUpdateTime",
    "alerts.alertId",
    "alerts.lastUpdatedTime",
    "alerts.entities.entityType",
    "alerts.entities.evidenceCreationTime",
    "alerts.entities.sha1",
    "alerts.entities.sha256",
    "alerts.entities.fileName",
    "alerts.entities.filePath",
    "alerts.entities.processId",
    "alerts.entities.processCommandLine",
    "alerts.entities.processCreationTime",
    "alerts.entities.parentProcessId",
    "alerts.entities.parentProcessCreationTime",
    "alerts.entities.parentProcessFileName",
    "alerts.entities.parentProcessFilePath",
    "alerts.entities.ipAddress",
    "alerts.entities.url",
    "alerts.entities.urn",
    "alerts.entities.accountName",
    "alerts.entities.domainName",
    "alerts.entities.userSid",
    "alerts.entities.aadUserId",
    "alerts.entities.userPrincipalName",
    "alerts.entities.mailboxDisplayName",
    "alerts.entities.mailboxAddress",
    "alerts.entities.clusterBy",
    "alerts.entities.sender",
    "alerts.entities.recipient",
    "alerts.entities.subject",
    "alerts.entities.deliveryAction",
    "alerts.entities.securityGroupId",
    "alerts.entities.securityGroupName",
    "alerts.entities.registryHive",
    "alerts.entities.registryKey",
    "alerts.entities.registryValueType",
    "alerts.entities.registryValue",
    "alerts.entities.registryValueName",
    "alerts.entities.deviceId",
    "alerts.entities.applicationId",
    "alerts.entities.applicationName",
    "alerts.entities.verdict",
    "alerts.entities.remediationStatus",
];

/// One entity of an alert of an incident, with both as context; without entities one alert, without alerts one
/// incident.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::EVENT_KIND, "alert")
    .constant(ecs::OBSERVER_VENDOR, "Microsoft")
    .otherwise(ecs::OBSERVER_PRODUCT, "Microsoft Defender XDR"))]
pub struct Row {
    /// Unique identifier of the incident in its tenant.
    #[schemars(transform = to(ecs::EVENT_ID).rank(1).also(shared::INCIDENT_ID))]
    pub incident_id: Keyword,
    /// Entra tenant, added by the collector.
    #[schemars(transform = to(ecs::CLOUD_ACCOUNT_ID))]
    pub tenant_id: Guid,
    /// Incident that this one was merged into; the status is then Redirected.
    pub redirect_incident_id: Keyword,
    /// Name of the incident.
    #[schemars(transform = to(ecs::MESSAGE).rank(1))]
    pub incident_name: Keyword,
    /// Time when the incident was created.
    #[schemars(transform = to(ecs::EVENT_CREATED).rank(1).also(ecs::TIMESTAMP).rank(1))]
    pub created_time: Timestamp,
    /// Time of the incident's last change.
    #[schemars(transform = to(ecs::TIMESTAMP))]
    pub last_update_time: Timestamp,
    /// Owner of the incident.
    #[schemars(transform = to(ecs::RELATED_USER).op(Op::Person))]
    pub assigned_to: Keyword,
    /// Whether the incident is a true threat: Unknown, `FalsePositive`, `TruePositive`.
    pub classification: Member,
    /// Nature of the incident as determined, for example Malware or Phishing.
    #[schemars(transform = to(ecs::EVENT_CATEGORY).table(tables::DETERMINATION_CATEGORY)
        .also(ecs::EVENT_TYPE).table(tables::DETERMINATION_TYPE))]
    pub determination: Member,
    /// State: Active, Resolved, `InProgress`, Redirected.
    #[schemars(transform = to(ecs::EVENT_ACTION).rank(1))]
    pub status: Member,
    /// Possible impact: Informational, Low, Medium, High.
    #[schemars(transform = to(ecs::EVENT_SEVERITY).table(tables::SEVERITY).rank(1))]
    pub severity: Member,
    /// State of the automated investigation, in older answers.
    pub investigation_state: Member,
    /// Labels set by people.
    pub tags: Vec<Keyword>,
    /// Remarks of analysts.
    #[schemars(transform = column().flattened())]
    pub comments: Vec<Remark>,
    /// Page of the incident in the Defender portal.
    #[schemars(transform = to(ecs::EVENT_URL))]
    pub incident_uri: Url,
    /// The alert.
    pub alerts: Alert,
}

/// A remark of an analyst.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct Remark {
    /// The text.
    pub comment: Prose,
    /// Who wrote it.
    #[schemars(transform = to(ecs::RELATED_USER).op(Op::Person))]
    pub created_by: Keyword,
    /// Time of the remark.
    pub created_time: Timestamp,
}
