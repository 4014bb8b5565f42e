//! Incidents of the older Defender API (`/api/incidents`), one row per entity of an alert.

use schemars::{JsonSchema, SchemaGenerator};

use crate::attr::{column, kind, to};
use crate::dataset::{Api, CloudName, Definition, Limit, Operator, Rows, Source};
use crate::ecs;
use crate::ops::{Derive, Op};
use crate::tables;
use crate::types::{
    Guid, Host, Integer, Ip, Keyword, LongText, Mail, Member, Prose, Sha1, Sha256, Timestamp, Upn, Url, User,
};

/// Incidents, alerts and entities, one document per entity, in the form that existing saved searches know.
pub const DATASET: Definition = Definition {
    name: "log",
    title: "Defender XDR incidents (legacy API)",
    prefix: "m365_defender",
    camel_case: true,
    source: Source {
        api: Api::Defender,
        path: "/api/incidents",
        expand: None,
        // Of the 50 calls a minute none is spent on it: the list brings the other side when it changes by the merge, and
        // the dataset incident follows the same merge by id.
        redirect: None,
        cursor: "lastUpdateTime",
        operators: &[Operator::Ge, Operator::Le, Operator::Lt],
        created: "createdTime",
        orderable: false,
        page_size: 100,
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
    #[schemars(transform = to(ecs::EVENT_ID).rank(1))]
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

/// An alert of an incident.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind().derive(ecs::EVENT_DURATION, Derive::Duration, "firstActivity lastActivity"))]
pub struct Alert {
    /// Unique identifier of the alert.
    #[schemars(transform = to(ecs::EVENT_ID))]
    pub alert_id: Keyword,
    /// Id of the alert in the product that raised it.
    pub provider_alert_id: Keyword,
    /// Incident that the alert belongs to.
    pub incident_id: Keyword,
    /// Product that raised the alert, for example `MicrosoftDefenderForEndpoint`.
    #[schemars(transform = to(ecs::EVENT_PROVIDER).also(ecs::OBSERVER_PRODUCT).table(tables::PRODUCT))]
    pub service_source: Member,
    /// Detector that raised the alert.
    #[schemars(transform = to(ecs::RULE_ID))]
    pub detector_id: Keyword,
    /// Time when the alert was created.
    #[schemars(transform = to(ecs::EVENT_CREATED))]
    pub creation_time: Timestamp,
    /// Time of the alert's last change.
    pub last_updated_time: Timestamp,
    /// Time when the alert was resolved.
    pub resolved_time: Timestamp,
    /// Earliest activity of the alert.
    #[schemars(transform = to(ecs::EVENT_START))]
    pub first_activity: Timestamp,
    /// Latest activity of the alert.
    #[schemars(transform = to(ecs::EVENT_END))]
    pub last_activity: Timestamp,
    /// Name of the alert.
    #[schemars(transform = to(ecs::MESSAGE).also(ecs::RULE_NAME))]
    pub title: Keyword,
    /// What the alert is about.
    #[schemars(transform = to(ecs::RULE_DESCRIPTION))]
    pub description: Prose,
    /// Category: an ATT&CK tactic, or a word of Defender's own such as `Malware`.
    #[schemars(transform = to(ecs::RULE_CATEGORY)
        .also(ecs::THREAT_TACTIC_NAME).table(tables::TACTIC_NAME)
        .also(ecs::THREAT_TACTIC_ID).table(tables::TACTIC_ID)
        .also(ecs::THREAT_FRAMEWORK).table(tables::TACTIC_FRAMEWORK))]
    pub category: Keyword,
    /// State: New, `InProgress`, Resolved.
    #[schemars(transform = to(ecs::EVENT_ACTION))]
    pub status: Member,
    /// Possible impact: Informational, Low, Medium, High.
    #[schemars(transform = to(ecs::EVENT_SEVERITY).table(tables::SEVERITY))]
    pub severity: Member,
    /// Automated investigation that the alert started.
    pub investigation_id: Keyword,
    /// State of that investigation, for example Running or Benign.
    pub investigation_state: Member,
    /// Whether the alert is a true threat: Unknown, `FalsePositive`, `TruePositive`.
    pub classification: Member,
    /// Nature of the alert as determined, for example Malware or Phishing.
    #[schemars(transform = to(ecs::EVENT_CATEGORY).table(tables::DETERMINATION_CATEGORY)
        .also(ecs::EVENT_TYPE).table(tables::DETERMINATION_TYPE))]
    pub determination: Member,
    /// Technology or sensor that found it, for example `WindowsDefenderAv`.
    #[schemars(transform = to(ecs::OBSERVER_PRODUCT).table(tables::PRODUCT).rank(1))]
    pub detection_source: Member,
    /// Owner of the alert: no account that the alert names.
    pub assigned_to: Keyword,
    /// Group that the alert is attributed to.
    #[schemars(transform = to(ecs::THREAT_GROUP_NAME))]
    pub actor_name: Keyword,
    /// Family of the threat.
    #[schemars(transform = to(ecs::THREAT_SOFTWARE_NAME))]
    pub threat_family_name: Keyword,
    /// ATT&CK techniques and sub-techniques.
    #[schemars(transform = to(ecs::THREAT_TECHNIQUE_ID).op(Op::Technique)
        .also(ecs::THREAT_TECHNIQUE_SUBTECHNIQUE_ID).op(Op::Subtechnique)
        .also(ecs::THREAT_FRAMEWORK).prefix(tables::TECHNIQUE_FRAMEWORK).rank(1))]
    pub mitre_techniques: Vec<Keyword>,
    /// Security identifier of the account that the alert is about.
    pub user_sid: User,
    /// Devices of the alert.
    #[schemars(transform = column().flattened())]
    pub devices: Vec<Device>,
    /// The entity.
    pub entities: Entity,
}

