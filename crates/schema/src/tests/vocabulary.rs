//! The vocabulary of collections is enough for every endpoint of the reference: how each of them would be collected.
//! These descriptions are no datasets; they say what the words are for.

use std::collections::BTreeMap;

use super::reference;
use crate::{
    Blobs, BodyFilter, Collection, Create, Delta, Envelope, JobResult, Jobs, List, NextPage, OData, Operator, Origin,
    Parameters, Query, RecordPaths, Snapshot, Stream, TimeForm,
};

const VALUE: Envelope = Envelope::Member("value");

const fn odata(changed: &'static str, created: &'static str, odata: OData) -> List {
    List {
        record: RecordPaths { id: &["id"], changed, created },
        query: Query::OData(odata),
        envelope: VALUE,
        next: NextPage::Link,
        page_size: 1000,
        by_id: true,
        redirect: None,
    }
}

/// A log of Entra ID: the newest first, only links lead on.
const fn entra(time: &'static str, operators: &'static [Operator], filter: Option<&'static str>) -> List {
    odata(time, time, OData { operators, filter, orderable: false, skip: false, select: false, expand: None })
}

const GE_LE: &[Operator] = &[Operator::Ge, Operator::Le];
/// Provisioning knows no "at or after".
const GT_LT: &[Operator] = &[Operator::Gt, Operator::Lt];

/// Defender for Cloud Apps.
const fn cloud_apps(field: &'static str) -> List {
    List {
        record: RecordPaths { id: &["_id"], changed: field, created: field },
        query: Query::Body(BodyFilter {
            field,
            at_or_after: "gte",
            at_or_before: Some("lte"),
            sort: Some(field),
            time: TimeForm::EpochMilliseconds,
        }),
        envelope: Envelope::Member("data"),
        next: NextPage::Offset { more: Some("hasNext") },
        page_size: 100,
        by_id: true,
        redirect: None,
    }
}

/// Changes of vulnerabilities: no filter, a parameter of its own.
const VULNERABILITY_CHANGES: List = List {
    record: RecordPaths { id: &["id", "status"], changed: "eventTimestamp", created: "eventTimestamp" },
    query: Query::Parameters(Parameters {
        from: "sinceTime",
        to: None,
        size: Some("pageSize"),
        skip: None,
        time: TimeForm::Iso8601,
        constant: &[],
        ordered: false,
    }),
    envelope: VALUE,
    next: NextPage::Link,
    page_size: 200_000,
    by_id: false,
    redirect: None,
};

/// Alerts of a subscription in Azure Resource Manager: no filter is documented, so all of them are read every time.
const CLOUD_ALERTS: Snapshot = pages(&["properties.systemAlertId"], VALUE, None);

const fn delta(select: &'static [&'static str]) -> Delta {
    Delta { id: "id", select, removed: "@removed", link_lifetime: 7 * 24 }
}

const fn pages(id: &'static [&'static str], envelope: Envelope, size: Option<(&'static str, u32)>) -> Snapshot {
    Snapshot { id, version: None, origin: Origin::Pages { envelope, next: NextPage::Link, size } }
}

/// One record: scores, settings.
const fn single(id: &'static str) -> Snapshot {
    let origin = Origin::Pages { envelope: Envelope::Record, next: NextPage::Single, size: None };
    Snapshot { id: &[], version: Some(id), origin }
}

const EXPORT_FILES: Snapshot = Snapshot {
    id: &["id"],
    version: None,
    origin: Origin::Files {
        links: "exportFiles",
        hosts: &["blob.core.windows.net"],
        envelope: Envelope::Lines,
        valid: 1,
    },
};

const fn children(parent: &'static str) -> Snapshot {
    Snapshot { id: &["id"], version: None, origin: Origin::Children { parent, envelope: VALUE } }
}

const fn blobs(content_type: &'static str) -> Blobs {
    Blobs {
        content_type,
        start: "subscriptions/start",
        query: Parameters {
            from: "startTime",
            to: Some("endTime"),
            size: None,
            skip: None,
            time: TimeForm::Iso8601,
            constant: &[],
            ordered: false,
        },
        next: NextPage::Header("NextPageUri"),
        window: 24,
        uri: "contentUri",
        expiry: "contentExpiration",
        available: "contentCreated",
        envelope: Envelope::Array,
        id: &["Id"],
        created: "CreationTime",
    }
}

const AUDIT_LOG_QUERY: Jobs = Jobs {
    create: Create::Bounds { from: "filterStartDateTime", to: "filterEndDateTime", constant: &[] },
    result: JobResult::Polled {
        status: "status",
        done: &["succeeded"],
        failed: &["failed", "cancelled"],
        path: "records",
        next: NextPage::Link,
    },
    envelope: VALUE,
    cap: 1_000_000,
    concurrent: 10,
    id: &["id"],
    created: "createdDateTime",
};

const fn hunting(envelope: &'static str) -> Jobs {
    Jobs {
        create: Create::Kusto { member: "Query", table: "DeviceEvents", time: "Timestamp" },
        result: JobResult::Immediate,
        envelope: Envelope::Member(envelope),
        cap: 100_000,
        concurrent: 1,
        id: &["ReportId", "DeviceId"],
        created: "Timestamp",
    }
}

