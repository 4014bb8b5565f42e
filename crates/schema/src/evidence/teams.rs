//! Messages in Microsoft Teams.

use schemars::JsonSchema;

use super::file::{FILES, FileEvidence};
use super::network::UrlEvidence;
use crate::attr::{column, kind, to};
use crate::ecs;
use crate::ops::{Derive, Op};
use crate::tables;
use crate::types::{Flag, Guid, Ip, Keyword, Mail, Member, Timestamp};

/// URLs in a list: groups that they fill.
const URLS: &[&str] = &["url"];

/// A message in Microsoft Teams. ECS has no category for chat.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::NETWORK_APPLICATION, "teams")
    .derive(ecs::USER_NAME, Derive::AccountName, "senderFromAddress")
    .derive(ecs::USER_DOMAIN, Derive::UpnDomain, "senderFromAddress")
    .derive(ecs::RELATED_USER, Derive::AccountName, "senderFromAddress")
    .identity("messageId threadId channelId groupId parentMessageId senderFromAddress"))]
pub struct TeamsMessageEvidence {
    /// Campaign that the message belongs to.
    pub campaign_id: Keyword,
    /// Channel.
    pub channel_id: Keyword,
    /// What delivery did: delivered, deliveredAsSpam, blocked, replaced.
    #[schemars(transform = to(ecs::EVENT_ACTION))]
    pub delivery_action: Member,
    /// Where the message was delivered: teams, quarantine, failed.
    pub delivery_location: Member,
    /// Files in the message.
    #[schemars(transform = column().flattened().keep(FILES))]
    pub files: Vec<FileEvidence>,
    /// Team or group of the channel.
    pub group_id: Keyword,
    /// The message came from outside the tenant.
    pub is_external: Flag,
    /// The tenant owns the message.
    pub is_owned: Flag,
    /// Time of the last edit.
    pub last_modified_date_time: Timestamp,
    /// Direction: inbound, outbound, intraorg.
    #[schemars(transform = to(ecs::NETWORK_DIRECTION).table(tables::EMAIL_DIRECTION))]
    pub message_direction: Member,
    /// Id of the message within its thread.
    pub message_id: Keyword,
    /// Tenant that owns the message.
    pub owning_tenant_id: Guid,
    /// Message that this one replies to.
    pub parent_message_id: Keyword,
    /// Time of receipt.
    pub received_date_time: Timestamp,
    /// Recipients.
    pub recipients: Vec<Mail>,
    /// Address of the sender.
    #[schemars(transform = super::mail(ecs::USER_EMAIL).also(ecs::RELATED_HOSTS).op(Op::MailHost))]
    pub sender_from_address: Mail,
    /// Address that the sender's client came from.
    #[schemars(rename = "senderIP", transform = to(ecs::SOURCE_IP))]
    pub sender_ip: Ip,
    /// Application that sent the message.
    pub source_app_name: Keyword,
    /// Source of the message.
    pub source_id: Keyword,
    /// Subject.
    pub subject: Keyword,
    /// Recipients that look suspicious.
    pub suspicious_recipients: Vec<Mail>,
    /// Thread.
    pub thread_id: Keyword,
    /// Type of the thread: chat, topic, space, meeting.
    pub thread_type: Keyword,
    /// URLs in the message.
    #[schemars(transform = column().named("url_evidence").flattened().keep(URLS))]
    pub urls: Vec<UrlEvidence>,
}
