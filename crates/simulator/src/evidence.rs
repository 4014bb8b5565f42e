//! The 48 kinds of evidence: which items an alert carries, and what each says.

mod apps;
mod cloud;
mod endpoint;
mod identity;
mod kubernetes;
mod mail;
mod names;
mod network;

pub(crate) use endpoint::{RUN_KEY, process_id};
pub(crate) use mail::subject;
pub use names::evidence_name;

use crate::content::IncidentState;
use crate::entities::{Host, Person, Remote};
use crate::files::{Command, FileSpec, Tool};
use crate::filetime::SECOND;
use crate::json::Json;
use crate::rng::Rng;
use crate::timeline::EventKind;

macro_rules! kinds {
    ($($kind:ident $name:literal $write:path;)*) => {
        /// A kind of evidence.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Kind { $(#[doc = $name] $kind),* }

        impl Kind {
            #[cfg(test)]
            pub(crate) const ALL: &[(Kind, &'static str)] = &[$((Kind::$kind, $name)),*];

            /// Value of `@odata.type`.
            fn odata_type(self) -> &'static str {
                match self { $(Kind::$kind => concat!("#microsoft.graph.security.", $name)),* }
            }

            /// Writes what only this kind has.
            fn write(self, item: &Item<'_>, json: &mut Json<'_>) {
                match self { $(Kind::$kind => $write(item, json)),* }
            }
        }
    };
}

kinds! {
    ActiveDirectoryDomain "activeDirectoryDomainEvidence" identity::directory_domain;
    AiAgent "aiAgentEvidence" apps::ai_agent;
    AmazonResource "amazonResourceEvidence" cloud::amazon_resource;
    AnalyzedMessage "analyzedMessageEvidence" mail::analyzed_message;
    AzureResource "azureResourceEvidence" cloud::azure_resource;
    BlobContainer "blobContainerEvidence" cloud::blob_container;
    Blob "blobEvidence" cloud::blob;
    CloudApplication "cloudApplicationEvidence" apps::cloud_application;
    CloudLogonRequest "cloudLogonRequestEvidence" identity::cloud_logon_request;
    CloudLogonSession "cloudLogonSessionEvidence" identity::cloud_logon_session;
    Container "containerEvidence" kubernetes::container;
    ContainerImage "containerImageEvidence" kubernetes::container_image;
    ContainerRegistry "containerRegistryEvidence" kubernetes::container_registry;
    Device "deviceEvidence" endpoint::device;
    Dns "dnsEvidence" network::dns;
    File "fileEvidence" endpoint::file;
    FileHash "fileHashEvidence" endpoint::file_hash;
    GitHubOrganization "gitHubOrganizationEvidence" apps::github_organization;
    GitHubRepo "gitHubRepoEvidence" apps::github_repo;
    GitHubUser "gitHubUserEvidence" apps::github_user;
    GoogleCloudResource "googleCloudResourceEvidence" cloud::google_cloud_resource;
    HostLogonSession "hostLogonSessionEvidence" identity::host_logon_session;
    IoTDevice "ioTDeviceEvidence" network::iot_device;
    Ip "ipEvidence" network::ip;
    KubernetesCluster "kubernetesClusterEvidence" kubernetes::cluster;
    KubernetesController "kubernetesControllerEvidence" kubernetes::controller;
    KubernetesNamespace "kubernetesNamespaceEvidence" kubernetes::namespace;
    KubernetesPod "kubernetesPodEvidence" kubernetes::pod;
    KubernetesSecret "kubernetesSecretEvidence" kubernetes::secret;
    KubernetesServiceAccount "kubernetesServiceAccountEvidence" kubernetes::service_account;
    KubernetesService "kubernetesServiceEvidence" kubernetes::service;
    MailCluster "mailClusterEvidence" mail::mail_cluster;
    MailboxConfiguration "mailboxConfigurationEvidence" mail::mailbox_configuration;
    Mailbox "mailboxEvidence" mail::mailbox;
    Malware "malwareEvidence" endpoint::malware;
    NetworkConnection "networkConnectionEvidence" network::connection;
    Nic "nicEvidence" network::nic;
    OauthApplication "oauthApplicationEvidence" apps::oauth_application;
    Process "processEvidence" endpoint::process;
    RegistryKey "registryKeyEvidence" endpoint::registry_key;
    RegistryValue "registryValueEvidence" endpoint::registry_value;
    SasToken "sasTokenEvidence" cloud::sas_token;
    SecurityGroup "securityGroupEvidence" identity::security_group;
    ServicePrincipal "servicePrincipalEvidence" apps::service_principal;
    SubmissionMail "submissionMailEvidence" mail::submission_mail;
    TeamsMessage "teamsMessageEvidence" mail::teams_message;
    Url "urlEvidence" network::url;
    User "userEvidence" identity::user;
}

/// One item of evidence.
#[derive(Clone, Copy)]
pub(crate) struct Item<'c> {
    pub(crate) state: &'c IncidentState<'c>,
    kind: Kind,
    /// Choices of this item.
    pub(crate) rng: Rng,
    /// How many items of the same kind come before it in the alert.
    pub(crate) round: u32,
    /// The alert happens on the server rather than on the workstation.
    pub(crate) on_server: bool,
    tool: Tool,
    /// When the activity behind the alert began.
    pub(crate) began: i64,
    /// `createdDateTime` of the alert.
    pub(crate) created: i64,
    resolved: bool,
}

