//! Processes.

use schemars::JsonSchema;

use super::file::FileDetails;
use super::identity::UserAccount;
use crate::attr::{column, kind, to};
use crate::ecs::{self, Ecs};
use crate::ops::{Derive, Op};
use crate::types::{Host, Integer, LongText, Member, Timestamp};

/// A file as the image of a process.
const IMAGE: &[(Ecs, Ecs)] = &[
    (ecs::FILE_NAME, ecs::PROCESS_NAME),
    (ecs::FILE_PATH, ecs::PROCESS_EXECUTABLE),
    (ecs::FILE_HASH_MD5, ecs::PROCESS_HASH_MD5),
    (ecs::FILE_HASH_SHA1, ecs::PROCESS_HASH_SHA1),
    (ecs::FILE_HASH_SHA256, ecs::PROCESS_HASH_SHA256),
    (ecs::FILE_CODE_SIGNATURE_SUBJECT_NAME, ecs::PROCESS_CODE_SIGNATURE_SUBJECT_NAME),
];

/// A file as the image of a parent process.
const PARENT_IMAGE: &[(Ecs, Ecs)] = &[
    (ecs::FILE_NAME, ecs::PROCESS_PARENT_NAME),
    (ecs::FILE_PATH, ecs::PROCESS_PARENT_EXECUTABLE),
    (ecs::FILE_HASH_MD5, ecs::PROCESS_PARENT_HASH_MD5),
    (ecs::FILE_HASH_SHA1, ecs::PROCESS_PARENT_HASH_SHA1),
    (ecs::FILE_HASH_SHA256, ecs::PROCESS_PARENT_HASH_SHA256),
    (ecs::FILE_CODE_SIGNATURE_SUBJECT_NAME, ecs::PROCESS_PARENT_CODE_SIGNATURE_SUBJECT_NAME),
];

/// An account as the user of a process.
const PROCESS_USER: &[(Ecs, Ecs)] = &[(ecs::USER_NAME, ecs::PROCESS_USER_NAME), (ecs::USER_ID, ecs::PROCESS_USER_ID)];

/// Of processes in a list: groups that they fill.
pub(crate) const PROCESSES: &[&str] = &["process"];

/// A process on a device, with its parent.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::EVENT_CATEGORY, "process")
    .constant(ecs::EVENT_TYPE, "info")
    .derive(ecs::PROCESS_ENTITY_ID, Derive::EntityId, "mdeDeviceId processId processCreationDateTime")
    .derive(
        ecs::PROCESS_PARENT_ENTITY_ID,
        Derive::EntityId,
        "mdeDeviceId parentProcessId parentProcessCreationDateTime"
    )
    .identity("mdeDeviceId processId processCreationDateTime processCommandLine imageFile.filePath imageFile.fileName")
    .identity("imageFile.sha256 imageFile.sha1 userAccount.userSid userAccount.domainName userAccount.accountName")
    .identity("parentProcessId parentProcessCreationDateTime"))]
pub struct ProcessEvidence {
    /// What became of the detection: detected, blocked, prevented.
    #[schemars(transform = to(ecs::EVENT_ACTION))]
    pub detection_status: Member,
    /// Image of the process.
    #[schemars(transform = column().remap(IMAGE))]
    pub image_file: FileDetails,
    /// Id of the device in Defender for Endpoint.
    #[schemars(transform = to(ecs::HOST_ID))]
    pub mde_device_id: Host,
    /// Start of the parent process.
    #[schemars(transform = to(ecs::PROCESS_PARENT_START).named("parent_process.creation_datetime"))]
    pub parent_process_creation_date_time: Timestamp,
    /// Process id of the parent.
    #[schemars(transform = to(ecs::PROCESS_PARENT_PID).named("parent_process.id"))]
    pub parent_process_id: Integer,
    /// Image of the parent process.
    #[schemars(transform = column().named("parent_process.image_file").remap(PARENT_IMAGE))]
    pub parent_process_image_file: FileDetails,
    /// Command line.
    #[schemars(transform = to(ecs::PROCESS_COMMAND_LINE).also(ecs::PROCESS_ARGS).op(Op::Args)
        .named("process.command_line"))]
    pub process_command_line: LongText,
    /// Start of the process.
    #[schemars(transform = to(ecs::PROCESS_START).named("process.creation_datetime"))]
    pub process_creation_date_time: Timestamp,
    /// Process id.
    #[schemars(transform = to(ecs::PROCESS_PID).named("process.id"))]
    pub process_id: Integer,
    /// Account that the process runs as.
    #[schemars(transform = column().remap(PROCESS_USER))]
    pub user_account: UserAccount,
}
