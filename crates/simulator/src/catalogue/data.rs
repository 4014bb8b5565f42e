//! Detections on data leaving, applications, insiders and intelligence.

use super::{
    AI_SECURITY, APP_GOVERNANCE, CLOUD_APPS, DLP, INSIDER, INTELLIGENCE, SENTINEL, Severity, Template, UNKNOWN,
};
use crate::evidence::Kind::{
    AiAgent, CloudApplication, CloudLogonSession, Device, Dns, File, FileHash, GitHubOrganization, GitHubRepo,
    GitHubUser, Ip, MailboxConfiguration, OauthApplication, SecurityGroup, ServicePrincipal, Url, User,
};
use crate::files::Tool;

pub(super) static CLOUD_UPLOAD: Template = Template {
    title: "Unusual upload to a personal cloud storage",
    service: &CLOUD_APPS,
    detection: "cloudAppSecurity",
    category: "Exfiltration",
    techniques: &["T1567.002"],
    severity: Severity::High,
    description: "Several hundred megabytes went from a company machine to a storage service that is not approved, under an account that does not belong to the organisation. The person has never used the service before.",
    advice: "1. Ask the service to preserve and close the receiving account.\n2. Find out which documents were in the upload.\n3. Involve data protection and legal within the reporting deadline.\n4. Block the service for unmanaged accounts.",
    evidence: &[CloudApplication, User, Ip, Url, File],
    tool: Tool::Stage,
    family: None,
};

pub(super) static MASS_DOWNLOAD: Template = Template {
    title: "Mass download by a single user",
    service: &CLOUD_APPS,
    detection: "cloudAppSecurity",
    category: "Exfiltration",
    techniques: &["T1530"],
    severity: Severity::Low,
    description: "A user downloaded more files within five minutes than in the whole month before.",
    advice: "1. Ask whether a sync client was set up anew.\n2. Otherwise review the list of files with the owner.",
    evidence: &[User, CloudApplication, Ip, CloudLogonSession],
    tool: Tool::None,
    family: None,
};

pub(super) static DLP_MATCH: Template = Template {
    title: "DLP policy (Board documents) matched for document with external destination",
    service: &DLP,
    detection: "microsoftDataLossPrevention",
    category: "Exfiltration",
    techniques: &["T1048"],
    severity: Severity::Medium,
    description: "A document with the label Board Confidential was copied to a place outside the organisation. The policy was in audit mode for this group and did not block the copy.",
    advice: "1. Review the document and the place it went to.\n2. Talk to the person and the manager.\n3. Put the policy into blocking mode for the group.",
    evidence: &[File, User, Device, CloudApplication],
    tool: Tool::Stage,
    family: None,
};

pub(super) static INSIDER_LEAVER: Template = Template {
    title: "Data theft by a departing user",
    service: &INSIDER,
    detection: "+microsoftInsiderRiskManagement",
    category: "Exfiltration",
    techniques: &["T1052.001"],
    severity: Severity::Medium,
    description: "A user with a set leaving date copied project documents to removable media and renamed them before.",
    advice: "1. Follow the process for leavers together with human resources.\n2. Keep the evidence of the machine.",
    evidence: &[User, File, Device],
    tool: Tool::None,
    family: None,
};

pub(super) static OAUTH_CONSENT: Template = Template {
    title: "App with suspicious consent pattern accessed mail",
    service: &APP_GOVERNANCE,
    detection: "appGovernanceDetection",
    category: "Persistence",
    techniques: &["T1528", "T1098.003"],
    severity: Severity::Medium,
    description: "An application of an unverified publisher received consent to read mail of several users within an hour and started to read it at once.",
    advice: "1. Disable the application and revoke its grants.\n2. Review the mail it read.\n3. Restrict user consent to verified publishers.",
    evidence: &[OauthApplication, ServicePrincipal, User, Ip, CloudApplication],
    tool: Tool::None,
    family: None,
};

pub(super) static APP_POLICY: Template = Template {
    title: "App governance policy: unused app with high privilege",
    service: &APP_GOVERNANCE,
    detection: "appGovernancePolicy",
    category: "SuspiciousActivity",
    techniques: &[],
    severity: Severity::Informational,
    description: "An application holds a high privilege and has not been used for ninety days.",
    advice: "1. Ask the owner whether it is still needed.\n2. Remove the privilege.",
    evidence: &[ServicePrincipal, OauthApplication],
    tool: Tool::None,
    family: None,
};

pub(super) static REPOSITORY: Template = Template {
    title: "Repository of the organisation was made public",
    service: &SENTINEL,
    detection: "+scheduledAlerts",
    category: "Exfiltration",
    techniques: &["T1213.003"],
    severity: Severity::High,
    description: "A private repository was made public and cloned from an unknown network within the same hour. A personal access token without expiry did both.",
    advice: "1. Make the repository private and revoke the token.\n2. Scan its history for secrets and rotate them.",
    evidence: &[GitHubRepo, GitHubUser, GitHubOrganization, Ip],
    tool: Tool::None,
    family: None,
};

pub(super) static SCHEDULED_RULE: Template = Template {
    title: "Contoso - first contact with a rare domain from a server network",
    service: &SENTINEL,
    detection: "+nrtAlerts",
    category: "CommandAndControl",
    techniques: &["T1071.004"],
    severity: Severity::Low,
    description: "A rule of the own team: a machine of the server network resolved a domain that no other machine resolved in fourteen days.",
    advice: "1. Identify the process on the machine.\n2. Add the domain to the list of known ones if a product explains it.",
    evidence: &[Dns, Ip, Device, User],
    tool: Tool::None,
    family: None,
};

pub(super) static INTELLIGENCE_MATCH: Template = Template {
    title: "Network traffic matched a threat intelligence indicator",
    service: &INTELLIGENCE,
    detection: "+microsoftThreatIntelligence",
    category: "CommandAndControl",
    techniques: &["T1071"],
    severity: Severity::Low,
    description: "An address or a file hash in the organisation's logs is on the list of indicators of a group that sells access to networks.",
    advice: "1. Check the time: old indicators often belong to somebody else today.\n2. Search for the other indicators of the same report.",
    evidence: &[Ip, FileHash, Url, Dns],
    tool: Tool::None,
    family: None,
};

pub(super) static AI_JAILBREAK: Template = Template {
    title: "A jailbreak attempt on an AI agent was blocked",
    service: &AI_SECURITY,
    detection: "+microsoftDefenderForAIServices",
    category: "DefenseEvasion",
    techniques: &["T1659"],
    severity: Severity::Medium,
    description: "A document that the agent was asked to summarise carried hidden instructions to send the conversation to an outside address. Prompt filters stopped the call.",
    advice: "1. Remove the document from the agent's sources.\n2. Limit the agent's tools to what its task needs.",
    evidence: &[AiAgent, User, Url, Ip],
    tool: Tool::None,
    family: None,
};

pub(super) static PARTNER_FINDING: Template = Template {
    title: "Partner finding: mailbox delegation outside working hours",
    service: &UNKNOWN,
    detection: "unknown",
    category: "SuspiciousActivity",
    techniques: &["T1098.002"],
    severity: Severity::Informational,
    description: "A connected product of another vendor reports a new delegation on a mailbox.",
    advice: "",
    evidence: &[MailboxConfiguration, User, SecurityGroup],
    tool: Tool::None,
    family: None,
};
