//! Messages, clusters, mailboxes and chats.

use super::{Item, Kind};
use crate::filetime::SECOND;
use crate::json::{Digits, Json};

const SUBJECTS: [&str; 5] = [
    "Remittance advice 0302 - action required",
    "Your mailbox quota: confirm to keep receiving messages",
    "Shared with you: \"Board pack Q1\"",
    "Parcel held at the depot",
    "RE: overdue invoice 20260302",
];

pub(crate) fn subject(item: &Item<'_>) -> &'static str {
    if item.state.scenario.story { SUBJECTS[0] } else { item.state.scenario.rng.pick(0x5B, &SUBJECTS) }
}

fn sender(key: &str, item: &Item<'_>, json: &mut Json<'_>) {
    json.object(key, |json| {
        json.cat("emailAddress", &["accounting@", item.state.scenario.domain]);
        json.opt("displayName", item.rng.chance(60, 80).then_some("Contoso Accounts Payable"));
        json.text("domainName", item.state.scenario.domain);
    });
}

pub(super) fn analyzed_message(item: &Item<'_>, json: &mut Json<'_>) {
    let (rng, story) = (item.rng, item.state.scenario.story);
    let id = item.state.scenario.rng.draw(0x3A11 + u64::from(item.round));
    json.guid("networkMessageId", id);
    json.cat("internetMessageId", &["<", Digits::new(id).as_str(), "@", item.state.scenario.domain, ">"]);
    json.text("subject", subject(item));
    json.opt("language", rng.chance(20, 80).then_some("en"));
    item.remote().write("senderIp", json);
    json.cat("recipientEmailAddress", &item.person().upn());
    json.text("antiSpamDirection", rng.pick(21, &["Inbound", "Inbound", "Inbound", "Intraorg", "Outbound"]));
    json.text(
        "deliveryAction",
        if story { "Delivered" } else { rng.pick(22, &["Delivered", "Blocked", "DeliveredAsSpam"]) },
    );
    json.text("deliveryLocation", rng.pick(23, &["Inbox", "JunkFolder", "Quarantine"]));
    json.cat("urn", &["urn:MailEntity:", Digits::new(id % 1_000_000_007).as_str()]);
    let threats: &[&str] = if story { &["ZapPhish", "NormalPhish"] } else { &["Phish"] };
    json.list("threats", if rng.chance(24, 80) { threats } else { &[] });
    json.list(
        "threatDetectionMethods",
        if rng.chance(25, 70) { &["URL detonation", "Impersonation domain"] } else { &[] },
    );
    let urls = rng.below(26, 3);
    json.array("urls", |json| {
        for at in 0..urls {
            json.item_text(&["https://", item.state.scenario.domain, "/auth/session?r=", Digits::new(at).as_str()]);
        }
    });
    json.num("urlCount", urls as i64);
    json.num("attachmentsCount", rng.below(27, 3) as i64);
    json.time("receivedDateTime", item.began);
    sender("p1Sender", item, json);
    if rng.chance(28, 90) { sender("p2Sender", item, json) } else { json.null("p2Sender") }
}

pub(super) fn mail_cluster(item: &Item<'_>, json: &mut Json<'_>) {
    let (by, value) = item.rng.pick(
        20,
        &[
            ("Subject;P2SenderDomain;ContentType", "Phish"),
            ("BodyFingerprintBin1;SenderIp", "1182054431"),
            ("UrlDomain", ""),
        ],
    );
    json.text("clusterBy", by);
    json.opt("clusterByValue", (!value.is_empty()).then_some(value));
    json.num("emailCount", 1 + item.rng.below(21, 40) as i64);
    json.array("networkMessageIds", |json| {
        for at in 0..item.rng.below(22, 4) {
            let mut id = Vec::with_capacity(36);
            crate::json::write_guid(&mut id, item.rng.draw(30 + at));
            json.item_text(&[std::str::from_utf8(&id).unwrap_or_default()]);
        }
    });
    json.cat(
        "query",
        &[
            "( (( (Subject:\"",
            subject(item),
            "\") AND (SenderFromDomain:\"",
            item.state.scenario.domain,
            "\") )) AND (ContentType: \"1\") )",
        ],
    );
    json.opt("urn", item.rng.chance(23, 50).then_some("urn:MailClusterEntity:5f1c9a"));
}

pub(super) fn mailbox(item: &Item<'_>, json: &mut Json<'_>) {
    let person = item.person();
    json.cat("primaryAddress", &person.upn());
    json.cat("displayName", &person.display());
    json.cat("upn", &person.upn());
    if item.rng.chance(20, 80) { super::identity::account(item, person, json) } else { json.null("userAccount") }
}

pub(super) fn mailbox_configuration(item: &Item<'_>, json: &mut Json<'_>) {
    let person = item.person();
    json.guid("configurationId", item.rng.draw(20));
    let kinds = ["userInboxRule", "mailForwardingRule", "mailDelegation", "owaSettings", "ewsSettings"];
    json.text("configurationType", if item.state.scenario.story { kinds[0] } else { item.rng.pick(21, &kinds) });
    json.opt("displayName", item.rng.chance(22, 80).then_some("..."));
    json.when(item.rng.chance(23, 70), "externalDirectoryObjectId", |json, key| json.guid(key, person.id()));
    json.cat("mailboxPrimaryAddress", &person.upn());
    json.when(item.rng.chance(24, 80), "upn", |json, key| json.cat(key, &person.upn()));
}

pub(super) fn submission_mail(item: &Item<'_>, json: &mut Json<'_>) {
    let person = item.person();
    json.guid("networkMessageId", item.rng.draw(20));
    json.guid("submissionId", item.rng.draw(21));
    json.time("submissionDateTime", item.began + 240 * SECOND);
    json.cat("submitter", &person.upn());
    json.cat("recipient", &person.upn());
    json.cat("sender", &["accounting@", item.state.scenario.domain]);
    json.when(item.rng.chance(22, 70), "senderIp", |json, key| item.remote().write(key, json));
    json.text("subject", subject(item));
    json.text("reportType", item.rng.pick(23, &["Phish", "Junk", "Malware", "NotJunk"]));
}

pub(super) fn teams_message(item: &Item<'_>, json: &mut Json<'_>) {
    let (rng, person) = (item.rng, item.person());
    let thread = Digits::new(rng.below(20, 1_000_000_000));
    let often = |salt: u64, text| rng.chance(salt, 60).then_some(text);
    json.opt("campaignId", often(21, "c-helpdesk-0226"));
    json.opt("channelId", often(22, "19:general@thread.tacv2"));
    json.text("deliveryAction", rng.pick(23, &["delivered", "blocked", "replaced", "deliveredAsSpam"]));
    json.text("deliveryLocation", rng.pick(24, &["teams", "quarantine", "failed"]));
    item.inside_all("files", Kind::File, u64::from(rng.chance(25, 30)), json);
    json.when(rng.chance(26, 60), "groupId", |json, key| json.guid(key, rng.draw(27)));
    json.flag("isExternal", true);
    json.flag("isOwned", rng.chance(28, 50));
    json.time("lastModifiedDateTime", item.began + 60 * SECOND);
    json.text("messageDirection", rng.pick(29, &["inbound", "inbound", "intraorg", "outbound"]));
    json.cat("messageId", &["17724", thread.as_str()]);
    json.guid("owningTenantId", rng.draw(30));
    json.opt("parentMessageId", often(31, "1772440000000"));
    json.time("receivedDateTime", item.began);
    json.array("recipients", |json| json.item_text(&person.upn()));
    json.text("senderFromAddress", "helpdesk@support-contoso.example");
    json.when(rng.chance(32, 60), "senderIP", |json, key| item.remote().write(key, json));
    json.opt("sourceAppName", often(33, "Teams"));
    json.opt("sourceId", often(34, "chat"));
    json.opt("subject", often(35, "Help desk: account check"));
    json.array("suspiciousRecipients", |json| {
        if rng.chance(36, 50) {
            json.item_text(&person.upn());
        }
    });
    json.cat("threadId", &["19:", thread.as_str(), "@unq.gbl.spaces"]);
    json.text("threadType", rng.pick(37, &["chat", "channel", "meeting"]));
    item.inside_all("urls", Kind::Url, 1 + rng.below(38, 2), json);
}
