//! One flat record per piece of evidence: every entity has all properties, most of them null.

use crate::entities::NT_DOMAIN;
use crate::evidence::{Item, Kind, process_id};
use crate::json::Json;

/// Properties of every entity, in the service's order, `entityType` in front.
const KEYS: [&str; 31] = [
    "sha1",
    "sha256",
    "fileName",
    "filePath",
    "processId",
    "processCommandLine",
    "processCreationTime",
    "parentProcessId",
    "parentProcessCreationTime",
    "ipAddress",
    "url",
    "accountName",
    "domainName",
    "userSid",
    "aadUserId",
    "userPrincipalName",
    "mailboxDisplayName",
    "mailboxAddress",
    "clusterBy",
    "sender",
    "recipient",
    "subject",
    "deliveryAction",
    "securityGroupId",
    "securityGroupName",
    "registryHive",
    "registryKey",
    "registryValueType",
    "registryValue",
    "deviceId",
    "detectionStatus",
];

/// `entityType` of a kind of evidence; kinds that the legacy API does not know are left out there.
pub(super) fn type_of(kind: Kind) -> Option<&'static str> {
    Some(match kind {
        Kind::User => "User",
        Kind::Ip => "Ip",
        Kind::Url => "Url",
        Kind::File => "File",
        Kind::Process => "Process",
        Kind::Mailbox => "MailBox",
        Kind::AnalyzedMessage => "MailMessage",
        Kind::MailCluster => "MailCluster",
        Kind::RegistryKey | Kind::RegistryValue => "Registry",
        Kind::SecurityGroup => "SecurityGroup",
        Kind::CloudApplication => "CloudApplication",
        _ => return None,
    })
}

pub(super) fn write(item: &Item<'_>, json: &mut Json<'_>) {
    json.opt("entityType", type_of(item.kind()));
    for key in KEYS {
        if !filled(item, key, json) {
            json.null(key);
        }
    }
}

/// Writes `key` if this kind of entity has it.
fn filled(item: &Item<'_>, key: &str, json: &mut Json<'_>) -> bool {
    match item.kind() {
        Kind::User => account(item, key, json),
        Kind::Ip if key == "ipAddress" => {
            item.remote().write(key, json);
            true
        }
        Kind::Url if key == "url" => {
            let (domain, path) = item.target();
            json.cat(key, &["https://", domain, path]);
            true
        }
        Kind::File => file(item, item.file(), key, json),
        Kind::Process => process(item, key, json) || file(item, item.command().image, key, json),
        Kind::Mailbox | Kind::AnalyzedMessage | Kind::MailCluster => mail(item, key, json),
        Kind::RegistryKey | Kind::RegistryValue => registry(item, key, json),
        Kind::SecurityGroup if key == "securityGroupName" => {
            json.text(key, "Finance Share Owners");
            true
        }
        Kind::SecurityGroup if key == "securityGroupId" => {
            json.guid(key, item.rng.draw(23));
            true
        }
        _ => false,
    }
}

fn account(item: &Item<'_>, key: &str, json: &mut Json<'_>) -> bool {
    let person = item.person();
    match key {
        "accountName" => json.cat(key, &person.account()),
        "domainName" => json.text(key, NT_DOMAIN),
        "userSid" => person.write_sid(key, json),
        "aadUserId" => json.guid(key, person.id()),
        "userPrincipalName" => json.cat(key, &person.upn()),
        _ => return false,
    }
    true
}

fn file(item: &Item<'_>, file: &crate::files::FileSpec, key: &str, json: &mut Json<'_>) -> bool {
    match key {
        "sha1" => file.write_sha1(key, json),
        "sha256" => file.write_sha256(key, json),
        "fileName" => json.text(key, file.name),
        "filePath" => json.text(key, file.path),
        "deviceId" => item.host().write_mde_id(key, json),
        "detectionStatus" => json.text(key, "Detected"),
        _ => return false,
    }
    true
}

fn process(item: &Item<'_>, key: &str, json: &mut Json<'_>) -> bool {
    let command = item.command();
    match (key, command.parent) {
        ("processId", _) => json.num(key, process_id(item, command)),
        ("processCommandLine", _) => json.text(key, command.line),
        ("processCreationTime", _) => json.time(key, item.started(command)),
        ("parentProcessId", Some(parent)) => json.num(key, process_id(item, parent)),
        ("parentProcessCreationTime", Some(parent)) => json.time(key, item.started(parent)),
        _ => return account(item, key, json),
    }
    true
}

fn mail(item: &Item<'_>, key: &str, json: &mut Json<'_>) -> bool {
    let person = item.person();
    match (item.kind(), key) {
        (Kind::MailCluster, "clusterBy") => json.text(key, "Subject;P2SenderDomain;ContentType"),
        (Kind::Mailbox, "mailboxDisplayName") => json.cat(key, &person.display()),
        (Kind::Mailbox, "mailboxAddress" | "userPrincipalName")
        | (Kind::AnalyzedMessage, "recipient" | "userPrincipalName") => json.cat(key, &person.upn()),
        (Kind::AnalyzedMessage, "sender") => json.cat(key, &["accounting@", item.state.scenario.domain]),
        (Kind::AnalyzedMessage, "subject") => json.text(key, crate::evidence::subject(item)),
        (Kind::AnalyzedMessage, "deliveryAction") => json.text(key, "Delivered"),
        _ => return false,
    }
    true
}

fn registry(item: &Item<'_>, key: &str, json: &mut Json<'_>) -> bool {
    match (item.kind(), key) {
        (_, "registryHive") => json.text(key, "HKEY_CURRENT_USER"),
        (_, "registryKey") => json.text(key, crate::evidence::RUN_KEY),
        (Kind::RegistryValue, "registryValueType") => json.text(key, "String"),
        (Kind::RegistryValue, "registryValue") => {
            json.text(key, "rundll32.exe C:\\ProgramData\\LedgerSync\\ledger_update.dll,SyncMain");
        }
        (_, "deviceId") => item.host().write_mde_id(key, json),
        _ => return false,
    }
    true
}
