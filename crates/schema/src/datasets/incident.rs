//! Incidents of Microsoft Defender XDR (`microsoft.graph.security.incident`, Microsoft Graph v1.0).

use schemars::{JsonSchema, SchemaGenerator};

use crate::api::{Api, CloudName};
use crate::attr::{column, drop, kind, to};
use crate::collection::{Collection, Envelope, List, NextPage, OData, Query, RecordPaths};
use crate::dataset::{Definition, Rows};
use crate::ecs;
use crate::ops::{Derive, Op};
use crate::shared;
use crate::source::{Limit, Source};
use crate::tables;
use crate::types::{Flag, Guid, Host, Integer, Ip, Keyword, LowerMember, Member, Prose, Sha256, Timestamp, Url, User};

/// Security incidents, one document per version, with a summary of their alerts.
pub const DATASET: Definition = Definition {
    name: "incident",
    title: "Defender XDR incidents",
    prefix: "m365_defender.incident",
    camel_case: false,
    source: Source {
        api: Api::Graph,
        path: "/v1.0/security/incidents",
        collection: Collection::List(List {
            record: RecordPaths { id: &["id"], changed: "lastUpdateDateTime", created: "createdDateTime" },
            query: Query::OData(OData { expand: Some("alerts"), ..OData::USUAL }),
            envelope: Envelope::Member("value"),
            next: NextPage::Link,
            page_size: 50,
            by_id: true,
            redirect: Some("redirectIncidentId"),
        }),
        permission: "SecurityIncident.Read.All",
        also: &["SecurityIncident.ReadWrite.All"],
        licence: "any Microsoft Defender XDR workload",
        interval: 60,
        lookback: 24,
        max_lookback: 180 * 24,
        // No figure is published for incidents.
        limit: Limit { family: "graph-incidents", per_minute: 50, per_hour: None },
        clouds: CloudName::WITH_DEFENDER,
    },
    rows: Rows::Rollup { nested: "alerts", dataset: "alert", rollup: "rollup" },
    identity: &["id", "tenantId", "lastUpdateDateTime"],
    row: SchemaGenerator::subschema_for::<Incident>,
};

/// One version of an incident, without its alerts; their sum is in `rollup`.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::EVENT_KIND, "alert")
    .constant(ecs::OBSERVER_VENDOR, "Microsoft")
    .constant(ecs::OBSERVER_PRODUCT, "Microsoft Defender XDR")
    .derive(ecs::EVENT_DURATION, Derive::Duration, "rollup.firstActivityDateTime rollup.lastActivityDateTime"))]
pub struct Incident {
    /// Unique identifier of the incident in its tenant.
    #[schemars(transform = to(ecs::EVENT_ID).also(shared::INCIDENT_ID))]
    pub id: Keyword,
    /// Entra tenant that the incident belongs to.
    #[schemars(transform = to(ecs::CLOUD_ACCOUNT_ID))]
    pub tenant_id: Guid,
    /// Name of the incident.
    #[schemars(transform = to(ecs::MESSAGE))]
    pub display_name: Keyword,
    /// What the incident is about.
    pub description: Prose,
    /// Time when the incident was created.
    #[schemars(transform = to(ecs::EVENT_CREATED).also(ecs::TIMESTAMP).rank(1))]
    pub created_date_time: Timestamp,
    /// Time of the incident's last change; together with the id it names the version.
    #[schemars(transform = to(ecs::TIMESTAMP))]
    pub last_update_date_time: Timestamp,
    /// Possible impact: unknown, informational, low, medium, high; in lower case.
    #[schemars(transform = to(ecs::EVENT_SEVERITY).table(tables::SEVERITY))]
    pub severity: LowerMember,
    /// State: active, resolved, inProgress, redirected, awaitingAction.
    #[schemars(transform = to(ecs::EVENT_ACTION))]
    pub status: Member,
    /// Whether the incident is a true threat: unknown, falsePositive, truePositive, informationalExpectedActivity.
    pub classification: Member,
    /// Nature of the incident as determined, for example phishing or multiStagedAttack.
    #[schemars(transform = to(ecs::EVENT_CATEGORY).table(tables::DETERMINATION_CATEGORY)
        .also(ecs::EVENT_TYPE).table(tables::DETERMINATION_TYPE))]
    pub determination: Member,
    /// Owner of the incident; free text, usually a user principal name.
    #[schemars(transform = to(ecs::RELATED_USER).op(Op::Person))]
    pub assigned_to: Keyword,
    /// Page of the incident in the Defender portal.
    #[schemars(transform = to(ecs::EVENT_URL).named("web_url").parts())]
    pub incident_web_url: Url,
    /// Incident that this one was merged into; the status is then redirected.
    pub redirect_incident_id: Keyword,
    /// Remarks of analysts.
    pub comments: Vec<Comment>,
    /// Labels set by people.
    #[schemars(transform = column().named("tags"))]
    pub custom_tags: Vec<Keyword>,
    /// Labels set by the service, for example `Defender Experts`.
    pub system_tags: Vec<Keyword>,
    /// Labels set by people, under the name that older answers use.
    pub tags: Vec<Keyword>,
    /// Who changed the incident last: a person's account, or the word of an automation.
    #[schemars(transform = to(ecs::RELATED_USER).op(Op::Person))]
    pub last_modified_by: Keyword,
    /// Priority from 0 to 100, where the service computes one.
    #[schemars(transform = to(ecs::EVENT_RISK_SCORE))]
    pub priority_score: Integer,
    /// Why the incident was resolved.
    #[schemars(transform = to(ecs::EVENT_REASON))]
    pub resolving_comment: Keyword,
    /// What happened, in several paragraphs.
    pub summary: Prose,
    /// Alerts nested by `$expand`; the collector splits them off.
    #[schemars(transform = drop("nested alerts are rows of the dataset alert; their sum is in rollup"))]
    pub alerts: Vec<crate::types::Dictionary>,
    /// Sum over the incident's alerts, computed by the collector.
    pub rollup: Rollup,
}

