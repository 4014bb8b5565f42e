//! Collection health: is everything collected, in time and whole?

use super::common::tenant;
use crate::color::{Color, Scale};
use crate::dashboard::{Dashboard, cell, dashboard};
use crate::fields::{ecs, health};
use crate::panel::{Panel, area, bars, columns, heatmap, line, panel, table, tag_cloud, tile};
use crate::{Bucket, Filter, Format, Source, between, choose, count, last, max, over_time, sum, top, unique};

/// From half an hour on a source is late, from two hours on it is in trouble.
const LATE: [(f64, Color); 3] = [(0.0, Color::Success), (1800.0, Color::Warning), (7200.0, Color::Danger)];
/// One is one too many.
const NONE: [(f64, Color); 2] = [(0.0, Color::Success), (1.0, Color::Danger)];

pub(super) fn collection_health() -> Dashboard {
    dashboard(
        "collection-health",
        "Collection health",
        "Whether the collector reads everything in time: freshness, late records, drift, dead letters, throttling.",
    )
    .since("now-24h")
    .control(tenant())
    .control(choose("Dataset", Source::Health, health::DATASET))
    .control(between("Age of the newest record", Source::Health, health::FRESHNESS))
    .row(
        6,
        vec![cell(10, behind()), cell(9, troubled()), cell(10, documents()), cell(9, dead()), cell(10, throttled())],
    )
    .row(15, vec![cell(30, sources()), cell(18, states())])
    .row(13, vec![cell(24, freshness()), cell(24, volume())])
    .row(13, vec![cell(16, late()), cell(16, read_again()), cell(16, reasons())])
    .row(13, vec![cell(18, drift()), cell(12, paths()), cell(18, losses())])
    .row(13, vec![cell(18, throttling()), cell(15, retries()), cell(15, clock())])
}

fn time() -> Bucket {
    over_time("Time", ecs::TIMESTAMP)
}

fn datasets() -> Bucket {
    top("Dataset", health::DATASET, 10)
}

fn is_well() -> Filter {
    health::STATE.any_of(&["healthy", "starting"])
}

fn behind() -> Panel {
    let oldest = max("Age of the newest record", health::FRESHNESS).within("15m").format(Format::Seconds);
    panel("How far is the collector behind?", Source::Health, tile(oldest).bands(&LATE))
        .note("In the source that is farthest behind, in the last 15 minutes. A quiet tenant has old records too.")
}

fn troubled() -> Panel {
    let sources = unique("Sources", health::DATASET).only(!is_well()).within("15m");
    panel("How many sources are in trouble?", Source::Health, tile(sources).bands(&NONE))
}

fn documents() -> Panel {
    panel("How many documents were delivered?", Source::Health, tile(sum("Documents", health::DOCUMENTS)).trend(time()))
}

fn dead() -> Panel {
    panel(
        "How many dead letters were written?",
        Source::Health,
        tile(sum("Dead letters", health::DEAD_LETTERS)).bands(&NONE),
    )
}

fn throttled() -> Panel {
    let bands = [(0.0, Color::Success), (1.0, Color::Warning), (100.0, Color::Danger)];
    panel(
        "How often did Microsoft throttle?",
        Source::Health,
        tile(sum("Refused requests", health::THROTTLED)).bands(&bands),
    )
}

fn sources() -> Panel {
    panel(
        "How is each source of each tenant?",
        Source::Health,
        table(top("Tenant", health::TENANT, 20).alphabetical())
            .then(top("Dataset", health::DATASET, 20).alphabetical())
            .colored(last("State", health::STATE), Scale::Health)
            .banded(last("Freshness", health::FRESHNESS).format(Format::Seconds), &LATE)
            .column(last("Backlog", health::BACKLOG).format(Format::Seconds))
            .column(sum("Documents", health::DOCUMENTS))
            .column(sum("Failed cycles", health::FAILURES))
            .column(max("Last success", health::LAST_SUCCESS))
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
        line(time(), max("Age of the newest record", health::FRESHNESS).format(Format::Seconds)).split(datasets()),
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
    .note("Records that appeared after the collector had passed their time, and were found by looking back.")
    .good_if_empty("No record arrived late.")
}

fn read_again() -> Panel {
    panel(
        "How much is read that was known already?",
        Source::Health,
        columns(time(), sum("New documents", health::DOCUMENTS)).and(sum("Known already", health::DUPLICATES)),
    )
}

fn reasons() -> Panel {
    panel("Why are sources not well?", Source::Health, bars(top("Reason", health::REASON, 8), count("Reports")))
        .only(health::REASON.exists())
        .good_if_empty("All sources are well.")
}

fn drift() -> Panel {
    panel(
        "Where does Microsoft's data drift?",
        Source::Health,
        columns(time(), sum("Unknown properties", health::DRIFT_NAMES))
            .and(sum("Values of another type", health::DRIFT_VALUES)),
    )
    .good_if_empty("Microsoft's data are as they are described.")
}

fn paths() -> Panel {
    panel(
        "Which properties are unmapped?",
        Source::Health,
        tag_cloud(top("Property", health::DRIFT_PATH, 25), count("Reports")),
    )
    .good_if_empty("Every property has a field of its own.")
}

fn losses() -> Panel {
    panel(
        "What could not be taken as it was?",
        Source::Health,
        table(datasets())
            .banded(sum("Dead letters", health::DEAD_LETTERS), &NONE)
            .banded(sum("Given up", health::LOST), &NONE)
            .column(sum("Misdated", health::MISDATED))
            .column(max("Owed", health::RETRY_QUEUE)),
    )
}

fn throttling() -> Panel {
    panel(
        "When is which dataset throttled?",
        Source::Health,
        heatmap(time(), datasets(), sum("Refused requests", health::THROTTLED)),
    )
    .good_if_empty("No request was refused.")
}

fn retries() -> Panel {
    panel(
        "How many requests had to be repeated?",
        Source::Health,
        columns(time(), sum("Pages", health::PAGES)).and(sum("Repeated requests", health::RETRIES)),
    )
}

fn clock() -> Panel {
    let ahead = max("Seconds ahead", health::CLOCK_AHEAD);
    panel("Is the collector's clock right?", Source::Health, line(time(), ahead).reference("Right", 0, Color::Success))
}
