//! Incident operations: the queue, how fast it moves, and how it ends.

use super::common::{distinct_incidents, incidents, open_incident, tenant};
use crate::color::{Color, Scale};
use crate::dashboard::{Dashboard, cell, dashboard, stack};
use crate::fields::{ecs, incident, response, shared};
use crate::panel::{Panel, bars, columns, donut, panel, table, tile};
use crate::{
    Entity, Format, Metric, Source, by_severity, choose, count, filters, last, max, median, min, newest, over_time,
    percentile, sum, top,
};

const NOW: Source = Source::Latest(Entity::Incident);
const RESPONSE: Source = Source::Latest(Entity::IncidentResponse);

pub(super) fn incident_operations() -> Dashboard {
    dashboard(
        "incident-operations",
        "Incident operations",
        "The queue of incidents by owner and state, how fast incidents are taken and closed, and how they end.",
    )
    .control(tenant())
    .control(choose("Severity", Source::Incident, incident::SEVERITY))
    .control(choose("Owner", Source::Incident, incident::ASSIGNED_TO))
    .row(7, vec![cell(12, median_to_triage()), cell(12, median_to_close()), cell(12, closed()), cell(12, merged())])
    .row(15, vec![cell(20, owners()), cell(12, states()), cell(16, flow())])
    .row(15, vec![cell(24, triage_by_severity()), cell(24, close_by_severity())])
    .row(15, vec![cell(28, speed_of_owners()), stack(20, vec![(8, classifications()), (7, determinations())])])
    .row(16, vec![cell(26, longest_open()), cell(22, how_similar_ended())])
}

fn time_to_triage() -> Metric {
    median("Median", response::TIME_TO_TRIAGE).format(Format::Seconds)
}

fn time_to_close() -> Metric {
    median("Median", response::TIME_TO_CLOSE).format(Format::Seconds)
}

fn slow(of: crate::field::Number) -> Metric {
    percentile("90th percentile", of, 90).format(Format::Seconds)
}

fn median_to_triage() -> Panel {
    let slow = slow(response::TIME_TO_TRIAGE);
    panel("How long until somebody takes an incident?", RESPONSE, tile(time_to_triage()).beside(slow)).note(
        "From creation to the first version with an owner or in progress; incidents that changed in the time range.",
    )
}

fn median_to_close() -> Panel {
    let slow = slow(response::TIME_TO_CLOSE);
    panel("How long until an incident is closed?", RESPONSE, tile(time_to_close()).beside(slow))
        .note("From creation to the first resolved version; incidents that changed in the time range.")
}

fn closed() -> Panel {
    let closed = count("Closed").only(response::CLOSED.exists());
    let open = count("of all").only(response::VERSIONS.exists());
    panel("How many incidents were closed?", RESPONSE, tile(closed).beside(open).color(Color::Success))
}

fn merged() -> Panel {
    let merged = count("Merged").only(response::MERGED.is(true));
    let reopened = sum("Reopened", response::REOPENED);
    panel("How many were merged or reopened?", RESPONSE, tile(merged).beside(reopened).color(Color::Warning))
}

fn owners() -> Panel {
    let owner = top("Owner", incident::ASSIGNED_TO, 10).with_missing();
    panel("Who works on what is open?", NOW, bars(owner, incidents()).split(by_severity(incident::SEVERITY)))
        .only(open_incident())
}

fn states() -> Panel {
    panel(
        "In which state is the queue?",
        NOW,
        donut(top("Status", incident::STATUS, 6).colored(Scale::Status), incidents()),
    )
    .only(open_incident())
}

fn flow() -> Panel {
    let time = over_time("Time", ecs::TIMESTAMP);
    let states =
        [("Resolved", "resolved"), ("Waiting", "awaitingAction"), ("In work", "inProgress"), ("Active", "active")];
    let states = filters("State", states.map(|(label, word)| (label, incident::STATUS.is(word))).to_vec());
    panel(
        "How do incidents flow through their states?",
        Source::Incident,
        columns(time, distinct_incidents("Incidents")).split(states),
    )
    .note("Incidents that were changed in each interval, by the state that the change left them in.")
}

fn triage_by_severity() -> Panel {
    panel(
        "How fast is triage, by severity?",
        RESPONSE,
        columns(by_severity(response::SEVERITY), time_to_triage()).and(slow(response::TIME_TO_TRIAGE)),
    )
}

fn close_by_severity() -> Panel {
    panel(
        "How fast is closing, by severity?",
        RESPONSE,
        columns(by_severity(response::SEVERITY), time_to_close()).and(slow(response::TIME_TO_CLOSE)),
    )
}

fn speed_of_owners() -> Panel {
    panel(
        "How fast is each owner?",
        RESPONSE,
        table(top("Owner", response::OWNER, 15))
            .column(count("Incidents"))
            .column(median("Triage, median", response::TIME_TO_TRIAGE).format(Format::Seconds))
            .column(percentile("Triage, 90th percentile", response::TIME_TO_TRIAGE, 90).format(Format::Seconds))
            .column(median("Close, median", response::TIME_TO_CLOSE).format(Format::Seconds))
            .column(percentile("Close, 90th percentile", response::TIME_TO_CLOSE, 90).format(Format::Seconds))
            .column(sum("Reopened", response::REOPENED)),
    )
}

fn classifications() -> Panel {
    let words = top("Classification", response::CLASSIFICATION, 6).colored(Scale::Classification);
    panel("Were closed incidents real?", RESPONSE, donut(words, count("Incidents"))).only(response::CLOSED.exists())
}

fn determinations() -> Panel {
    panel(
        "What did they turn out to be?",
        RESPONSE,
        bars(top("Determination", response::DETERMINATION, 6), count("Incidents")),
    )
    .only(response::CLOSED.exists())
}

fn longest_open() -> Panel {
    let rows = newest("Incident", shared::INCIDENT_ID, 10).ordered_by(min("Order", ecs::EVENT_CREATED)).ascending();
    panel(
        "Which incidents have been open longest?",
        NOW,
        table(rows)
            .column(last("Name", incident::DISPLAY_NAME))
            .width(320)
            .colored(last("Severity", incident::SEVERITY), Scale::Severity)
            .column(last("Owner", incident::ASSIGNED_TO))
            .column(max("Created", ecs::EVENT_CREATED))
            .column(last("Portal", ecs::EVENT_URL)),
    )
    .only(open_incident())
    .opens("incident-investigation")
}

fn how_similar_ended() -> Panel {
    panel(
        "How were incidents of the same name closed?",
        NOW,
        table(top("Name", incident::DISPLAY_NAME, 15))
            .column(count("Closed"))
            .column(count("Real threat").only(incident::CLASSIFICATION.is("truePositive")))
            .column(count("False alarm").only(incident::CLASSIFICATION.is("falsePositive")))
            .column(last("Last determination", incident::DETERMINATION))
            .column(last("Last reason", incident::RESOLVING_COMMENT)),
    )
    .only(incident::STATUS.is("resolved"))
}
