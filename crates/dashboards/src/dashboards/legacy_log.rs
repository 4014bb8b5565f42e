//! Legacy log: the incidents of the older API, one document per entity of an alert.

use super::common::tenant;
use crate::color::{Color, Scale};
use crate::field::Keyword;
use crate::fields::{ecs, log};
use crate::panel::{Tile, area, bars, donut, heatmap, panel, table, tile, treemap};
use crate::{
    Bucket, Cell, Dashboard, Metric, Source, cell, choose, dashboard, filters, last, max, newest, over_time, top,
    unique,
};

pub(super) fn legacy_log() -> Dashboard {
    dashboard(
        "legacy-log",
        "Legacy log",
        "Incidents of the older Defender API: one document per entity of an alert. The other dashboards do not count them.",
    )
    .since("now-30d")
    .control(tenant())
    .control(choose("Severity", Source::Log, log::SEVERITY))
    .control(choose("Status", Source::Log, log::STATUS))
    .control(choose("Entity", Source::Log, log::ALERTS_ENTITIES_ENTITY_TYPE))
    .row(6, tiles())
    .row(13, over())
    .row(13, what())
    .row(15, tables())
}

fn incidents() -> Metric {
    unique("Incidents", log::INCIDENT_ID)
}

fn alerts() -> Metric {
    unique("Alerts", log::ALERTS_ALERT_ID)
}

/// Groups by severity in the words of the older API.
fn by_severity(severity: Keyword) -> Bucket {
    let words = ["High", "Medium", "Low", "Informational"];
    filters("Severity", words.map(|word| (word, severity.is(word))).to_vec()).colored(Scale::Severity)
}

fn tiles() -> Vec<Cell> {
    let of = |title, tile: Tile| cell(8, panel(title, Source::Log, tile));
    let bad = |number| tile(number).bands(&[(0.0, Color::Success), (1.0, Color::Risk), (10.0, Color::Danger)]);
    let open = log::STATUS.any_of(&["Active", "InProgress"]);
    vec![
        of("How many incidents changed?", tile(incidents())),
        of("How many were open then?", bad(unique("Active or in progress", log::INCIDENT_ID).only(open))),
        of("How many are of high severity?", bad(unique("High", log::INCIDENT_ID).only(log::SEVERITY.is("High")))),
        of("How many were merged?", tile(unique("Redirected", log::INCIDENT_ID).only(log::STATUS.is("Redirected")))),
        of("How many alerts do they hold?", tile(alerts())),
        of("How many accounts are named?", tile(unique("Accounts", ecs::USER_NAME))),
    ]
}

fn over() -> Vec<Cell> {
    let owners = bars(top("Owner", log::ASSIGNED_TO, 8), incidents());
    vec![
        cell(
            24,
            panel(
                "When did incidents change, and how severe are they?",
                Source::Log,
                area(over_time("Time", ecs::TIMESTAMP), incidents()).split(by_severity(log::SEVERITY)),
            ),
        ),
        cell(
            12,
            panel(
                "What state were they in?",
                Source::Log,
                donut(top("Status", log::STATUS, 6).colored(Scale::LegacyStatus), incidents()),
            ),
        ),
        cell(12, panel("Who owns them?", Source::Log, owners)),
    ]
}

fn what() -> Vec<Cell> {
    let entities = treemap(top("Product", log::ALERTS_SERVICE_SOURCE, 6), alerts()).then(top(
        "Entity",
        log::ALERTS_ENTITIES_ENTITY_TYPE,
        8,
    ));
    let tactics = heatmap(over_time("Time", ecs::TIMESTAMP), top("Category", log::ALERTS_CATEGORY, 10), alerts());
    let found = bars(top("Source", log::ALERTS_DETECTION_SOURCE, 8), alerts());
    vec![
        cell(18, panel("Which entities come from which product?", Source::Log, entities)),
        cell(18, panel("Which categories of alerts, and when?", Source::Log, tactics)),
        cell(12, panel("What detected them?", Source::Log, found)),
    ]
}

fn tables() -> Vec<Cell> {
    let incidents = table(newest("Incident", log::INCIDENT_ID, 50))
        .column(last("Name", log::INCIDENT_NAME))
        .width(300)
        .colored(last("Severity", log::SEVERITY), Scale::Severity)
        .colored(last("Status", log::STATUS), Scale::LegacyStatus)
        .column(last("Classification", log::CLASSIFICATION))
        .column(last("Owner", log::ASSIGNED_TO))
        .column(alerts())
        .column(max("Last change", ecs::TIMESTAMP))
        .sorted();
    let techniques = bars(top("Technique", log::ALERTS_MITRE_TECHNIQUES, 12), alerts());
    vec![
        cell(34, panel("Which incidents are there, newest first?", Source::Log, incidents)),
        cell(14, panel("Which techniques are in most alerts?", Source::Log, techniques)),
    ]
}
