//! The rules.

use dashboards::fields::{alert, ecs, incident};

use super::{Kind, Rule};

/// Fields that name an incident or alert in all tenants.
const INCIDENT: &[&str] = &["event.id", "m365_defender.incident.tenant_id"];
const ALERT: &[&str] = &["event.id", "m365_defender.alert.tenant_id"];

/// All rules.
pub fn all() -> Vec<Rule> {
    vec![incidents(), alerts(), mail_in_inbox(), left_active(), unprotected_device(), account_in_alerts()]
}

fn incidents() -> Rule {
    Rule {
        id: "6a1f4f5e-52b7-4c0b-9f0d-3f8a3f3a7c11",
        name: "Microsoft Defender XDR incident",
        description: "Raises an alert for each incident of Microsoft Defender XDR that is not closed, once, whatever happens to \
            it later.",
        dataset: "incident",
        query: ecs::EVENT_KIND.is("alert") & !incident::STATUS.any_of(&["resolved", "redirected"]),
        severity: ("medium", 47),
        name_from: Some("m365_defender.incident.display_name"),
        kind: Kind::Grouped(INCIDENT),
        threat: None,
        note: "## Triage\n\n1. Open the incident in the Defender portal by `event.url`, or on the dashboard *Incident \
            investigation* by its id.\n2. Look at the alerts, accounts and devices that it joins.\n3. Close the alert when the \
            incident is closed in Defender; the incident is worked on there.",
        false_positives: &["Incidents that Defender closes by itself soon after it opened them."],
    }
}

fn alerts() -> Rule {
    let closed = alert::STATUS.is("resolved") | alert::CLASSIFICATION.is("falsePositive");
    Rule {
        id: "0d3b7d58-4c52-4d0a-8a0e-6b7b3a0c9d22",
        name: "Microsoft Defender XDR alert",
        description: "Raises an alert for each alert of Microsoft Defender XDR that is not resolved, once, whatever happens to \
            it later. Use it instead of the rule for incidents, or for products whose alerts are worked on one by one.",
        dataset: "alert",
        query: ecs::EVENT_KIND.is("alert") & !closed,
        severity: ("medium", 47),
        name_from: Some("m365_defender.alert.title"),
        kind: Kind::Grouped(ALERT),
        threat: None,
        note: "## Triage\n\n1. Read `message` and the recommended actions.\n2. Open the alert in the Defender portal by \
            `event.url`.\n3. See the other alerts of its incident on the dashboard *Incident investigation*.",
        false_positives: &["Tests of the security team, which Defender raises alerts for."],
    }
}

fn mail_in_inbox() -> Rule {
    let delivered = alert::EVIDENCE_DELIVERY_ACTION.any_of(&["Delivered", "delivered"])
        & alert::EVIDENCE_DELIVERY_LOCATION.any_of(&["Inbox", "inbox"]);
    Rule {
        id: "b4c9a8f7-0f5c-4a53-9b1c-1c6c5c1d2e33",
        name: "Malicious email lies in an inbox",
        description: "A message that Microsoft Defender for Office 365 holds for malicious or suspicious was delivered, and lies in \
            an inbox.",
        dataset: "evidence",
        query: delivered & alert::EVIDENCE_VERDICT.any_of(&["malicious", "suspicious"]),
        severity: ("high", 73),
        name_from: None,
        kind: Kind::Grouped(&["email.local_id", "email.to.address", "m365_defender.alert.tenant_id"]),
        threat: Some([("TA0001", "Initial Access"), ("T1566", "Phishing")]),
        note: "## Triage\n\n1. Look for the message on the dashboard *Email*: who else got it, and what became of it.\n2. Remove it \
            from the mailboxes with Defender's Explorer.\n3. Ask the recipients whether they opened its links or files.",
        false_positives: &["Newsletters that users reported as unwanted."],
    }
}

fn left_active() -> Rule {
    Rule {
        id: "d7e21c40-9a6b-4b8e-8e57-9f2f0b7a4f44",
        name: "Malicious evidence is not remediated",
        description: "Something that Microsoft Defender XDR holds for malicious was found active, and was not removed by itself.",
        dataset: "evidence",
        query: alert::EVIDENCE_VERDICT.is("malicious")
            & alert::EVIDENCE_REMEDIATION_STATUS.any_of(&[
                "active",
                "notRemediated",
                "unremediated",
                "pendingApproval",
            ])
            & !alert::STATUS.is("resolved"),
        severity: ("high", 73),
        name_from: Some("m365_defender.alert.title"),
        kind: Kind::Grouped(ALERT),
        threat: None,
        note: "## Triage\n\n1. See what it is by `m365_defender.alert.evidence.*`.\n2. Approve the action that waits in Defender's \
            action centre, or take it by hand.\n3. When it is gone, the next version of the evidence says so.",
        false_positives: &["Evidence that automated investigation removes within minutes."],
    }
}

fn unprotected_device() -> Rule {
    Rule {
        id: "f2a5d3b9-7c18-4e6f-a2d4-5d9e8c6b1a55",
        name: "Device at high risk without working antivirus",
        description: "A device that alerts name is at high risk, and its Defender Antivirus is off, old or silent.",
        dataset: "evidence",
        query: ecs::HOST_RISK_STATIC_LEVEL.is("high")
            & alert::EVIDENCE_DEFENDER_AV_STATUS.any_of(&["disabled", "notUpdated", "notReporting"]),
        severity: ("high", 73),
        name_from: None,
        kind: Kind::Grouped(&["host.id", "m365_defender.alert.tenant_id"]),
        threat: Some([("TA0005", "Defense Evasion"), ("T1562", "Impair Defenses")]),
        note: "## Triage\n\n1. See the device on the dashboard *Devices*: who was logged on, and which alerts name it.\n2. Find out \
            whether the antivirus was switched off on purpose.\n3. Isolate the device if it was not.",
        false_positives: &["Devices with another vendor's antivirus."],
    }
}

fn account_in_alerts() -> Rule {
    Rule {
        id: "9c0e6d7a-1b3f-4f2d-b5a8-7e4d2c8f6b66",
        name: "One account in several alerts",
        description: "Three or more alerts of Microsoft Defender XDR name one account within a day.",
        dataset: "evidence",
        query: ecs::USER_ID.exists(),
        severity: ("high", 73),
        name_from: None,
        kind: Kind::Threshold(&["user.id", "m365_defender.alert.tenant_id"], "event.id", 3),
        threat: Some([("TA0001", "Initial Access"), ("T1078", "Valid Accounts")]),
        note: "## Triage\n\n1. See the account on the dashboard *Users and mailboxes*.\n2. Read its alerts in the order of time: \
            what came first, and from where.\n3. Revoke its sessions and reset its password if the first one is true.",
        false_positives: &["Accounts of administrators and scanners whose work raises alerts."],
    }
}
