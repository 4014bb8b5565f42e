//! Collection health: is everything collected, in time and whole?

use super::common::tenant;
use crate::color::{Color, Scale};
use crate::dashboard::{Dashboard, cell, dashboard};
use crate::fields::{ecs, health};
use crate::panel::{Panel, area, bars, columns, heatmap, line, panel, table, tag_cloud, tile};
use crate::{Bucket, Format, Source, choose, count, last, max, over_time, sum, top, unique};

pub(super) fn collection_health() -> Dashboard {
    dashboard(
        "collection-health",
        "Collection health",
        "Whether the collector reads everything in time: freshness, late records, drift, dead letters, throttling.",
    )
    .since("now-24h")
    .control(tenant())
    .control(choose("Dataset", Source::Health, health::DATASET))
    .row(
        6,
        vec![cell(10, behind()), cell(9, troubled()), cell(10, documents()), cell(9, dead()), cell(10, throttled())],
    )
    .row(15, vec![cell(30, sources()), cell(18, states())])
    .row(13, vec![cell(24, freshness()), cell(24, volume())])
    .row(13, vec![cell(16, late()), cell(16, late_delay()), cell(16, duplicates())])
    .row(13, vec![cell(18, drift()), cell(12, unmapped()), cell(18, dead_letters())])
    .row(13, vec![cell(18, throttling()), cell(15, retries()), cell(15, latency())])
}

fn time() -> Bucket {
    over_time("Time", ecs::TIMESTAMP)
}

fn datasets() -> Bucket {
    top("Dataset", health::DATASET, 10)
}

fn behind() -> Panel {
    let bands = [(0.0, Color::Success), (1800.0, Color::Warning), (7200.0, Color::Danger)];
    let newest = max("Greatest lag", health::LAG).within("15m").format(Format::Seconds);
    panel("How far is the collector behind?", Source::Health, tile(newest).bands(&bands))
        .note("Age of the newest acknowledged change, in the source that is farthest behind, in the last 15 minutes.")
}

fn troubled() -> Panel {
    let bands = [(0.0, Color::Success), (1.0, Color::Danger)];
    panel(
        "How many sources are in trouble?",
        Source::Health,
        tile(unique("Sources", health::SOURCE).only(!ok()).within("15m")).bands(&bands),
    )
}

fn ok() -> crate::Filter {
    health::STATE.is("ok")
}

fn documents() -> Panel {
    panel("How many documents were delivered?", Source::Health, tile(sum("Documents", health::DOCUMENTS)).trend(time()))
}

fn dead() -> Panel {
    let bands = [(0.0, Color::Success), (1.0, Color::Danger)];
    panel(
        "How many dead letters are there?",
        Source::Health,
        tile(sum("Dead letters", health::DEAD_LETTERS)).bands(&bands),
    )
}

fn throttled() -> Panel {
    let bands = [(0.0, Color::Success), (1.0, Color::Warning), (100.0, Color::Danger)];
    panel(
        "How often did Microsoft throttle?",
        Source::Health,
        tile(sum("Answers with 429", health::THROTTLED)).bands(&bands),
    )
}

fn sources() -> Panel {
    let bands = [(0.0, Color::Success), (1800.0, Color::Warning), (7200.0, Color::Danger)];
    panel(
        "How is each source of each tenant?",
        Source::Health,
        table(top("Tenant", health::TENANT, 20).alphabetical())
            .then(top("Dataset", health::DATASET, 20).alphabetical())
            .colored(last("State", health::STATE), Scale::Health)
            .column(last("Reason", health::REASON))
            .banded(max("Greatest lag", health::LAG).format(Format::Seconds), &bands)
            .column(sum("Documents", health::DOCUMENTS))
            .column(max("Last report", ecs::TIMESTAMP)),
    )
}

fn states() -> Panel {
    panel(
        "When were sources in trouble?",
        Source::Health,
        columns(time(), count("Reports")).split(top("State", health::STATE, 5).colored(Scale::Health)),
    )
}

fn freshness() -> Panel {
    panel(
        "How fresh is each dataset?",
        Source::Health,
        line(time(), max("Greatest lag", health::LAG).format(Format::Seconds)).split(datasets()),
    )
}

fn volume() -> Panel {
    panel(
        "How much comes from each dataset?",
        Source::Health,
        area(time(), sum("Documents", health::DOCUMENTS)).split(datasets()),
    )
}

fn late() -> Panel {
    panel(
        "How many records arrived late?",
        Source::Health,
        columns(time(), sum("Late records", health::LATE)).split(datasets()),
    )
    .note("Records that appeared after the collector had passed their time; the late-arrival scan found them.")
}

fn late_delay() -> Panel {
    panel(
        "How late were they?",
        Source::Health,
        bars(datasets(), max("Greatest delay", health::LATE_DELAY).format(Format::Seconds)),
    )
}

fn duplicates() -> Panel {
    panel(
        "How many records were read again?",
        Source::Health,
        columns(time(), sum("Records", health::RECORDS)).and(sum("Known already", health::DUPLICATES)),
    )
}

fn drift() -> Panel {
    panel(
        "Where does Microsoft's data drift?",
        Source::Health,
        columns(time(), sum("Unknown names", health::DRIFT_NAMES))
            .and(sum("Values of another type", health::DRIFT_VALUES)),
    )
}

fn unmapped() -> Panel {
    panel(
        "Which properties are unmapped?",
        Source::Health,
        tag_cloud(top("Property", health::UNMAPPED, 25), count("Reports")),
    )
}

fn dead_letters() -> Panel {
    panel(
        "Which datasets have dead letters and errors?",
        Source::Health,
        table(datasets())
            .column(sum("Dead letters", health::DEAD_LETTERS))
            .column(max("Waiting for replay", health::DEAD_LETTERS_WAITING))
            .column(sum("Pipeline errors", health::PIPELINE_ERRORS))
            .column(max("Owed records", health::RETRY_QUEUE)),
    )
}

fn throttling() -> Panel {
    panel(
        "When is which dataset throttled?",
        Source::Health,
        heatmap(time(), datasets(), sum("Answers with 429", health::THROTTLED)),
    )
}

fn retries() -> Panel {
    panel(
        "How many requests had to be repeated?",
        Source::Health,
        columns(time(), sum("Requests", health::REQUESTS)).and(sum("Repeated", health::RETRIES)),
    )
}

fn latency() -> Panel {
    panel(
        "How long does delivery take?",
        Source::Health,
        line(time(), max("Milliseconds", health::DELIVERY_LATENCY)).split(datasets()),
    )
}
