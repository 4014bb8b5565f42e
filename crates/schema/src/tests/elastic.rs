//! Names of Elastic's package, so that searches written for it find the same things here.

use std::collections::BTreeSet;

use crate::ecs::Type;
use crate::{Field, dataset};

const IMAGE: &str = "issuer name path publisher sha1 sha256 signer size";

const ALERT: &str = "actor_display_name assigned_to category classification comments.message \
    comments.created_by_display_name comments.created_datetime created_datetime description detection_source \
    detector_id determination first_activity_datetime id incident_id incident_web_url.domain \
    incident_web_url.original incident_web_url.path incident_web_url.query incident_web_url.scheme \
    last_activity_datetime last_update_datetime mitre_techniques provider_alert_id recommended_actions \
    resolved_datetime service_source severity status tenant_id threat_display_name threat_family_name title \
    web_url.domain web_url.original web_url.path web_url.query web_url.scheme";

const EVIDENCE: &str = "antispam_direction app_id attachments_count azure_ad_device_id cluster_by cluster_by_value \
    created_datetime defender_av_status delivery_action delivery_location detection_status device_dns_name \
    display_name email_count first_seen_datetime health_status instance_id instance_name internet_message_id \
    ip_address language logged_on_users.account_name logged_on_users.domain_name mde_device_id network_message_id \
    network_message_ids object_id odata_type onboarding_status os_build os_platform p1_sender.display_name \
    p1_sender.domain_name p1_sender.email_address p2_sender.display_name p2_sender.domain_name \
    p2_sender.email_address parent_process.id parent_process.creation_datetime primary_address process.id \
    process.command_line process.creation_datetime publisher query rbac_group.id rbac_group.name received_datetime \
    recipient_email_address registry_hive registry_key registry_value registry_value_name registry_value_type \
    remediation_status remediation_status_details risk_score roles saas_app_id security_group_id sender_ip subject \
    tags threat_detection_methods threats url url_count urls urn user_account.account_name \
    user_account.azure_ad_user_id user_account.domain_name user_account.user_principal_name user_account.user_sid \
    verdict version vm_metadata.cloud_provider vm_metadata.resource_id vm_metadata.subscription_id vm_metadata.vm_id";

const INCIDENT: &str = "assigned_to classification comments.message comments.created_by_display_name \
    comments.created_datetime created_datetime determination display_name id last_update_datetime \
    redirect_incident_id severity status tags tenant_id web_url.domain web_url.original web_url.path web_url.query \
    web_url.scheme";

const LOG: &str = "incidentId redirectIncidentId incidentName createdTime lastUpdateTime assignedTo classification \
    determination status severity tags comments incidentUri";

const LOG_ALERTS: &str = "alertId providerAlertId incidentId serviceSource detectorId creationTime lastUpdatedTime \
    resolvedTime firstActivity lastActivity title description category status severity investigationId \
    investigationState classification determination detectionSource assignedTo actorName threatFamilyName \
    mitreTechniques devices userSid";

const LOG_ENTITIES: &str = "entityType evidenceCreationTime verdict remediationStatus sha1 sha256 fileName filePath \
    processId processCommandLine processCreationTime parentProcessId parentProcessCreationTime \
    parentProcessFileName parentProcessFilePath ipAddress url accountName domainName userSid aadUserId \
    userPrincipalName mailboxDisplayName mailboxAddress clusterBy sender recipient subject deliveryAction \
    securityGroupId securityGroupName registryHive registryKey registryValueType registryValue registryValueName \
    deviceId detectionStatus urn";

/// The dataset has a field of each name under the prefix.
#[track_caller]
fn check(name: &str, prefix: &str, names: &str) {
    let dataset = dataset(name).expect("a dataset of this name");
    let fields: BTreeSet<String> = dataset.fields().into_iter().map(|field| field.name).collect();
    for name in names.split_whitespace() {
        assert!(fields.contains(&format!("{prefix}.{name}")), "{prefix}.{name}");
    }
}

#[test]
fn names_of_the_package_are_kept() {
    check("incident", "m365_defender.incident", INCIDENT);
    check("alert", "m365_defender.alert", ALERT);
    for dataset in ["alert", "evidence"] {
        check(dataset, "m365_defender.alert.evidence", EVIDENCE);
        for file in ["file_details", "image_file", "parent_process.image_file"] {
            check(dataset, &format!("m365_defender.alert.evidence.{file}"), IMAGE);
        }
    }
    check("log", "m365_defender", LOG);
    check("log", "m365_defender.alerts", LOG_ALERTS);
    check("log", "m365_defender.alerts.entities", LOG_ENTITIES);
}

#[test]
fn types_of_the_package_are_kept_where_its_users_rely_on_them() {
    let types = |name: &str, field: &str| {
        let fields = dataset(name).expect("a dataset of this name").fields();
        fields.iter().find(|found: &&Field| found.name == field).map(|found| found.kind)
    };
    for name in ["app_id", "instance_id", "os_build", "rbac_group.id", "saas_app_id"] {
        let field = format!("m365_defender.alert.evidence.{name}");
        assert_eq!(types("evidence", &field), Some(Type::Keyword), "{field}");
    }
    for name in ["ip_address", "sender_ip"] {
        let field = format!("m365_defender.alert.evidence.{name}");
        assert_eq!(types("evidence", &field), Some(Type::Ip), "{field}");
    }
    assert_eq!(types("log", "m365_defender.comments"), Some(Type::Flattened));
    assert_eq!(types("log", "m365_defender.alerts.devices"), Some(Type::Flattened));
}
