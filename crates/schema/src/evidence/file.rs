//! Files, file hashes and malware.

use schemars::JsonSchema;

use super::process::{PROCESSES, ProcessEvidence};
use crate::attr::{column, kind, to};
use crate::ecs::{self, Ecs};
use crate::ops::{Derive, Op};
use crate::types::{Host, Integer, Keyword, Md5, Member, Sha1, Sha256};

/// Of files in a list: names, paths and hashes.
pub(crate) const FILES: &[(Ecs, Ecs)] = &[
    (ecs::FILE_NAME, ecs::FILE_NAME),
    (ecs::FILE_PATH, ecs::FILE_PATH),
    (ecs::FILE_HASH_MD5, ecs::FILE_HASH_MD5),
    (ecs::FILE_HASH_SHA1, ecs::FILE_HASH_SHA1),
    (ecs::FILE_HASH_SHA256, ecs::FILE_HASH_SHA256),
];

/// `fileDetails`: name, folder, hashes and signature of a file.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind().derive(ecs::FILE_PATH, Derive::Path, "filePath fileName").lift())]
pub struct FileDetails {
    /// Name of the file, without folder.
    #[schemars(transform = to(ecs::FILE_NAME).lift().also(ecs::FILE_EXTENSION).op(Op::Extension).named("name"))]
    pub file_name: Keyword,
    /// Folder of the file.
    #[schemars(transform = to(ecs::FILE_DIRECTORY).named("path"))]
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
    #[schemars(transform = to(ecs::FILE_HASH_MD5).lift())]
    pub md5: Md5,
    /// SHA-1 of the content.
    #[schemars(transform = to(ecs::FILE_HASH_SHA1).lift())]
    pub sha1: Sha1,
    /// SHA-256 of the content.
    #[schemars(transform = to(ecs::FILE_HASH_SHA256).lift())]
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
    #[schemars(transform = to(ecs::HOST_ID).lift())]
    pub mde_device_id: Host,
}

/// `fileHash`: one hash of a file.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .derive(ecs::FILE_HASH_MD5, Derive::IfMd5, "value algorithm").lift()
    .derive(ecs::FILE_HASH_SHA1, Derive::IfSha1, "value algorithm").lift()
    .derive(ecs::FILE_HASH_SHA256, Derive::IfSha256, "value algorithm").lift())]
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
    .derive(ecs::FILE_HASH_MD5, Derive::IfMd5, "value algorithm").lift()
    .derive(ecs::FILE_HASH_SHA1, Derive::IfSha1, "value algorithm").lift()
    .derive(ecs::FILE_HASH_SHA256, Derive::IfSha256, "value algorithm").lift()
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
    #[schemars(transform = column().flattened().remap(FILES))]
    pub files: Vec<FileEvidence>,
    /// Name of the malware.
    #[schemars(transform = to(ecs::THREAT_SOFTWARE_NAME))]
    pub name: Keyword,
    /// Processes of the malware.
    #[schemars(transform = column().flattened().remap(PROCESSES))]
    pub processes: Vec<ProcessEvidence>,
}
