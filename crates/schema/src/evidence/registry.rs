//! The Windows registry.

use schemars::JsonSchema;

use crate::attr::{kind, to};
use crate::ecs;
use crate::ops::Derive;
use crate::tables;
use crate::types::{Host, Keyword, LongText};

/// A key of the registry.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::EVENT_CATEGORY, "registry")
    .constant(ecs::EVENT_TYPE, "access")
    .derive(ecs::REGISTRY_HIVE, Derive::RegistryHive, "registryHive registryKey")
    .derive(ecs::REGISTRY_KEY, Derive::RegistryKey, "registryHive registryKey")
    .derive(ecs::REGISTRY_PATH, Derive::RegistryPath, "registryHive registryKey")
    .identity("registryHive registryKey"))]
pub struct RegistryKeyEvidence {
    /// Hive, for example `HKEY_LOCAL_MACHINE`.
    pub registry_hive: Keyword,
    /// Key below the hive; some services write the hive in it.
    pub registry_key: Keyword,
}

/// A value of a registry key.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::EVENT_CATEGORY, "registry")
    .constant(ecs::EVENT_TYPE, "access")
    .derive(ecs::REGISTRY_HIVE, Derive::RegistryHive, "registryHive registryKey")
    .derive(ecs::REGISTRY_KEY, Derive::RegistryKey, "registryHive registryKey")
    .derive(ecs::REGISTRY_PATH, Derive::RegistryPath, "registryHive registryKey registryValueName")
    .identity("mdeDeviceId registryHive registryKey registryValueName registryValueType registryValue"))]
pub struct RegistryValueEvidence {
    /// Id of the device in Defender for Endpoint.
    #[schemars(transform = to(ecs::HOST_ID))]
    pub mde_device_id: Host,
    /// Hive, for example `HKEY_LOCAL_MACHINE`.
    pub registry_hive: Keyword,
    /// Key below the hive; some services write the hive in it.
    pub registry_key: Keyword,
    /// Data of the value.
    #[schemars(transform = to(ecs::REGISTRY_DATA_STRINGS))]
    pub registry_value: LongText,
    /// Name of the value.
    #[schemars(transform = to(ecs::REGISTRY_VALUE))]
    pub registry_value_name: Keyword,
    /// Type of the data, for example `String`.
    #[schemars(transform = to(ecs::REGISTRY_DATA_TYPE).table(tables::REGISTRY_TYPE))]
    pub registry_value_type: Keyword,
}
