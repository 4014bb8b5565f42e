//! Accounts, groups, applications and directory domains.

use schemars::JsonSchema;

use super::RELATED;
use super::device::ResourceAccessEvent;
use super::network::Stream;
use crate::attr::{column, kind, to};
use crate::ecs;
use crate::ops::Derive;
use crate::types::{Guid, Keyword, Member, Upn, User};

/// An account that another kind of evidence names: groups that it fills.
pub(crate) const USER: &[&str] = &["user"];

/// `userAccount`: an account in Active Directory, Entra ID or on a device.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .derive(ecs::USER_NAME, Derive::AccountName, "accountName userPrincipalName")
    .derive(ecs::USER_DOMAIN, Derive::AccountDomain, "domainName accountName userPrincipalName")
    .derive(ecs::RELATED_USER, Derive::AccountName, "accountName userPrincipalName"))]
pub struct UserAccount {
    /// Account name, alone or after its domain: `NORTH\kim`.
    pub account_name: User,
    /// Object GUID in Active Directory.
    pub active_directory_object_guid: Guid,
    /// Object id in Entra ID.
    #[schemars(transform = to(ecs::USER_ID))]
    pub azure_ad_user_id: User,
    /// Display name.
    #[schemars(transform = to(ecs::USER_FULL_NAME).rank(1))]
    pub display_name: Keyword,
    /// Domain of the account.
    pub domain_name: Keyword,
    /// Accesses to resources by the account.
    pub resource_access_events: Vec<ResourceAccessEvent>,
    /// Entra tenant of the account.
    pub tenant_id: Guid,
    /// User principal name.
    #[schemars(transform = to(ecs::USER_EMAIL).rank(2))]
    pub user_principal_name: Upn,
    /// Security identifier.
    #[schemars(transform = to(ecs::USER_ID).rank(1))]
    pub user_sid: User,
}

/// An account.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::EVENT_CATEGORY, "iam")
    .constant(ecs::EVENT_TYPE, "user")
    .constant(ecs::EVENT_TYPE, "info")
    .identity("userAccount.azureAdUserId userAccount.userSid userAccount.userPrincipalName userAccount.domainName")
    .identity("userAccount.accountName"))]
pub struct UserEvidence {
    /// Stream that named the account.
    pub stream: Stream,
    /// The account.
    pub user_account: UserAccount,
}

/// A security group.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::EVENT_CATEGORY, "iam")
    .constant(ecs::EVENT_TYPE, "group")
    .constant(ecs::EVENT_TYPE, "info")
    .identity("securityGroupId sid activeDirectoryObjectGuid distinguishedName displayName"))]
pub struct SecurityGroupEvidence {
    /// Object GUID in Active Directory.
    pub active_directory_object_guid: Guid,
    /// Display name.
    #[schemars(transform = to(ecs::GROUP_NAME))]
    pub display_name: Keyword,
    /// Distinguished name in Active Directory.
    pub distinguished_name: Keyword,
    /// Friendly name.
    #[schemars(transform = to(ecs::GROUP_NAME).rank(1))]
    pub friendly_name: Keyword,
    /// Object id of the group.
    #[schemars(transform = to(ecs::GROUP_ID))]
    pub security_group_id: Keyword,
    /// Security identifier.
    #[schemars(transform = to(ecs::GROUP_ID).rank(1))]
    pub sid: Keyword,
}

/// A service principal: an application's identity in a tenant.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::EVENT_CATEGORY, "iam")
    .constant(ecs::EVENT_TYPE, "info")
    .identity("servicePrincipalObjectId appId tenantId servicePrincipalName"))]
pub struct ServicePrincipalEvidence {
    /// Application (client) id.
    #[schemars(transform = to(ecs::SERVICE_ID))]
    pub app_id: Keyword,
    /// Tenant that registered the application.
    pub app_owner_tenant_id: Guid,
    /// Name of the service principal.
    #[schemars(transform = to(ecs::USER_NAME).also(ecs::SERVICE_NAME))]
    pub service_principal_name: User,
    /// Object id of the service principal.
    #[schemars(transform = to(ecs::USER_ID))]
    pub service_principal_object_id: User,
    /// Type: unknown, application, managedIdentity, legacy.
    #[schemars(transform = to(ecs::SERVICE_TYPE))]
    pub service_principal_type: Member,
    /// Tenant of the service principal.
    pub tenant_id: Guid,
}

/// An OAuth application.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::EVENT_CATEGORY, "iam")
    .constant(ecs::EVENT_TYPE, "info")
    .identity("objectId appId displayName"))]
pub struct OauthApplicationEvidence {
    /// Application (client) id.
    #[schemars(transform = to(ecs::SERVICE_ID))]
    pub app_id: Keyword,
    /// Display name.
    #[schemars(transform = to(ecs::SERVICE_NAME))]
    pub display_name: Keyword,
    /// Object id of the application.
    pub object_id: Keyword,
    /// Publisher.
    pub publisher: Keyword,
}

/// An Active Directory domain.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::EVENT_CATEGORY, "iam")
    .constant(ecs::EVENT_TYPE, "info")
    .identity("activeDirectoryDomainName"))]
pub struct ActiveDirectoryDomainEvidence {
    /// Name of the domain.
    #[schemars(transform = super::host())]
    pub active_directory_domain_name: Keyword,
    /// Domains that it trusts.
    #[schemars(transform = column().flattened().remap(RELATED))]
    pub trusted_domains: Vec<ActiveDirectoryDomainEvidence>,
}
