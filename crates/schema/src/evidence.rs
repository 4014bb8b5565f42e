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
        .lift()
        .also(ecs::URL_ORIGINAL)
        .also(ecs::URL_DOMAIN)
        .op(Op::UrlDomain)
        .lift()
        .also(ecs::URL_SCHEME)
        .op(Op::UrlScheme)
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

/// Declares the kinds with their OData types.
macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident($kind:path) = $tag:literal;)*) => {
        /// The kinds of evidence.
        #[derive(JsonSchema)]
        #[schemars(tag = "@odata.type")]
        pub enum Kinds {
            $($(#[$doc])* #[schemars(rename = $tag)] $variant($kind),)*
        }

        /// Values of `@odata.type`.
        #[cfg(test)]
        pub(crate) const TAGS: &[&str] = &[$($tag),*];
    };
}

kinds! {
    /// See [`identity::ActiveDirectoryDomainEvidence`].
    ActiveDirectoryDomain(identity::ActiveDirectoryDomainEvidence) = "#microsoft.graph.security.activeDirectoryDomainEvidence";
    /// See [`cloud::AiAgentEvidence`].
    AiAgent(cloud::AiAgentEvidence) = "#microsoft.graph.security.aiAgentEvidence";
    /// See [`cloud::AmazonResourceEvidence`].
    AmazonResource(cloud::AmazonResourceEvidence) = "#microsoft.graph.security.amazonResourceEvidence";
    /// See [`mail::AnalyzedMessageEvidence`].
    AnalyzedMessage(mail::AnalyzedMessageEvidence) = "#microsoft.graph.security.analyzedMessageEvidence";
    /// See [`cloud::AzureResourceEvidence`].
    AzureResource(cloud::AzureResourceEvidence) = "#microsoft.graph.security.azureResourceEvidence";
    /// See [`storage::BlobContainerEvidence`].
    BlobContainer(storage::BlobContainerEvidence) = "#microsoft.graph.security.blobContainerEvidence";
    /// See [`storage::BlobEvidence`].
    Blob(storage::BlobEvidence) = "#microsoft.graph.security.blobEvidence";
    /// See [`cloud::CloudApplicationEvidence`].
    CloudApplication(cloud::CloudApplicationEvidence) = "#microsoft.graph.security.cloudApplicationEvidence";
    /// See [`session::CloudLogonRequestEvidence`].
    CloudLogonRequest(session::CloudLogonRequestEvidence) = "#microsoft.graph.security.cloudLogonRequestEvidence";
    /// See [`session::CloudLogonSessionEvidence`].
    CloudLogonSession(session::CloudLogonSessionEvidence) = "#microsoft.graph.security.cloudLogonSessionEvidence";
    /// See [`container::ContainerEvidence`].
    Container(container::ContainerEvidence) = "#microsoft.graph.security.containerEvidence";
    /// See [`container::ContainerImageEvidence`].
    ContainerImage(container::ContainerImageEvidence) = "#microsoft.graph.security.containerImageEvidence";
    /// See [`container::ContainerRegistryEvidence`].
    ContainerRegistry(container::ContainerRegistryEvidence) = "#microsoft.graph.security.containerRegistryEvidence";
    /// See [`device::DeviceEvidence`].
    Device(device::DeviceEvidence) = "#microsoft.graph.security.deviceEvidence";
    /// See [`network::DnsEvidence`].
    Dns(network::DnsEvidence) = "#microsoft.graph.security.dnsEvidence";
    /// See [`file::FileEvidence`].
    File(file::FileEvidence) = "#microsoft.graph.security.fileEvidence";
    /// See [`file::FileHashEvidence`].
    FileHash(file::FileHashEvidence) = "#microsoft.graph.security.fileHashEvidence";
    /// See [`github::GithubOrganizationEvidence`].
    GithubOrganization(github::GithubOrganizationEvidence) = "#microsoft.graph.security.gitHubOrganizationEvidence";
    /// See [`github::GithubRepoEvidence`].
    GithubRepo(github::GithubRepoEvidence) = "#microsoft.graph.security.gitHubRepoEvidence";
    /// See [`github::GithubUserEvidence`].
    GithubUser(github::GithubUserEvidence) = "#microsoft.graph.security.gitHubUserEvidence";
    /// See [`cloud::GoogleCloudResourceEvidence`].
    GoogleCloudResource(cloud::GoogleCloudResourceEvidence) = "#microsoft.graph.security.googleCloudResourceEvidence";
    /// See [`session::HostLogonSessionEvidence`].
    HostLogonSession(session::HostLogonSessionEvidence) = "#microsoft.graph.security.hostLogonSessionEvidence";
    /// See [`iot::IotDeviceEvidence`].
    IotDevice(iot::IotDeviceEvidence) = "#microsoft.graph.security.ioTDeviceEvidence";
    /// See [`network::IpEvidence`].
    Ip(network::IpEvidence) = "#microsoft.graph.security.ipEvidence";
    /// See [`kubernetes::KubernetesClusterEvidence`].
    KubernetesCluster(kubernetes::KubernetesClusterEvidence) = "#microsoft.graph.security.kubernetesClusterEvidence";
    /// See [`kubernetes::KubernetesControllerEvidence`].
    KubernetesController(kubernetes::KubernetesControllerEvidence) = "#microsoft.graph.security.kubernetesControllerEvidence";
    /// See [`kubernetes::KubernetesNamespaceEvidence`].
    KubernetesNamespace(kubernetes::KubernetesNamespaceEvidence) = "#microsoft.graph.security.kubernetesNamespaceEvidence";
    /// See [`kubernetes::KubernetesPodEvidence`].
    KubernetesPod(kubernetes::KubernetesPodEvidence) = "#microsoft.graph.security.kubernetesPodEvidence";
    /// See [`kubernetes::KubernetesSecretEvidence`].
    KubernetesSecret(kubernetes::KubernetesSecretEvidence) = "#microsoft.graph.security.kubernetesSecretEvidence";
    /// See [`kubernetes::KubernetesServiceAccountEvidence`].
    KubernetesServiceAccount(kubernetes::KubernetesServiceAccountEvidence) = "#microsoft.graph.security.kubernetesServiceAccountEvidence";
    /// See [`kubernetes::KubernetesServiceEvidence`].
    KubernetesService(kubernetes::KubernetesServiceEvidence) = "#microsoft.graph.security.kubernetesServiceEvidence";
    /// See [`mail::MailClusterEvidence`].
    MailCluster(mail::MailClusterEvidence) = "#microsoft.graph.security.mailClusterEvidence";
    /// See [`mail::MailboxConfigurationEvidence`].
    MailboxConfiguration(mail::MailboxConfigurationEvidence) = "#microsoft.graph.security.mailboxConfigurationEvidence";
    /// See [`mail::MailboxEvidence`].
    Mailbox(mail::MailboxEvidence) = "#microsoft.graph.security.mailboxEvidence";
    /// See [`file::MalwareEvidence`].
    Malware(file::MalwareEvidence) = "#microsoft.graph.security.malwareEvidence";
    /// See [`network::NetworkConnectionEvidence`].
    NetworkConnection(network::NetworkConnectionEvidence) = "#microsoft.graph.security.networkConnectionEvidence";
    /// See [`iot::NicEvidence`].
    Nic(iot::NicEvidence) = "#microsoft.graph.security.nicEvidence";
    /// See [`identity::OauthApplicationEvidence`].
    OauthApplication(identity::OauthApplicationEvidence) = "#microsoft.graph.security.oauthApplicationEvidence";
    /// See [`process::ProcessEvidence`].
    Process(process::ProcessEvidence) = "#microsoft.graph.security.processEvidence";
    /// See [`registry::RegistryKeyEvidence`].
    RegistryKey(registry::RegistryKeyEvidence) = "#microsoft.graph.security.registryKeyEvidence";
    /// See [`registry::RegistryValueEvidence`].
    RegistryValue(registry::RegistryValueEvidence) = "#microsoft.graph.security.registryValueEvidence";
    /// See [`storage::SasTokenEvidence`].
    SasToken(storage::SasTokenEvidence) = "#microsoft.graph.security.sasTokenEvidence";
    /// See [`identity::SecurityGroupEvidence`].
    SecurityGroup(identity::SecurityGroupEvidence) = "#microsoft.graph.security.securityGroupEvidence";
    /// See [`identity::ServicePrincipalEvidence`].
    ServicePrincipal(identity::ServicePrincipalEvidence) = "#microsoft.graph.security.servicePrincipalEvidence";
    /// See [`mail::SubmissionMailEvidence`].
    SubmissionMail(mail::SubmissionMailEvidence) = "#microsoft.graph.security.submissionMailEvidence";
    /// See [`teams::TeamsMessageEvidence`].
    TeamsMessage(teams::TeamsMessageEvidence) = "#microsoft.graph.security.teamsMessageEvidence";
    /// See [`network::UrlEvidence`].
    Url(network::UrlEvidence) = "#microsoft.graph.security.urlEvidence";
    /// See [`identity::UserEvidence`].
    User(identity::UserEvidence) = "#microsoft.graph.security.userEvidence";
}