const EVENT_HUB: Stream =
    Stream { records: "records", category: ("category", "AdvancedHunting-DeviceEvents"), row: "properties" };

/// Endpoints that give answers about a record at hand, or are no REST API: nothing is collected from them.
const NOT_COLLECTED: [&str; 6] = [
    "graph.calendar",
    "graph.presence",
    "graph.change_notification",
    "mde.live_response",
    "exo.quarantine",
    "exo.message_trace",
];

const SIGN_IN: &str = "createdDateTime";
const fn sign_ins(filter: &'static str) -> List {
    entra(SIGN_IN, GE_LE, Some(filter))
}

const UPDATED: OData = OData::USUAL;
const NEWEST_FIRST: OData = OData { orderable: false, ..OData::USUAL };

fn lists() -> Vec<(&'static str, List)> {
    let alert = odata("lastUpdateDateTime", "createdDateTime", UPDATED);
    let dlp = OData { filter: Some("serviceSource eq 'dataLossPrevention'"), ..OData::USUAL };
    let evidence = OData { expand: Some("evidence"), ..OData::USUAL };
    vec![
        ("graph.incident", List { redirect: Some("redirectIncidentId"), ..alert }),
        ("graph.incident+alerts", List { query: Query::OData(OData { expand: Some("alerts"), ..UPDATED }), ..alert }),
        ("graph.alert_v2", alert),
        ("graph.alert_legacy", odata("lastModifiedDateTime", "createdDateTime", UPDATED)),
        ("purview.dlp_alert", List { query: Query::OData(dlp), ..alert }),
        ("xdr.incident_legacy", odata("lastUpdateTime", "createdTime", NEWEST_FIRST)),
        ("graph.signin.interactiveUser", entra(SIGN_IN, GE_LE, None)),
        ("graph.signin.nonInteractiveUser", sign_ins("signInEventTypes/any(t:t eq 'nonInteractiveUser')")),
        ("graph.signin.servicePrincipal", sign_ins("signInEventTypes/any(t:t eq 'servicePrincipal')")),
        ("graph.signin.managedIdentity", sign_ins("signInEventTypes/any(t:t eq 'managedIdentity')")),
        ("graph.directory_audit", entra("activityDateTime", GE_LE, None)),
        ("graph.provisioning", entra("activityDateTime", GT_LT, None)),
        ("graph.risk_detection", odata("lastUpdatedDateTime", "detectedDateTime", NEWEST_FIRST)),
        ("graph.risky_user", odata("riskLastUpdatedDateTime", "riskLastUpdatedDateTime", NEWEST_FIRST)),
        ("graph.risky_service_principal", odata("riskLastUpdatedDateTime", "riskLastUpdatedDateTime", NEWEST_FIRST)),
        ("graph.sp_risk_detection", odata("lastUpdatedDateTime", "detectedDateTime", NEWEST_FIRST)),
        ("graph.risky_agent", odata("riskLastUpdatedDateTime", "riskLastUpdatedDateTime", NEWEST_FIRST)),
        ("graph.secure_score", odata("createdDateTime", "createdDateTime", NEWEST_FIRST)),
        ("graph.threat_submission.email", odata("createdDateTime", "createdDateTime", NEWEST_FIRST)),
        ("graph.threat_submission.url", odata("createdDateTime", "createdDateTime", NEWEST_FIRST)),
        ("graph.threat_submission.file", odata("createdDateTime", "createdDateTime", NEWEST_FIRST)),
        ("graph.analyzed_email", odata("loggedDateTime", "loggedDateTime", NEWEST_FIRST)),
        ("graph.message", odata("receivedDateTime", "createdDateTime", UPDATED)),
        ("mde.alert", odata("lastUpdateTime", "alertCreationTime", evidence)),
        ("mde.machine_action", odata("lastUpdateDateTimeUtc", "creationDateTimeUtc", NEWEST_FIRST)),
        ("mde.vulnerability_catalog", odata("updatedOn", "publishedOn", NEWEST_FIRST)),
        ("mde.investigation", odata("startTime", "startTime", NEWEST_FIRST)),
        ("mde.remediation_activity", odata("statusLastModifiedOn", "createdOn", NEWEST_FIRST)),
        ("mde.sw_vuln_delta", VULNERABILITY_CHANGES),
        ("intune.audit_event", odata("activityDateTime", "activityDateTime", NEWEST_FIRST)),
        ("mdi.health_sensor", odata("lastModifiedDateTime", "createdDateTime", NEWEST_FIRST)),
        ("mdca.activity", cloud_apps("created")),
        ("mdca.alert", cloud_apps("date")),
    ]
}

