//! Incident investigation: everything about one incident, which a control chooses.

use super::common::{self, alerts, distinct_alerts, tenant};
use crate::color::{Color, Scale};
use crate::dashboard::{Dashboard, cell, dashboard};
use crate::fields::{alert, ecs, incident, shared};
use crate::panel::{Panel, bars, columns, donut, panel, search, table, tile, treemap};
use crate::{
    Entity, Source, choose_one, count, filters, last, last_list, max, min, newest, over_time_by, saved, sum, top,
};

const NOW: Source = Source::Latest(Entity::Incident);
const ALERTS_NOW: Source = Source::Latest(Entity::Alert);

pub(super) fn incident_investigation() -> Dashboard {
    dashboard(
        "incident-investigation",
        "Incident investigation",
        "One incident: its facts, the course of its alerts and evidence, who and what is concerned, and what was done.",
    )
    .control(tenant())
    .control(choose_one("Incident", Source::Incident, shared::INCIDENT_ID))
    .row(9, vec![cell(48, facts())])
    .row(
        6,
        vec![
            cell(12, alert_count()),
            cell(12, evidence_count()),
            cell(12, first_activity()),
            cell(12, last_activity()),
        ],
    )
    .row(14, vec![cell(28, course()), cell(20, evidence_course())])
    .row(15, vec![cell(30, alert_list()), cell(18, techniques())])
    .row(15, vec![cell(16, users()), cell(16, devices()), cell(16, addresses())])
    .row(15, vec![cell(16, kinds()), cell(16, verdicts()), cell(16, remediation())])
    .row(15, vec![cell(24, files()), cell(24, versions())])
    .row(15, vec![cell(24, evidence_items()), cell(24, comments())])
}

fn facts() -> Panel {
    panel(
        "What is known about the incident?",
        NOW,
        table(newest("Incident", shared::INCIDENT_ID, 10))
            .column(last("Name", incident::DISPLAY_NAME))
            .width(300)
            .colored(last("Severity", incident::SEVERITY), Scale::Severity)
            .colored(last("Status", incident::STATUS), Scale::Status)
            .column(last("Owner", incident::ASSIGNED_TO))
            .column(last("Classification", incident::CLASSIFICATION))
            .column(last("Determination", incident::DETERMINATION))
            .column(last_list("Labels", incident::TAGS))
            .column(max("Created", ecs::EVENT_CREATED))
            .column(max("Changed", ecs::TIMESTAMP))
            .sorted()
            .column(last("Portal", ecs::EVENT_URL)),
    )
    .note("Choose one incident above; until then the incidents that changed last are listed.")
    .opens("legacy-log")
}

fn alert_count() -> Panel {
    panel("How many alerts does it have?", NOW, tile(sum("Alerts", incident::ROLLUP_ALERT_COUNT)).color(Color::Accent))
}

fn evidence_count() -> Panel {
    panel("How much evidence is there?", NOW, tile(sum("Items", incident::ROLLUP_EVIDENCE_COUNT)).color(Color::Accent))
}

fn first_activity() -> Panel {
    panel("When did it begin?", NOW, tile(min("First activity", ecs::EVENT_START)))
}

fn last_activity() -> Panel {
    panel("When was the last activity?", NOW, tile(max("Last activity", ecs::EVENT_END)))
}

fn course() -> Panel {
    let time = over_time_by("Time", ecs::EVENT_START, "1h");
    panel(
        "How did the attack unfold?",
        Source::Alert,
        columns(time, distinct_alerts("Alerts")).split(top("Tactic", ecs::THREAT_TACTIC_NAME, 10)),
    )
    .note("Alerts by the time of their first activity.")
}

fn evidence_course() -> Panel {
    let time = over_time_by("Time", alert::EVIDENCE_CREATED_DATETIME, "1h");
    panel(
        "When was evidence found?",
        Source::Evidence,
        columns(time, count("Items")).split(top("Verdict", alert::EVIDENCE_VERDICT, 5).colored(Scale::Verdict)),
    )
}

fn alert_list() -> Panel {
    panel(
        "Which alerts belong to it?",
        ALERTS_NOW,
        table(newest("Alert", alert::ID, 20).ordered_by(min("Order", ecs::EVENT_START)).ascending())
            .column(last("Title", alert::TITLE))
            .width(280)
            .colored(last("Severity", alert::SEVERITY), Scale::Severity)
            .column(last("Status", alert::STATUS))
            .column(last("Product", ecs::OBSERVER_PRODUCT))
            .column(min("First activity", ecs::EVENT_START))
            .column(last("Portal", ecs::EVENT_URL)),
    )
}

