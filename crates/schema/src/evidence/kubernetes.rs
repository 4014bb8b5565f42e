//! Kubernetes: clusters, namespaces, workloads, secrets, services.

use schemars::JsonSchema;

use super::RELATED;
use super::container::ContainerEvidence;
use super::network::IpEvidence;
use crate::attr::{column, kind, to};
use crate::ecs::{self, Ecs};
use crate::tables;
use crate::types::{Dictionary, Integer, Keyword, Member, User};

/// The cluster of a namespace.
const CLUSTER: &[(Ecs, Ecs)] = &[
    (ecs::ORCHESTRATOR_CLUSTER_NAME, ecs::ORCHESTRATOR_CLUSTER_NAME),
    (ecs::ORCHESTRATOR_CLUSTER_VERSION, ecs::ORCHESTRATOR_CLUSTER_VERSION),
    (ecs::CLOUD_PROVIDER, ecs::CLOUD_PROVIDER),
];

/// The namespace of an object, with its cluster.
const NAMESPACE: &[(Ecs, Ecs)] = &[
    (ecs::ORCHESTRATOR_NAMESPACE, ecs::ORCHESTRATOR_NAMESPACE),
    (ecs::ORCHESTRATOR_CLUSTER_NAME, ecs::ORCHESTRATOR_CLUSTER_NAME),
    (ecs::ORCHESTRATOR_CLUSTER_VERSION, ecs::ORCHESTRATOR_CLUSTER_VERSION),
    (ecs::CLOUD_PROVIDER, ecs::CLOUD_PROVIDER),
];

/// The pod of a container, with its namespace.
pub(crate) const POD: &[(Ecs, Ecs)] = &[
    (ecs::ORCHESTRATOR_RESOURCE_NAME, ecs::ORCHESTRATOR_RESOURCE_NAME),
    (ecs::ORCHESTRATOR_RESOURCE_TYPE, ecs::ORCHESTRATOR_RESOURCE_TYPE),
    (ecs::ORCHESTRATOR_RESOURCE_IP, ecs::ORCHESTRATOR_RESOURCE_IP),
    (ecs::ORCHESTRATOR_TYPE, ecs::ORCHESTRATOR_TYPE),
    (ecs::ORCHESTRATOR_NAMESPACE, ecs::ORCHESTRATOR_NAMESPACE),
    (ecs::ORCHESTRATOR_CLUSTER_NAME, ecs::ORCHESTRATOR_CLUSTER_NAME),
    (ecs::ORCHESTRATOR_CLUSTER_VERSION, ecs::ORCHESTRATOR_CLUSTER_VERSION),
    (ecs::CLOUD_PROVIDER, ecs::CLOUD_PROVIDER),
];

/// Containers of a pod.
const CONTAINERS: &[&str] = &["container"];

/// An address as that of a Kubernetes object.
const ADDRESS: &[(Ecs, Ecs)] = &[(ecs::SOURCE_IP, ecs::ORCHESTRATOR_RESOURCE_IP)];

/// A cluster.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::EVENT_CATEGORY, "host")
    .constant(ecs::EVENT_TYPE, "info")
    .constant(ecs::ORCHESTRATOR_TYPE, "kubernetes")
    .identity("name platform distribution")
    // Not the whole resource: it is evidence itself, and its verdict or its roles may change.
    .identity("cloudResource.resourceId cloudResource.amazonResourceId cloudResource.fullResourceName"))]
pub struct KubernetesClusterEvidence {
    /// The cluster as a resource of its cloud: evidence of any kind.
    pub cloud_resource: Dictionary,
    /// Distribution.
    pub distribution: Keyword,
    /// Name of the cluster.
    #[schemars(transform = to(ecs::ORCHESTRATOR_CLUSTER_NAME))]
    pub name: Keyword,
    /// Platform: aks, eks, gke, arc.
    #[schemars(transform = to(ecs::CLOUD_PROVIDER).table(tables::KUBERNETES_PROVIDER))]
    pub platform: Member,
    /// Version of Kubernetes.
    #[schemars(transform = to(ecs::ORCHESTRATOR_CLUSTER_VERSION))]
    pub version: Keyword,
}

/// A controller such as a deployment.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::EVENT_CATEGORY, "configuration")
    .constant(ecs::EVENT_TYPE, "info")
    .constant(ecs::ORCHESTRATOR_TYPE, "kubernetes")
    .identity("name type namespace.name namespace.cluster.name"))]
pub struct KubernetesControllerEvidence {
    /// Labels.
    pub labels: Dictionary,
    /// Name of the controller.
    #[schemars(transform = to(ecs::ORCHESTRATOR_RESOURCE_NAME))]
    pub name: Keyword,
    /// Namespace.
    #[schemars(transform = column().flattened().remap(NAMESPACE))]
    pub namespace: KubernetesNamespaceEvidence,
    /// Type, for example `Deployment`.
    #[schemars(transform = to(ecs::ORCHESTRATOR_RESOURCE_TYPE).lower())]
    pub r#type: Keyword,
}

/// A namespace.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::EVENT_CATEGORY, "configuration")
    .constant(ecs::EVENT_TYPE, "info")
    .constant(ecs::ORCHESTRATOR_TYPE, "kubernetes")
    .constant(ecs::ORCHESTRATOR_RESOURCE_TYPE, "namespace")
    .identity("name cluster.name"))]
