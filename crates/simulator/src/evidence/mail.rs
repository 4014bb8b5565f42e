//! Messages, clusters, mailboxes and chats.

use super::{Item, Kind};
use crate::json::{Digits, Json};
use crate::ticks::SECOND;

const SUBJECTS: [&str; 5] = [
    "Remittance advice 0302 - action required",
    "Your mailbox quota: confirm to keep receiving messages",
    "Shared with you: \"Board pack Q1\"",
    "Parcel held at the depot",
    "RE: overdue invoice 20260302",
];

pub(crate) fn subject(item: &Item<'_>) -> &'static str {
    if item.case.scene.story { SUBJECTS[0] } else { item.case.scene.mix.pick(0x5B, &SUBJECTS) }
}

fn sender(key: &str, item: &Item<'_>, json: &mut Json<'_>) {
    json.object(key, |json| {
        json.cat("emailAddress", &["accounting@", item.case.scene.domain]);
        json.opt("displayName", item.mix.chance(60, 80).then_some("Contoso Accounts Payable"));
        json.text("domainName", item.case.scene.domain);
    });
}

pub(super) fn analyzed_message(item: &Item<'_>, json: &mut Json<'_>) {
    let (mix, story) = (item.mix, item.case.scene.story);
    let id = item.case.scene.mix.draw(0x3A11 + u64::from(item.round));
    json.guid("networkMessageId", id);
    json.cat("internetMessageId", &["<", Digits::new(id).as_str(), "@", item.case.scene.domain, ">"]);
    json.text("subject", subject(item));
    json.opt("language", mix.chance(20, 80).then_some("en"));
    item.remote().write("senderIp", json);
    json.cat("recipientEmailAddress", &item.person().upn());
    json.text("antiSpamDirection", mix.pick(21, &["Inbound", "Inbound", "Inbound", "Intraorg", "Outbound"]));
    json.text(
        "deliveryAction",
        if story { "Delivered" } else { mix.pick(22, &["Delivered", "Blocked", "DeliveredAsSpam"]) },
    );
    json.text("deliveryLocation", mix.pick(23, &["Inbox", "JunkFolder", "Quarantine"]));
    json.cat("urn", &["urn:MailEntity:", Digits::new(id % 1_000_000_007).as_str()]);
    let threats: &[&str] = if story { &["ZapPhish", "NormalPhish"] } else { &["Phish"] };
    json.list("threats", if mix.chance(24, 80) { threats } else { &[] });
    json.list(
        "threatDetectionMethods",
        if mix.chance(25, 70) { &["URL detonation", "Impersonation domain"] } else { &[] },
    );
    let urls = mix.below(26, 3);
    json.array("urls", |json| {
        for at in 0..urls {
            json.item_text(&["https://", item.case.scene.domain, "/auth/session?r=", Digits::new(at).as_str()]);
        }
    });
    json.num("urlCount", urls as i64);
    json.num("attachmentsCount", mix.below(27, 3) as i64);
    json.time("receivedDateTime", item.began);
    sender("p1Sender", item, json);
    if mix.chance(28, 90) { sender("p2Sender", item, json) } else { json.null("p2Sender") }
}

pub(super) fn mail_cluster(item: &Item<'_>, json: &mut Json<'_>) {
    let (by, value) = item.mix.pick(
        20,
        &[
            ("Subject;P2SenderDomain;ContentType", "Phish"),
            ("BodyFingerprintBin1;SenderIp", "1182054431"),
            ("UrlDomain", ""),
        ],
    );
    json.text("clusterBy", by);
    json.opt("clusterByValue", (!value.is_empty()).then_some(value));
    json.num("emailCount", 1 + item.mix.below(21, 40) as i64);
    json.array("networkMessageIds", |json| {
        for at in 0..item.mix.below(22, 4) {
            let mut id = Vec::with_capacity(36);
            crate::json::write_guid(&mut id, item.mix.draw(30 + at));
            json.item_text(&[std::str::from_utf8(&id).unwrap_or_default()]);
        }
    });
    json.cat(
        "query",
        &[
            "( (( (Subject:\"",
            subject(item),
            "\") AND (SenderFromDomain:\"",
            item.case.scene.domain,
            "\") )) AND (ContentType: \"1\") )",
        ],
    );
    json.opt("urn", item.mix.chance(23, 50).then_some("urn:MailClusterEntity:5f1c9a"));
}

pub(super) fn mailbox(item: &Item<'_>, json: &mut Json<'_>) {
    let person = item.person();
    json.cat("primaryAddress", &person.upn());
    json.cat("displayName", &person.display());
    json.cat("upn", &person.upn());
    if item.mix.chance(20, 80) { super::identity::account(item, person, json) } else { json.null("userAccount") }
}

pub(super) fn mailbox_configuration(item: &Item<'_>, json: &mut Json<'_>) {
    let person = item.person();
    json.guid("configurationId", item.mix.draw(20));
    let kinds = ["userInboxRule", "mailForwardingRule", "mailDelegation", "owaSettings", "ewsSettings"];
    json.text("configurationType", if item.case.scene.story { kinds[0] } else { item.mix.pick(21, &kinds) });
    json.opt("displayName", item.mix.chance(22, 80).then_some("..."));
    json.when(item.mix.chance(23, 70), "externalDirectoryObjectId", |json, key| json.guid(key, person.id()));
    json.cat("mailboxPrimaryAddress", &person.upn());
    json.when(item.mix.chance(24, 80), "upn", |json, key| json.cat(key, &person.upn()));
}

pub(super) fn submission_mail(item: &Item<'_>, json: &mut Json<'_>) {
    let person = item.person();
    json.guid("networkMessageId", item.mix.draw(20));
    json.guid("submissionId", item.mix.draw(21));
    json.time("submissionDateTime", item.began + 240 * SECOND);
    json.cat("submitter", &person.upn());
    json.cat("recipient", &person.upn());
    json.cat("sender", &["accounting@", item.case.scene.domain]);
    json.when(item.mix.chance(22, 70), "senderIp", |json, key| item.remote().write(key, json));
    json.text("subject", subject(item));
    json.text("reportType", item.mix.pick(23, &["Phish", "Junk", "Malware", "NotJunk"]));
}

pub(super) fn teams_message(item: &Item<'_>, json: &mut Json<'_>) {
    let (mix, person) = (item.mix, item.person());
    let thread = Digits::new(mix.below(20, 1_000_000_000));
    let often = |salt: u64, text| mix.chance(salt, 60).then_some(text);
    json.opt("campaignId", often(21, "c-helpdesk-0226"));
    json.opt("channelId", often(22, "19:general@thread.tacv2"));
    json.text("deliveryAction", mix.pick(23, &["delivered", "blocked", "replaced", "deliveredAsSpam"]));
    json.text("deliveryLocation", mix.pick(24, &["teams", "quarantine", "failed"]));
    item.inside_all("files", Kind::File, u64::from(mix.chance(25, 30)), json);
    json.when(mix.chance(26, 60), "groupId", |json, key| json.guid(key, mix.draw(27)));
    json.flag("isExternal", true);
    json.flag("isOwned", mix.chance(28, 50));
    json.time("lastModifiedDateTime", item.began + 60 * SECOND);
    json.text("messageDirection", mix.pick(29, &["inbound", "inbound", "intraorg", "outbound"]));
    json.cat("messageId", &["17724", thread.as_str()]);
    json.guid("owningTenantId", mix.draw(30));
    json.opt("parentMessageId", often(31, "1772440000000"));
    json.time("receivedDateTime", item.began);
    json.array("recipients", |json| json.item_text(&person.upn()));
    json.text("senderFromAddress", "helpdesk@support-contoso.example");
    json.when(mix.chance(32, 60), "senderIP", |json, key| item.remote().write(key, json));
    json.opt("sourceAppName", often(33, "Teams"));
    json.opt("sourceId", often(34, "chat"));
    json.opt("subject", often(35, "Help desk: account check"));
    json.array("suspiciousRecipients", |json| {
        if mix.chance(36, 50) {
            json.item_text(&person.upn());
        }
    });
    json.cat("threadId", &["19:", thread.as_str(), "@unq.gbl.spaces"]);
    json.text("threadType", mix.pick(37, &["chat", "channel", "meeting"]));
    item.inside_all("urls", Kind::Url, 1 + mix.below(38, 2), json);
}
