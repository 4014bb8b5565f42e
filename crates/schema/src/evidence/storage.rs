//! Blobs in Azure Storage, and tokens for them.

use schemars::JsonSchema;

use super::RELATED;
use super::cloud::AzureResourceEvidence;
use super::file::FileHash;
use crate::attr::{column, kind, to};
use crate::ecs;
use crate::types::{Keyword, Timestamp, Url};

/// A container of blobs.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::CLOUD_PROVIDER, "azure")
    .identity("url name"))]
pub struct BlobContainerEvidence {
    /// Name of the container.
    pub name: Keyword,
    /// Storage account.
    #[schemars(transform = column().flattened().remap(RELATED))]
    pub storage_resource: AzureResourceEvidence,
    /// Address of the container.
    #[schemars(transform = super::url())]
    pub url: Url,
}

/// A blob.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::EVENT_CATEGORY, "file")
    .constant(ecs::EVENT_TYPE, "info")
    .constant(ecs::CLOUD_PROVIDER, "azure")
    .identity("url name etag"))]
pub struct BlobEvidence {
    /// Container of the blob.
    #[schemars(transform = column().flattened().remap(RELATED))]
    pub blob_container: BlobContainerEvidence,
    /// Entity tag of the blob's version.
    pub etag: Keyword,
    /// Hashes of the content.
    pub file_hashes: Vec<FileHash>,
    /// Name of the blob.
    #[schemars(transform = to(ecs::FILE_NAME))]
    pub name: Keyword,
    /// Address of the blob.
    #[schemars(transform = super::url())]
    pub url: Url,
}

/// A shared access signature for Azure Storage.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::EVENT_CATEGORY, "iam")
    .constant(ecs::EVENT_TYPE, "info")
    .constant(ecs::CLOUD_PROVIDER, "azure")
    .identity("signatureHash signedWith startDateTime expiryDateTime"))]
pub struct SasTokenEvidence {
    /// Addresses that may use the token; one address, a range, or none for all.
    pub allowed_ip_addresses: Keyword,
    /// Types of resources that the token opens.
    pub allowed_resource_types: Vec<Keyword>,
    /// Services that the token opens.
    pub allowed_services: Vec<Keyword>,
    /// End of validity.
    pub expiry_date_time: Timestamp,
    /// Permissions.
    pub permissions: Vec<Keyword>,
    /// Protocols that may be used.
    pub protocol: Keyword,
    /// Hash of the signature.
    pub signature_hash: Keyword,
    /// Key that signed the token.
    pub signed_with: Keyword,
    /// Start of validity.
    pub start_date_time: Timestamp,
    /// Storage account.
    #[schemars(transform = column().flattened().remap(RELATED))]
    pub storage_resource: AzureResourceEvidence,
}