pub struct KubernetesNamespaceEvidence {
    /// Cluster.
    #[schemars(transform = column().flattened().remap(CLUSTER))]
    pub cluster: KubernetesClusterEvidence,
    /// Labels.
    pub labels: Dictionary,
    /// Name of the namespace.
    #[schemars(transform = to(ecs::ORCHESTRATOR_NAMESPACE).also(ecs::ORCHESTRATOR_RESOURCE_NAME))]
    pub name: Keyword,
}

/// A pod.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::EVENT_CATEGORY, "host")
    .constant(ecs::EVENT_TYPE, "info")
    .constant(ecs::ORCHESTRATOR_TYPE, "kubernetes")
    .constant(ecs::ORCHESTRATOR_RESOURCE_TYPE, "pod")
    .identity("name namespace.name namespace.cluster.name podIp.ipAddress"))]
pub struct KubernetesPodEvidence {
    /// Containers.
    #[schemars(transform = column().flattened().keep(CONTAINERS))]
    pub containers: Vec<ContainerEvidence>,
    /// Controller that made the pod.
    #[schemars(transform = column().flattened().remap(RELATED))]
    pub controller: KubernetesControllerEvidence,
    /// Containers added for debugging.
    #[schemars(transform = column().flattened().keep(CONTAINERS))]
    pub ephemeral_containers: Vec<ContainerEvidence>,
    /// Containers that run before the others.
    #[schemars(transform = column().flattened().keep(CONTAINERS))]
    pub init_containers: Vec<ContainerEvidence>,
    /// Labels.
    pub labels: Dictionary,
    /// Name of the pod.
    #[schemars(transform = to(ecs::ORCHESTRATOR_RESOURCE_NAME))]
    pub name: Keyword,
    /// Namespace.
    #[schemars(transform = column().flattened().remap(NAMESPACE))]
    pub namespace: KubernetesNamespaceEvidence,
    /// Address of the pod.
    #[schemars(transform = column().flattened().remap(ADDRESS))]
    pub pod_ip: IpEvidence,
    /// Service account of the pod.
    #[schemars(transform = column().flattened().remap(RELATED))]
    pub service_account: KubernetesServiceAccountEvidence,
}

/// A secret.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::EVENT_CATEGORY, "configuration")
    .constant(ecs::EVENT_TYPE, "info")
    .constant(ecs::ORCHESTRATOR_TYPE, "kubernetes")
    .constant(ecs::ORCHESTRATOR_RESOURCE_TYPE, "secret")
    .identity("name secretType namespace.name namespace.cluster.name"))]
pub struct KubernetesSecretEvidence {
    /// Name of the secret.
    #[schemars(transform = to(ecs::ORCHESTRATOR_RESOURCE_NAME))]
    pub name: Keyword,
    /// Namespace.
    #[schemars(transform = column().flattened().remap(NAMESPACE))]
    pub namespace: KubernetesNamespaceEvidence,
    /// Type of the secret.
    pub secret_type: Keyword,
}

/// A service account.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::EVENT_CATEGORY, "iam")
    .constant(ecs::EVENT_TYPE, "user")
    .constant(ecs::EVENT_TYPE, "info")
    .constant(ecs::ORCHESTRATOR_TYPE, "kubernetes")
    .constant(ecs::ORCHESTRATOR_RESOURCE_TYPE, "serviceaccount")
    .identity("name namespace.name namespace.cluster.name"))]
pub struct KubernetesServiceAccountEvidence {
    /// Name of the account.
    #[schemars(transform = to(ecs::ORCHESTRATOR_RESOURCE_NAME).also(ecs::USER_NAME))]
    pub name: User,
    /// Namespace.
    #[schemars(transform = column().flattened().remap(NAMESPACE))]
    pub namespace: KubernetesNamespaceEvidence,
}

/// A service.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::EVENT_CATEGORY, "network")
    .constant(ecs::EVENT_TYPE, "info")
    .constant(ecs::ORCHESTRATOR_TYPE, "kubernetes")
    .constant(ecs::ORCHESTRATOR_RESOURCE_TYPE, "service")
    .identity("name serviceType namespace.name namespace.cluster.name clusterIP.ipAddress"))]
pub struct KubernetesServiceEvidence {
    /// Address within the cluster.
    #[schemars(rename = "clusterIP", transform = column().flattened().remap(ADDRESS))]
    pub cluster_ip: IpEvidence,
    /// Addresses outside the cluster.
    #[schemars(rename = "externalIPs", transform = column().named("external_ips").flattened().remap(ADDRESS))]
    pub external_ips: Vec<IpEvidence>,
    /// Labels.
    pub labels: Dictionary,
    /// Name of the service.
    #[schemars(transform = to(ecs::ORCHESTRATOR_RESOURCE_NAME))]
    pub name: Keyword,
    /// Namespace.
    #[schemars(transform = column().flattened().remap(NAMESPACE))]
    pub namespace: KubernetesNamespaceEvidence,
    /// Labels by which the service finds its pods.
    pub selector: Dictionary,
    /// Ports.
    pub service_ports: Vec<KubernetesServicePort>,
    /// Type: clusterIP, externalName, nodePort, loadBalancer.
    pub service_type: Member,
}

/// `kubernetesServicePort`: a port of a service.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct KubernetesServicePort {
    /// Application protocol.
    pub app_protocol: Keyword,
    /// Name of the port.
    pub name: Keyword,
    /// Port on the nodes.
    pub node_port: Integer,
    /// Port of the service.
    pub port: Integer,
    /// Transport: udp, tcp, sctp.
    pub protocol: Member,
    /// Port of the pods, by number or name.
    pub target_port: Keyword,
}