/// Per mille of alerts with at most 1, 2, … items. Mean 3.48, median 3, maximum 11.
const COUNTS: [u64; 11] = [120, 320, 580, 765, 875, 935, 965, 982, 991, 996, 1000];

/// Number of items of an alert. Alerts of the story show all that their template has.
pub(crate) fn count(state: &IncidentState<'_>, alert: u32) -> u32 {
    if state.scenario.story {
        return state.scenario.theme.template(alert).evidence.len() as u32;
    }
    let draw = alert_mix(state, alert).below(2, 1000);
    COUNTS.iter().position(|&limit| draw < limit).unwrap_or(0) as u32 + 1
}

fn alert_mix(state: &IncidentState<'_>, alert: u32) -> Rng {
    state.scenario.rng.sub(0xA1E7).sub(u64::from(alert))
}

impl<'c> Item<'c> {
    /// Item number `at` of alert number `alert`, as it is after `event`.
    pub(crate) fn new(state: &'c IncidentState<'c>, alert: u32, at: u32, event: usize) -> Item<'c> {
        let (template, rng) = (state.scenario.theme.template(alert), alert_mix(state, alert));
        let kinds = template.evidence;
        // Background alerts start somewhere in their template's list, so that the later kinds are seen as well.
        let first = if state.scenario.story || rng.chance(3, 60) { 0 } else { rng.below(4, kinds.len() as u64) as u32 };
        Item {
            state,
            kind: kinds[(first + at) as usize % kinds.len()],
            rng: rng.sub(100 + u64::from(at)),
            round: at / kinds.len() as u32,
            on_server: state.scenario.story && alert >= 9 || !state.scenario.story && rng.chance(5, 15),
            tool: template.tool,
            began: crate::content::alert::activity(state, alert).0,
            created: state.updated(state.line.birth(alert)),
            resolved: state.line.has(EventKind::Resolved, event),
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    pub(crate) fn write(&self, json: &mut Json<'_>) {
        json.text("@odata.type", self.kind.odata_type());
        self.base(json);
        self.kind.write(self, json);
    }

    /// An item nested in this one.
    pub(crate) fn nested(&self, kind: Kind, salt: u64) -> Item<'c> {
        Item { kind, rng: self.rng.sub(salt), ..*self }
    }

    /// Writes a nested item as the value of `key`.
    pub(crate) fn inside(&self, key: &str, kind: Kind, json: &mut Json<'_>) {
        let inner = self.nested(kind, 7);
        json.object(key, |json| {
            inner.base(json);
            kind.write(&inner, json);
        });
    }

