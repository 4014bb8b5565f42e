//! The custom fields of Elastic's package `m365_defender`, and where ours differ on purpose.

use crate::dataset;
use crate::ecs::Type;

const FILE: &str = "issuer name odata_type path publisher sha1 sha256 signer";
const URL: &str = "domain extension fragment full original password path query scheme username";

/// The package's fields: dataset, group, type, and names below the group, from its declarations and its documents.
const FIELDS: &[(&str, &str, Type, &str)] = &[
    (
        "incident",
        "m365_defender.incident",
        Type::Keyword,
        "assigned_to classification comments.comment comments.created_by comments.createdBy \
         comments.created_by_display_name comments.message comments.odata_type determination display_name id odata_type \
         redirect_incident_id severity status tags tenant_id",
    ),
    (
        "incident",
        "m365_defender.incident",
        Type::Date,
        "comments.created_datetime comments.created_time comments.createdTime created_datetime last_update_datetime",
    ),
    ("incident", "m365_defender.incident.web_url", Type::Keyword, URL),
    ("incident", "m365_defender.incident.web_url", Type::Long, "port"),
    (
        "alert",
        "m365_defender.alert",
        Type::Keyword,
        "actor_display_name assigned_to category classification comments.created_by_display_name \
         comments.createdByDisplayName comments.comment comments.message comments.odata_type description \
         detection_source detector_id determination id incident_id mitre_techniques odata_type provider_alert_id \
         recommended_actions service_source severity status tenant_id threat_display_name threat_family_name title",
    ),
    (
        "alert",
        "m365_defender.alert",
        Type::Date,
        "comments.created_datetime comments.createdDateTime created_datetime first_activity_datetime \
         last_activity_datetime last_update_datetime resolved_datetime",
    ),
    ("alert", "m365_defender.alert.web_url", Type::Keyword, URL),
    ("alert", "m365_defender.alert.web_url", Type::Long, "port"),
    ("alert", "m365_defender.alert.incident_web_url", Type::Keyword, URL),
    ("alert", "m365_defender.alert.incident_web_url", Type::Long, "port"),
    (
        "alert",
        "m365_defender.alert.evidence",
        Type::Keyword,
        "antispam_direction app_id azure_ad_device_id cluster_by cluster_by_value defender_av_status delivery_action \
         delivery_location detection_status device_dns_name display_name health_status instance_id \
         instance_name internet_message_id language logged_on_users.account_name logged_on_users.domain_name \
         logged_on_users.odata_type mde_device_id network_message_id network_message_ids object_id odata_type \
         onboarding_status os_build os_platform p1_sender.display_name p1_sender.domain_name p1_sender.email_address \
         p1_sender.odata_type p2_sender.display_name p2_sender.domain_name p2_sender.email_address \
         p2_sender.odata_type primary_address process.command_line publisher query rbac_group.id rbac_group.name \
         recipient_email_address registry_hive registry_key registry_value registry_value_name registry_value_type \
         remediation_status remediation_status_details risk_score roles saas_app_id security_group_id subject tags \
         threat_detection_methods threats type url urls urn user_account.account_name user_account.azure_ad_user_id \
         user_account.domain_name user_account.odata_type user_account.user_principal_name user_account.user_sid \
         verdict version vm_metadata.cloud_provider vm_metadata.odata_type vm_metadata.resource_id \
         vm_metadata.subscription_id vm_metadata.vm_id",
    ),
    (
        "alert",
        "m365_defender.alert.evidence",
        Type::Long,
        "attachments_count email_count file_details.size image_file.size parent_process.id \
         parent_process.image_file.size process.id url_count",
    ),
    (
        "alert",
        "m365_defender.alert.evidence",
        Type::Date,
        "created_datetime first_seen_datetime parent_process.creation_datetime process.creation_datetime \
         received_datetime",
    ),
    ("alert", "m365_defender.alert.evidence", Type::Ip, "ip_address sender_ip"),
    ("alert", "m365_defender.alert.evidence.file_details", Type::Keyword, FILE),
    ("alert", "m365_defender.alert.evidence.image_file", Type::Keyword, FILE),
    ("alert", "m365_defender.alert.evidence.parent_process.image_file", Type::Keyword, FILE),
    (
        "log",
        "m365_defender",
        Type::Keyword,
        "assignedTo classification determination incidentId incidentName incidentUri investigationState \
         redirectIncidentId status tags",
    ),
    ("log", "m365_defender", Type::Flattened, "comments alerts.devices"),
    (
        "log",
        "m365_defender.alerts",
        Type::Keyword,
        "actorName assignedTo classification detectionSource detectorId determination incidentId investigationId \
         investigationState mitreTechniques providerAlertId severity status threatFamilyName userSid",
    ),
    ("log", "m365_defender.alerts", Type::Date, "creationTime lastUpdatedTime resolvedTime"),
    (
        "log",
        "m365_defender.alerts.entities",
        Type::Keyword,
        "accountName clusterBy deliveryAction deviceId entityType ipAddress mailboxAddress mailboxDisplayName recipient \
         registryHive registryKey registryValueType remediationStatus securityGroupId securityGroupName sender subject \
         verdict",
    ),
    ("log", "m365_defender.alerts.entities", Type::Date, "evidenceCreationTime"),
];

/// A field of the package that is not the same here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Dataset, by the name that both use.
    pub dataset: &'static str,
    /// Full name.
    pub field: String,
    /// Type of the field in the package.
    pub theirs: Type,
    /// Type of the field in our documents; none if they have no such field.
    pub ours: Option<Type>,
    /// Reason for the difference.
    pub why: &'static str,
}

/// Full names of the package's fields with dataset and type.
pub fn fields() -> impl Iterator<Item = (&'static str, String, Type)> {
    FIELDS.iter().flat_map(|(dataset, group, kind, names)| {
        names.split_whitespace().map(move |name| (*dataset, format!("{group}.{name}"), *kind))
    })
}

/// The fields that differ, in the package's order.
pub fn differences() -> Vec<Difference> {
    let difference = |(name, field, theirs): (&'static str, String, Type)| {
        let ours = dataset(name)?.fields().into_iter().find(|ours| ours.name == field).map(|ours| ours.kind);
        let why = reason(&field, theirs, ours);
        (ours != Some(theirs)).then_some(Difference { dataset: name, field, theirs, ours, why })
    };
    fields().filter_map(difference).collect()
}

/// Why a field has another type, or is missing; empty without a known reason.
fn reason(field: &str, theirs: Type, ours: Option<Type>) -> &'static str {
    match (theirs, ours) {
        (_, None) if field.contains(".comments.") => {
            "declared in the package, never filled: its documents keep Microsoft's names in comments, and so do ours"
        }
        (Type::Keyword, Some(Type::MatchOnlyText)) => "prose: found by its words, whatever its length",
        (Type::Keyword, Some(Type::Wildcard)) => "may be longer than a keyword takes",
        (Type::Keyword, Some(Type::Ip)) => "an address: found by its network too",
        _ => "",
    }
}
