//! Detections on machines.

use super::{ENDPOINT, Severity, Template, XDR};
use crate::evidence::Kind::{
    Device, Dns, File, FileHash, Ip, Malware, NetworkConnection, Process, RegistryKey, RegistryValue, Url, User,
};
use crate::files::Tool;

pub(super) static SCRIPT_DOWNLOAD: Template = Template {
    title: "Suspicious PowerShell download or encoded command execution",
    service: &ENDPOINT,
    detection: "microsoftDefenderForEndpoint",
    category: "Execution",
    techniques: &["T1059.001", "T1105"],
    severity: Severity::High,
    description: "An office program started a hidden script interpreter that fetched a library from the internet and loaded it with a system tool. The library is unsigned, was first seen worldwide today and was written to a folder that looks like a product's data folder.",
    advice: "1. Isolate the machine and collect an investigation package.\n2. Stop the process tree and quarantine the library.\n3. Search all machines for the library's hash and for the address it came from.\n4. Review what the process did before it was stopped: files, connections, child processes.",
    evidence: &[Process, Device, User, File, Url],
    tool: Tool::Download,
    family: None,
};

pub(super) static CREDENTIAL_DUMP: Template = Template {
    title: "Process memory dump of a credential store",
    service: &ENDPOINT,
    detection: "microsoftDefenderForEndpoint",
    category: "CredentialAccess",
    techniques: &["T1003.001"],
    severity: Severity::High,
    description: "A process wrote the memory of the local security authority to a file with a tool that ships with the system. Passwords, hashes and tickets of everybody who is logged on to the machine can be read from such a file.",
    advice: "1. Isolate the machine.\n2. Reset the passwords of all accounts that were logged on, service accounts included.\n3. Find out whether the dump left the machine.\n4. Turn on protection of the local security authority.",
    evidence: &[Process, Device, User, File],
    tool: Tool::Dump,
    family: None,
};

pub(super) static RUN_KEY: Template = Template {
    title: "Anomaly detected in ASEP registry",
    service: &ENDPOINT,
    detection: "microsoftDefenderForEndpoint",
    category: "Persistence",
    techniques: &["T1547.001"],
    severity: Severity::Medium,
    description: "A process registered a program to start with every logon. The value points to a library that was downloaded minutes before.",
    advice: "1. Remove the value and the file it names.\n2. Look for scheduled tasks and services with the same name.\n3. Check whether other machines have the value.",
    evidence: &[RegistryValue, Process, Device, RegistryKey, File],
    tool: Tool::Persist,
    family: None,
};

pub(super) static REMOTE_SERVICE: Template = Template {
    title: "Suspicious service creation from a remote machine",
    service: &ENDPOINT,
    detection: "microsoftDefenderForEndpoint",
    category: "LateralMovement",
    techniques: &["T1021.002", "T1569.002"],
    severity: Severity::High,
    description: "A service was created over an administrative share and started an unsigned program from a temporary folder, which opened a named pipe and ran discovery commands. The account that created it logged on from a workstation.",
    advice: "1. Stop and delete the service, keep its program for analysis.\n2. Isolate the server if its role allows it, otherwise restrict its network.\n3. Follow the account to further machines.",
    evidence: &[Process, Device, User, File, NetworkConnection],
    tool: Tool::Remote,
    family: None,
};

pub(super) static BEACON: Template = Template {
    title: "Connection to a command and control address",
    service: &ENDPOINT,
    detection: "microsoftDefenderForEndpoint",
    category: "CommandAndControl",
    techniques: &["T1071.001", "T1573"],
    severity: Severity::High,
    description: "A process keeps a regular encrypted connection to an address that is known to control implants. The interval between two connections varies by a fifth, which is typical for a configured jitter.",
    advice: "1. Block the address and the domain.\n2. Isolate the machine and identify the process that connects.\n3. Search for other machines that resolved the domain.",
    evidence: &[NetworkConnection, Ip, Process, Dns, Device, Url],
    tool: Tool::Download,
    family: None,
};

pub(super) static ARCHIVE_STAGED: Template = Template {
    title: "Data collected and staged in an archive",
    service: &ENDPOINT,
    detection: "customDetection",
    category: "Collection",
    techniques: &["T1560.001", "T1074.001", "T1039"],
    severity: Severity::Medium,
    description: "A packer collected documents of a file share into volumes of equal size in a folder outside the users' profiles. The packer was brought along and is not part of the standard installation.",
    advice: "1. Secure the archive: it shows what was taken.\n2. Inform the owner of the share.\n3. Block uploads from the machine.",
    evidence: &[Process, File, Device, User],
    tool: Tool::Stage,
    family: None,
};