/// `alertComment`: a remark of an analyst or an app. Its fields keep their names, as in the documents of Elastic's package.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct Comment {
    /// The text.
    pub comment: Prose,
    /// Person or app that wrote it.
    #[schemars(transform = to(ecs::RELATED_USER).op(Op::Person).named("createdByDisplayName"))]
    pub created_by_display_name: Keyword,
    /// Same, under the name that older answers use.
    #[schemars(transform = to(ecs::RELATED_USER).op(Op::Person).named("createdBy"))]
    pub created_by: Keyword,
    /// Time of the remark.
    #[schemars(transform = column().named("createdDateTime"))]
    pub created_date_time: Timestamp,
    /// Same, under the name that older answers use.
    #[schemars(transform = column().named("createdTime"))]
    pub created_time: Timestamp,
}

/// Sum over the alerts of one incident. Lists are bounded; what did not fit is counted beside them.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct Rollup {
    /// Number of alerts.
    pub alert_count: Integer,
    /// Alerts that could not be read: they are counted, and are in nothing else of this sum.
    pub alerts_missing: Integer,
    /// All alerts of the incident are in this sum.
    pub complete: Flag,
    /// Number of evidence items over all alerts.
    pub evidence_count: Integer,
    /// Earliest activity of an alert.
    #[schemars(transform = to(ecs::EVENT_START))]
    pub first_activity_date_time: Timestamp,
    /// Latest activity of an alert.
    #[schemars(transform = to(ecs::EVENT_END))]
    pub last_activity_date_time: Timestamp,
    /// Number of alerts by severity.
    pub severity: SeverityCounts,
    /// Number of alerts by status.
    pub status: StatusCounts,
    /// Number of alerts by service source.
    pub service_source: crate::types::Dictionary,
    /// Service sources of the alerts.
    #[schemars(transform = to(ecs::EVENT_PROVIDER))]
    pub service_sources: Vec<Member>,
    /// Ids of the alerts.
    pub alert_ids: Vec<Keyword>,
    /// Alerts whose ids did not fit.
    pub alert_ids_overflow: Integer,
    /// Accounts named by the alerts; who works on them is not among these.
    pub users: Vec<User>,
    /// Mentions of accounts that did not fit.
    pub users_overflow: Integer,
    /// Hosts and domains named by the alerts.
    pub hosts: Vec<Host>,
    /// Mentions of hosts that did not fit.
    pub hosts_overflow: Integer,
    /// Addresses named by the alerts.
    pub ips: Vec<Ip>,
    /// Mentions of addresses that did not fit.
    pub ips_overflow: Integer,
    /// File hashes named by the alerts.
    pub hashes: Vec<Sha256>,
    /// Mentions of hashes that did not fit.
    pub hashes_overflow: Integer,
    /// ATT&CK techniques and sub-techniques of the alerts.
    #[schemars(transform = to(ecs::THREAT_TECHNIQUE_ID).op(Op::Technique)
        .also(ecs::THREAT_TECHNIQUE_SUBTECHNIQUE_ID).op(Op::Subtechnique)
        .also(ecs::THREAT_FRAMEWORK).prefix(tables::TECHNIQUE_FRAMEWORK).rank(1))]
    pub mitre_techniques: Vec<Keyword>,
    /// Mentions of techniques that did not fit.
    pub mitre_techniques_overflow: Integer,
    /// Categories of the alerts: ATT&CK tactics, or Defender's own words.
    #[schemars(transform = to(ecs::THREAT_TACTIC_NAME).table(tables::TACTIC_NAME)
        .also(ecs::THREAT_TACTIC_ID).table(tables::TACTIC_ID)
        .also(ecs::THREAT_FRAMEWORK).table(tables::TACTIC_FRAMEWORK))]
    pub categories: Vec<Keyword>,
    /// Mentions of categories that did not fit.
    pub categories_overflow: Integer,
}

/// Number of alerts by severity.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct SeverityCounts {
    /// Informational alerts.
    pub informational: Integer,
    /// Alerts of low severity.
    pub low: Integer,
    /// Alerts of medium severity.
    pub medium: Integer,
    /// Alerts of high severity.
    pub high: Integer,
    /// Alerts of another or no severity.
    pub other: Integer,
}

/// Number of alerts by status.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct StatusCounts {
    /// Alerts that nobody works on yet.
    pub new: Integer,
    /// Alerts in progress.
    pub in_progress: Integer,
    /// Resolved alerts.
    pub resolved: Integer,
    /// Alerts of another or no status.
    pub other: Integer,
}
