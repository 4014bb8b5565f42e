//! Which detections appear together.

use super::cloud::{
    AMAZON_KEYS, CLUSTER_PRIVILEGED, CLUSTER_SECRETS, GOOGLE_FIREWALL, MANAGEMENT_OPERATION, PLANT_PROGRAMMING,
    STORAGE_MALWARE, STORAGE_TOKEN,
};
use super::data::{
    AI_JAILBREAK, APP_POLICY, CLOUD_UPLOAD, DLP_MATCH, INSIDER_LEAVER, INTELLIGENCE_MATCH, MASS_DOWNLOAD,
    OAUTH_CONSENT, PARTNER_FINDING, REPOSITORY, SCHEDULED_RULE,
};
use super::endpoint::{
    ARCHIVE_STAGED, ATTACK_DISRUPTED, BEACON, COIN_MINER, CREDENTIAL_DUMP, MALWARE_ACTIVE, MALWARE_BLOCKED, RANSOMWARE,
    REMOTE_SERVICE, RUN_KEY, SCHEDULED_TASK, SCRIPT_DOWNLOAD, SMART_SCREEN,
};
use super::identity::{
    ANOMALOUS_TOKEN, DIRECTORY_SYNC, IMPOSSIBLE_TRAVEL, INBOX_RULE, PASS_THE_TICKET, PASSWORD_SPRAY, RECONNAISSANCE,
    UNFAMILIAR_SIGN_IN,
};
use super::mail::{PHISH_ATTACHMENT, PHISH_DELIVERED, TEAMS_LURE, URL_CLICK, USER_REPORTED};
use super::{Template, Theme};

