//! A dashboard with one of everything, which tests change: the real ones may say what they like.

use crate::color::{Color, Scale};
use crate::fields::{alert, ecs, incident, shared};
use crate::panel::{
    area, bars, columns, donut, gauge, heatmap, line, map, map_of, panel, search, table, tag_cloud, text, tile, treemap,
};
use crate::{
    Dashboard, Entity, Format, Source, average, between, by_severity, cell, choose, choose_one, count, dashboard,
    filters, histogram, last, last_list, max, median, min, newest, over_time, over_time_by, percentile, ranges, saved,
    stack, sum, top, unique,
};

const NOW: Source = Source::Latest(Entity::Incident);
const ALERTS_NOW: Source = Source::Latest(Entity::Alert);

#[expect(clippy::too_many_lines, reason = "it holds one of everything")]
pub(super) fn sample() -> Dashboard {
    let time = || over_time("Time", ecs::TIMESTAMP);
    let hosts = || top("Host", ecs::HOST_NAME, 10);
    dashboard("sample", "Sample", "One of everything.")
        .control(choose("Tenant", Source::Incident, ecs::CLOUD_ACCOUNT_ID))
        .control(choose_one("Incident", NOW, shared::INCIDENT_ID))
        .control(between("Score", Source::Incident, ecs::EVENT_SEVERITY))
        .row(
            8,
            vec![
                cell(
                    12,
                    panel(
                        "How many incidents changed?",
                        Source::Incident,
                        tile(unique("Incidents", ecs::EVENT_ID))
                            .beside(unique("Before", ecs::EVENT_ID).shifted("previous"))
                            .trend(time()),
                    ),
                ),
                cell(
                    12,
                    panel("Which severities?", NOW, tile(count("Incidents")).per(by_severity(incident::SEVERITY), 4)),
                ),
                cell(
                    12,
                    panel("How high is the priority?", NOW, {
                        let bands = [(0.0, Color::Success), (80.0, Color::Danger)];
                        gauge(average("Priority", incident::PRIORITY_SCORE), 100).goal(50).bands(&bands)
                    }),
                ),
                stack(
                    12,
                    vec![
                        (4, text("About", "What this is.")),
                        (4, panel("Since when?", NOW, tile(min("First", ecs::EVENT_CREATED)))),
                    ],
                ),
            ],
        )
        .row(
            12,
            vec![
                cell(
                    16,
                    panel("Which hosts have alerts?", ALERTS_NOW, bars(hosts(), count("Alerts")))
                        .only(!alert::STATUS.is("resolved"))
                        .opens("sample"),
                ),
                cell(
                    16,
                    panel(
                        "Which users have alerts?",
                        ALERTS_NOW,
                        donut(top("User", ecs::USER_NAME, 5), count("Alerts")),
                    ),
                ),
                cell(
                    16,
                    panel(
                        "Which products raise alerts?",
                        Source::Alert,
                        columns(time(), unique("Alerts", ecs::EVENT_ID))
                            .split(top("Product", ecs::OBSERVER_PRODUCT, 5).with_other()),
                    ),
                ),
            ],
        )
        .row(
            12,
            vec![
                cell(
                    12,
                    panel(
                        "Areas?",
                        Source::Alert,
                        area(time(), sum("Severity", ecs::EVENT_SEVERITY)).split(hosts().with_missing()),
                    ),
                ),
                cell(
                    12,
                    panel("Lines?", NOW, {
                        let day = over_time_by("Day", ecs::EVENT_CREATED, "1d");
                        line(day, median("Median", ecs::EVENT_DURATION).format(Format::Nanoseconds))
                            .and(percentile("90th percentile", ecs::EVENT_DURATION, 90))
                            .reference("Aim", 60, Color::Success)
                    }),
                ),
                cell(
                    12,
                    panel(
                        "Cells?",
                        Source::Evidence,
                        heatmap(time(), top("Verdict", alert::EVIDENCE_VERDICT, 4), count("Items")),
                    ),
                ),
                cell(
                    12,
                    panel(
                        "Parts?",
                        Source::Evidence,
                        treemap(hosts().alphabetical(), count("Items")).then(hosts().and(ecs::USER_NAME)),
                    ),
                ),
            ],
        )
        .row(
            12,
            vec![
                cell(
                    24,
                    panel(
                        "What are the newest incidents?",
                        NOW,
                        table(newest("Incident", incident::ID, 10))
                            .then(ranges(
                                "Priority",
                                incident::PRIORITY_SCORE,
                                vec![(None, Some(50), "low"), (Some(50), None, "high")],
                            ))
                            .column(last("Name", incident::DISPLAY_NAME))
                            .width(200)
                            .colored(last("Severity", incident::SEVERITY), Scale::Severity)
                            .column(last_list("Labels", incident::TAGS))
                            .banded(
                                max("Alerts", incident::ROLLUP_ALERT_COUNT),
                                &[(0.0, Color::Success), (10.0, Color::Danger)],
                            )
                            .sorted(),
                    ),
                ),
                cell(12, panel("Rare words?", Source::Evidence, tag_cloud(hosts().rare(2), count("Items")))),
                cell(
                    12,
                    map_of("Where from?", Source::Evidence, map("Addresses", ecs::SOURCE_GEO_LOCATION))
                        .only(ecs::SOURCE_IP.exists()),
                ),
            ],
        )
        .row(
            12,
            vec![
                cell(
                    24,
                    search(
                        "Which items?",
                        saved("sample-items", "Items", "Items of evidence.", Source::Evidence)
                            .only(alert::EVIDENCE_VERDICT.exists())
                            .column(ecs::SOURCE_IP)
                            .column(ecs::MESSAGE),
                    ),
                ),
                cell(
                    12,
                    panel("Which conditions?", Source::Incident, {
                        let old = filters(
                            "Age",
                            vec![
                                ("Old", ecs::EVENT_CREATED.before("now-7d")),
                                ("New", ecs::EVENT_CREATED.since("now-7d")),
                            ],
                        );
                        columns(old, count("Versions").within("1d"))
                    }),
                ),
                cell(
                    12,
                    panel(
                        "Which numbers?",
                        NOW,
                        columns(histogram("Priority", incident::PRIORITY_SCORE), count("Incidents")),
                    ),
                ),
            ],
        )
}
