//! Email: who sent it, whether it was delivered, and what became of it after delivery.

use super::common::tenant;
use super::evidence::{INVESTIGATION, alerts, is, is_any, kind, warn};
use crate::color::{Color, Scale};
use crate::fields::{alert, ecs};
use crate::panel::{Tile, area, bars, donut, heatmap, panel, table, tile};
use crate::{Cell, Dashboard, Source, cell, choose, dashboard, last, max, newest, over_time, sum, top, unique};

pub(super) fn email() -> Dashboard {
    dashboard(
        "email",
        "Email",
        "Senders, delivery and what became of it after delivery, clusters, campaigns, reports by users.",
    )
    .since("now-30d")
    .control(tenant())
    .control(choose("Delivery", Source::Evidence, alert::EVIDENCE_DELIVERY_ACTION))
    .control(choose("Sender", Source::Evidence, ecs::EMAIL_FROM_ADDRESS))
    .control(choose("Recipient", Source::Evidence, ecs::EMAIL_TO_ADDRESS))
    .row(6, tiles())
    .row(13, delivery())
    .row(13, senders())
    .row(15, messages())
    .row(13, clusters())
}

fn tiles() -> Vec<Cell> {
    let of = |title, tile: Tile| cell(8, panel(title, Source::Evidence, tile).only(is(kind::ANALYZED_MESSAGE)));
    let messages = |label| unique(label, ecs::EMAIL_LOCAL_ID);
    let delivered = alert::EVIDENCE_DELIVERY_ACTION.is("Delivered");
    let moved =
        delivered.clone() & alert::EVIDENCE_DELIVERY_LOCATION.any_of(&["Quarantine", "DeletedFolder", "JunkFolder"]);
    let stays = delivered.clone() & alert::EVIDENCE_DELIVERY_LOCATION.is("Inbox");
    let reports = tile(unique("Reports", alert::EVIDENCE_SUBMISSION_ID));
    vec![
        of("How many messages were named?", tile(messages("Messages"))),
        of("How many were delivered?", warn(messages("Delivered").only(delivered))),
        of("How many were removed later?", tile(messages("Removed after delivery").only(moved)).color(Color::Success)),
        of("How many still lie in an inbox?", warn(messages("In an inbox").only(stays))),
        of("How many mailboxes got one?", tile(unique("Recipients", ecs::EMAIL_TO_ADDRESS))),
        cell(8, panel("How many did users report?", Source::Evidence, reports).only(is(kind::SUBMISSION_MAIL))),
    ]
}

fn delivery() -> Vec<Cell> {
    let became = heatmap(
        top("Now", alert::EVIDENCE_DELIVERY_LOCATION, 8),
        top("Delivery", alert::EVIDENCE_DELIVERY_ACTION, 6),
        unique("Messages", ecs::EMAIL_LOCAL_ID),
    );
    let over = area(over_time("Time", ecs::TIMESTAMP), unique("Messages", ecs::EMAIL_LOCAL_ID)).split(top(
        "Delivery",
        alert::EVIDENCE_DELIVERY_ACTION,
        5,
    ));
    let message = is(kind::ANALYZED_MESSAGE);
    let threats = donut(top("Threat", alert::EVIDENCE_THREATS, 6), unique("Messages", ecs::EMAIL_LOCAL_ID));
    vec![
        cell(18, panel("What became of messages after delivery?", Source::Evidence, became).only(message.clone())),
        cell(18, panel("When did they arrive?", Source::Evidence, over).only(message.clone())),
        cell(12, panel("What threat did they carry?", Source::Evidence, threats).only(message)),
    ]
}

fn senders() -> Vec<Cell> {
    let message = is(kind::ANALYZED_MESSAGE);
    let by = |title, label: &str, field| {
        let chart = bars(top(label, field, 10), unique("Messages", ecs::EMAIL_LOCAL_ID));
        panel(title, Source::Evidence, chart).only(message.clone())
    };
    vec![
        cell(12, by("Which domains sent them?", "Domain", alert::EVIDENCE_P2_SENDER_DOMAIN_NAME)),
        cell(12, by("Which addresses sent them?", "Sender", ecs::EMAIL_FROM_ADDRESS).opens(INVESTIGATION)),
        cell(12, by("Who got most of them?", "Recipient", ecs::EMAIL_TO_ADDRESS).opens(INVESTIGATION)),
        cell(12, by("What found them?", "Method", alert::EVIDENCE_THREAT_DETECTION_METHODS)),
    ]
}

fn messages() -> Vec<Cell> {
    let messages = table(newest("Subject", ecs::EMAIL_SUBJECT, 50))
        .column(last("Sender", ecs::EMAIL_FROM_ADDRESS))
        .column(last("From", ecs::SOURCE_IP))
        .column(last("Delivery", alert::EVIDENCE_DELIVERY_ACTION))
        .column(last("Now", alert::EVIDENCE_DELIVERY_LOCATION))
        .colored(last("Verdict", alert::EVIDENCE_VERDICT), Scale::Verdict)
        .column(unique("Recipients", ecs::EMAIL_TO_ADDRESS))
        .column(max("Last alert", ecs::TIMESTAMP))
        .sorted();
    vec![cell(
        48,
        panel("Which messages were they, newest first?", Source::Evidence, messages)
            .only(is(kind::ANALYZED_MESSAGE))
            .opens(INVESTIGATION),
    )]
}

fn clusters() -> Vec<Cell> {
    let clusters = table(newest("Alike in", alert::EVIDENCE_CLUSTER_BY, 20))
        .column(sum("Messages", alert::EVIDENCE_EMAIL_COUNT))
        .column(alerts())
        .column(max("Last alert", ecs::TIMESTAMP))
        .sorted();
    let campaigns = table(newest("Campaign", alert::EVIDENCE_CAMPAIGN_ID, 20))
        .column(unique("Messages", alert::EVIDENCE_MESSAGE_ID))
        .column(last("Subject", alert::EVIDENCE_SUBJECT))
        .column(max("Last alert", ecs::TIMESTAMP))
        .sorted();
    let reports =
        donut(top("Reported as", alert::EVIDENCE_REPORT_TYPE, 6), unique("Reports", alert::EVIDENCE_SUBMISSION_ID));
    let links = bars(top("Domain", ecs::URL_DOMAIN, 8), alerts());
    let mail = is_any(&[kind::ANALYZED_MESSAGE, kind::TEAMS_MESSAGE]);
    vec![
        cell(
            14,
            panel("Which clusters of messages are there?", Source::Evidence, clusters).only(is(kind::MAIL_CLUSTER)),
        ),
        cell(14, panel("Which campaigns are they part of?", Source::Evidence, campaigns)),
        cell(10, panel("What do users report?", Source::Evidence, reports).only(is(kind::SUBMISSION_MAIL))),
        cell(10, panel("Where do their links lead?", Source::Evidence, links).only(mail)),
    ]
}
