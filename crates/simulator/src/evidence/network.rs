//! Addresses, names, links and the devices of the plant.

use super::{Item, Kind};
use crate::json::{Digits, Json};

pub(super) fn ip(item: &Item<'_>, json: &mut Json<'_>) {
    let (remote, mix) = (item.remote(), item.mix);
    remote.write("ipAddress", json);
    let place = remote.place();
    json.opt("countryLetterCode", (mix.chance(20, 80) || item.case.scene.story).then_some(place.code));
    json.when(mix.chance(21, 60) || item.case.scene.story, "location", |json, key| {
        json.object(key, |json| {
            json.text("countryName", place.country);
            json.opt("state", mix.chance(22, 80).then_some(place.state));
            json.text("city", place.city);
            json.raw("latitude", place.latitude);
            json.raw("longitude", place.longitude);
        });
    });
    super::identity::stream(item, json);
}

const PATHS: [&str; 3] = ["/auth/session", "/remittance/view", "/owa/verify"];

/// Domain and path that the item's link leads to.
pub(super) fn target(item: &Item<'_>) -> (&'static str, &'static str) {
    item.tool.target().unwrap_or((item.case.scene.domain, item.mix.pick(20, &PATHS)))
}

pub(super) fn url(item: &Item<'_>, json: &mut Json<'_>) {
    let id = Digits::new(item.mix.below(21, 90_000));
    let (domain, path) = target(item);
    json.cat("url", &["https://", domain, path, "?id=", id.as_str()]);
}

pub(super) fn dns(item: &Item<'_>, json: &mut Json<'_>) {
    json.text("domainName", target(item).0);
    json.when(item.mix.chance(20, 60), "dnsServerIp", |json, key| item.inside(key, Kind::Ip, json));
    json.when(item.mix.chance(21, 40), "hostIpAddress", |json, key| item.inside(key, Kind::Ip, json));
    item.inside_all("ipAddresses", Kind::Ip, item.mix.below(22, 3), json);
}

pub(super) fn connection(item: &Item<'_>, json: &mut Json<'_>) {
    json.object("sourceAddress", |json| {
        item.base(json);
        item.host().write_ip("ipAddress", json);
        json.nulls(&["countryLetterCode", "location", "stream"]);
    });
    json.num("sourcePort", 49_152 + item.mix.below(20, 16_000) as i64);
    item.inside("destinationAddress", Kind::Ip, json);
    json.num("destinationPort", item.mix.pick(21, &[443, 443, 445, 8443, 53, 3389]));
    json.text("protocol", item.mix.pick(22, &["tcp", "tcp", "tcp", "udp"]));
}

fn mac(key: &str, item: &Item<'_>, json: &mut Json<'_>) {
    json.cat(key, &["02-00-5E-10-", Digits::padded(item.mix.below(30, 90) + 10, 2).as_str(), "-7A"]);
}

pub(super) fn nic(item: &Item<'_>, json: &mut Json<'_>) {
    mac("macAddress", item, json);
    json.when(item.mix.chance(20, 70), "ipAddress", |json, key| item.inside(key, Kind::Ip, json));
    json.list("vlans", if item.mix.chance(21, 60) { &["110", "native"] } else { &[] });
}

pub(super) fn iot_device(item: &Item<'_>, json: &mut Json<'_>) {
    let (mix, number) = (item.mix, Digits::padded(item.mix.below(20, 400), 3));
    let often = |salt, text| mix.chance(salt, 75).then_some(text);
    json.guid("deviceId", mix.draw(21));
    json.cat("deviceName", &["plc-packaging-", number.as_str()]);
    json.opt("deviceType", often(22, "PLC"));
    json.opt("deviceSubType", often(23, "Controller"));
    json.cat("devicePageLink", &["https://portal.azure.com/#view/iot-device/", number.as_str()]);
    json.text("importance", mix.pick(24, &["normal", "high", "low", "unknown"]));
    json.when(mix.chance(25, 50), "ioTHub", |json, key| item.inside(key, Kind::AzureResource, json));
    json.when(mix.chance(26, 50), "ioTSecurityAgentId", |json, key| json.guid(key, mix.draw(27)));
    item.inside("ipAddress", Kind::Ip, json);
    for (key, salt) in [("isAuthorized", 28), ("isProgramming", 29), ("isScanner", 31)] {
        if mix.chance(salt, 10) { json.null(key) } else { json.flag(key, mix.chance(salt + 100, 50)) }
    }
    mac("macAddress", item, json);
    json.opt("manufacturer", often(32, "Fabrikam Automation"));
    json.opt("model", often(33, "FX-400"));
    item.inside_all("nics", Kind::Nic, mix.below(34, 3), json);
    json.opt("operatingSystem", often(35, "FX firmware 4.2"));
    json.list("owners", if mix.chance(36, 60) { &["plant.maintenance@contoso.example"] } else { &[] });
    json.list("protocols", if mix.chance(37, 80) { &["Modbus", "HTTPS"] } else { &[] });
    json.opt("purdueLayer", often(38, "ProcessControl"));
    json.opt("sensor", often(39, "sensor-hall-2"));
    json.cat("serialNumber", &["FX400-", number.as_str()]);
    json.opt("site", often(40, "Oslo plant"));
    json.opt("source", often(41, "Microsoft Defender for IoT"));
    json.when(mix.chance(42, 50), "sourceRef", |json, key| item.inside(key, Kind::Url, json));
    json.opt("zone", often(43, "Packaging"));
}