fn snapshots() -> Vec<(&'static str, Snapshot)> {
    let graph = pages(&["id"], VALUE, Some(("$top", 1000)));
    let exported = pages(&["id"], VALUE, Some(("pageSize", 200_000)));
    let versioned = Snapshot { id: &["id", "version"], version: Some("lastModifiedDateTime"), ..graph };
    let offset = NextPage::Offset { more: Some("hasNext") };
    let entities = Origin::Pages { envelope: Envelope::Member("data"), next: offset, size: Some(("limit", 100)) };
    vec![
        ("graph.secure_score_control", graph),
        ("graph.consent_request", graph),
        ("graph.user_registration", Snapshot { version: Some("lastUpdatedDateTime"), ..graph }),
        ("graph.usage_report", Snapshot { id: &["userPrincipalName"], version: Some("reportRefreshDate"), ..graph }),
        ("graph.mailbox_settings", children("user")),
        ("mde.machine", Snapshot { version: Some("lastSeen"), ..graph }),
        ("mde.machine_logon_users", children("machine")),
        ("mde.vulnerability_machine", graph),
        ("mde.sw_vuln_export", exported),
        ("mde.sw_vuln_export_files", EXPORT_FILES),
        ("mde.software", graph),
        ("mde.recommendation", graph),
        ("mde.exposure_score", single("time")),
        ("mde.secure_config", exported),
        ("mde.browser_ext_cert_fw", exported),
        ("mde.av_health", Snapshot { id: &["machineId"], version: Some("lastSeenTime"), ..graph }),
        ("mde.indicator", graph),
        ("mdca.entity_file", Snapshot { id: &["_id"], version: Some("lastSeen"), origin: entities }),
        ("mdc.alert", CLOUD_ALERTS),
        ("intune.managed_device", Snapshot { version: Some("lastSyncDateTime"), ..graph }),
        ("intune.compliance_policy", versioned),
        ("intune.device_configuration", versioned),
        ("intune.detected_app", graph),
    ]
}

fn described() -> BTreeMap<&'static str, Collection> {
    let lists = lists().into_iter().map(|(name, list)| (name, Collection::List(list)));
    let snapshots = snapshots().into_iter().map(|(name, snapshot)| (name, Collection::Snapshot(snapshot)));
    let rest = [
        ("graph.user", Collection::Delta(delta(&["id", "userPrincipalName", "accountEnabled"]))),
        ("graph.application", Collection::Delta(delta(&[]))),
        ("graph.service_principal", Collection::Delta(delta(&[]))),
        ("graph.device", Collection::Delta(delta(&[]))),
        ("graph.oauth2_permission_grant", Collection::Delta(delta(&[]))),
        ("graph.group_role", Collection::Delta(delta(&["members"]))),
        ("o365.Audit.AzureActiveDirectory", Collection::Blobs(blobs("Audit.AzureActiveDirectory"))),
        ("o365.Audit.Exchange", Collection::Blobs(blobs("Audit.Exchange"))),
        ("o365.Audit.SharePoint", Collection::Blobs(blobs("Audit.SharePoint"))),
        ("o365.Audit.General", Collection::Blobs(blobs("Audit.General"))),
        ("o365.DLP.All", Collection::Blobs(Blobs { id: &["Id", "IncidentId"], ..blobs("DLP.All") })),
        ("graph.auditlog_query", Collection::Jobs(AUDIT_LOG_QUERY)),
        ("graph.hunting", Collection::Jobs(hunting("results"))),
        ("xdr.hunting_legacy", Collection::Jobs(hunting("Results"))),
        ("mde.hunting_legacy", Collection::Jobs(hunting("Results"))),
        ("eventhub.streaming", Collection::Stream(EVENT_HUB)),
    ];
    lists.chain(snapshots).chain(rest).collect()
}

#[test]
fn the_vocabulary_describes_every_endpoint_of_the_reference() {
    let described = described();
    let known = |id: &str| described.contains_key(id) || NOT_COLLECTED.contains(&id);
    let reference = reference("endpoints.json");
    let ids: Vec<_> = reference.as_array().expect("ids").iter().map(|id| id.as_str().expect("id")).collect();
    assert!(ids.len() > 70, "{} endpoints", ids.len());
    let missing: Vec<_> = ids.iter().filter(|id| !known(id)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let gone: Vec<_> = described.keys().copied().chain(NOT_COLLECTED).filter(|id| !ids.contains(id)).collect();
    assert!(gone.is_empty(), "{gone:?}");
}

#[test]
fn lists_say_whether_they_are_ordered_and_whether_a_record_can_be_read() {
    let lists: BTreeMap<_, _> = lists().into_iter().collect();
    assert!(lists["graph.alert_v2"].is_ordered() && lists["mdca.activity"].is_ordered());
    assert!(!lists["graph.provisioning"].is_ordered() && !lists["mde.sw_vuln_delta"].is_ordered());
    assert_eq!(lists["graph.incident+alerts"].expand(), Some("alerts"));
    assert_eq!(lists["mdca.activity"].expand(), None);
    assert_eq!(lists["mdca.activity"].id_to_read(), Some("_id"));
    // Two properties name a record only together: no address is made of them.
    assert_eq!(List { by_id: true, ..lists["mde.sw_vuln_delta"] }.id_to_read(), None);
}