const fn theme(name: &'static str, templates: &'static [&'static Template], tags: &'static [&'static str]) -> Theme {
    Theme { name, templates, tags }
}

/// The attack story: the intrusion itself, the phishing wave that is merged into it, and what became of the data.
pub(crate) static STORY_THEMES: [Theme; 3] = [
    theme(
        "Multi-stage incident involving Initial access & Lateral movement & Exfiltration on multiple endpoints reported by multiple sources",
        &[
            &PHISH_DELIVERED,
            &URL_CLICK,
            &UNFAMILIAR_SIGN_IN,
            &INBOX_RULE,
            &SCRIPT_DOWNLOAD,
            &RUN_KEY,
            &BEACON,
            &CREDENTIAL_DUMP,
            &PASS_THE_TICKET,
            &REMOTE_SERVICE,
            &ARCHIVE_STAGED,
            &CLOUD_UPLOAD,
        ],
        &["Operation Ledger", "board data"],
    ),
    theme("Phishing wave against the finance department", &[&PHISH_ATTACHMENT, &USER_REPORTED], &["Operation Ledger"]),
    theme(
        "Exfiltration of board documents to a personal cloud storage",
        &[&DLP_MATCH, &CLOUD_UPLOAD, &ATTACK_DISRUPTED],
        &["Operation Ledger", "board data"],
    ),
];

/// Background noise. Incidents go through the list in turn, so that each theme's weight is how often it stands here.
pub(crate) static THEMES: [Theme; 40] = [
    theme("Email reported by user as malware or phish involving one user", &[&USER_REPORTED], &[]),
    theme("Unwanted software was prevented on one endpoint", &[&MALWARE_BLOCKED], &[]),
    theme("Unfamiliar sign-in properties involving one user", &[&UNFAMILIAR_SIGN_IN, &ANOMALOUS_TOKEN], &[]),
    theme("Malicious files in mail involving multiple users", &[&PHISH_ATTACHMENT, &MALWARE_ACTIVE], &[]),
    theme("Privileged container in a cluster", &[&CLUSTER_PRIVILEGED, &CLUSTER_SECRETS], &["cloud"]),
    theme("User bypassed a warning on one endpoint", &[&SMART_SCREEN, &MALWARE_BLOCKED], &[]),
    theme("Impossible travel activity involving one user", &[&IMPOSSIBLE_TRAVEL, &MASS_DOWNLOAD], &[]),
    theme("Malicious URL removed after delivery involving multiple users", &[&PHISH_DELIVERED, &URL_CLICK], &[]),
    theme("Unusual token use on a storage account", &[&STORAGE_TOKEN, &STORAGE_MALWARE], &["cloud"]),
    theme("Suspicious scheduled task on one endpoint", &[&SCHEDULED_TASK, &RUN_KEY], &[]),
    theme("Unused app with high privilege", &[&APP_POLICY], &[]),
    theme("Rare domain from the server network", &[&SCHEDULED_RULE], &[]),
    theme("Malware active on one endpoint", &[&MALWARE_ACTIVE, &BEACON, &RUN_KEY], &["reimage"]),
    theme("Board documents sent outside", &[&DLP_MATCH, &MASS_DOWNLOAD], &["board data"]),
    theme("Kubernetes secrets read by a foreign account", &[&CLUSTER_SECRETS, &CLUSTER_PRIVILEGED], &["cloud"]),
    theme("Mailbox delegation reported by a partner product", &[&PARTNER_FINDING], &[]),
    theme("Credential access through password spray", &[&PASSWORD_SPRAY, &UNFAMILIAR_SIGN_IN, &INBOX_RULE], &[]),
    theme("Unwanted software was prevented on multiple endpoints", &[&MALWARE_BLOCKED, &SMART_SCREEN], &[]),
    theme("Suspicious app consent involving multiple users", &[&OAUTH_CONSENT, &ANOMALOUS_TOKEN], &[]),
    theme("Reconnaissance in the directory", &[&RECONNAISSANCE, &DIRECTORY_SYNC, &PASS_THE_TICKET], &["crown jewels"]),
    theme("Email reported by user as malware or phish", &[&USER_REPORTED, &PHISH_DELIVERED], &[]),
    theme("Traffic to a known address", &[&INTELLIGENCE_MATCH, &BEACON], &[]),
    theme("Access key used from an anonymising network", &[&AMAZON_KEYS], &["cloud"]),
    theme("Departing user copies data", &[&INSIDER_LEAVER, &MASS_DOWNLOAD], &["hr"]),
    theme("Instance opened to the internet", &[&GOOGLE_FIREWALL], &["cloud"]),
    theme("Chat messages from a false help desk", &[&TEAMS_LURE, &SCRIPT_DOWNLOAD], &[]),
    theme("Coin mining on a server", &[&COIN_MINER, &SCHEDULED_RULE], &[]),
    theme("Impossible travel activity", &[&IMPOSSIBLE_TRAVEL], &["travel"]),
    theme("Repository made public", &[&REPOSITORY], &["source code"]),
    theme("Program change on a controller of the plant", &[&PLANT_PROGRAMMING], &["plant"]),
    theme("Ransomware activity stopped on one endpoint", &[&RANSOMWARE, &REMOTE_SERVICE, &CREDENTIAL_DUMP], &["major"]),
    theme("Email reported by user", &[&USER_REPORTED], &[]),
    theme("High-risk operation on a virtual machine", &[&MANAGEMENT_OPERATION], &["cloud"]),
    theme("Jailbreak attempt on an AI agent", &[&AI_JAILBREAK], &["ai"]),
    theme("Suspicious script on one endpoint", &[&SCRIPT_DOWNLOAD, &SCHEDULED_TASK], &[]),
    theme("Malware in a storage account", &[&STORAGE_MALWARE, &STORAGE_TOKEN], &["cloud"]),
    theme("Mass download by a single user", &[&MASS_DOWNLOAD], &[]),
    theme("Threat intelligence match on multiple endpoints", &[&INTELLIGENCE_MATCH], &[]),
    theme("Archive staged on one endpoint", &[&ARCHIVE_STAGED, &DLP_MATCH], &[]),
    theme("Unwanted software on one endpoint", &[&MALWARE_BLOCKED], &[]),
];
