//! Alerts: who raises them, over time, and how much of it is noise.

use super::common::{alerts, alerts_over_time, distinct_alerts, open_alert, tenant};
use crate::color::{Color, Scale};
use crate::dashboard::{Dashboard, cell, dashboard, stack};
use crate::fields::{alert, ecs};
use crate::panel::{Panel, area, bars, donut, heatmap, panel, search, table, tile, treemap};
use crate::{Entity, Source, by_severity, choose, count, last, max, newest, over_time, saved, top};

const NOW: Source = Source::Latest(Entity::Alert);

pub(super) fn alerts_dashboard() -> Dashboard {
    dashboard(
        "alerts",
        "Alerts",
        "Alerts by product, detector, category and severity over time, and which detectors raise false alarms.",
    )
    .since("now-24h")
    .control(tenant())
    .control(choose("Product", Source::Alert, ecs::OBSERVER_PRODUCT))
    .control(choose("Severity", Source::Alert, alert::SEVERITY))
    .control(choose("Category", Source::Alert, alert::CATEGORY))
    .row(7, vec![cell(20, open_by_severity()), cell(14, against_before()), cell(14, false_alarms())])
    .row(
        14,
        vec![
            cell(32, alerts_over_time("When do alerts come, and how severe are they?", Source::Alert)),
            cell(16, states()),
        ],
    )
    .row(14, vec![cell(24, services()), cell(24, products_and_categories())])
    .row(15, vec![cell(24, detectors()), cell(24, noise())])
    .row(14, vec![cell(28, rhythm()), stack(20, vec![(7, detection_sources()), (7, investigations())])])
    .row(16, vec![cell(26, newest_alerts()), cell(22, all_alerts())])
}

fn open_by_severity() -> Panel {
    panel(
        "How many alerts are open now?",
        NOW,
        tile(alerts()).per(by_severity(alert::SEVERITY), 4).color(Color::Accent),
    )
    .only(open_alert())
    .note("Each alert once, in its newest version, whatever the time range is.")
}

fn against_before() -> Panel {
    let before = distinct_alerts("In the period before").shifted("previous");
    panel(
        "How many alerts changed, against the period before?",
        Source::Alert,
        tile(distinct_alerts("Alerts")).beside(before).trend(over_time("Time", ecs::TIMESTAMP)),
    )
}

fn false_alarms() -> Panel {
    let closed = count("of closed alerts").only(alert::STATUS.is("resolved"));
    let false_alarms = count("False alarms").only(alert::CLASSIFICATION.is("falsePositive"));
    panel("How many turned out to be false alarms?", NOW, tile(false_alarms).beside(closed).color(Color::Second))
}

fn states() -> Panel {
    panel("In which state are alerts?", NOW, donut(top("Status", alert::STATUS, 6).colored(Scale::Status), alerts()))
}

fn services() -> Panel {
    let time = over_time("Time", ecs::TIMESTAMP);
    panel(
        "Which service raises them?",
        Source::Alert,
        area(time, distinct_alerts("Alerts")).split(top("Service", alert::SERVICE_SOURCE, 8).with_other()),
    )
}

fn products_and_categories() -> Panel {
    panel(
        "What do products find?",
        NOW,
        treemap(top("Product", ecs::OBSERVER_PRODUCT, 8), alerts()).then(top("Category", alert::CATEGORY, 6)),
    )
}

fn detectors() -> Panel {
    panel(
        "Which detections fire most?",
        NOW,
        bars(top("Detection", ecs::RULE_NAME, 12), alerts()).split(by_severity(alert::SEVERITY)),
    )
}

fn noise() -> Panel {
    let bands = [(0.0, Color::Success), (1.0, Color::Warning), (5.0, Color::Danger)];
    panel(
        "Which detections raise false alarms?",
        NOW,
        table(
            top("Detection", ecs::RULE_NAME, 15)
                .ordered_by(count("Order").only(alert::CLASSIFICATION.is("falsePositive"))),
        )
        .banded(count("False alarms").only(alert::CLASSIFICATION.is("falsePositive")), &bands)
        .sorted()
        .column(count("Real threats").only(alert::CLASSIFICATION.is("truePositive")))
        .column(count("Expected").only(alert::CLASSIFICATION.is("informationalExpectedActivity")))
        .column(alerts()),
    )
}

fn rhythm() -> Panel {
    panel(
        "When does each category occur?",
        Source::Alert,
        heatmap(over_time("Time", ecs::TIMESTAMP), top("Category", alert::CATEGORY, 12), distinct_alerts("Alerts")),
    )
    .opens("attack")
}

fn detection_sources() -> Panel {
    panel("Which technology finds them?", NOW, bars(top("Detection source", alert::DETECTION_SOURCE, 6), alerts()))
}

fn investigations() -> Panel {
    panel(
        "What does automation do about them?",
        NOW,
        bars(top("Investigation", alert::INVESTIGATION_STATE, 6), alerts()),
    )
}

fn newest_alerts() -> Panel {
    panel(
        "What are the newest open alerts?",
        NOW,
        table(newest("Alert", alert::ID, 10).ordered_by(max("Order", ecs::EVENT_CREATED)))
            .column(last("Title", alert::TITLE))
            .width(300)
            .colored(last("Severity", alert::SEVERITY), Scale::Severity)
            .column(last("Product", ecs::OBSERVER_PRODUCT))
            .column(max("Created", ecs::EVENT_CREATED))
            .sorted()
            .column(last("Portal", ecs::EVENT_URL)),
    )
    .only(open_alert())
}

fn all_alerts() -> Panel {
    let versions = saved("alerts", "Alerts", "Versions of alerts of Defender XDR, newest first.", Source::Alert)
        .column(alert::TITLE)
        .column(alert::SEVERITY)
        .column(alert::STATUS)
        .column(alert::ASSIGNED_TO);
    search("What was changed last?", versions)
}
