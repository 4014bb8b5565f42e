//! Mail: messages, clusters, mailboxes, submissions.

use schemars::JsonSchema;

use super::identity::UserAccount;
use crate::attr::{column, kind, to};
use crate::ecs::{self, Ecs};
use crate::ops::Derive;
use crate::tables;
use crate::types::{Guid, Integer, Ip, Keyword, LongText, Mail, Member, Timestamp, Upn, Url};

/// The sender of the envelope, who may differ from the author that people see.
const ENVELOPE: &[(Ecs, Ecs)] = &[(ecs::EMAIL_FROM_ADDRESS, ecs::EMAIL_SENDER_ADDRESS)];

/// `emailSender`: a sender of a message.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct EmailSender {
    /// Display name; anybody can choose it.
    pub display_name: Keyword,
    /// Domain of the address.
    #[schemars(transform = super::host())]
    pub domain_name: Keyword,
    /// Address.
    #[schemars(transform = super::sender())]
    pub email_address: Mail,
}

/// A message that Defender for Office 365 analysed.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::EVENT_CATEGORY, "email")
    .constant(ecs::EVENT_TYPE, "info")
    .identity("networkMessageId recipientEmailAddress internetMessageId urn"))]
pub struct AnalyzedMessageEvidence {
    /// Direction: inbound, outbound, intraOrg.
    #[schemars(transform = to(ecs::EMAIL_DIRECTION).table(tables::EMAIL_DIRECTION).named("antispam_direction"))]
    pub anti_spam_direction: Member,
    /// Number of attachments.
    pub attachments_count: Integer,
    /// What delivery did: delivered, deliveredAsSpam, junked, blocked, replaced.
    #[schemars(transform = to(ecs::EVENT_ACTION))]
    pub delivery_action: Member,
    /// Where the message was delivered, for example inbox, junkFolder, quarantine.
    pub delivery_location: Member,
    /// Message id of the header, set by the sending system.
    #[schemars(transform = to(ecs::EMAIL_MESSAGE_ID))]
    pub internet_message_id: Keyword,
    /// Language of the message.
    pub language: Keyword,
    /// Message id set by Microsoft 365.
    #[schemars(transform = to(ecs::EMAIL_LOCAL_ID))]
    pub network_message_id: Keyword,
    /// Sender of the envelope.
    #[schemars(transform = column().remap(ENVELOPE))]
    pub p1_sender: EmailSender,
    /// Author in the header, as people see it.
    pub p2_sender: EmailSender,
    /// Time of receipt.
    #[schemars(transform = to(ecs::EMAIL_DELIVERY_TIMESTAMP))]
    pub received_date_time: Timestamp,
    /// Recipient.
    #[schemars(transform = super::mail(ecs::EMAIL_TO_ADDRESS))]
    pub recipient_email_address: Mail,
    /// Address of the sending server.
    #[schemars(transform = to(ecs::SOURCE_IP))]
    pub sender_ip: Ip,
    /// Subject.
    #[schemars(transform = to(ecs::EMAIL_SUBJECT))]
    pub subject: Keyword,
    /// Methods that found the threats.
    pub threat_detection_methods: Vec<Keyword>,
    /// Threats found.
    pub threats: Vec<Keyword>,
    /// Number of URLs in the message.
    pub url_count: Integer,
    /// URLs in the message.
    #[schemars(transform = super::url())]
    pub urls: Vec<Url>,
    /// Uniform resource name of the automated investigation.
    pub urn: Keyword,
}

/// A group of similar messages.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::EVENT_CATEGORY, "email")
    .constant(ecs::EVENT_TYPE, "info")
    .identity("urn clusterBy clusterByValue query"))]
pub struct MailClusterEvidence {
    /// Properties that the messages share.
    pub cluster_by: Keyword,
    /// Values of these properties.
    pub cluster_by_value: Keyword,
    /// Number of messages.
    pub email_count: Integer,
    /// Message ids set by Microsoft 365.
    pub network_message_ids: Vec<Keyword>,
    /// Query that finds the messages.
    pub query: LongText,
    /// Uniform resource name of the automated investigation.
    pub urn: Keyword,
}

