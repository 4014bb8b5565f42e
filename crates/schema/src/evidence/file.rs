//! Files, file hashes and malware.

use schemars::JsonSchema;

use super::process::{PROCESSES, ProcessEvidence};
use crate::attr::{column, kind, to};
use crate::ecs;
use crate::ops::Derive;
use crate::types::{Host, Integer, Keyword, Md5, Member, Sha1, Sha256};

/// Of files in a list: groups that they fill.
pub(crate) const FILES: &[&str] = &["file"];

/// `fileDetails`: name, folder, hashes and signature of a file.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .derive(ecs::FILE_PATH, Derive::Path, "filePath fileName")
    .derive(ecs::FILE_NAME, Derive::FileName, "filePath fileName")
    .derive(ecs::FILE_DIRECTORY, Derive::FileDirectory, "filePath fileName")
    .derive(ecs::FILE_EXTENSION, Derive::FileExtension, "filePath fileName")
    .derive(ecs::FILE_FORK_NAME, Derive::ForkName, "filePath fileName"))]
pub struct FileDetails {
    /// Name of the file, without folder.
    #[schemars(transform = column().named("name"))]
    pub file_name: Keyword,
    /// Folder of the file, or its whole path.
    #[schemars(transform = column().named("path"))]
    pub file_path: Keyword,
    /// Publisher of the file.
    #[schemars(transform = column().named("publisher"))]
    pub file_publisher: Keyword,
    /// Size in bytes.
    #[schemars(transform = to(ecs::FILE_SIZE).named("size"))]
    pub file_size: Integer,
    /// Authority that issued the signing certificate.
    pub issuer: Keyword,
    /// MD5 of the content.
    #[schemars(transform = to(ecs::FILE_HASH_MD5))]
    pub md5: Md5,
    /// SHA-1 of the content.
    #[schemars(transform = to(ecs::FILE_HASH_SHA1))]
    pub sha1: Sha1,
    /// SHA-256 of the content.
    #[schemars(transform = to(ecs::FILE_HASH_SHA256))]
    pub sha256: Sha256,
    /// Authenticode SHA-256, which leaves the signature out.
    pub sha256_ac: Sha256,
    /// Signer of the file.
    #[schemars(transform = to(ecs::FILE_CODE_SIGNATURE_SUBJECT_NAME))]
    pub signer: Keyword,
}

/// A file on a device.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::EVENT_CATEGORY, "file")
    .constant(ecs::EVENT_TYPE, "info")
    .identity("mdeDeviceId fileDetails.sha256 fileDetails.sha1 fileDetails.md5 fileDetails.filePath fileDetails.fileName"))]
pub struct FileEvidence {
    /// What became of the detection: detected, blocked, prevented.
    #[schemars(transform = to(ecs::EVENT_ACTION))]
    pub detection_status: Member,
    /// The file.
    pub file_details: FileDetails,
    /// Id of the device in Defender for Endpoint.
    #[schemars(transform = to(ecs::HOST_ID))]
    pub mde_device_id: Host,
}

/// `fileHash`: one hash of a file.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .derive(ecs::FILE_HASH_MD5, Derive::Lower, "value").when("algorithm", "md5")
    .derive(ecs::FILE_HASH_SHA1, Derive::Lower, "value").when("algorithm", "sha1")
    .derive(ecs::FILE_HASH_SHA256, Derive::Lower, "value").when("algorithm", "sha256"))]
pub struct FileHash {
    /// Algorithm: md5, sha1, sha256, sha256ac.
    pub algorithm: Member,
    /// The digest.
    #[schemars(transform = to(ecs::RELATED_HASH).lower())]
    pub value: Keyword,
}

/// The hash of a file.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::EVENT_CATEGORY, "file")
    .constant(ecs::EVENT_TYPE, "info")
    .derive(ecs::FILE_HASH_MD5, Derive::Lower, "value").when("algorithm", "md5")
    .derive(ecs::FILE_HASH_SHA1, Derive::Lower, "value").when("algorithm", "sha1")
    .derive(ecs::FILE_HASH_SHA256, Derive::Lower, "value").when("algorithm", "sha256")
    .identity("algorithm value"))]
pub struct FileHashEvidence {
    /// Algorithm: md5, sha1, sha256, sha256ac.
    pub algorithm: Member,
    /// The digest.
    #[schemars(transform = to(ecs::RELATED_HASH).lower())]
    pub value: Keyword,
}

/// A piece of malware, with its files and processes.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::EVENT_CATEGORY, "malware")
    .constant(ecs::EVENT_TYPE, "info")
    .identity("name category"))]
pub struct MalwareEvidence {
    /// Category, for example `Trojan`.
    pub category: Keyword,
    /// Files of the malware.
    #[schemars(transform = column().flattened().keep(FILES))]
    pub files: Vec<FileEvidence>,
    /// Name of the malware.
    #[schemars(transform = to(ecs::THREAT_SOFTWARE_NAME))]
    pub name: Keyword,
    /// Processes of the malware.
    #[schemars(transform = column().flattened().keep(PROCESSES))]
    pub processes: Vec<ProcessEvidence>,
}
