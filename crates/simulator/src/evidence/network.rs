//! Addresses, names, links and the devices of the plant.

use super::{Item, Kind};
use crate::json::{Digits, Json};

pub(super) fn ip(item: &Item<'_>, json: &mut Json<'_>) {
    let (remote, rng) = (item.remote(), item.rng);
    remote.write("ipAddress", json);
    let place = remote.place();
    json.opt("countryLetterCode", (rng.chance(20, 80) || item.state.scenario.story).then_some(place.code));
    json.when(rng.chance(21, 60) || item.state.scenario.story, "location", |json, key| {
        json.object(key, |json| {
            json.text("countryName", place.country);
            json.opt("state", rng.chance(22, 80).then_some(place.state));
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
    item.tool.target().unwrap_or((item.state.scenario.domain, item.rng.pick(20, &PATHS)))
}

pub(super) fn url(item: &Item<'_>, json: &mut Json<'_>) {
    let id = Digits::new(item.rng.below(21, 90_000));
    let (domain, path) = target(item);
    json.cat("url", &["https://", domain, path, "?id=", id.as_str()]);
}

pub(super) fn dns(item: &Item<'_>, json: &mut Json<'_>) {
    json.text("domainName", target(item).0);
    json.when(item.rng.chance(20, 60), "dnsServerIp", |json, key| item.inside(key, Kind::Ip, json));
    json.when(item.rng.chance(21, 40), "hostIpAddress", |json, key| item.inside(key, Kind::Ip, json));
    item.inside_all("ipAddresses", Kind::Ip, item.rng.below(22, 3), json);
}

pub(super) fn connection(item: &Item<'_>, json: &mut Json<'_>) {
    json.object("sourceAddress", |json| {
        item.base(json);
        item.host().write_ip("ipAddress", json);
        json.nulls(&["countryLetterCode", "location", "stream"]);
    });
    json.num("sourcePort", 49_152 + item.rng.below(20, 16_000) as i64);
    item.inside("destinationAddress", Kind::Ip, json);
    json.num("destinationPort", item.rng.pick(21, &[443, 443, 445, 8443, 53, 3389]));
    json.text("protocol", item.rng.pick(22, &["tcp", "tcp", "tcp", "udp"]));
}

fn mac(key: &str, item: &Item<'_>, json: &mut Json<'_>) {
    json.cat(key, &["02-00-5E-10-", Digits::padded(item.rng.below(30, 90) + 10, 2).as_str(), "-7A"]);
}

pub(super) fn nic(item: &Item<'_>, json: &mut Json<'_>) {
    mac("macAddress", item, json);
    json.when(item.rng.chance(20, 70), "ipAddress", |json, key| item.inside(key, Kind::Ip, json));
    json.list("vlans", if item.rng.chance(21, 60) { &["110", "native"] } else { &[] });
}

pub(super) fn iot_device(item: &Item<'_>, json: &mut Json<'_>) {
    let (rng, number) = (item.rng, Digits::padded(item.rng.below(20, 400), 3));
    let often = |salt, text| rng.chance(salt, 75).then_some(text);
    json.guid("deviceId", rng.draw(21));
    json.cat("deviceName", &["plc-packaging-", number.as_str()]);
    json.opt("deviceType", often(22, "PLC"));
    json.opt("deviceSubType", often(23, "Controller"));
    json.cat("devicePageLink", &["https://portal.azure.com/#view/iot-device/", number.as_str()]);
    json.text("importance", rng.pick(24, &["normal", "high", "low", "unknown"]));
    json.when(rng.chance(25, 50), "ioTHub", |json, key| item.inside(key, Kind::AzureResource, json));
    json.when(rng.chance(26, 50), "ioTSecurityAgentId", |json, key| json.guid(key, rng.draw(27)));
    item.inside("ipAddress", Kind::Ip, json);
    for (key, salt) in [("isAuthorized", 28), ("isProgramming", 29), ("isScanner", 31)] {
        if rng.chance(salt, 10) { json.null(key) } else { json.flag(key, rng.chance(salt + 100, 50)) }
    }
    mac("macAddress", item, json);
    json.opt("manufacturer", often(32, "Fabrikam Automation"));
    json.opt("model", often(33, "FX-400"));
    item.inside_all("nics", Kind::Nic, rng.below(34, 3), json);
    json.opt("operatingSystem", often(35, "FX firmware 4.2"));
    json.list("owners", if rng.chance(36, 60) { &["plant.maintenance@contoso.example"] } else { &[] });
    json.list("protocols", if rng.chance(37, 80) { &["Modbus", "HTTPS"] } else { &[] });
    json.opt("purdueLayer", often(38, "ProcessControl"));
    json.opt("sensor", often(39, "sensor-hall-2"));
    json.cat("serialNumber", &["FX400-", number.as_str()]);
    json.opt("site", often(40, "Oslo plant"));
    json.opt("source", often(41, "Microsoft Defender for IoT"));
    json.when(rng.chance(42, 50), "sourceRef", |json, key| item.inside(key, Kind::Url, json));
    json.opt("zone", often(43, "Packaging"));
}
