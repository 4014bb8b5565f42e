//! Network and URLs: where attacks came from, and what was contacted.

use super::common::tenant;
use super::evidence::{INVESTIGATION, alerts, is, is_bad, kind, warn};
use crate::color::Scale;
use crate::fields::{alert, ecs};
use crate::panel::{Tile, area, bars, donut, map, map_of, panel, table, tag_cloud, tile};
use crate::{Cell, Dashboard, Source, cell, choose, dashboard, last, max, newest, over_time, top, unique};

pub(super) fn network() -> Dashboard {
    dashboard(
        "network",
        "Network and URLs",
        "Where attacks came from, which addresses, names and pages were contacted.",
    )
    .since("now-30d")
    .control(tenant())
    .control(choose("Country", Source::Evidence, ecs::SOURCE_GEO_COUNTRY_NAME))
    .control(choose("Address", Source::Evidence, ecs::SOURCE_IP))
    .control(choose("Domain", Source::Evidence, ecs::URL_DOMAIN))
    .row(6, tiles())
    .row(18, places())
    .row(13, addresses())
    .row(13, connections())
    .row(15, pages())
}

fn tiles() -> Vec<Cell> {
    let of = |title, tile: Tile| cell(8, panel(title, Source::Evidence, tile));
    vec![
        of("How many addresses were sources?", tile(unique("Addresses", ecs::SOURCE_IP))),
        of(
            "How many of them attacked?",
            warn(unique("Attackers", ecs::SOURCE_IP).only(alert::EVIDENCE_ROLES.is("attacker"))),
        ),
        of("From how many countries?", tile(unique("Countries", ecs::SOURCE_GEO_COUNTRY_ISO_CODE))),
        of("How many domains were named?", tile(unique("Domains", ecs::URL_DOMAIN))),
        of(
            "How many pages are held for bad?",
            warn(unique("Pages", ecs::URL_FULL).only(is_bad(alert::EVIDENCE_VERDICT))),
        ),
        of("How many addresses were reached?", tile(unique("Destinations", ecs::DESTINATION_IP))),
    ]
}

fn places() -> Vec<Cell> {
    let countries = bars(top("Country", ecs::SOURCE_GEO_COUNTRY_NAME, 15), alerts());
    vec![
        cell(32, map_of("Where do the addresses lie?", Source::Evidence, map("Evidence", ecs::SOURCE_GEO_LOCATION))),
        cell(16, panel("Which countries are in most alerts?", Source::Evidence, countries)),
    ]
}

fn addresses() -> Vec<Cell> {
    let sources = table(newest("Address", ecs::SOURCE_IP, 50))
        .column(last("Country", ecs::SOURCE_GEO_COUNTRY_NAME))
        .column(last("City", ecs::SOURCE_GEO_CITY_NAME))
        .colored(last("Verdict", alert::EVIDENCE_VERDICT), Scale::Verdict)
        .column(alerts())
        .column(max("Last alert", ecs::TIMESTAMP))
        .sorted();
    let over = area(over_time("Time", ecs::TIMESTAMP), unique("Addresses", ecs::SOURCE_IP))
        .split(top("Verdict", alert::EVIDENCE_VERDICT, 4).colored(Scale::Verdict));
    vec![
        cell(
            28,
            panel("What is known of each address?", Source::Evidence, sources).only(is(kind::IP)).opens(INVESTIGATION),
        ),
        cell(
            20,
            panel("When did they appear, and how bad are they?", Source::Evidence, over).only(ecs::SOURCE_IP.exists()),
        ),
    ]
}

fn connections() -> Vec<Cell> {
    let reached = table(newest("Destination", ecs::DESTINATION_IP, 25))
        .column(last("Port", ecs::DESTINATION_PORT))
        .column(last("Transport", ecs::NETWORK_TRANSPORT))
        .column(last("From", ecs::SOURCE_IP))
        .column(max("Last alert", ecs::TIMESTAMP))
        .sorted();
    let roles = donut(top("Role", alert::EVIDENCE_ROLES, 8), unique("Addresses", ecs::SOURCE_IP));
    vec![
        cell(20, panel("What was connected to?", Source::Evidence, reached)),
        cell(
            10,
            panel("Which ports were used?", Source::Evidence, bars(top("Port", ecs::DESTINATION_PORT, 8), alerts())),
        ),
        cell(18, panel("Which part do addresses play?", Source::Evidence, roles).only(is(kind::IP))),
    ]
}

fn pages() -> Vec<Cell> {
    let pages = table(newest("Page", ecs::URL_FULL, 50))
        .colored(last("Verdict", alert::EVIDENCE_VERDICT), Scale::Verdict)
        .colored(last("Remediation", alert::EVIDENCE_REMEDIATION_STATUS), Scale::Remediation)
        .column(alerts())
        .column(max("Last alert", ecs::TIMESTAMP))
        .sorted();
    vec![
        cell(24, panel("Which pages were opened?", Source::Evidence, pages).only(is(kind::URL)).opens(INVESTIGATION)),
        cell(
            12,
            panel(
                "Which domains are in most alerts?",
                Source::Evidence,
                bars(top("Domain", ecs::URL_DOMAIN, 12), alerts()),
            ),
        ),
        cell(
            12,
            panel(
                "Which names were looked up?",
                Source::Evidence,
                tag_cloud(top("Name", ecs::DNS_QUESTION_NAME, 20), alerts()),
            ),
        ),
    ]
}
