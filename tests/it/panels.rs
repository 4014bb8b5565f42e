//! Every panel of every dashboard on a real cluster full of the demo's tenant: what ships is read, asked, and shows
//! something. A panel that shows nothing here shows nothing to people either.

mod compare;
mod state;
mod world;

use std::io::Write as _;
use std::time::Duration;

use it::Stack;
use panels::lens::{self, PanelQuery, Search, View};
use panels::table::Table;
use serde_json::Value;

use self::world::World;

/// Prints past the test harness, which shows output only when a test fails.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// The queries of all dashboards as they are opened: with the time range that they restore.
fn queries(world: &World) -> Vec<PanelQuery> {
    let view = View { now: world.now, ..View::default() };
    let mut queries = Vec::new();
    for dashboard in &world.dashboards {
        match lens::queries(dashboard, &world.library, &world.fields, &view) {
            Ok(found) => queries.extend(found),
            Err(errors) => panic!("{}", errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
        }
    }
    queries
}

/// The table of a panel, and how long the server took for it.
async fn ask(world: &World, query: &PanelQuery) -> Result<(Table, Duration), lens::Error> {
    let (mut run, mut took) = (query.begin(), 0);
    while !run.searches().is_empty() {
        let mut answers = Vec::new();
        for search in run.searches() {
            let answer = world.search(search).await;
            took += answer["took"].as_u64().unwrap_or(0);
            answers.push(answer);
        }
        run.answer(answers)?;
    }
    Ok((run.finish()?, Duration::from_millis(took)))
}

#[tokio::test]
async fn every_panel_shows_something() {
    for stack in Stack::selected() {
        let Some(world) = World::shared(stack).await else { return };
        let (mut empty, mut count) = (Vec::new(), 0);
        say(&format!("panels on {}: dashboard / panel / layer: documents, rows, time", stack.version()));
        for query in queries(world) {
            count += 1;
            let name = format!("{} / {} / {}", query.dashboard, query.title, query.layer);
            match ask(world, &query).await {
                Ok((table, took)) => {
                    let (hits, rows) = (table.total_hits, table.rows.len());
                    say(&format!("{name}: {hits} documents, {rows} rows, {} ms", took.as_millis()));
                    if !query.shows_something(&table) {
                        empty.push(format!("{name}: {hits} documents, {rows} rows, nothing in them"));
                    }
                }
                Err(error) => empty.push(error.to_string()),
            }
        }
        assert!(count > 0, "no dashboard has a panel");
        assert!(empty.is_empty(), "{} of {count} panels show nothing:\n{}", empty.len(), empty.join("\n"));
    }
}

#[tokio::test]
async fn memory_answers_as_the_server_does() {
    for stack in Stack::selected() {
        let Some(world) = World::shared(stack).await else { return };
        let documents = world.documents().await;
        let (mut wrong, mut cells) = (Vec::new(), 0);
        for query in queries(world) {
            let name = format!("{} / {} / {}", query.dashboard, query.title, query.layer);
            let server = ask(world, &query).await.map(|(table, _)| table);
            let search = |search: &Search| documents.search(search).map_err(|error| error.to_string());
            let memory = query.table_with(search);
            match (server, memory) {
                (Ok(server), Ok(memory)) => {
                    cells += server.rows.iter().map(Vec::len).sum::<usize>();
                    wrong.extend(compare::difference(&server, &memory).map(|found| format!("{name}: {found}")));
                }
                (server, memory) => {
                    let errors = [server.err(), memory.err()].into_iter().flatten();
                    wrong.push(errors.map(|error| error.to_string()).collect::<Vec<_>>().join(" | "));
                }
            }
        }
        say(&format!("memory and {}: {cells} cells compared", stack.version()));
        assert!(wrong.is_empty(), "{} panels differ, server | memory:\n{}", wrong.len(), wrong.join("\n"));
    }
}

/// The number in the only cell of a table.
fn number(table: &Table) -> Option<u64> {
    match table.rows.as_slice() {
        [row] => row.first().and_then(Value::as_u64),
        _ => None,
    }
}
