//! The searches of all panels on their way to the page, without input or output of their own.
//!
//! [`Prepared`] knows what to ask; [`Progress`] asks it in rounds: send [`Progress::searches`], give the answers to
//! [`Progress::answer`], repeat until there are none, then [`Progress::page`]. A search that fails costs its panel, which
//! says so on the page; the others are drawn.

use dashboards::page::{self, Outcome, Page, Shown};
use panels::lens::{self, PanelQuery, Run, Search, View};
use serde_json::Value;

use crate::choice::Choices;
use crate::objects::Objects;

/// Dashboards with the queries of their panels.
#[derive(Debug)]
pub(crate) struct Prepared {
    dashboards: Vec<Dashboard>,
    now: i64,
}

#[derive(Debug)]
struct Dashboard {
    object: Value,
    queries: Vec<PanelQuery>,
}

impl Prepared {
    /// What the dashboards ask at a time, with what their controls choose.
    ///
    /// # Errors
    /// Every panel that is not understood.
    pub(crate) fn new(objects: Objects, choices: &Choices, now: i64) -> Result<Self, Vec<lens::Error>> {
        let (mut dashboards, mut errors) = (Vec::new(), Vec::new());
        for mut object in objects.dashboards {
            let view = View { now, range: None, selections: choices.of(&object) };
            match lens::queries(&object, &objects.library, &objects.fields, &view) {
                Ok(queries) => {
                    choices.write(&mut object);
                    dashboards.push(Dashboard { object, queries });
                }
                Err(of_dashboard) => errors.extend(of_dashboard),
            }
        }
        if errors.is_empty() { Ok(Self { dashboards, now }) } else { Err(errors) }
    }

    /// Begins to ask.
    pub(crate) fn begin(&self) -> Progress<'_> {
        let queries = self.dashboards.iter().flat_map(|dashboard| &dashboard.queries);
        Progress { prepared: self, runs: queries.map(|query| Ok(query.begin())).collect() }
    }
}

/// Panels that are being asked for.
#[derive(Debug)]
pub(crate) struct Progress<'a> {
    prepared: &'a Prepared,
    /// In the order of dashboards and queries; one that failed has its reason.
    runs: Vec<Result<Run<'a>, String>>,
}

/// How many panels have been drawn, and what became of the others.
#[derive(Debug)]
pub struct Finished {
    /// The page as HTML.
    pub html: String,
    /// Layers of panels that were searched.
    pub layers: usize,
    /// Dashboard, panel and reason of what failed.
    pub failures: Vec<String>,
}

impl Progress<'_> {
    /// The next searches of all panels.
    pub(crate) fn searches(&self) -> Vec<&Search> {
        self.runs.iter().flatten().flat_map(Run::searches).collect()
    }

    /// Takes the answers of [`Self::searches`], in their order; each is the body of an answer, or why there is none.
    pub(crate) fn answer(&mut self, answers: Vec<Result<Value, String>>) {
        let mut answers = answers.into_iter();
        for run in &mut self.runs {
            let Ok(asked) = run else { continue };
            let count = asked.searches().len();
            if count == 0 {
                continue;
            }
            let own: Result<Vec<Value>, String> =
                answers.by_ref().take(count).collect::<Vec<_>>().into_iter().collect();
            if let Err(reason) = own.and_then(|own| asked.answer(own).map_err(|error| error.to_string())) {
                *run = Err(reason);
            }
        }
    }

    /// The page, when everything is answered. `source` says where the data come from.
    pub(crate) fn page(self, source: &str) -> Finished {
        let mut runs = self.runs.into_iter();
        let (mut dashboards, mut failures, mut layers) = (Vec::new(), Vec::new(), 0);
        for dashboard in &self.prepared.dashboards {
            let mut results = Vec::new();
            for (query, run) in dashboard.queries.iter().zip(runs.by_ref()) {
                let table = run.and_then(|run| run.finish().map_err(|error| error.to_string()));
                if let Err(reason) = &table {
                    failures.push(format!("{}, \"{}\": {reason}", query.dashboard, query.title));
                }
                layers += 1;
                results.push(Outcome { panel: query.panel.clone(), layer: query.layer.clone(), table });
            }
            // A panel may have a time range of its own: the first one's is the dashboard's.
            let range = dashboard.queries.first().map_or((self.prepared.now, self.prepared.now), |query| query.range);
            main_first(&mut results, &dashboard.object);
            dashboards.push(Shown { dashboard: &dashboard.object, range, results });
        }
        let html = page::html(&Page { source, made: self.prepared.now, dashboards });
        Finished { html, layers, failures }
    }
}

/// Brings the layer that a chart names as its own before the other layers of the panel.
fn main_first(results: &mut [Outcome], dashboard: &Value) {
    let panels = dashboard["attributes"]["panelsJSON"].as_array().map_or(&[][..], Vec::as_slice);
    let main = |panel: &str| {
        let panel = panels.iter().find(|one| one["panelIndex"] == panel)?;
        let shown = &panel["embeddableConfig"]["attributes"]["state"]["visualization"];
        shown["layerId"].as_str().or(shown["layers"][0]["layerId"].as_str())
    };
    // Results of one panel stand together; a stable sort leaves the panels where they are.
    results.chunk_by_mut(|one, next| one.panel == next.panel).for_each(|layers| {
        layers.sort_by_key(|outcome| main(&outcome.panel).is_some_and(|id| id != outcome.layer));
    });
}