    /// Writes several nested items as the array `key`.
    pub(crate) fn inside_all(&self, key: &str, kind: Kind, count: u64, json: &mut Json<'_>) {
        json.array(key, |json| {
            for at in 0..count {
                let inner = self.nested(kind, 8 + at);
                json.item(|json| {
                    inner.base(json);
                    kind.write(&inner, json);
                });
            }
        });
    }

    /// What all kinds have.
    fn base(&self, json: &mut Json<'_>) {
        let (rng, story) = (self.rng, self.state.scenario.story);
        let (role, detailed) = self.role();
        json.time("createdDateTime", self.created + rng.below(1, 90 * SECOND as u64) as i64);
        let verdict = if story {
            "malicious"
        } else {
            rng.pick(2, &["unknown", "suspicious", "suspicious", "malicious", "noThreatsFound"])
        };
        json.text("verdict", if role == "contextual" { "unknown" } else { verdict });
        let status = match (self.resolved, verdict) {
            _ if story => rng.pick(3, &["none", "+active", "remediated"]),
            (true, "malicious") => "remediated",
            (true, "suspicious") => "+partiallyRemediated",
            _ => rng.pick(
                3,
                &["none", "none", "none", "none", "+active", "prevented", "blocked", "+pendingApproval", "notFound"],
            ),
        };
        json.member("remediationStatus", status);
        json.opt(
            "remediationStatusDetails",
            rng.chance(4, 12).then_some("The entity was handled by the automated investigation"),
        );
        json.list("roles", if rng.chance(5, 70) || story { role_list(role) } else { &[] });
        json.list("detailedRoles", if rng.chance(6, 35) { detailed } else { &[] });
        json.list("tags", if rng.chance(9, 8) { &["Contoso watch list"] } else { &[] });
    }

    fn role(&self) -> (&'static str, &'static [&'static str]) {
        match self.kind {
            Kind::User | Kind::Mailbox | Kind::HostLogonSession | Kind::CloudLogonSession => ("compromised", &["User"]),
            Kind::Device => ("attacked", &["PrimaryDevice"]),
            Kind::Ip | Kind::NetworkConnection => ("attacker", &["SourceIP"]),
            Kind::Url | Kind::Dns => ("commandAndControl", &["Referred in command line"]),
            Kind::File | Kind::Process | Kind::Malware => ("suspicious", &["Image", "Loaded"]),
            Kind::AnalyzedMessage | Kind::SubmissionMail | Kind::TeamsMessage => ("source", &["Delivered"]),
            _ => ("contextual", &["Related"]),
        }
    }

    /// The machine the item is about.
    pub(crate) fn host(&self) -> Host {
        let (first, second) = if self.on_server {
            (self.state.scenario.server, self.state.scenario.workstation)
        } else {
            (self.state.scenario.workstation, self.state.scenario.server)
        };
        if self.round.is_multiple_of(2) { first } else { second }
    }

    /// The person the item is about.
    pub(crate) fn person(&self) -> Person {
        if self.round.is_multiple_of(2) { self.state.scenario.user } else { self.state.scenario.other }
    }

    pub(crate) fn remote(&self) -> Remote {
        Remote(self.state.scenario.remote.0 + self.round)
    }

    pub(crate) fn command(&self) -> &'static Command {
        self.tool.command(self.round)
    }

    /// Domain and path that a link of this item leads to.
    pub(crate) fn target(&self) -> (&'static str, &'static str) {
        network::target(self)
    }

    pub(crate) fn file(&self) -> &'static FileSpec {
        self.tool.file(self.round)
    }

    /// Start of a process of this scenario: minutes count from where the story opens, or from before the incident.
    pub(crate) fn started(&self, command: &Command) -> i64 {
        self.state.opens() + command.minute * 60 * SECOND + (command.mark % 400_000_000) as i64
    }
}

/// The static list of one role.
fn role_list(role: &'static str) -> &'static [&'static str] {
    match role {
        "compromised" => &["compromised"],
        "attacked" => &["attacked"],
        "attacker" => &["attacker"],
        "commandAndControl" => &["commandAndControl", "suspicious"],
        "suspicious" => &["suspicious"],
        "source" => &["source"],
        _ => &["contextual"],
    }
}
