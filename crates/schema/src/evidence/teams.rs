//! Messages in Microsoft Teams.

use schemars::JsonSchema;

use super::file::{FILES, FileEvidence};
use super::network::UrlEvidence;
use crate::attr::{column, kind, to};
use crate::ecs::{self, Ecs};
use crate::tables;
use crate::types::{Flag, Guid, Ip, Keyword, Member, Timestamp, User};

/// URLs in a list: whole and by domain.
const URLS: &[(Ecs, Ecs)] = &[(ecs::URL_FULL, ecs::URL_FULL), (ecs::URL_DOMAIN, ecs::URL_DOMAIN)];

/// A message in Microsoft Teams. ECS has no category for chat.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::NETWORK_APPLICATION, "teams")
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
    #[schemars(transform = column().flattened().remap(FILES))]
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
    pub recipients: Vec<User>,
    /// Address of the sender.
    #[schemars(transform = to(ecs::USER_EMAIL).lift())]
    pub sender_from_address: User,
    /// Address that the sender's client came from.
    #[schemars(rename = "senderIP", transform = to(ecs::SOURCE_IP).lift())]
    pub sender_ip: Ip,
    /// Application that sent the message.
    pub source_app_name: Keyword,
    /// Source of the message.
    pub source_id: Keyword,
    /// Subject.
    pub subject: Keyword,
    /// Recipients that look suspicious.
    pub suspicious_recipients: Vec<User>,
    /// Thread.
    pub thread_id: Keyword,
    /// Type of the thread: chat, topic, space, meeting.
    pub thread_type: Keyword,
    /// URLs in the message.
    #[schemars(transform = column().named("url_evidence").flattened().remap(URLS))]
    pub urls: Vec<UrlEvidence>,
}
