//! Containers, their images and registries.

use schemars::JsonSchema;

use super::RELATED;
use super::kubernetes::{KubernetesPodEvidence, POD};
use crate::attr::{column, kind, to};
use crate::ecs::{self, Ecs};
use crate::types::{Flag, Host, Keyword};

/// An image that a container runs.
const IMAGE: &[(Ecs, Ecs)] = &[(ecs::CONTAINER_IMAGE_NAME, ecs::CONTAINER_IMAGE_NAME)];

/// A container.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::EVENT_CATEGORY, "host")
    .constant(ecs::EVENT_TYPE, "info")
    .identity("containerId name pod.name pod.namespace.name pod.namespace.cluster.name image.imageId"))]
pub struct ContainerEvidence {
    /// Arguments.
    pub args: Vec<Keyword>,
    /// Command.
    pub command: Vec<Keyword>,
    /// Id of the container.
    #[schemars(transform = to(ecs::CONTAINER_ID))]
    pub container_id: Keyword,
    /// Image that the container runs.
    #[schemars(transform = column().flattened().remap(IMAGE))]
    pub image: ContainerImageEvidence,
    /// The container runs privileged.
    #[schemars(transform = to(ecs::CONTAINER_SECURITY_CONTEXT_PRIVILEGED))]
    pub is_privileged: Flag,
    /// Name of the container.
    #[schemars(transform = to(ecs::CONTAINER_NAME))]
    pub name: Keyword,
    /// Pod of the container.
    #[schemars(transform = column().flattened().remap(POD))]
    pub pod: KubernetesPodEvidence,
}

/// An image of containers.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::EVENT_CATEGORY, "package")
    .constant(ecs::EVENT_TYPE, "info")
    .identity("imageId registry.registry"))]
pub struct ContainerImageEvidence {
    /// The image by its digest, if this one is named by a tag.
    #[schemars(transform = column().flattened().remap(RELATED))]
    pub digest_image: Box<ContainerImageEvidence>,
    /// Id of the image.
    #[schemars(transform = to(ecs::CONTAINER_IMAGE_NAME))]
    pub image_id: Keyword,
    /// Registry of the image.
    #[schemars(transform = column().named("image_registry").flattened().remap(RELATED))]
    pub registry: ContainerRegistryEvidence,
}

/// A registry of container images.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::EVENT_CATEGORY, "package")
    .constant(ecs::EVENT_TYPE, "info")
    .identity("registry"))]
pub struct ContainerRegistryEvidence {
    /// Host name of the registry.
    pub registry: Host,
}
