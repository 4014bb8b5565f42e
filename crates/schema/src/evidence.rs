//! Evidence of an alert: the properties common to all kinds, and the 48 kinds that `@odata.type` tells apart.
//!
//! Shared by the datasets `alert` (the whole array in one document) and `evidence` (one document per item). A kind
//! nested in another is kept whole in one `flattened` field and fills only the ECS fields that its place gives sense to.

use schemars::JsonSchema;

use crate::attr::{Column, column, to};
use crate::ecs::{self, Ecs};
use crate::ops::Op;
use crate::tables;
use crate::types::{Keyword, Member, Timestamp};

pub mod cloud;
pub mod container;
pub mod device;
pub mod file;
pub mod github;
pub mod identity;
pub mod iot;
pub mod kubernetes;
pub mod mail;
pub mod network;
pub mod process;
pub mod registry;
pub mod session;
pub mod storage;
pub mod teams;

/// Redirection for an object of which only `related.*` is wanted.
pub(crate) const RELATED: &[(Ecs, Ecs)] = &[];

/// A URL that the item is about, with its parts.
pub(crate) fn url() -> Column {
    to(ecs::URL_FULL)
        .also(ecs::URL_ORIGINAL)
        .also(ecs::URL_DOMAIN)
        .op(Op::UrlDomain)
        .also(ecs::URL_SCHEME)
        .op(Op::UrlScheme)
        .also(ecs::URL_USERNAME)
        .op(Op::UrlUsername)
        .also(ecs::URL_PASSWORD)
        .op(Op::UrlPassword)
        .also(ecs::URL_PORT)
        .op(Op::UrlPort)
        .also(ecs::URL_PATH)
        .op(Op::UrlPath)
        .also(ecs::URL_QUERY)
        .op(Op::UrlQuery)
        .also(ecs::URL_FRAGMENT)
        .op(Op::UrlFragment)
        .also(ecs::URL_EXTENSION)
        .op(Op::UrlExtension)
        .also(ecs::RELATED_HOSTS)
        .op(Op::UrlHost)
        .also(ecs::RELATED_IP)
        .op(Op::UrlIp)
}

/// The name of a host or domain that the item is about.
pub(crate) fn host() -> Column {
    to(ecs::RELATED_HOSTS).op(Op::Host)
}

/// A mail address into a field.
pub(crate) fn mail(field: Ecs) -> Column {
    to(field).op(Op::MailAddress)
}

/// The mail address of a sender, whose domain is a related host.
pub(crate) fn sender() -> Column {
    mail(ecs::EMAIL_FROM_ADDRESS).also(ecs::RELATED_HOSTS).op(Op::MailHost)
}

/// `alertEvidence`: one thing that an alert is about.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct Evidence {
    /// Time when the evidence was added to the alert.
    #[schemars(transform = to(ecs::EVENT_CREATED))]
    pub created_date_time: Timestamp,
    /// Roles in the incident in words, for example `Main device`.
    pub detailed_roles: Vec<Keyword>,
    /// State of the remediation, for example none, remediated, prevented, blocked, active, pendingApproval.
    #[schemars(transform = to(ecs::EVENT_OUTCOME).table(tables::EVENT_OUTCOME))]
    pub remediation_status: Member,
    /// Details about the remediation.
    #[schemars(transform = to(ecs::EVENT_REASON))]
    pub remediation_status_details: Keyword,
    /// Roles in the attack, for example contextual, source, compromised, attacker.
    pub roles: Vec<Member>,
    /// Labels of the evidence.
    #[schemars(transform = column().named("tags"))]
    pub tags: Vec<Keyword>,
    /// Decision of the automated investigation: unknown, suspicious, malicious, noThreatsFound.
    pub verdict: Member,
    /// What the evidence is.
    #[schemars(flatten)]
    pub kind: Kinds,
}

