//! Machines, files, processes and the registry.

use super::{Item, Kind};
use crate::entities::{AD_DOMAIN, Host, NT_DOMAIN};
use crate::files::{Command, FileSpec};
use crate::filetime::SECOND;
use crate::json::{Digits, Json};

pub(super) fn device(item: &Item<'_>, json: &mut Json<'_>) {
    let (rng, host) = (item.rng, item.host());
    let os = host.os();
    json.time("firstSeenDateTime", item.created - (20 + i64::from(host.number) % 300) * 86_400 * SECOND);
    host.write_mde_id("mdeDeviceId", json);
    json.when(!(host.server), "azureAdDeviceId", |json, key| json.guid(key, host.id() ^ 1));
    host.with_name(|name| {
        json.cat("deviceDnsName", &[name[0], name[1], name[2], name[3], ".", AD_DOMAIN]);
        json.cat("hostName", name);
    });
    json.text("ntDomain", NT_DOMAIN);
    json.text("dnsDomain", AD_DOMAIN);
    json.text("osPlatform", os.platform);
    json.when(os.build != 0, "osBuild", |json, key| json.num(key, os.build));
    json.text("version", os.version);
    json.text(
        "healthStatus",
        rng.pick(20, &["active", "active", "active", "active", "inactive", "impairedCommunication", "noSensorData"]),
    );
    json.text(
        "riskScore",
        if item.state.scenario.story {
            "high"
        } else {
            rng.pick(21, &["none", "informational", "low", "medium", "high"])
        },
    );
    json.num("rbacGroupId", 75 + i64::from(host.server));
    json.text("rbacGroupName", if host.server { "Servers" } else { "Workstations" });
    json.text(
        "onboardingStatus",
        rng.pick(22, &["onboarded", "onboarded", "onboarded", "onboarded", "canBeOnboarded", "insufficientInfo"]),
    );
    json.text(
        "defenderAvStatus",
        rng.pick(23, &["updated", "updated", "updated", "unknown", "notUpdated", "disabled", "notReporting"]),
    );
    host.write_ip("lastIpAddress", json);
    json.cat("lastExternalIpAddress", &["198.51.100.", Digits::new(u64::from(host.number) % 4 + 10).as_str()]);
    interfaces(item, host, json);
    logged_on(item, json);
    if rng.chance(26, 6) {
        json.array("resourceAccessEvents", |json| json.item(|json| access_event(item, json)));
    } else {
        json.list("resourceAccessEvents", &[]);
    }
    if host.server && rng.chance(25, 60) { vm_metadata(host, json) } else { json.null("vmMetadata") }
}

fn interfaces(item: &Item<'_>, host: Host, json: &mut Json<'_>) {
    let octet = host.last_octet();
    json.array("ipInterfaces", |json| {
        json.item_text(&["192.0.2.", octet.as_str()]);
        if item.rng.chance(24, 70) {
            json.item_text(&["2001:db8:20:1::", octet.as_str()]);
            json.item_text(&["127.0.0.1"]);
        }
    });
}

fn logged_on(item: &Item<'_>, json: &mut Json<'_>) {
    json.array("loggedOnUsers", |json| {
        let people = [item.state.scenario.user, item.state.scenario.other];
        for person in &people[..=usize::from(item.rng.chance(27, 30))] {
            json.item(|json| {
                json.cat("accountName", &person.account());
                json.text("domainName", NT_DOMAIN);
            });
        }
    });
}

pub(super) fn access_event(item: &Item<'_>, json: &mut Json<'_>) {
    json.time("accessDateTime", item.began);
    item.person().write_sid("accountId", json);
    item.remote().write("ipAddress", json);
    json.cat("resourceIdentifier", &["cifs/srv-fin-0008.", AD_DOMAIN]);
}

fn vm_metadata(host: Host, json: &mut Json<'_>) {
    json.object("vmMetadata", |json| {
        json.guid("vmId", host.id() ^ 2);
        json.text("cloudProvider", "azure");
        host.with_name(|name| {
            json.cat(
                "resourceId",
                &[
                    "/subscriptions/",
                    super::cloud::SUBSCRIPTION,
                    "/resourceGroups/rg-contoso-prod/providers/Microsoft.Compute/virtualMachines/",
                    name[0],
                    name[1],
                    name[2],
                    name[3],
                ],
            );
        });
        json.text("subscriptionId", super::cloud::SUBSCRIPTION);
    });
}

pub(super) fn file(item: &Item<'_>, json: &mut Json<'_>) {
    json.text("detectionStatus", item.rng.pick(20, &["detected", "detected", "prevented", "blocked"]));
    item.host().write_mde_id("mdeDeviceId", json);
    details("fileDetails", item.file(), item, json);
}

