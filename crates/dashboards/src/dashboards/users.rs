//! Users and mailboxes: which accounts alerts name, and what became of them.

use super::common::tenant;
use super::evidence::{INVESTIGATION, alerts, is, is_any, is_bad, kind, warn};
use crate::color::Scale;
use crate::fields::{alert, ecs};
use crate::panel::{Tile, area, bars, donut, panel, table, tag_cloud, tile};
use crate::{
    Cell, Dashboard, Entity, Source, by_severity, cell, choose, count, dashboard, last, max, newest, over_time, top,
    unique,
};

const NOW: Source = Source::Latest(Entity::User);

pub(super) fn users() -> Dashboard {
    dashboard(
        "users-and-mailboxes",
        "Users and mailboxes",
        "Accounts, mailboxes and groups that alerts name: verdict, remediation, access.",
    )
    .since("now-30d")
    .control(tenant())
    .control(choose("Verdict", NOW, alert::EVIDENCE_VERDICT))
    .control(choose("Account", NOW, ecs::USER_NAME))
    .row(6, tiles())
    .row(12, state())
    .row(12, history())
    .row(15, accounts())
    .row(15, mailboxes())
}

fn tiles() -> Vec<Cell> {
    let of = |title, tile: Tile| cell(8, panel(title, NOW, tile));
    let open = alert::EVIDENCE_REMEDIATION_STATUS.any_of(&["active", "pendingApproval", "partiallyRemediated"]);
    let mailbox = is(kind::MAILBOX);
    vec![
        of("How many accounts do alerts name?", tile(count("Accounts"))),
        of("How many are held for bad?", warn(count("Malicious or suspicious").only(is_bad(alert::EVIDENCE_VERDICT)))),
        of("How many wait for remediation?", warn(count("Not remediated").only(open))),
        of("How many are known by their mailbox?", tile(count("Mailboxes").only(mailbox))),
        cell(
            8,
            panel("How many accounts were compromised?", Source::Evidence, {
                warn(unique("Compromised", ecs::USER_ID).only(alert::EVIDENCE_ROLES.is("compromised")))
            }),
        ),
        cell(8, panel("How many groups were named?", Source::Evidence, tile(unique("Groups", ecs::GROUP_ID)))),
    ]
}

fn state() -> Vec<Cell> {
    vec![
        cell(
            12,
            panel("What does Defender hold of them?", NOW, {
                donut(top("Verdict", alert::EVIDENCE_VERDICT, 6).colored(Scale::Verdict), count("Accounts"))
            }),
        ),
        cell(
            12,
            panel("What became of them?", NOW, {
                donut(
                    top("Remediation", alert::EVIDENCE_REMEDIATION_STATUS, 8).colored(Scale::Remediation),
                    count("Accounts"),
                )
            }),
        ),
        cell(12, panel("Which domains are they of?", NOW, bars(top("Domain", ecs::USER_DOMAIN, 8), count("Accounts")))),
        cell(
            12,
            panel("Which part do they play?", NOW, bars(top("Role", alert::EVIDENCE_ROLES, 8), count("Accounts"))),
        ),
    ]
}

fn history() -> Vec<Cell> {
    let accounts = is_any(&[kind::USER, kind::MAILBOX]);
    let products = bars(top("Product", alert::SERVICE_SOURCE, 8), unique("Accounts", ecs::USER_ID));
    vec![
        cell(
            20,
            panel(
                "When were accounts named, and how severe was it?",
                Source::Evidence,
                area(over_time("Time", ecs::TIMESTAMP), unique("Accounts", ecs::USER_ID))
                    .split(by_severity(alert::SEVERITY)),
            )
            .only(accounts.clone()),
        ),
        cell(
            16,
            panel(
                "Which accounts have most alerts?",
                Source::Evidence,
                bars(top("Account", ecs::USER_NAME, 10), alerts()),
            )
            .only(accounts.clone())
            .opens(INVESTIGATION),
        ),
        cell(12, panel("Which products name them?", Source::Evidence, products).only(accounts)),
    ]
}

fn accounts() -> Vec<Cell> {
    let accounts = table(newest("Account", ecs::USER_NAME, 50))
        .column(last("Name", ecs::USER_FULL_NAME))
        .column(last("Address", ecs::USER_EMAIL))
        .colored(last("Verdict", alert::EVIDENCE_VERDICT), Scale::Verdict)
        .colored(last("Remediation", alert::EVIDENCE_REMEDIATION_STATUS), Scale::Remediation)
        .column(last("Alert", alert::TITLE))
        .column(max("Last alert", ecs::TIMESTAMP))
        .sorted();
    let resources = alert::EVIDENCE_USER_ACCOUNT_RESOURCE_ACCESS_EVENTS_RESOURCE_IDENTIFIER;
    vec![
        cell(32, panel("What state is each account in?", NOW, accounts).opens(INVESTIGATION)),
        cell(
            16,
            panel(
                "What did they reach?",
                Source::Evidence,
                bars(top("Resource", resources, 12), unique("Accounts", ecs::USER_ID)),
            ),
        ),
    ]
}

fn mailboxes() -> Vec<Cell> {
    let mailboxes = table(newest("Mailbox", alert::EVIDENCE_PRIMARY_ADDRESS, 25))
        .column(last("Name", alert::EVIDENCE_DISPLAY_NAME))
        .colored(last("Verdict", alert::EVIDENCE_VERDICT), Scale::Verdict)
        .column(alerts())
        .column(max("Last alert", ecs::TIMESTAMP))
        .sorted();
    let settings = table(newest("Mailbox", alert::EVIDENCE_MAILBOX_PRIMARY_ADDRESS, 25))
        .then(top("Setting", alert::EVIDENCE_CONFIGURATION_TYPE, 5))
        .column(max("Changed", ecs::TIMESTAMP));
    vec![
        cell(20, panel("Which mailboxes are named?", Source::Evidence, mailboxes).only(is(kind::MAILBOX))),
        cell(
            16,
            panel("Whose mailbox settings were changed?", Source::Evidence, settings)
                .only(is(kind::MAILBOX_CONFIGURATION)),
        ),
        cell(
            12,
            panel("Which groups are named?", Source::Evidence, tag_cloud(top("Group", ecs::GROUP_NAME, 20), alerts())),
        ),
    ]
}