/// A device of an alert.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct Device {
    /// Id of the device in Defender for Endpoint.
    #[schemars(transform = to(ecs::HOST_ID))]
    pub mdatp_device_id: Host,
    /// Object id of the device in Entra ID.
    #[schemars(transform = to(ecs::DEVICE_ID))]
    pub aad_device_id: Guid,
    /// Fully qualified name of the device.
    #[schemars(transform = to(ecs::HOST_NAME).lower().also(ecs::HOST_HOSTNAME))]
    pub device_dns_name: Host,
    /// Operating system, for example `WindowsServer2016`.
    #[schemars(transform = to(ecs::HOST_OS_NAME)
        .also(ecs::HOST_OS_PLATFORM).lower()
        .also(ecs::HOST_OS_TYPE).prefix(tables::OS_TYPE))]
    pub os_platform: Keyword,
    /// Version of the operating system.
    #[schemars(transform = to(ecs::HOST_OS_VERSION))]
    pub version: Keyword,
    /// Processor, for example `x64`.
    #[schemars(transform = to(ecs::HOST_ARCHITECTURE))]
    pub os_processor: Keyword,
    /// Build number of the operating system.
    pub os_build: Keyword,
    /// State of the sensor, for example Active.
    pub health_status: Member,
    /// Risk as Defender for Endpoint rates it.
    #[schemars(transform = to(ecs::HOST_RISK_STATIC_LEVEL))]
    pub risk_score: Member,
    /// Time when the device was first seen.
    pub first_seen: Timestamp,
    /// Id of the device group.
    pub rbac_group_id: Keyword,
    /// Name of the device group.
    pub rbac_group_name: Keyword,
    /// Labels of the device.
    pub tags: Vec<Keyword>,
    /// Users that were logged on.
    pub logged_on_users: Vec<LoggedOnUser>,
    /// State of Defender Antivirus.
    pub defender_av_status: Member,
    /// State of the onboarding.
    pub onboarding_status: Member,
    /// The virtual machine, if the device is one.
    pub vm_metadata: VmMetadata,
}

/// An account logged on to a device.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind().derive(ecs::RELATED_USER, Derive::AccountName, "accountName"))]
pub struct LoggedOnUser {
    /// Account name.
    pub account_name: User,
    /// Domain of the account.
    pub domain_name: Keyword,
}

