//! Sign-ins and logon sessions.

use schemars::JsonSchema;

use super::device::{DeviceEvidence, HOST};
use super::identity::{USER, UserEvidence};
use crate::attr::{column, kind, to};
use crate::ecs;
use crate::tables;
use crate::types::{Host, Keyword, Timestamp};

/// A request to sign in to Entra ID.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::EVENT_CATEGORY, "authentication")
    .constant(ecs::EVENT_TYPE, "info")
    .identity("requestId"))]
pub struct CloudLogonRequestEvidence {
    /// Id of the sign-in request.
    pub request_id: Keyword,
}

/// A session that began with a sign-in to Entra ID.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::EVENT_CATEGORY, "session")
    .constant(ecs::EVENT_TYPE, "info")
    .identity("sessionId startUtcDateTime account.userAccount.azureAdUserId account.userAccount.userPrincipalName")
    .identity("deviceName"))]
pub struct CloudLogonSessionEvidence {
    /// Account of the session.
    #[schemars(transform = column().flattened().keep(USER))]
    pub account: UserEvidence,
    /// Browser.
    pub browser: Keyword,
    /// Name of the device.
    #[schemars(transform = to(ecs::HOST_NAME).lower())]
    pub device_name: Host,
    /// Operating system of the device.
    #[schemars(transform = to(ecs::HOST_OS_FULL).also(ecs::HOST_OS_TYPE).prefix(tables::OS_TYPE))]
    pub operating_system: Keyword,
    /// Previous sign-in of the account.
    pub previous_logon_date_time: Timestamp,
    /// Authentication protocol.
    pub protocol: Keyword,
    /// Id of the session.
    pub session_id: Keyword,
    /// Start of the session.
    pub start_utc_date_time: Timestamp,
    /// User agent of the sign-in.
    #[schemars(transform = to(ecs::USER_AGENT_ORIGINAL))]
    pub user_agent: Keyword,
}

/// A session on a host.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::EVENT_CATEGORY, "session")
    .constant(ecs::EVENT_TYPE, "info")
    .identity("sessionId startUtcDateTime host.mdeDeviceId host.deviceDnsName account.userAccount.userSid")
    .identity("account.userAccount.azureAdUserId account.userAccount.accountName"))]
pub struct HostLogonSessionEvidence {
    /// Account of the session.
    #[schemars(transform = column().flattened().keep(USER))]
    pub account: UserEvidence,
    /// End of the session.
    pub end_utc_date_time: Timestamp,
    /// Host of the session.
    #[schemars(transform = column().flattened().keep(HOST))]
    pub host: DeviceEvidence,
    /// Id of the session.
    pub session_id: Keyword,
    /// Start of the session.
    pub start_utc_date_time: Timestamp,
}