/// The kinds of evidence.
#[derive(JsonSchema)]
#[schemars(tag = "@odata.type")]
pub enum Kinds {
    /// An Active Directory domain.
    #[schemars(rename = "#microsoft.graph.security.activeDirectoryDomainEvidence")]
    ActiveDirectoryDomain(identity::ActiveDirectoryDomainEvidence),
    /// An AI agent.
    #[schemars(rename = "#microsoft.graph.security.aiAgentEvidence")]
    AiAgent(cloud::AiAgentEvidence),
    /// A resource in Amazon Web Services.
    #[schemars(rename = "#microsoft.graph.security.amazonResourceEvidence")]
    AmazonResource(cloud::AmazonResourceEvidence),
    /// A message that Defender for Office 365 analysed.
    #[schemars(rename = "#microsoft.graph.security.analyzedMessageEvidence")]
    AnalyzedMessage(mail::AnalyzedMessageEvidence),
    /// A resource in Azure.
    #[schemars(rename = "#microsoft.graph.security.azureResourceEvidence")]
    AzureResource(cloud::AzureResourceEvidence),
    /// A container of blobs.
    #[schemars(rename = "#microsoft.graph.security.blobContainerEvidence")]
    BlobContainer(storage::BlobContainerEvidence),
    /// A blob.
    #[schemars(rename = "#microsoft.graph.security.blobEvidence")]
    Blob(storage::BlobEvidence),
    /// An application seen by Defender for Cloud Apps.
    #[schemars(rename = "#microsoft.graph.security.cloudApplicationEvidence")]
    CloudApplication(cloud::CloudApplicationEvidence),
    /// A request to sign in to Entra ID.
    #[schemars(rename = "#microsoft.graph.security.cloudLogonRequestEvidence")]
    CloudLogonRequest(session::CloudLogonRequestEvidence),
    /// A session that began with a sign-in to Entra ID.
    #[schemars(rename = "#microsoft.graph.security.cloudLogonSessionEvidence")]
    CloudLogonSession(session::CloudLogonSessionEvidence),
    /// A container.
    #[schemars(rename = "#microsoft.graph.security.containerEvidence")]
    Container(container::ContainerEvidence),
    /// An image of containers.
    #[schemars(rename = "#microsoft.graph.security.containerImageEvidence")]
    ContainerImage(container::ContainerImageEvidence),
    /// A registry of container images.
    #[schemars(rename = "#microsoft.graph.security.containerRegistryEvidence")]
    ContainerRegistry(container::ContainerRegistryEvidence),
    /// A device.
    #[schemars(rename = "#microsoft.graph.security.deviceEvidence")]
    Device(device::DeviceEvidence),
    /// A DNS question with its answers.
    #[schemars(rename = "#microsoft.graph.security.dnsEvidence")]
    Dns(network::DnsEvidence),
    /// A file on a device.
    #[schemars(rename = "#microsoft.graph.security.fileEvidence")]
    File(file::FileEvidence),
    /// The hash of a file.
    #[schemars(rename = "#microsoft.graph.security.fileHashEvidence")]
    FileHash(file::FileHashEvidence),
    /// An organisation on GitHub.
    #[schemars(rename = "#microsoft.graph.security.gitHubOrganizationEvidence")]
    GithubOrganization(github::GithubOrganizationEvidence),
    /// A repository on GitHub.
    #[schemars(rename = "#microsoft.graph.security.gitHubRepoEvidence")]
    GithubRepo(github::GithubRepoEvidence),
    /// A user on GitHub.
    #[schemars(rename = "#microsoft.graph.security.gitHubUserEvidence")]
    GithubUser(github::GithubUserEvidence),
    /// A resource in Google Cloud.
    #[schemars(rename = "#microsoft.graph.security.googleCloudResourceEvidence")]
    GoogleCloudResource(cloud::GoogleCloudResourceEvidence),
    /// A session on a host.
    #[schemars(rename = "#microsoft.graph.security.hostLogonSessionEvidence")]
    HostLogonSession(session::HostLogonSessionEvidence),
    /// A device seen by Defender for `IoT`.
    #[schemars(rename = "#microsoft.graph.security.ioTDeviceEvidence")]
    IotDevice(iot::IotDeviceEvidence),
    /// An IP address.
    #[schemars(rename = "#microsoft.graph.security.ipEvidence")]
    Ip(network::IpEvidence),
    /// A cluster.
    #[schemars(rename = "#microsoft.graph.security.kubernetesClusterEvidence")]
    KubernetesCluster(kubernetes::KubernetesClusterEvidence),
    /// A controller such as a deployment.
    #[schemars(rename = "#microsoft.graph.security.kubernetesControllerEvidence")]
    KubernetesController(kubernetes::KubernetesControllerEvidence),
    /// A namespace.
    #[schemars(rename = "#microsoft.graph.security.kubernetesNamespaceEvidence")]
    KubernetesNamespace(kubernetes::KubernetesNamespaceEvidence),
    /// A pod.
    #[schemars(rename = "#microsoft.graph.security.kubernetesPodEvidence")]
    KubernetesPod(kubernetes::KubernetesPodEvidence),
    /// A secret.
    #[schemars(rename = "#microsoft.graph.security.kubernetesSecretEvidence")]
    KubernetesSecret(kubernetes::KubernetesSecretEvidence),
    /// A service account.
    #[schemars(rename = "#microsoft.graph.security.kubernetesServiceAccountEvidence")]
    KubernetesServiceAccount(kubernetes::KubernetesServiceAccountEvidence),
    /// A service.
    #[schemars(rename = "#microsoft.graph.security.kubernetesServiceEvidence")]
    KubernetesService(kubernetes::KubernetesServiceEvidence),
    /// A group of similar messages.
    #[schemars(rename = "#microsoft.graph.security.mailClusterEvidence")]
    MailCluster(mail::MailClusterEvidence),
    /// A setting of a mailbox, such as a forwarding rule.
    #[schemars(rename = "#microsoft.graph.security.mailboxConfigurationEvidence")]
    MailboxConfiguration(mail::MailboxConfigurationEvidence),
    /// A mailbox.
    #[schemars(rename = "#microsoft.graph.security.mailboxEvidence")]
    Mailbox(mail::MailboxEvidence),
    /// A piece of malware, with its files and processes.
    #[schemars(rename = "#microsoft.graph.security.malwareEvidence")]
    Malware(file::MalwareEvidence),
    /// A connection between two addresses.
    #[schemars(rename = "#microsoft.graph.security.networkConnectionEvidence")]
    NetworkConnection(network::NetworkConnectionEvidence),
    /// A network interface.
    #[schemars(rename = "#microsoft.graph.security.nicEvidence")]
    Nic(iot::NicEvidence),
    /// An OAuth application.
    #[schemars(rename = "#microsoft.graph.security.oauthApplicationEvidence")]
    OauthApplication(identity::OauthApplicationEvidence),
    /// A process on a device, with its parent.
    #[schemars(rename = "#microsoft.graph.security.processEvidence")]
    Process(process::ProcessEvidence),
    /// A key of the registry.
    #[schemars(rename = "#microsoft.graph.security.registryKeyEvidence")]
    RegistryKey(registry::RegistryKeyEvidence),
    /// A value of a registry key.
    #[schemars(rename = "#microsoft.graph.security.registryValueEvidence")]
    RegistryValue(registry::RegistryValueEvidence),
    /// A shared access signature for Azure Storage.
    #[schemars(rename = "#microsoft.graph.security.sasTokenEvidence")]
    SasToken(storage::SasTokenEvidence),
    /// A security group.
    #[schemars(rename = "#microsoft.graph.security.securityGroupEvidence")]
    SecurityGroup(identity::SecurityGroupEvidence),
    /// A service principal: an application's identity in a tenant.
    #[schemars(rename = "#microsoft.graph.security.servicePrincipalEvidence")]
    ServicePrincipal(identity::ServicePrincipalEvidence),
    /// A message that somebody reported to Microsoft.
    #[schemars(rename = "#microsoft.graph.security.submissionMailEvidence")]
    SubmissionMail(mail::SubmissionMailEvidence),
    /// A message in Microsoft Teams. ECS has no category for chat.
    #[schemars(rename = "#microsoft.graph.security.teamsMessageEvidence")]
    TeamsMessage(teams::TeamsMessageEvidence),
    /// A URL.
    #[schemars(rename = "#microsoft.graph.security.urlEvidence")]
    Url(network::UrlEvidence),
    /// An account.
    #[schemars(rename = "#microsoft.graph.security.userEvidence")]
    User(identity::UserEvidence),
}
