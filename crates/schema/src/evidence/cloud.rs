//! Resources and applications in clouds.

use schemars::JsonSchema;

use super::network::Stream;
use crate::attr::{kind, to};
use crate::ecs;
use crate::types::{Integer, Keyword, Member, Prose};

/// A resource in Amazon Web Services.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::CLOUD_PROVIDER, "aws")
    .identity("amazonResourceId amazonAccountId resourceType resourceName"))]
pub struct AmazonResourceEvidence {
    /// AWS account of the resource.
    #[schemars(transform = to(ecs::CLOUD_ACCOUNT_ID))]
    pub amazon_account_id: Keyword,
    /// Amazon Resource Name.
    pub amazon_resource_id: Keyword,
    /// Name of the resource.
    pub resource_name: Keyword,
    /// Type of the resource.
    pub resource_type: Keyword,
}

/// A resource in Azure.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::CLOUD_PROVIDER, "azure")
    .identity("resourceId resourceType resourceName"))]
pub struct AzureResourceEvidence {
    /// Azure Resource Manager id.
    pub resource_id: Keyword,
    /// Name of the resource.
    pub resource_name: Keyword,
    /// Type of the resource.
    pub resource_type: Keyword,
}

/// A resource in Google Cloud.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::CLOUD_PROVIDER, "gcp")
    .identity("fullResourceName projectId resourceType resourceName location"))]
pub struct GoogleCloudResourceEvidence {
    /// Full resource name.
    pub full_resource_name: Keyword,
    /// Zone or region of the resource.
    #[schemars(transform = to(ecs::CLOUD_REGION).named("resource_location"))]
    pub location: Keyword,
    /// What the location is: regional, zonal, global.
    pub location_type: Member,
    /// Project id.
    #[schemars(transform = to(ecs::CLOUD_PROJECT_ID))]
    pub project_id: Keyword,
    /// Project number.
    pub project_number: Integer,
    /// Name of the resource.
    pub resource_name: Keyword,
    /// Type of the resource.
    pub resource_type: Keyword,
}

/// An application seen by Defender for Cloud Apps.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind().identity("appId saasAppId instanceId displayName instanceName"))]
pub struct CloudApplicationEvidence {
    /// Id of the application in Defender for Cloud Apps.
    #[schemars(transform = to(ecs::SERVICE_ID))]
    pub app_id: Keyword,
    /// Name of the application.
    #[schemars(transform = to(ecs::SERVICE_NAME))]
    pub display_name: Keyword,
    /// Id of the instance of the application.
    pub instance_id: Keyword,
    /// Name of the instance of the application.
    #[schemars(transform = to(ecs::SERVICE_NODE_NAME))]
    pub instance_name: Keyword,
    /// Id of the application as software as a service.
    pub saas_app_id: Keyword,
    /// Stream that named the application.
    pub stream: Stream,
}

/// An AI agent.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind().identity("agentId hostingPlatformType agentName"))]
pub struct AiAgentEvidence {
    /// Id of the agent.
    #[schemars(transform = to(ecs::SERVICE_ID))]
    pub agent_id: Keyword,
    /// Name of the agent.
    #[schemars(transform = to(ecs::SERVICE_NAME))]
    pub agent_name: Keyword,
    /// Platform: azureAIFoundry, copilotStudio, copilot.
    #[schemars(transform = to(ecs::SERVICE_TYPE))]
    pub hosting_platform_type: Member,
    /// Instructions of the agent.
    pub instructions: Prose,
}