/// A virtual machine in a cloud.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct VmMetadata {
    /// Cloud: Unknown, Azure.
    #[schemars(transform = to(ecs::CLOUD_PROVIDER).table(tables::CLOUD_PROVIDER))]
    pub cloud_provider: Member,
    /// Id of the machine.
    #[schemars(transform = to(ecs::CLOUD_INSTANCE_ID))]
    pub vm_id: Guid,
    /// Azure Resource Manager id of the machine.
    pub resource_id: Keyword,
    /// Azure subscription of the machine.
    pub subscription_id: Guid,
}

/// A thing that an alert is about.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .derive(ecs::FILE_PATH, Derive::Path, "filePath fileName")
    .derive(ecs::FILE_NAME, Derive::FileName, "filePath fileName")
    .derive(ecs::FILE_DIRECTORY, Derive::FileDirectory, "filePath fileName")
    .derive(ecs::FILE_EXTENSION, Derive::FileExtension, "filePath fileName")
    .derive(ecs::FILE_FORK_NAME, Derive::ForkName, "filePath fileName")
    // Of a process, the file is its image.
    .derive(ecs::PROCESS_EXECUTABLE, Derive::Path, "filePath fileName").when("entityType", "Process")
    .derive(ecs::PROCESS_NAME, Derive::FileName, "filePath fileName").when("entityType", "Process")
    .derive(ecs::PROCESS_HASH_SHA1, Derive::Lower, "sha1").when("entityType", "Process")
    .derive(ecs::PROCESS_HASH_SHA256, Derive::Lower, "sha256").when("entityType", "Process")
    .derive(ecs::PROCESS_USER_NAME, Derive::AccountName, "accountName userPrincipalName").when("entityType", "Process")
    .derive(ecs::PROCESS_ENTITY_ID, Derive::EntityId, "deviceId processId processCreationTime")
    .derive(ecs::PROCESS_PARENT_ENTITY_ID, Derive::EntityId, "deviceId parentProcessId parentProcessCreationTime")
    .derive(ecs::PROCESS_PARENT_EXECUTABLE, Derive::Path, "parentProcessFilePath parentProcessFileName")
    .derive(ecs::PROCESS_PARENT_NAME, Derive::FileName, "parentProcessFilePath parentProcessFileName")
    .derive(ecs::USER_NAME, Derive::AccountName, "accountName userPrincipalName mailboxAddress")
    .derive(ecs::USER_DOMAIN, Derive::AccountDomain, "domainName accountName userPrincipalName mailboxAddress")
    .derive(ecs::RELATED_USER, Derive::AccountName, "accountName userPrincipalName mailboxAddress")
    .derive(ecs::REGISTRY_HIVE, Derive::RegistryHive, "registryHive registryKey")
    .derive(ecs::REGISTRY_KEY, Derive::RegistryKey, "registryHive registryKey")
    .derive(ecs::REGISTRY_PATH, Derive::RegistryPath, "registryHive registryKey registryValueName"))]
