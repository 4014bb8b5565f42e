//! People, sessions and the directory.

use super::{Item, Kind};
use crate::entities::{AD_DOMAIN, NT_DOMAIN, Person};
use crate::filetime::SECOND;
use crate::json::{Digits, Json};

pub(super) const AGENTS: [(&str, &str, &str); 4] = [
    (
        "Edge 133.0",
        "Windows 11",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0.0.0 Safari/537.36 Edg/133.0.0.0",
    ),
    ("Firefox 135.0", "Linux", "Mozilla/5.0 (X11; Linux x86_64; rv:135.0) Gecko/20100101 Firefox/135.0"),
    (
        "Chrome 132.0",
        "Windows 10",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/132.0.0.0 Safari/537.36",
    ),
    (
        "Safari 18.3",
        "macOS",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3 Safari/605.1.15",
    ),
];

/// A `userAccount`.
pub(super) fn account(item: &Item<'_>, person: Person, json: &mut Json<'_>) {
    json.object("userAccount", |json| {
        json.cat("accountName", &person.account());
        json.text("domainName", NT_DOMAIN);
        person.write_sid("userSid", json);
        json.when(item.rng.chance(41, 60), "activeDirectoryObjectGuid", |json, key| json.guid(key, person.id() ^ 1));
        json.guid("azureAdUserId", person.id());
        json.cat("userPrincipalName", &person.upn());
        json.cat("displayName", &person.display());
        json.when(item.rng.chance(42, 50), "tenantId", |json, key| json.text(key, &item.state.model.tenant.id));
        if item.rng.chance(43, 5) {
            json.array("resourceAccessEvents", |json| json.item(|json| super::endpoint::access_event(item, json)));
        } else {
            json.list("resourceAccessEvents", &[]);
        }
    });
}

pub(super) fn user(item: &Item<'_>, json: &mut Json<'_>) {
    stream(item, json);
    account(item, item.person(), json);
}

/// The `stream` of records that cloud application logs delivered.
pub(super) fn stream(item: &Item<'_>, json: &mut Json<'_>) {
    json.when(item.rng.chance(44, 15), "stream", |json, key| {
        json.object(key, |json| json.text("name", "Office 365 activity log"));
    });
}

pub(super) fn cloud_logon_request(item: &Item<'_>, json: &mut Json<'_>) {
    json.guid("requestId", item.rng.draw(20));
}

pub(super) fn cloud_logon_session(item: &Item<'_>, json: &mut Json<'_>) {
    let (browser, system, agent) = AGENTS[if item.state.scenario.story { 1 } else { item.rng.below(20, 4) as usize }];
    json.guid("sessionId", item.state.scenario.rng.draw(0x5E55));
    item.inside("account", Kind::User, json);
    json.text("browser", browser);
    json.opt("deviceName", item.rng.chance(21, 30).then_some("unknown-device"));
    json.text("operatingSystem", system);
    json.when(item.rng.chance(22, 70), "previousLogonDateTime", |json, key| {
        json.time(key, item.began - 61_200 * SECOND);
    });
    json.text("protocol", item.rng.pick(23, &["OAuth2", "SAML", "WS-Federation"]));
    json.time("startUtcDateTime", item.began);
    json.text("userAgent", agent);
}

pub(super) fn host_logon_session(item: &Item<'_>, json: &mut Json<'_>) {
    let start = item.began;
    json.cat("sessionId", &["0x", Digits::new(item.rng.below(20, 9_000_000) + 100_000).as_str()]);
    Item { round: item.round + 1, ..*item }.inside("account", Kind::User, json);
    Item { on_server: true, ..*item }.inside("host", Kind::Device, json);
    json.time("startUtcDateTime", start);
    json.opt_time("endUtcDateTime", item.rng.chance(21, 60).then_some(start + 1260 * SECOND));
}

pub(super) fn security_group(item: &Item<'_>, json: &mut Json<'_>) {
    let (name, rid) =
        item.rng.pick(20, &[("Domain Admins", "512"), ("Backup Operators", "551"), ("Finance Share Owners", "2117")]);
    json.text("displayName", name);
    json.opt("friendlyName", item.rng.chance(21, 50).then_some(name));
    json.cat("distinguishedName", &["CN=", name, ",OU=Groups,DC=corp,DC=contoso,DC=example"]);
    json.cat("sid", &["S-1-5-21-2043817755-1198337410-3300427181-", rid]);
    json.when(item.rng.chance(22, 70), "securityGroupId", |json, key| json.guid(key, item.rng.draw(23)));
    json.when(item.rng.chance(24, 80), "activeDirectoryObjectGuid", |json, key| json.guid(key, item.rng.draw(25)));
}

pub(super) fn directory_domain(item: &Item<'_>, json: &mut Json<'_>) {
    json.text("activeDirectoryDomainName", AD_DOMAIN);
    json.array("trustedDomains", |json| {
        for name in &["plant.contoso.example", "fabrikam.example"][..item.rng.below(20, 3) as usize] {
            json.item(|json| {
                item.base(json);
                json.text("activeDirectoryDomainName", name);
                json.list("trustedDomains", &[]);
            });
        }
    });
}
