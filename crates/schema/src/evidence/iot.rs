//! Devices in operational networks, and network interfaces.

use schemars::JsonSchema;

use super::RELATED;
use super::cloud::AzureResourceEvidence;
use super::network::{IpEvidence, UrlEvidence};
use crate::attr::{column, kind, to};
use crate::ecs::{self, Ecs};
use crate::tables;
use crate::types::{Flag, Host, Keyword, Member, Url};

/// An address as that of a host.
const HOST_ADDRESS: &[(Ecs, Ecs)] = &[(ecs::SOURCE_IP, ecs::HOST_IP)];

/// A device seen by Defender for `IoT`.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::EVENT_CATEGORY, "host")
    .constant(ecs::EVENT_TYPE, "info")
    .identity("deviceId deviceName macAddress serialNumber ioTSecurityAgentId ipAddress.ipAddress"))]
pub struct IotDeviceEvidence {
    /// Id of the device in its hub.
    #[schemars(transform = to(ecs::HOST_ID))]
    pub device_id: Host,
    /// Name of the device.
    #[schemars(transform = to(ecs::HOST_NAME).lower())]
    pub device_name: Host,
    /// Page of the device in the portal.
    pub device_page_link: Url,
    /// Precise type, for example `PLC`.
    pub device_sub_type: Keyword,
    /// Type of the device.
    #[schemars(transform = to(ecs::HOST_TYPE))]
    pub device_type: Keyword,
    /// Importance: unknown, low, normal, high.
    pub importance: Member,
    /// `IoT` hub that the device belongs to.
    #[schemars(transform = column().named("iot_hub").flattened().remap(RELATED))]
    pub io_t_hub: AzureResourceEvidence,
    /// Security agent on the device.
    #[schemars(transform = column().named("iot_security_agent_id"))]
    pub io_t_security_agent_id: Keyword,
    /// Address of the device.
    #[schemars(transform = column().named("ip_evidence").flattened().remap(HOST_ADDRESS))]
    pub ip_address: IpEvidence,
    /// The device is known as allowed.
    pub is_authorized: Flag,
    /// The device programs others.
    pub is_programming: Flag,
    /// The device scans the network.
    pub is_scanner: Flag,
    /// Hardware address.
    pub mac_address: Keyword,
    /// Manufacturer.
    #[schemars(transform = to(ecs::DEVICE_MANUFACTURER))]
    pub manufacturer: Keyword,
    /// Model.
    #[schemars(transform = to(ecs::DEVICE_MODEL_NAME))]
    pub model: Keyword,
    /// Network interfaces.
    #[schemars(transform = column().flattened().keep(NICS))]
    pub nics: Vec<NicEvidence>,
    /// Operating system.
    #[schemars(transform = to(ecs::HOST_OS_FULL).also(ecs::HOST_OS_TYPE).prefix(tables::OS_TYPE))]
    pub operating_system: Keyword,
    /// Owners of the device.
    pub owners: Vec<Keyword>,
    /// Protocols that the device speaks.
    pub protocols: Vec<Keyword>,
    /// Layer in the Purdue model.
    pub purdue_layer: Keyword,
    /// Sensor that watches the device.
    #[schemars(transform = to(ecs::OBSERVER_NAME))]
    pub sensor: Keyword,
    /// Serial number.
    pub serial_number: Keyword,
    /// Site of the device.
    pub site: Keyword,
    /// Where the knowledge of the device comes from.
    pub source: Keyword,
    /// Link to that source.
    #[schemars(transform = column().flattened().remap(RELATED))]
    pub source_ref: UrlEvidence,
    /// Zone of the device within its site.
    pub zone: Keyword,
}

/// Interfaces of a device: their addresses are the device's.
const NICS: &[&str] = &["host"];

/// A network interface.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::EVENT_CATEGORY, "host")
    .constant(ecs::EVENT_TYPE, "info")
    .identity("macAddress ipAddress.ipAddress"))]
pub struct NicEvidence {
    /// Address of the interface.
    #[schemars(transform = column().named("ip_evidence").flattened().remap(HOST_ADDRESS))]
    pub ip_address: IpEvidence,
    /// Hardware address.
    pub mac_address: Keyword,
    /// VLANs of the interface.
    pub vlans: Vec<Keyword>,
}