fn details(key: &str, file: &FileSpec, item: &Item<'_>, json: &mut Json<'_>) {
    json.object(key, |json| {
        file.write_sha1("sha1", json);
        file.write_sha256("sha256", json);
        json.when(item.rng.chance(31, 40), "md5", |json, key| json.hex(key, file.bits(5), 32));
        json.when(item.rng.chance(32, 10), "sha256Ac", |json, key| json.hex(key, file.bits(257), 64));
        json.text("fileName", file.name);
        json.text("filePath", file.path);
        json.num("fileSize", file.size);
        json.opt("filePublisher", file.signed.map(|(publisher, ..)| publisher));
        json.opt("signer", file.signed.map(|(_, signer, _)| signer));
        json.opt("issuer", file.signed.map(|(.., issuer)| issuer));
    });
}

/// A process keeps its id wherever the incident shows it.
pub(crate) fn process_id(item: &Item<'_>, command: &Command) -> i64 {
    (item.state.scenario.rng.below(command.mark, 6000) * 4 + 1200) as i64
}

pub(super) fn process(item: &Item<'_>, json: &mut Json<'_>) {
    let command = item.command();
    json.num("processId", process_id(item, command));
    json.when(command.parent.is_some(), "parentProcessId", |json, key| {
        command.parent.iter().for_each(|parent| json.num(key, process_id(item, parent)));
    });
    json.text("processCommandLine", command.line);
    json.time("processCreationDateTime", item.started(command));
    json.opt_time("parentProcessCreationDateTime", command.parent.map(|parent| item.started(parent)));
    json.text("detectionStatus", item.rng.pick(20, &["detected", "detected", "detected", "blocked", "prevented"]));
    item.host().write_mde_id("mdeDeviceId", json);
    details("imageFile", command.image, item, json);
    match command.parent {
        Some(parent) if item.rng.chance(21, 85) || item.state.scenario.story => {
            details("parentProcessImageFile", parent.image, item, json);
        }
        _ => json.null("parentProcessImageFile"),
    }
    if item.rng.chance(22, 25) && !item.state.scenario.story {
        system_account(json);
    } else {
        super::identity::account(item, item.person(), json);
    }
}

fn system_account(json: &mut Json<'_>) {
    json.object("userAccount", |json| {
        json.text("accountName", "SYSTEM");
        json.text("domainName", "NT AUTHORITY");
        json.text("userSid", "S-1-5-18");
        json.nulls(&["activeDirectoryObjectGuid", "azureAdUserId", "userPrincipalName"]);
        json.text("displayName", "System");
        json.null("tenantId");
        json.list("resourceAccessEvents", &[]);
    });
}

pub(super) fn file_hash(item: &Item<'_>, json: &mut Json<'_>) {
    let file = item.file();
    match item.rng.below(20, 4) {
        0 => {
            json.text("algorithm", "sha1");
            file.write_sha1("value", json);
        }
        1 => {
            json.text("algorithm", "md5");
            json.hex("value", file.bits(5), 32);
        }
        _ => {
            json.text("algorithm", "sha256");
            file.write_sha256("value", json);
        }
    }
}

pub(super) fn malware(item: &Item<'_>, json: &mut Json<'_>) {
    json.text("name", if item.round == 0 { "LedgerLoad" } else { "Bundlore" });
    json.text("category", item.rng.pick(20, &["Trojan", "TrojanDownloader", "PUA", "Backdoor"]));
    item.inside_all("files", Kind::File, u64::from(item.rng.chance(21, 50)), json);
    item.inside_all("processes", Kind::Process, u64::from(item.rng.chance(22, 15)), json);
}

pub(crate) const RUN_KEY: &str = "Software\\Microsoft\\Windows\\CurrentVersion\\Run";

pub(super) fn registry_key(item: &Item<'_>, json: &mut Json<'_>) {
    json.text("registryHive", item.rng.pick(20, &["HKEY_CURRENT_USER", "HKEY_LOCAL_MACHINE"]));
    json.text("registryKey", RUN_KEY);
}

pub(super) fn registry_value(item: &Item<'_>, json: &mut Json<'_>) {
    item.host().write_mde_id("mdeDeviceId", json);
    json.text("registryHive", "HKEY_CURRENT_USER");
    json.text("registryKey", RUN_KEY);
    json.text("registryValueName", "LedgerSync");
    json.text("registryValueType", item.rng.pick(21, &["String", "ExpandString"]));
    json.text("registryValue", "rundll32.exe C:\\ProgramData\\LedgerSync\\ledger_update.dll,SyncMain");
}
