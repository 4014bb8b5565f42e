//! Current state beside history: each entity once, however often it changed, and neither counted with the other.

use std::hash::{BuildHasher, RandomState};

use chrono::{DateTime, TimeDelta, Utc};
use dashboards::fields::{ecs, incident};
use dashboards::panel::{panel, tile};
use dashboards::state::{ENTITIES, entity};
use dashboards::{Entity as Now, Source, cell, choose, count, dashboard, saved_objects, unique};
use it::Stack;
use mapper::Mapper;
use panels::lens::{self, Search, View};
use serde_json::{Value, json};

use super::world::{World, fill, refresh};

/// Incidents of the test, and versions of each.
const INCIDENTS: u64 = 12;
const VERSIONS: u64 = 10;
/// Every third incident was closed in its last version.
const CLOSED: u64 = 4;
/// A tenant of its own for each run, which tells the documents apart from all others on the server.
fn tenant() -> String {
    format!("5a7e0000-0000-4000-8000-{:012x}", RandomState::new().hash_one(0) >> 16)
}

/// Id and document of a version. Later ones are newer; the last one may close the incident.
fn version(tenant: &str, (incident, version): (u64, u64), now: DateTime<Utc>) -> (String, Value) {
    let fixture = it::repository().join("tests/fixtures/incident/phishing.json");
    let mut row: Value = serde_json::from_str(&std::fs::read_to_string(fixture).unwrap()).unwrap();
    let id = 900_000 + incident;
    let age = TimeDelta::minutes(i64::try_from(60 * (VERSIONS - version)).unwrap());
    row["id"] = id.to_string().into();
    row["tenantId"] = tenant.into();
    row["incidentWebUrl"] = format!("https://security.microsoft.com/incident2/{id}/overview?tid={tenant}").into();
    row["lastUpdateDateTime"] = (now - age).to_rfc3339_opts(chrono::SecondsFormat::Millis, true).into();
    row["status"] = if incident < CLOSED && version == VERSIONS - 1 { "resolved" } else { "active" }.into();
    let mut document = Vec::new();
    let id = Mapper::new(schema::dataset("incident").unwrap()).map(row.to_string().as_bytes(), &mut document).unwrap();
    (id.to_string(), serde_json::from_slice(&document).unwrap())
}

/// A dashboard that shows both: documents and incidents of the history, all incidents and the open ones of the state.
fn both() -> Value {
    let history = |title, metric| panel(title, Source::Incident, tile(metric));
    let state = |title| panel(title, Source::Latest(Now::Incident), tile(count("Incidents")));
    let rows = vec![
        cell(12, history("How many versions are there?", count("Versions"))),
        cell(12, history("How many incidents have they?", unique("Incidents", ecs::EVENT_URL))),
        cell(12, state("How many incidents are there now?")),
        cell(12, state("How many are open now?").only(!incident::STATUS.is("resolved"))),
    ];
    let board = dashboard("both", "Both", "History and state side by side.").since("now-30d").row(7, rows);
    let board = board.control(choose("Tenant", Source::Incident, ecs::CLOUD_ACCOUNT_ID));
    saved_objects::dashboards(&[board])[0].decoded()
}

#[tokio::test]
async fn state_counts_each_incident_once_beside_its_history() {
    for stack in Stack::selected() {
        let Some(world) = World::shared(stack).await else { return };
        let (server, stream) = (world.server, "logs-m365_security.incident-panels");
        let (tenant, now) = (tenant(), common::clock::now());
        let mut lines = String::new();
        for incident in 0..INCIDENTS {
            // The newest version arrives first, and old ones late.
            for number in (0..VERSIONS).rev() {
                let (id, document) = version(&tenant, (incident, number), now);
                for line in [json!({ "create": { "_id": id } }), document.clone()] {
                    lines.push_str(&line.to_string());
                    lines.push('\n');
                }
            }
        }
        let (_, answer) = server.bulk(&format!("/{stream}/_bulk"), lines).await.unwrap();
        assert_eq!(answer["errors"], false, "{answer}");
        refresh(server).await;
        // It lies beside the real one, outside of `logs-*`, as the transform's destination does.
        let index = format!("{}-panels", entity("incident").unwrap().index());
        fill(server, entity("incident").unwrap(), stream, &index).await;

        let chosen = [("tenant".to_owned(), vec![json!(tenant)])];
        let view = View { now: now.timestamp_millis(), selections: chosen.into(), ..View::default() };
        let mut found = Vec::new();
        for query in lens::queries(&both(), &world.library, &world.fields, &view).unwrap() {
            let mut run = query.begin();
            while !run.searches().is_empty() {
                let mut answers = Vec::new();
                for Search { index: asked, body } in run.searches() {
                    let asked = if asked == "logs-*" { asked } else { &index };
                    answers.push(server.post_json(&format!("/{asked}/_search"), body).await.unwrap().1);
                }
                run.answer(answers).unwrap();
            }
            found.push(super::number(&run.finish().unwrap()));
        }
        let expected = [INCIDENTS * VERSIONS, INCIDENTS, INCIDENTS, INCIDENTS - CLOSED].map(Some);
        assert_eq!(found, expected, "versions, incidents in the history, incidents now, open now");

        let (_, answer) = server.get_json("/_resolve/index/logs-*").await.unwrap();
        let names = answer.to_string();
        let inside = ENTITIES.iter().find(|entity| names.contains(&entity.index()) || names.contains(&entity.alias()));
        assert!(inside.is_none(), "state lies within logs-*: {inside:?}");
        let (_, answer) = server.get_json(&format!("/_resolve/index/{index}")).await.unwrap();
        assert!(answer.to_string().contains(&index), "the index that was counted is not there: {answer}");
    }
}
