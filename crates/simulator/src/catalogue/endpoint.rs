//! Detections on machines.

use super::{ENDPOINT, Severity, Template, XDR};
use crate::evidence::Kind::{
    Device, Dns, File, FileHash, Ip, Malware, NetworkConnection, Process, RegistryKey, RegistryValue, Url, User,
};
use crate::files::Tool;

templates! {
    SCRIPT_DOWNLOAD = ENDPOINT, "microsoftDefenderForEndpoint", High, "Execution" ["T1059.001", "T1105"];
        "Suspicious PowerShell download or encoded command execution";
        "An office program started a hidden script interpreter that fetched a library from the internet and loaded it with a system tool. The library is unsigned, was first seen worldwide today and was written to a folder that looks like a product's data folder.";
        "1. Isolate the machine and collect an investigation package.\n2. Stop the process tree and quarantine the library.\n3. Search all machines for the library's hash and for the address it came from.\n4. Review what the process did before it was stopped: files, connections, child processes.";
        [Process, Device, User, File, Url], Download, None;

    CREDENTIAL_DUMP = ENDPOINT, "microsoftDefenderForEndpoint", High, "CredentialAccess" ["T1003.001"];
        "Process memory dump of a credential store";
        "A process wrote the memory of the local security authority to a file with a tool that ships with the system. Passwords, hashes and tickets of everybody who is logged on to the machine can be read from such a file.";
        "1. Isolate the machine.\n2. Reset the passwords of all accounts that were logged on, service accounts included.\n3. Find out whether the dump left the machine.\n4. Turn on protection of the local security authority.";
        [Process, Device, User, File], Dump, None;

    RUN_KEY = ENDPOINT, "microsoftDefenderForEndpoint", Medium, "Persistence" ["T1547.001"];
        "Anomaly detected in ASEP registry";
        "A process registered a program to start with every logon. The value points to a library that was downloaded minutes before.";
        "1. Remove the value and the file it names.\n2. Look for scheduled tasks and services with the same name.\n3. Check whether other machines have the value.";
        [RegistryValue, Process, Device, RegistryKey, File], Persist, None;

    REMOTE_SERVICE = ENDPOINT, "microsoftDefenderForEndpoint", High, "LateralMovement" ["T1021.002", "T1569.002"];
        "Suspicious service creation from a remote machine";
        "A service was created over an administrative share and started an unsigned program from a temporary folder, which opened a named pipe and ran discovery commands. The account that created it logged on from a workstation.";
        "1. Stop and delete the service, keep its program for analysis.\n2. Isolate the server if its role allows it, otherwise restrict its network.\n3. Follow the account to further machines.";
        [Process, Device, User, File, NetworkConnection], Remote, None;

    BEACON = ENDPOINT, "microsoftDefenderForEndpoint", High, "CommandAndControl" ["T1071.001", "T1573"];
        "Connection to a command and control address";
        "A process keeps a regular encrypted connection to an address that is known to control implants. The interval between two connections varies by a fifth, which is typical for a configured jitter.";
        "1. Block the address and the domain.\n2. Isolate the machine and identify the process that connects.\n3. Search for other machines that resolved the domain.";
        [NetworkConnection, Ip, Process, Dns, Device, Url], Download, None;

    ARCHIVE_STAGED = ENDPOINT, "customDetection", Medium, "Collection" ["T1560.001", "T1074.001", "T1039"];
        "Data collected and staged in an archive";
        "A packer collected documents of a file share into volumes of equal size in a folder outside the users' profiles. The packer was brought along and is not part of the standard installation.";
        "1. Secure the archive: it shows what was taken.\n2. Inform the owner of the share.\n3. Block uploads from the machine.";
        [Process, File, Device, User], Stage, None;

    MALWARE_BLOCKED = ENDPOINT, "antivirus", Informational, "UnwantedSoftware" ["T1204.002"];
        "'Bundlore' unwanted software was prevented";
        "The antivirus stopped an installer that brings advertising programs along. It was fetched with a browser and did not run.";
        "1. Nothing urgent: the file did not run.\n2. Offer the user the packaged version of the program.";
        [File, Device, Malware, User], Usual, Some("Bundlore");

    MALWARE_ACTIVE = ENDPOINT, "antivirus", Medium, "Malware" ["T1204.002", "T1027"];
        "'LedgerLoad' malware was detected during execution";
        "Malware ran for a short time before it was stopped. Loaders of this family fetch further programs on demand and are sold to other groups.";
        "1. Collect an investigation package before cleaning.\n2. Check connections and files made while it ran.\n3. Run a full scan.";
        [Malware, Process, Device, FileHash, File], Download, Some("LedgerLoad");

    RANSOMWARE = ENDPOINT, "microsoftDefenderForEndpoint", High, "Impact" ["T1490", "T1486"];
        "Possible ransomware activity based on shadow copy deletion";
        "A process deleted the volume's shadow copies and started to rewrite many files with high entropy. Both together are nearly always the last step of an extortion.";
        "1. Isolate the machine at once.\n2. Disable the account in use.\n3. Check that backups are out of reach and intact.";
        [Process, Device, User, File, FileHash], Encrypt, Some("PaleLocker");

    SCHEDULED_TASK = ENDPOINT, "microsoftDefenderForEndpoint", Low, "Persistence" ["T1053.005"];
        "Suspicious scheduled task";
        "A task was created that runs an interpreter with highest rights at every logon.";
        "1. Compare with the software that was rolled out today.\n2. Remove the task if nobody knows it.";
        [Process, Device, RegistryKey, User], Persist, None;

    COIN_MINER = ENDPOINT, "microsoftDefenderForEndpoint", Medium, "Impact" ["T1496", "T1059.004"];
        "Digital currency mining on a Linux server";
        "A program in a hidden folder uses all processors and speaks a mining protocol to a pool. It was started by a script that came through a web application.";
        "1. Stop the program and remove its cron entry.\n2. Patch the application it came through.\n3. Rotate the keys stored on the server.";
        [Process, Device, Url, File, NetworkConnection], Shell, Some("Kthreadx");

    SMART_SCREEN = ENDPOINT, "smartScreen", Informational, "InitialAccess" ["T1204.001"];
        "User bypassed a SmartScreen warning";
        "A user went on to a page or a download that the browser had warned about.";
        "1. Check what was downloaded.\n2. Consider to forbid the bypass by policy.";
        [Url, Device, User], Usual, None;

    ATTACK_DISRUPTED = XDR, "microsoft365Defender", High, "SuspiciousActivity" ["T1078", "T1021", "T1569.002"];
        "Hands-on-keyboard attack was launched from a compromised account (attack disruption)";
        "Signals of mail, identity and machines together show a person at work in the network with a stolen account. The account was disabled and its machines were contained automatically while the investigation goes on.";
        "1. Keep the containment until the entry is closed.\n2. Work through the alerts of this incident in the order of time.\n3. Release user and machines one by one after a reset.";
        [User, Device, Ip, Process], Remote, None;
}