/// A setting of a mailbox, such as a forwarding rule.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::EVENT_CATEGORY, "email")
    .constant(ecs::EVENT_CATEGORY, "configuration")
    .constant(ecs::EVENT_TYPE, "info")
    .derive(ecs::USER_NAME, Derive::AccountName, "upn mailboxPrimaryAddress")
    .derive(ecs::USER_DOMAIN, Derive::UpnDomain, "upn mailboxPrimaryAddress")
    .derive(ecs::RELATED_USER, Derive::AccountName, "upn mailboxPrimaryAddress")
    .identity("externalDirectoryObjectId mailboxPrimaryAddress upn configurationType configurationId displayName"))]
pub struct MailboxConfigurationEvidence {
    /// Id of the setting.
    pub configuration_id: Keyword,
    /// Type: mailForwardingRule, owaSettings, ewsSettings, mailDelegation, userInboxRule.
    pub configuration_type: Member,
    /// Name of the setting.
    pub display_name: Keyword,
    /// Object id of the mailbox in Entra ID.
    #[schemars(transform = to(ecs::USER_ID))]
    pub external_directory_object_id: Guid,
    /// Primary address of the mailbox.
    #[schemars(transform = super::mail(ecs::USER_EMAIL))]
    pub mailbox_primary_address: Mail,
    /// User principal name of the mailbox.
    #[schemars(transform = to(ecs::USER_EMAIL).rank(1))]
    pub upn: Upn,
}

/// A mailbox.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::EVENT_CATEGORY, "email")
    .constant(ecs::EVENT_TYPE, "info")
    .derive(
        ecs::USER_NAME,
        Derive::AccountName,
        "userAccount.accountName userAccount.userPrincipalName upn primaryAddress"
    )
    .rank(1)
    .derive(
        ecs::USER_DOMAIN,
        Derive::AccountDomain,
        "userAccount.domainName userAccount.accountName userAccount.userPrincipalName upn primaryAddress"
    )
    .rank(1)
    .derive(
        ecs::RELATED_USER,
        Derive::AccountName,
        "userAccount.accountName userAccount.userPrincipalName upn primaryAddress"
    )
    .identity("primaryAddress upn userAccount.azureAdUserId userAccount.userSid userAccount.accountName"))]
pub struct MailboxEvidence {
    /// Display name.
    #[schemars(transform = to(ecs::USER_FULL_NAME))]
    pub display_name: Keyword,
    /// Primary address.
    #[schemars(transform = super::mail(ecs::USER_EMAIL))]
    pub primary_address: Mail,
    /// User principal name of the mailbox.
    #[schemars(transform = to(ecs::USER_EMAIL).rank(1))]
    pub upn: Upn,
    /// Account of the mailbox.
    pub user_account: UserAccount,
}

/// A message that somebody reported to Microsoft.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::EVENT_CATEGORY, "email")
    .constant(ecs::EVENT_TYPE, "info")
    .identity("submissionId networkMessageId recipient submitter"))]
pub struct SubmissionMailEvidence {
    /// Message id set by Microsoft 365.
    #[schemars(transform = to(ecs::EMAIL_LOCAL_ID))]
    pub network_message_id: Keyword,
    /// Recipient.
    #[schemars(transform = super::mail(ecs::EMAIL_TO_ADDRESS))]
    pub recipient: Mail,
    /// What the message was reported as: junk, phish, notJunk.
    pub report_type: Keyword,
    /// Sender.
    #[schemars(transform = super::sender())]
    pub sender: Mail,
    /// Address of the sending server.
    #[schemars(transform = to(ecs::SOURCE_IP))]
    pub sender_ip: Ip,
    /// Subject.
    #[schemars(transform = to(ecs::EMAIL_SUBJECT))]
    pub subject: Keyword,
    /// Time of the report.
    pub submission_date_time: Timestamp,
    /// Id of the report.
    pub submission_id: Keyword,
    /// Who reported the message.
    pub submitter: Mail,
}
