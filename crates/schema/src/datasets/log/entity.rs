//! An entity of an alert of the older API: a thing that the alert is about.

use schemars::JsonSchema;

use crate::attr::{kind, to};
use crate::ecs;
use crate::ops::{Derive, Op};
use crate::tables;
use crate::types::{Host, Integer, Ip, Keyword, LongText, Mail, Member, Sha1, Sha256, Timestamp, Upn, Url, User};

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
