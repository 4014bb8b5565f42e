//! Files, processes and the registry: what ran, what it came from, and what it left behind.

use super::common::tenant;
use super::evidence::{INVESTIGATION, alerts, is, is_any, is_bad, kind, warn};
use crate::color::{Color, Scale};
use crate::fields::{alert, ecs};
use crate::panel::{Tile, area, bars, donut, panel, table, tag_cloud, tile, treemap};
use crate::{Cell, Dashboard, Source, cell, choose, count, dashboard, last, max, newest, over_time, top, unique};

pub(super) fn files() -> Dashboard {
    dashboard(
        "files-and-processes",
        "Files, processes, registry",
        "What ran, what started it, what it left behind, and whether it was stopped.",
    )
    .since("now-30d")
    .control(tenant())
    .control(choose("Verdict", Source::Evidence, alert::EVIDENCE_VERDICT))
    .control(choose("Process", Source::Evidence, ecs::PROCESS_NAME))
    .control(choose("File", Source::Evidence, ecs::FILE_NAME))
    .row(6, tiles())
    .row(12, processes())
    .row(15, command_lines())
    .row(15, files_by_hash())
    .row(13, registry())
}

fn tiles() -> Vec<Cell> {
    let of = |title, tile: Tile| cell(8, panel(title, Source::Evidence, tile));
    let bad = is_bad(alert::EVIDENCE_VERDICT);
    let prevented = alert::EVIDENCE_REMEDIATION_STATUS.any_of(&["prevented", "blocked", "remediated"]);
    let left = alert::EVIDENCE_REMEDIATION_STATUS.any_of(&["active", "notRemediated", "pendingApproval"]) & bad.clone();
    vec![
        of(
            "How many files were named?",
            tile(unique("Files", ecs::FILE_HASH_SHA256).only(is_any(&[kind::FILE, kind::FILE_HASH]))),
        ),
        of("How many are held for bad?", warn(unique("Malicious or suspicious", ecs::FILE_HASH_SHA256).only(bad))),
        of("How many programs ran?", tile(unique("Programs", ecs::PROCESS_NAME))),
        of("How many processes were there?", tile(unique("Processes", ecs::PROCESS_ENTITY_ID))),
        of(
            "How many hashes were stopped?",
            tile(unique("Prevented or removed", ecs::RELATED_HASH).only(prevented)).color(Color::Success),
        ),
        of("How many bad ones were left?", warn(unique("Hashes", ecs::RELATED_HASH).only(left))),
    ]
}

fn processes() -> Vec<Cell> {
    let family =
        treemap(top("Parent", ecs::PROCESS_PARENT_NAME, 8), alerts()).then(top("Process", ecs::PROCESS_NAME, 5));
    let over = area(over_time("Time", ecs::TIMESTAMP), unique("Processes", ecs::PROCESS_ENTITY_ID))
        .split(top("Verdict", alert::EVIDENCE_VERDICT, 4).colored(Scale::Verdict));
    let programs = bars(top("Program", ecs::PROCESS_NAME, 12), alerts());
    vec![
        cell(
            18,
            panel("Which programs started which?", Source::Evidence, family).only(ecs::PROCESS_PARENT_NAME.exists()),
        ),
        cell(
            18,
            panel("When did processes run, and how bad were they?", Source::Evidence, over)
                .only(ecs::PROCESS_NAME.exists()),
        ),
        cell(12, panel("Which programs are in most alerts?", Source::Evidence, programs).opens(INVESTIGATION)),
    ]
}

fn command_lines() -> Vec<Cell> {
    let lines = table(newest("Command line", ecs::PROCESS_COMMAND_LINE, 50))
        .column(last("Program", ecs::PROCESS_NAME))
        .column(last("Started by", ecs::PROCESS_PARENT_NAME))
        .column(last("Account", ecs::PROCESS_USER_NAME))
        .colored(last("Verdict", alert::EVIDENCE_VERDICT), Scale::Verdict)
        .column(max("Last alert", ecs::TIMESTAMP))
        .sorted();
    let signers = donut(
        top("Signer", ecs::FILE_CODE_SIGNATURE_SUBJECT_NAME, 8).with_other(),
        unique("Files", ecs::FILE_HASH_SHA256),
    );
    vec![
        cell(36, panel("What was run, newest first?", Source::Evidence, lines).opens(INVESTIGATION)),
        cell(12, panel("Who signed the files?", Source::Evidence, signers)),
    ]
}

fn files_by_hash() -> Vec<Cell> {
    let files = table(newest("SHA-256", ecs::FILE_HASH_SHA256, 50))
        .column(last("Name", ecs::FILE_NAME))
        .column(last("Folder", ecs::FILE_DIRECTORY))
        .column(last("Bytes", ecs::FILE_SIZE))
        .colored(last("Verdict", alert::EVIDENCE_VERDICT), Scale::Verdict)
        .colored(last("Remediation", alert::EVIDENCE_REMEDIATION_STATUS), Scale::Remediation)
        .column(unique("Devices", ecs::HOST_ID))
        .column(max("Last alert", ecs::TIMESTAMP))
        .sorted();
    let malware = bars(top("Malware", alert::EVIDENCE_NAME, 10), alerts());
    vec![
        cell(
            36,
            panel("Which files were seen, newest first?", Source::Evidence, files)
                .only(is_any(&[kind::FILE]))
                .opens(INVESTIGATION),
        ),
        cell(12, panel("Which malware was it?", Source::Evidence, malware).only(is(kind::MALWARE))),
    ]
}

fn registry() -> Vec<Cell> {
    let values = table(newest("Path", ecs::REGISTRY_PATH, 25))
        .column(last("Data", ecs::REGISTRY_DATA_STRINGS))
        .column(last("Type", ecs::REGISTRY_DATA_TYPE))
        .colored(last("Remediation", alert::EVIDENCE_REMEDIATION_STATUS), Scale::Remediation)
        .column(max("Last alert", ecs::TIMESTAMP))
        .sorted();
    vec![
        cell(28, panel("What was written to the registry?", Source::Evidence, values)),
        cell(
            10,
            panel(
                "Which hives were written to?",
                Source::Evidence,
                donut(top("Hive", ecs::REGISTRY_HIVE, 6), count("Items")),
            ),
        ),
        cell(
            10,
            panel(
                "Which kinds of files were they?",
                Source::Evidence,
                tag_cloud(top("Extension", ecs::FILE_EXTENSION, 15), alerts()),
            ),
        ),
    ]
}
