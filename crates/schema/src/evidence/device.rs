//! Devices known to Defender for Endpoint.

use schemars::JsonSchema;

use crate::attr::{column, kind, to};
use crate::ecs;
use crate::ops::{Derive, Op};
use crate::tables;
use crate::types::{Guid, Host, Ip, Keyword, Member, Timestamp, User};

/// A device that another kind of evidence names: groups that it fills.
pub(crate) const HOST: &[&str] = &["host", "device"];

/// A device.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::EVENT_CATEGORY, "host")
    .constant(ecs::EVENT_TYPE, "info")
    .identity("mdeDeviceId azureAdDeviceId deviceDnsName ntDomain hostName"))]
pub struct DeviceEvidence {
    /// Object id of the device in Entra ID.
    #[schemars(transform = to(ecs::DEVICE_ID))]
    pub azure_ad_device_id: Guid,
    /// State of Defender Antivirus: notReporting, disabled, notUpdated, updated, unknown, notSupported.
    pub defender_av_status: Member,
    /// Fully qualified name of the device.
    #[schemars(transform = to(ecs::HOST_NAME).lower().also(ecs::HOST_HOSTNAME).rank(1))]
    pub device_dns_name: Host,
    /// DNS domain of the device.
    #[schemars(transform = to(ecs::HOST_DOMAIN).rank(1).also(ecs::RELATED_HOSTS).op(Op::Host))]
    pub dns_domain: Keyword,
    /// Time when the device was first seen.
    pub first_seen_date_time: Timestamp,
    /// State of the sensor, for example active, inactive, noSensorData.
    pub health_status: Member,
    /// Name of the device, without domain.
    #[schemars(transform = to(ecs::HOST_HOSTNAME).also(ecs::HOST_NAME).lower().rank(1))]
    pub host_name: Host,
    /// Addresses of the device's interfaces.
    #[schemars(transform = to(ecs::HOST_IP))]
    pub ip_interfaces: Vec<Ip>,
    /// Last address that the service saw the device come from.
    pub last_external_ip_address: Ip,
    /// Last address on the internal network.
    #[schemars(transform = to(ecs::HOST_IP))]
    pub last_ip_address: Ip,
    /// Users that were logged on at the time of the alert.
    pub logged_on_users: Vec<LoggedOnUser>,
    /// Id of the device in Defender for Endpoint.
    #[schemars(transform = to(ecs::HOST_ID))]
    pub mde_device_id: Host,
    /// NT domain of the device.
    #[schemars(transform = to(ecs::HOST_DOMAIN))]
    pub nt_domain: Keyword,
    /// State of the onboarding: insufficientInfo, onboarded, canBeOnboarded, unsupported.
    pub onboarding_status: Member,
    /// Build number of the operating system.
    pub os_build: Keyword,
    /// Operating system, for example `Windows11`.
    #[schemars(transform = to(ecs::HOST_OS_NAME)
        .also(ecs::HOST_OS_PLATFORM).lower()
        .also(ecs::HOST_OS_TYPE).prefix(tables::OS_TYPE))]
    pub os_platform: Keyword,
    /// Id of the device group.
    #[schemars(transform = column().named("rbac_group.id"))]
    pub rbac_group_id: Keyword,
    /// Name of the device group.
    #[schemars(transform = column().named("rbac_group.name"))]
    pub rbac_group_name: Keyword,
    /// Accesses to resources from the device.
    pub resource_access_events: Vec<ResourceAccessEvent>,
    /// Risk as Defender for Endpoint rates it: none, informational, low, medium, high.
    #[schemars(transform = to(ecs::HOST_RISK_STATIC_LEVEL))]
    pub risk_score: Member,
    /// Version of the operating system.
    #[schemars(transform = to(ecs::HOST_OS_VERSION))]
    pub version: Keyword,
    /// The virtual machine, if the device is one.
    pub vm_metadata: VmMetadata,
}

/// `loggedOnUser`: an account logged on to a device.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind().derive(ecs::RELATED_USER, Derive::AccountName, "accountName"))]
pub struct LoggedOnUser {
    /// Account name.
    pub account_name: User,
    /// Domain of the account.
    pub domain_name: Keyword,
}

/// `resourceAccessEvent`: an access to a resource, from a device or by an account.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct ResourceAccessEvent {
    /// Time of the access.
    pub access_date_time: Timestamp,
    /// Account that accessed the resource.
    pub account_id: User,
    /// Address of the resource.
    pub ip_address: Ip,
    /// Identifier of the protocol and resource.
    pub resource_identifier: Keyword,
}

/// `vmMetadata`: a virtual machine in a cloud.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct VmMetadata {
    /// Cloud: unknown, azure.
    #[schemars(transform = to(ecs::CLOUD_PROVIDER).table(tables::CLOUD_PROVIDER))]
    pub cloud_provider: Member,
    /// Azure Resource Manager id of the machine.
    pub resource_id: Keyword,
    /// Azure subscription of the machine.
    pub subscription_id: Guid,
    /// Id of the machine.
    #[schemars(transform = to(ecs::CLOUD_INSTANCE_ID))]
    pub vm_id: Guid,
}
