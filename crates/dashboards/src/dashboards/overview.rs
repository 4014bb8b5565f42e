//! Overview: how the tenants stand now, and what changed.

use super::common::{alerts, distinct_alerts, distinct_incidents, incidents, open_alert, open_incident, tenant};
use crate::color::{Color, Scale};
use crate::dashboard::{Dashboard, cell, dashboard};
use crate::fields::{alert, ecs, incident, shared};
use crate::panel::{Panel, bars, columns, donut, panel, table, tile};
use crate::{Entity, Source, by_severity, count, filters, last, max, min, newest, over_time, top};

const NOW: Source = Source::Latest(Entity::Incident);
const ALERTS_NOW: Source = Source::Latest(Entity::Alert);

pub(super) fn overview() -> Dashboard {
    dashboard(
        "overview",
        "Overview",
        "How Microsoft 365 stands now: open incidents by severity, age and owner, what changed, and who is at risk.",
    )
    .since("now-24h")
    .control(tenant())
    .row(
        7,
        vec![
            cell(18, by_severity_now()),
            cell(10, unassigned()),
            cell(10, oldest()),
            cell(10, created_against_before()),
        ],
    )
    .row(14, vec![cell(24, created_over_time()), cell(14, age()), cell(10, status())])
    .row(16, vec![cell(34, newest_incidents()), cell(14, changes())])
    .row(15, vec![cell(16, users()), cell(16, devices()), cell(16, mailboxes())])
    .row(14, vec![cell(30, products()), cell(18, tactics())])
}

fn by_severity_now() -> Panel {
    panel(
        "How many incidents are open now?",
        NOW,
        tile(incidents()).per(by_severity(incident::SEVERITY), 4).color(Color::Accent),
    )
    .only(open_incident())
    .note("Each incident once, in its newest version, whatever the time range is.")
    .opens("incident-operations")
}

fn unassigned() -> Panel {
    let bands = [(0.0, Color::Success), (1.0, Color::Warning), (20.0, Color::Danger)];
    panel("How many has nobody taken?", NOW, tile(count("Unassigned")).bands(&bands))
        .only(open_incident() & !incident::ASSIGNED_TO.exists())
}

fn oldest() -> Panel {
    panel("Since when is the oldest open?", NOW, tile(min("Created", ecs::EVENT_CREATED))).only(open_incident())
}

fn created_against_before() -> Panel {
    let before = distinct_incidents("In the period before").shifted("previous");
    let trend = over_time("Time", ecs::TIMESTAMP);
    panel(
        "How many incidents changed, against the period before?",
        Source::Incident,
        tile(distinct_incidents("Incidents")).beside(before).trend(trend),
    )
}

fn created_over_time() -> Panel {
    let day = over_time("Created", ecs::EVENT_CREATED);
    panel(
        "When were incidents created, and how severe are they?",
        Source::Incident,
        columns(day, distinct_incidents("Incidents")).split(by_severity(incident::SEVERITY)),
    )
    .opens("incident-operations")
}

fn age() -> Panel {
    let created = ecs::EVENT_CREATED;
    let ages = filters(
        "Age",
        vec![
            ("Up to 4 hours", created.since("now-4h")),
            ("4 to 12 hours", created.before("now-4h") & created.since("now-12h")),
            ("12 to 24 hours", created.before("now-12h") & created.since("now-1d")),
            ("1 to 3 days", created.before("now-1d") & created.since("now-3d")),
            ("Older", created.before("now-3d")),
        ],
    );
    panel(
        "How long have open incidents been open?",
        NOW,
        columns(ages, incidents()).split(by_severity(incident::SEVERITY)),
    )
    .only(open_incident())
}

fn status() -> Panel {
    panel(
        "In which state are incidents?",
        NOW,
        donut(top("Status", incident::STATUS, 6).colored(Scale::Status), incidents()),
    )
}

fn newest_incidents() -> Panel {
    let rows = newest("Incident", shared::INCIDENT_ID, 10).ordered_by(max("Order", ecs::EVENT_CREATED));
    panel(
        "What are the newest open incidents?",
        NOW,
        table(rows)
            .column(last("Name", incident::DISPLAY_NAME))
            .width(380)
            .colored(last("Severity", incident::SEVERITY), Scale::Severity)
            .column(last("Status", incident::STATUS))
            .column(last("Owner", incident::ASSIGNED_TO))
            .column(max("Alerts", incident::ROLLUP_ALERT_COUNT))
            .column(max("Created", ecs::EVENT_CREATED))
            .sorted()
            .column(last("Portal", ecs::EVENT_URL)),
    )
    .only(open_incident())
    .opens("incident-investigation")
}

fn changes() -> Panel {
    let status = incident::STATUS;
    let changes = filters(
        "What happened",
        vec![
            ("Active", status.is("active")),
            ("In work", status.is("inProgress")),
            ("Waiting for action", status.is("awaitingAction")),
            ("Resolved", status.is("resolved")),
            ("Merged into another", status.is("redirected")),
        ],
    );
    panel(
        "What changed since yesterday?",
        Source::Incident,
        table(changes)
            .column(distinct_incidents("Last 24 hours").within("1d"))
            .column(distinct_incidents("The day before").within("1d").shifted("1d")),
    )
    .note("Incidents that changed within the day, by the state that they were brought into.")
}

fn users() -> Panel {
    panel("Which users have the most open alerts?", ALERTS_NOW, bars(top("User", ecs::USER_NAME, 10), alerts()))
        .only(open_alert())
        .opens("users-and-mailboxes")
}

fn devices() -> Panel {
    let device = alert::EVIDENCE_DEVICE_DNS_NAME;
    panel(
        "Which devices do most alerts name?",
        Source::Evidence,
        bars(top("Device", device, 10), distinct_alerts("Alerts")),
    )
    .only(device.exists())
    .opens("devices")
}

fn mailboxes() -> Panel {
    let address = alert::EVIDENCE_PRIMARY_ADDRESS;
    panel(
        "Which mailboxes do most alerts name?",
        Source::Evidence,
        bars(top("Mailbox", address, 10), distinct_alerts("Alerts")),
    )
    .only(address.exists())
    .opens("users-and-mailboxes")
}

fn products() -> Panel {
    let time = over_time("Time", ecs::TIMESTAMP);
    panel(
        "Which products raise alerts?",
        Source::Alert,
        columns(time, distinct_alerts("Alerts")).split(top("Product", ecs::OBSERVER_PRODUCT, 8).with_other()),
    )
    .opens("alerts")
    .opens("email")
    .opens("cloud-and-applications")
}

fn tactics() -> Panel {
    panel("Which tactics are at work?", ALERTS_NOW, bars(top("Tactic", ecs::THREAT_TACTIC_NAME, 14), alerts()))
        .only(open_alert())
        .opens("attack")
}