fn techniques() -> Panel {
    panel(
        "Which techniques were used?",
        ALERTS_NOW,
        treemap(top("Tactic", ecs::THREAT_TACTIC_NAME, 10), alerts()).then(top(
            "Technique",
            ecs::THREAT_TECHNIQUE_ID,
            8,
        )),
    )
    .opens("attack")
}

fn users() -> Panel {
    panel("Who is concerned?", ALERTS_NOW, bars(top("User", ecs::USER_NAME, 10), alerts())).opens("users-and-mailboxes")
}

fn devices() -> Panel {
    let device = alert::EVIDENCE_DEVICE_DNS_NAME;
    panel("Which devices are concerned?", Source::Evidence, bars(top("Device", device, 10), distinct_alerts("Alerts")))
        .only(device.exists())
        .opens("devices")
}

fn addresses() -> Panel {
    panel("Which addresses are named?", ALERTS_NOW, bars(top("Address", ecs::RELATED_IP, 10), alerts()))
        .opens("network")
}

fn kinds() -> Panel {
    let kind = |label, names: &[&str]| (label, common::is_evidence(names));
    let kinds = filters(
        "Kind",
        vec![
            kind("Accounts", &["user", "securityGroup"]),
            kind(
                "Mailboxes and mails",
                &["mailbox", "mailboxConfiguration", "analyzedMessage", "mailCluster", "submissionMail"],
            ),
            kind("Devices", &["device", "ioTDevice"]),
            kind("Processes and files", &["process", "file", "fileHash", "malware"]),
            kind("Registry", &["registryKey", "registryValue"]),
            kind("Addresses, domains, links", &["ip", "dns", "url", "networkConnection"]),
            kind("Applications and sessions", &["cloudApplication", "oauthApplication", "cloudLogonSession"]),
            kind(
                "Cloud resources",
                &["azureResource", "amazonResource", "googleCloudResource", "blob", "blobContainer"],
            ),
            kind(
                "Containers and clusters",
                &["container", "containerImage", "kubernetesCluster", "kubernetesPod", "kubernetesService"],
            ),
        ],
    );
    panel("What kinds of evidence are there?", Source::Evidence, bars(kinds, count("Items")))
}

fn verdicts() -> Panel {
    panel(
        "What is the evidence worth?",
        Source::Evidence,
        donut(top("Verdict", alert::EVIDENCE_VERDICT, 5).colored(Scale::Verdict), count("Items")),
    )
}

fn remediation() -> Panel {
    let states = top("Remediation", alert::EVIDENCE_REMEDIATION_STATUS, 8).colored(Scale::Remediation);
    panel("What was done about it?", Source::Evidence, donut(states, count("Items")))
}

fn files() -> Panel {
    panel(
        "Which files and programs are named?",
        Source::Evidence,
        table(top("File", ecs::FILE_NAME, 12))
            .column(count("Items"))
            .column(last("SHA-256", ecs::FILE_HASH_SHA256))
            .colored(last("Verdict", alert::EVIDENCE_VERDICT), Scale::Verdict),
    )
    .opens("files-and-processes")
}

fn versions() -> Panel {
    let changes =
        saved("incidents", "Incidents", "Versions of incidents of Defender XDR, newest first.", Source::Incident)
            .column(incident::DISPLAY_NAME)
            .column(incident::SEVERITY)
            .column(incident::STATUS)
            .column(incident::ASSIGNED_TO)
            .column(incident::LAST_MODIFIED_BY);
    search("How was it handled, step by step?", changes)
}

fn evidence_items() -> Panel {
    let items = saved("evidence", "Evidence", "Items of evidence of Defender XDR, newest first.", Source::Evidence)
        .column(alert::EVIDENCE_ODATA_TYPE)
        .column(alert::EVIDENCE_VERDICT)
        .column(alert::EVIDENCE_REMEDIATION_STATUS)
        .column(alert::TITLE);
    search("Which items of evidence are there?", items)
}

fn comments() -> Panel {
    let remarks = saved(
        "incident-comments",
        "Comments on incidents",
        "Versions of incidents that somebody wrote a comment on.",
        Source::Incident,
    )
    .only(incident::COMMENTS_CREATED_BY_DISPLAY_NAME.exists())
    .column(incident::COMMENTS_CREATED_BY_DISPLAY_NAME)
    .column(incident::COMMENTS_COMMENT);
    search("What did people write?", remarks)
}
