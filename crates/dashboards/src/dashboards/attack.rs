//! ATT&CK: which tactics and techniques are at work, where they are seen, and what is new.

use super::common::{alerts, distinct_alerts, open_alert, tenant};
use crate::color::Color;
use crate::dashboard::{Dashboard, cell, dashboard};
use crate::fields::{alert, ecs};
use crate::panel::{Panel, bars, heatmap, panel, table, tag_cloud, tile, treemap};
use crate::{Entity, Source, by_severity, choose, last, max, min, over_time, top, unique};

const NOW: Source = Source::Latest(Entity::Alert);

pub(super) fn attack() -> Dashboard {
    dashboard(
        "attack",
        "ATT&CK",
        "Tactics and techniques of MITRE ATT&CK in the alerts: over time, by product, and the newest ones.",
    )
    .control(tenant())
    .control(choose("Tactic", Source::Alert, ecs::THREAT_TACTIC_NAME))
    .control(choose("Technique", Source::Alert, alert::MITRE_TECHNIQUES))
    .row(6, vec![cell(12, techniques_seen()), cell(12, tactics_seen()), cell(12, groups()), cell(12, software())])
    .row(16, vec![cell(28, tactics_over_time()), cell(20, tactics_now())])
    .row(18, vec![cell(30, techniques_of_tactics()), cell(18, most_frequent())])
    .row(15, vec![cell(24, products()), cell(24, newest())])
    .row(15, vec![cell(24, devices()), cell(24, subtechniques())])
}

fn techniques_seen() -> Panel {
    panel(
        "How many techniques were seen?",
        Source::Alert,
        tile(unique("Techniques", ecs::THREAT_TECHNIQUE_ID)).color(Color::Accent),
    )
}

fn tactics_seen() -> Panel {
    panel(
        "How many tactics were seen?",
        Source::Alert,
        tile(unique("Tactics", ecs::THREAT_TACTIC_NAME)).color(Color::Accent),
    )
}

fn groups() -> Panel {
    panel(
        "How many groups are named?",
        Source::Alert,
        tile(unique("Groups", ecs::THREAT_GROUP_NAME)).color(Color::Accent),
    )
}

fn software() -> Panel {
    panel(
        "How many threat families are named?",
        Source::Alert,
        tile(unique("Families", ecs::THREAT_SOFTWARE_NAME)).color(Color::Accent),
    )
}

fn tactics_over_time() -> Panel {
    panel(
        "Which tactics occur when?",
        Source::Alert,
        heatmap(
            over_time("Time", ecs::TIMESTAMP),
            top("Tactic", ecs::THREAT_TACTIC_NAME, 15),
            distinct_alerts("Alerts"),
        ),
    )
}

fn tactics_now() -> Panel {
    panel(
        "Which tactics are in open alerts?",
        NOW,
        bars(top("Tactic", ecs::THREAT_TACTIC_NAME, 14), alerts()).split(by_severity(alert::SEVERITY)),
    )
    .only(open_alert())
    .opens("alerts")
}

fn techniques_of_tactics() -> Panel {
    panel(
        "Which techniques serve which tactic?",
        NOW,
        heatmap(top("Tactic", ecs::THREAT_TACTIC_NAME, 14), top("Technique", ecs::THREAT_TECHNIQUE_ID, 16), alerts()),
    )
}

fn most_frequent() -> Panel {
    panel(
        "Which techniques are most frequent?",
        NOW,
        tag_cloud(top("Technique", ecs::THREAT_TECHNIQUE_ID, 30), alerts()),
    )
}

fn products() -> Panel {
    panel(
        "Which product sees which technique?",
        NOW,
        treemap(top("Product", ecs::OBSERVER_PRODUCT, 8), alerts()).then(top("Technique", ecs::THREAT_TECHNIQUE_ID, 8)),
    )
}

fn newest() -> Panel {
    let first_seen = min("Order", ecs::EVENT_CREATED);
    panel(
        "Which techniques are new here?",
        NOW,
        table(top("Technique", alert::MITRE_TECHNIQUES, 15).ordered_by(first_seen))
            .column(min("First seen", ecs::EVENT_CREATED))
            .sorted()
            .column(max("Last seen", ecs::EVENT_CREATED))
            .column(alerts())
            .column(last("Last detection", ecs::RULE_NAME)),
    )
    .note("By the creation of the first alert that names the technique, as far back as the current state goes.")
}

fn devices() -> Panel {
    let device = alert::EVIDENCE_DEVICE_DNS_NAME;
    panel(
        "Which devices see the most techniques?",
        Source::Evidence,
        table(top("Device", device, 12))
            .column(unique("Techniques", ecs::THREAT_TECHNIQUE_ID))
            .column(unique("Tactics", ecs::THREAT_TACTIC_NAME))
            .column(distinct_alerts("Alerts"))
            .column(max("Last change", ecs::TIMESTAMP)),
    )
    .only(device.exists())
}

fn subtechniques() -> Panel {
    panel(
        "Which sub-techniques are at work?",
        NOW,
        bars(top("Sub-technique", ecs::THREAT_TECHNIQUE_SUBTECHNIQUE_ID, 12), alerts()),
    )
}