pub struct Entity {
    /// What it is, for example User, Ip, Url, File, Process, `MailBox`, `MailMessage`, `MailCluster`, Registry.
    #[schemars(transform = to(ecs::EVENT_CATEGORY).table(tables::ENTITY_CATEGORY)
        .also(ecs::EVENT_TYPE).table(tables::ENTITY_TYPE))]
    pub entity_type: Member,
    /// Time when it was added to the alert.
    pub evidence_creation_time: Timestamp,
    /// Decision of the automated investigation: Unknown, Suspicious, Malicious, `NoThreatsFound`.
    pub verdict: Member,
    /// State of the remediation, for example None, Remediated, Active, Prevented.
    #[schemars(transform = to(ecs::EVENT_OUTCOME).table(tables::EVENT_OUTCOME))]
    pub remediation_status: Member,
    /// Details about the remediation.
    #[schemars(transform = to(ecs::EVENT_REASON))]
    pub remediation_status_details: Keyword,
    /// What became of the detection: Detected, Blocked, Prevented.
    pub detection_status: Member,
    /// SHA-1 of the file.
    #[schemars(transform = to(ecs::FILE_HASH_SHA1))]
    pub sha1: Sha1,
    /// SHA-256 of the file.
    #[schemars(transform = to(ecs::FILE_HASH_SHA256))]
    pub sha256: Sha256,
    /// Name of the file.
    pub file_name: Keyword,
    /// Folder of the file, or its whole path.
    pub file_path: Keyword,
    /// Process id.
    #[schemars(transform = to(ecs::PROCESS_PID))]
    pub process_id: Integer,
    /// Command line of the process.
    #[schemars(transform = to(ecs::PROCESS_COMMAND_LINE).also(ecs::PROCESS_ARGS).op(Op::Args))]
    pub process_command_line: LongText,
    /// Start of the process.
    #[schemars(transform = to(ecs::PROCESS_START))]
    pub process_creation_time: Timestamp,
    /// Process id of the parent.
    #[schemars(transform = to(ecs::PROCESS_PARENT_PID))]
    pub parent_process_id: Integer,
    /// Start of the parent process.
    #[schemars(transform = to(ecs::PROCESS_PARENT_START))]
    pub parent_process_creation_time: Timestamp,
    /// Image name of the parent process.
    pub parent_process_file_name: Keyword,
    /// Image folder of the parent process.
    pub parent_process_file_path: Keyword,
    /// Address.
    #[schemars(transform = to(ecs::SOURCE_IP))]
    pub ip_address: Ip,
    /// URL.
    #[schemars(transform = crate::evidence::url())]
    pub url: Url,
    /// Uniform resource name of the automated investigation.
    pub urn: Keyword,
    /// Account name.
    pub account_name: User,
    /// Domain of the account.
    pub domain_name: Keyword,
    /// Security identifier of the account.
    #[schemars(transform = to(ecs::USER_ID).rank(1))]
    pub user_sid: User,
    /// Object id of the account in Entra ID.
    #[schemars(transform = to(ecs::USER_ID))]
    pub aad_user_id: User,
    /// User principal name.
    #[schemars(transform = to(ecs::USER_EMAIL).rank(1))]
    pub user_principal_name: Upn,
    /// Display name of the mailbox.
    #[schemars(transform = to(ecs::USER_FULL_NAME))]
    pub mailbox_display_name: Keyword,
    /// Address of the mailbox.
    #[schemars(transform = crate::evidence::mail(ecs::USER_EMAIL))]
    pub mailbox_address: Mail,
    /// Properties that the messages of a cluster share.
    pub cluster_by: Keyword,
    /// Sender of the message.
    #[schemars(transform = crate::evidence::sender())]
    pub sender: Mail,
    /// Recipient of the message.
    #[schemars(transform = crate::evidence::mail(ecs::EMAIL_TO_ADDRESS))]
    pub recipient: Mail,
    /// Subject of the message.
    #[schemars(transform = to(ecs::EMAIL_SUBJECT))]
    pub subject: Keyword,
    /// What delivery did: Delivered, Blocked, Junked.
    pub delivery_action: Member,
    /// Id of the security group.
    #[schemars(transform = to(ecs::GROUP_ID))]
    pub security_group_id: Keyword,
    /// Name of the security group.
    #[schemars(transform = to(ecs::GROUP_NAME))]
    pub security_group_name: Keyword,
    /// Hive of the registry key.
    pub registry_hive: Keyword,
    /// Registry key below the hive.
    pub registry_key: Keyword,
    /// Type of the registry data.
    #[schemars(transform = to(ecs::REGISTRY_DATA_TYPE).table(tables::REGISTRY_TYPE))]
    pub registry_value_type: Keyword,
    /// Registry data.
    #[schemars(transform = to(ecs::REGISTRY_DATA_STRINGS))]
    pub registry_value: LongText,
    /// Name of the registry value.
    #[schemars(transform = to(ecs::REGISTRY_VALUE))]
    pub registry_value_name: Keyword,
    /// Id of the entity's device in Defender for Endpoint.
    #[schemars(transform = to(ecs::HOST_ID))]
    pub device_id: Host,
    /// Id of the cloud application.
    #[schemars(transform = to(ecs::SERVICE_ID))]
    pub application_id: Keyword,
    /// Name of the cloud application.
    #[schemars(transform = to(ecs::SERVICE_NAME))]
    pub application_name: Keyword,
}