pub(super) static MALWARE_BLOCKED: Template = Template {
    title: "'Bundlore' unwanted software was prevented",
    service: &ENDPOINT,
    detection: "antivirus",
    category: "UnwantedSoftware",
    techniques: &["T1204.002"],
    severity: Severity::Informational,
    description: "The antivirus stopped an installer that brings advertising programs along. It was fetched with a browser and did not run.",
    advice: "1. Nothing urgent: the file did not run.\n2. Offer the user the packaged version of the program.",
    evidence: &[File, Device, Malware, User],
    tool: Tool::Usual,
    family: Some("Bundlore"),
};

pub(super) static MALWARE_ACTIVE: Template = Template {
    title: "'LedgerLoad' malware was detected during execution",
    service: &ENDPOINT,
    detection: "antivirus",
    category: "Malware",
    techniques: &["T1204.002", "T1027"],
    severity: Severity::Medium,
    description: "Malware ran for a short time before it was stopped. Loaders of this family fetch further programs on demand and are sold to other groups.",
    advice: "1. Collect an investigation package before cleaning.\n2. Check connections and files made while it ran.\n3. Run a full scan.",
    evidence: &[Malware, Process, Device, FileHash, File],
    tool: Tool::Download,
    family: Some("LedgerLoad"),
};

pub(super) static RANSOMWARE: Template = Template {
    title: "Possible ransomware activity based on shadow copy deletion",
    service: &ENDPOINT,
    detection: "microsoftDefenderForEndpoint",
    category: "Impact",
    techniques: &["T1490", "T1486"],
    severity: Severity::High,
    description: "A process deleted the volume's shadow copies and started to rewrite many files with high entropy. Both together are nearly always the last step of an extortion.",
    advice: "1. Isolate the machine at once.\n2. Disable the account in use.\n3. Check that backups are out of reach and intact.",
    evidence: &[Process, Device, User, File, FileHash],
    tool: Tool::Encrypt,
    family: Some("PaleLocker"),
};

pub(super) static SCHEDULED_TASK: Template = Template {
    title: "Suspicious scheduled task",
    service: &ENDPOINT,
    detection: "microsoftDefenderForEndpoint",
    category: "Persistence",
    techniques: &["T1053.005"],
    severity: Severity::Low,
    description: "A task was created that runs an interpreter with highest rights at every logon.",
    advice: "1. Compare with the software that was rolled out today.\n2. Remove the task if nobody knows it.",
    evidence: &[Process, Device, RegistryKey, User],
    tool: Tool::Persist,
    family: None,
};

pub(super) static COIN_MINER: Template = Template {
    title: "Digital currency mining on a Linux server",
    service: &ENDPOINT,
    detection: "microsoftDefenderForEndpoint",
    category: "Impact",
    techniques: &["T1496", "T1059.004"],
    severity: Severity::Medium,
    description: "A program in a hidden folder uses all processors and speaks a mining protocol to a pool. It was started by a script that came through a web application.",
    advice: "1. Stop the program and remove its cron entry.\n2. Patch the application it came through.\n3. Rotate the keys stored on the server.",
    evidence: &[Process, Device, Url, File, NetworkConnection],
    tool: Tool::Shell,
    family: Some("Kthreadx"),
};

pub(super) static SMART_SCREEN: Template = Template {
    title: "User bypassed a SmartScreen warning",
    service: &ENDPOINT,
    detection: "smartScreen",
    category: "InitialAccess",
    techniques: &["T1204.001"],
    severity: Severity::Informational,
    description: "A user went on to a page or a download that the browser had warned about.",
    advice: "1. Check what was downloaded.\n2. Consider to forbid the bypass by policy.",
    evidence: &[Url, Device, User],
    tool: Tool::Usual,
    family: None,
};

pub(super) static ATTACK_DISRUPTED: Template = Template {
    title: "Hands-on-keyboard attack was launched from a compromised account (attack disruption)",
    service: &XDR,
    detection: "microsoft365Defender",
    category: "SuspiciousActivity",
    techniques: &["T1078", "T1021", "T1569.002"],
    severity: Severity::High,
    description: "Signals of mail, identity and machines together show a person at work in the network with a stolen account. The account was disabled and its machines were contained automatically while the investigation goes on.",
    advice: "1. Keep the containment until the entry is closed.\n2. Work through the alerts of this incident in the order of time.\n3. Release user and machines one by one after a reset.",
    evidence: &[User, Device, Ip, Process],
    tool: Tool::Remote,
    family: None,
};
