//! An alert of an incident of the older API, with its devices.

use schemars::JsonSchema;

use super::entity::Entity;
use crate::attr::{column, kind, to};
use crate::ecs;
use crate::ops::{Derive, Op};
use crate::tables;
use crate::types::{Guid, Host, Keyword, Member, Prose, Timestamp, User};

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
