//! What a control that wants one value has chosen, where nobody chooses: the value that there is most to see of, which
//! is the one with most kinds of evidence.

use std::collections::BTreeMap;

use dashboards::fields::{alert, ecs};
use panels::lens::{Library, Search};
use serde_json::{Value, json};

/// Name of the number that values are ordered by.
const KINDS: &str = "kinds";

/// Chosen values of controls, by dashboard and control.
#[derive(Debug, Default)]
pub(crate) struct Choices {
    asked: Vec<(String, String, Search)>,
    chosen: BTreeMap<(String, String), Value>,
}

impl Choices {
    /// Controls for one value that have chosen none.
    pub(crate) fn new(dashboards: &[Value], library: &Library) -> Self {
        let mut asked = Vec::new();
        for dashboard in dashboards {
            let id = dashboard["id"].as_str().unwrap_or_default();
            for (control, search) in open(dashboard, library) {
                asked.push((id.to_owned(), control, search));
            }
        }
        Self { asked, chosen: BTreeMap::new() }
    }

    /// Searches for the values, one per control.
    pub(crate) fn searches(&self) -> impl Iterator<Item = &Search> {
        self.asked.iter().map(|(_, _, search)| search)
    }

    /// Takes the answers of [`Self::searches`], in their order. Where there is no value, nothing is chosen.
    pub(crate) fn answer(&mut self, answers: Vec<Result<Value, String>>) {
        for ((dashboard, control, _), answer) in self.asked.drain(..).zip(answers) {
            let Ok(answer) = answer else { continue };
            let value = answer["aggregations"]["value"]["buckets"][0]["key"].clone();
            if !value.is_null() {
                self.chosen.insert((dashboard, control), value);
            }
        }
    }

    /// Chosen values of a dashboard by control.
    pub(crate) fn of(&self, dashboard: &Value) -> BTreeMap<String, Vec<Value>> {
        let own = self.chosen.iter().filter(|((id, _), _)| dashboard["id"] == id.as_str());
        own.map(|((_, control), value)| (control.clone(), vec![value.clone()])).collect()
    }

    /// Writes the choice into the dashboard, as a person who chooses does.
    pub(crate) fn write(&self, dashboard: &mut Value) {
        for (control, values) in self.of(dashboard) {
            let input = &mut dashboard["attributes"]["controlGroupInput"]["panelsJSON"][control]["explicitInput"];
            input["selectedOptions"] = json!(values);
        }
    }
}

/// Controls of a dashboard that want one value and have none, with the search for it.
fn open(dashboard: &Value, library: &Library) -> Vec<(String, Search)> {
    let attributes = &dashboard["attributes"];
    let controls = attributes["controlGroupInput"]["panelsJSON"].as_object();
    let filters = attributes["kibanaSavedObjectMeta"]["searchSourceJSON"]["filter"].as_array();
    let mut filters: Vec<Value> = filters.into_iter().flatten().map(|filter| filter["query"].clone()).collect();
    if attributes["timeRestore"] == true {
        let range = json!({"gte": attributes["timeFrom"], "lte": attributes["timeTo"]});
        filters.push(json!({"range": {ecs::TIMESTAMP.name(): range}}));
    }
    let mut open = Vec::new();
    for (id, control) in controls.into_iter().flatten() {
        let input = &control["explicitInput"];
        let is_open = input["selectedOptions"].as_array().is_none_or(Vec::is_empty);
        let index = input["dataViewId"].as_str().and_then(|id| library.index(id));
        if let (true, true, Some(index)) = (input["singleSelect"] == true, is_open, index) {
            let body = json!({
                "size": 0,
                "query": {"bool": {"filter": filters}},
                "aggs": {"value": {
                    "terms": {"field": input["fieldName"], "size": 1, "order": {KINDS: "desc"}},
                    "aggs": {KINDS: {"cardinality": {"field": alert::EVIDENCE_ODATA_TYPE.name()}}},
                }},
            });
            open.push((id.clone(), Search { index, body }));
        }
    }
    open
}
