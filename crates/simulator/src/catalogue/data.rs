//! Detections on data leaving, applications, insiders and intelligence.

use super::{
    AI_SECURITY, APP_GOVERNANCE, CLOUD_APPS, DLP, INSIDER, INTELLIGENCE, SENTINEL, Severity, Template, UNKNOWN,
};
use crate::evidence::Kind::{
    AiAgent, CloudApplication, CloudLogonSession, Device, Dns, File, FileHash, GitHubOrganization, GitHubRepo,
    GitHubUser, Ip, MailboxConfiguration, OauthApplication, SecurityGroup, ServicePrincipal, Url, User,
};
use crate::files::Tool;

templates! {
    CLOUD_UPLOAD = CLOUD_APPS, "cloudAppSecurity", High, "Exfiltration" ["T1567.002"];
        "Unusual upload to a personal cloud storage";
        "Several hundred megabytes went from a company machine to a storage service that is not approved, under an account that does not belong to the organisation. The person has never used the service before.";
        "1. Ask the service to preserve and close the receiving account.\n2. Find out which documents were in the upload.\n3. Involve data protection and legal within the reporting deadline.\n4. Block the service for unmanaged accounts.";
        [CloudApplication, User, Ip, Url, File], Stage, None;

    MASS_DOWNLOAD = CLOUD_APPS, "cloudAppSecurity", Low, "Exfiltration" ["T1530"];
        "Mass download by a single user";
        "A user downloaded more files within five minutes than in the whole month before.";
        "1. Ask whether a sync client was set up anew.\n2. Otherwise review the list of files with the owner.";
        [User, CloudApplication, Ip, CloudLogonSession], None, None;

    DLP_MATCH = DLP, "microsoftDataLossPrevention", Medium, "Exfiltration" ["T1048"];
        "DLP policy (Board documents) matched for document with external destination";
        "A document with the label Board Confidential was copied to a place outside the organisation. The policy was in audit mode for this group and did not block the copy.";
        "1. Review the document and the place it went to.\n2. Talk to the person and the manager.\n3. Put the policy into blocking mode for the group.";
        [File, User, Device, CloudApplication], Stage, None;

    INSIDER_LEAVER = INSIDER, "+microsoftInsiderRiskManagement", Medium, "Exfiltration" ["T1052.001"];
        "Data theft by a departing user";
        "A user with a set leaving date copied project documents to removable media and renamed them before.";
        "1. Follow the process for leavers together with human resources.\n2. Keep the evidence of the machine.";
        [User, File, Device], None, None;

    OAUTH_CONSENT = APP_GOVERNANCE, "appGovernanceDetection", Medium, "Persistence" ["T1528", "T1098.003"];
        "App with suspicious consent pattern accessed mail";
        "An application of an unverified publisher received consent to read mail of several users within an hour and started to read it at once.";
        "1. Disable the application and revoke its grants.\n2. Review the mail it read.\n3. Restrict user consent to verified publishers.";
        [OauthApplication, ServicePrincipal, User, Ip, CloudApplication], None, None;

    APP_POLICY = APP_GOVERNANCE, "appGovernancePolicy", Informational, "SuspiciousActivity" [];
        "App governance policy: unused app with high privilege";
        "An application holds a high privilege and has not been used for ninety days.";
        "1. Ask the owner whether it is still needed.\n2. Remove the privilege.";
        [ServicePrincipal, OauthApplication], None, None;

    REPOSITORY = SENTINEL, "+scheduledAlerts", High, "Exfiltration" ["T1213.003"];
        "Repository of the organisation was made public";
        "A private repository was made public and cloned from an unknown network within the same hour. A personal access token without expiry did both.";
        "1. Make the repository private and revoke the token.\n2. Scan its history for secrets and rotate them.";
        [GitHubRepo, GitHubUser, GitHubOrganization, Ip], None, None;

    SCHEDULED_RULE = SENTINEL, "+nrtAlerts", Low, "CommandAndControl" ["T1071.004"];
        "Contoso - first contact with a rare domain from a server network";
        "A rule of the own team: a machine of the server network resolved a domain that no other machine resolved in fourteen days.";
        "1. Identify the process on the machine.\n2. Add the domain to the list of known ones if a product explains it.";
        [Dns, Ip, Device, User], None, None;

    INTELLIGENCE_MATCH = INTELLIGENCE, "+microsoftThreatIntelligence", Low, "CommandAndControl" ["T1071"];
        "Network traffic matched a threat intelligence indicator";
        "An address or a file hash in the organisation's logs is on the list of indicators of a group that sells access to networks.";
        "1. Check the time: old indicators often belong to somebody else today.\n2. Search for the other indicators of the same report.";
        [Ip, FileHash, Url, Dns], None, None;

    AI_JAILBREAK = AI_SECURITY, "+microsoftDefenderForAIServices", Medium, "DefenseEvasion" ["T1659"];
        "A jailbreak attempt on an AI agent was blocked";
        "A document that the agent was asked to summarise carried hidden instructions to send the conversation to an outside address. Prompt filters stopped the call.";
        "1. Remove the document from the agent's sources.\n2. Limit the agent's tools to what its task needs.";
        [AiAgent, User, Url, Ip], None, None;

    PARTNER_FINDING = UNKNOWN, "unknown", Informational, "SuspiciousActivity" ["T1098.002"];
        "Partner finding: mailbox delegation outside working hours";
        "A connected product of another vendor reports a new delegation on a mailbox.";
        "";
        [MailboxConfiguration, User, SecurityGroup], None, None;
}
