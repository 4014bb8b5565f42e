//! Devices: which ones alerts name, and what state they are in.

use super::common::tenant;
use super::evidence::{INVESTIGATION, alerts, is, is_bad, kind, warn};
use crate::color::Scale;
use crate::fields::{alert, ecs};
use crate::panel::{Panel, Tile, area, bars, donut, panel, table, tile};
use crate::{
    Cell, Dashboard, Entity, Source, by_severity, cell, choose, count, dashboard, last, max, newest, over_time, stack,
    top, unique,
};

const NOW: Source = Source::Latest(Entity::Device);

pub(super) fn devices() -> Dashboard {
    dashboard("devices", "Devices", "Devices that alerts name: risk, protection, who was logged on, and what hit them.")
        .since("now-30d")
        .control(tenant())
        .control(choose("Risk", NOW, ecs::HOST_RISK_STATIC_LEVEL))
        .control(choose("Platform", NOW, alert::EVIDENCE_OS_PLATFORM))
        .control(choose("Device", NOW, ecs::HOST_NAME))
        .row(6, tiles())
        .row(12, state())
        .row(12, history())
        .row(15, tables())
        .row(12, others())
}

fn tiles() -> Vec<Cell> {
    let of = |title, tile: Tile| cell(8, panel(title, NOW, tile));
    let unprotected = alert::EVIDENCE_DEFENDER_AV_STATUS.any_of(&["disabled", "notUpdated", "notReporting"]);
    let silent = alert::EVIDENCE_HEALTH_STATUS.exists() & !alert::EVIDENCE_HEALTH_STATUS.is("active");
    let unmanaged = alert::EVIDENCE_ONBOARDING_STATUS.any_of(&["canBeOnboarded", "insufficientInfo", "unsupported"]);
    vec![
        of("How many devices do alerts name?", tile(count("Devices"))),
        of("How many are at high risk?", warn(count("High risk").only(ecs::HOST_RISK_STATIC_LEVEL.is("high")))),
        of("How many are held for bad?", warn(count("Malicious or suspicious").only(is_bad(alert::EVIDENCE_VERDICT)))),
        of("How many lack protection?", warn(count("Antivirus off or old").only(unprotected))),
        of("How many sensors are silent?", warn(count("Not active").only(silent))),
        of("How many are not onboarded?", warn(count("Not onboarded").only(unmanaged))),
    ]
}

fn state() -> Vec<Cell> {
    let part = |title, field| cell(12, panel(title, NOW, donut(top("State", field, 8), count("Devices"))));
    let risk = top("Risk", ecs::HOST_RISK_STATIC_LEVEL, 8).colored(Scale::Severity);
    vec![
        cell(12, panel("How is risk spread?", NOW, donut(risk, count("Devices")))),
        part("Is the antivirus up to date?", alert::EVIDENCE_DEFENDER_AV_STATUS),
        part("Do the sensors report?", alert::EVIDENCE_HEALTH_STATUS),
        cell(
            12,
            panel(
                "Which systems run on them?",
                NOW,
                bars(top("Platform", alert::EVIDENCE_OS_PLATFORM, 10), count("Devices")),
            ),
        ),
    ]
}

fn history() -> Vec<Cell> {
    let named = ecs::HOST_NAME.exists();
    vec![
        cell(
            24,
            panel(
                "When were devices named, and how severe was it?",
                Source::Evidence,
                area(over_time("Time", ecs::TIMESTAMP), unique("Devices", ecs::HOST_ID))
                    .split(by_severity(alert::SEVERITY)),
            )
            .only(named.clone()),
        ),
        cell(
            24,
            panel(
                "Which devices have most alerts?",
                Source::Evidence,
                bars(top("Device", ecs::HOST_NAME, 10), alerts()),
            )
            .only(named)
            .opens(INVESTIGATION),
        ),
    ]
}

fn tables() -> Vec<Cell> {
    let rows = newest("Device", ecs::HOST_NAME, 50);
    let devices = table(rows)
        .colored(last("Risk", ecs::HOST_RISK_STATIC_LEVEL), Scale::Severity)
        .colored(last("Verdict", alert::EVIDENCE_VERDICT), Scale::Verdict)
        .colored(last("Remediation", alert::EVIDENCE_REMEDIATION_STATUS), Scale::Remediation)
        .column(last("Antivirus", alert::EVIDENCE_DEFENDER_AV_STATUS))
        .column(last("Sensor", alert::EVIDENCE_HEALTH_STATUS))
        .column(last("Group", alert::EVIDENCE_RBAC_GROUP_NAME))
        .column(last("Address", alert::EVIDENCE_LAST_IP_ADDRESS))
        .column(max("Last alert", ecs::TIMESTAMP))
        .sorted();
    let logged_on =
        bars(top("Account", alert::EVIDENCE_LOGGED_ON_USERS_ACCOUNT_NAME, 15), unique("Devices", ecs::HOST_ID));
    let investigated = |panel: Panel| panel.opens(INVESTIGATION);
    vec![
        cell(36, investigated(panel("What state is each device in?", NOW, devices))),
        cell(12, panel("Who was logged on?", Source::Evidence, logged_on).only(is(kind::DEVICE))),
    ]
}

fn others() -> Vec<Cell> {
    let things = table(newest("Device", alert::EVIDENCE_DEVICE_NAME, 25))
        .column(last("Type", alert::EVIDENCE_DEVICE_TYPE))
        .column(last("Manufacturer", alert::EVIDENCE_MANUFACTURER))
        .column(last("Importance", alert::EVIDENCE_IMPORTANCE))
        .column(max("Last alert", ecs::TIMESTAMP))
        .sorted();
    let by = |title, label: &str, field| {
        panel(title, Source::Evidence, bars(top(label, field, 8), unique("Devices", ecs::HOST_ID)))
            .only(is(kind::DEVICE))
    };
    vec![
        cell(24, panel("Which OT and IoT devices are named?", Source::Evidence, things).only(is(kind::IOT_DEVICE))),
        cell(12, by("Which part do devices play?", "Role", alert::EVIDENCE_ROLES)),
        stack(12, vec![(12, by("Which device groups are hit?", "Group", alert::EVIDENCE_RBAC_GROUP_NAME))]),
    ]
}
