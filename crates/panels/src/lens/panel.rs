//! The panels of a dashboard, by type, with what the dashboard adds to each.

use serde_json::Value;

use super::PanelQuery;
use super::error::{Error, Problem, Result};
use super::fields::Fields;
use super::filters;
use super::hits::Hits;
use super::layer::Layer;
use super::run::Plan;
use super::tiles::Tiles;
use super::time::Span;
use super::view::{Library, View, reference};

/// What all panels of a dashboard share.
struct Dashboard<'a> {
    library: &'a Library,
    fields: &'a Fields,
    view: &'a View,
    references: &'a Value,
    /// Filters and query of the dashboard, and what its controls choose.
    conditions: Vec<Value>,
    span: Span,
}

pub(super) fn queries(
    json: &Value,
    library: &Library,
    fields: &Fields,
    view: &View,
) -> std::result::Result<Vec<PanelQuery>, Vec<Error>> {
    let id = json["id"].as_str().unwrap_or_default();
    let error = |panel: &str, problem: Problem| Error {
        dashboard: id.to_owned(),
        panel: panel.to_owned(),
        column: problem.column,
        problem: problem.text,
    };
    let dashboard = Dashboard::new(json, (library, fields), view).map_err(|problem| vec![error("", problem)])?;
    let Some(panels) = json["attributes"]["panelsJSON"].as_array() else {
        return Err(vec![error("", Problem::new("panelsJSON is no list: the dashboard must be in its decoded form"))]);
    };
    let (mut queries, mut errors) = (Vec::new(), Vec::new());
    for panel in panels {
        let (index, title) = (panel["panelIndex"].as_str().unwrap_or_default(), title(panel));
        match dashboard.panel(panel) {
            Ok(layers) => queries.extend(layers.into_iter().map(|planned| PanelQuery {
                dashboard: id.to_owned(),
                panel: index.to_owned(),
                layer: planned.layer,
                title: title.to_owned(),
                range: (planned.span.from, planned.span.to),
                shifts: planned.shifts,
                plan: planned.plan,
            })),
            Err(problem) => errors.push(error(if title.is_empty() { index } else { title }, problem)),
        }
    }
    if errors.is_empty() { Ok(queries) } else { Err(errors) }
}

fn title(panel: &Value) -> &str {
    let config = &panel["embeddableConfig"];
    let titles = [&config["title"], &config["attributes"]["title"], &config["savedVis"]["title"], &panel["title"]];
    titles.into_iter().filter_map(Value::as_str).find(|title| !title.is_empty()).unwrap_or_default()
}

/// A layer of a panel.
struct Planned {
    layer: String,
    shifts: Vec<super::layer::Shifted>,
    span: Span,
    plan: Plan,
}

impl<'a> Dashboard<'a> {
    fn new(json: &'a Value, (library, fields): (&'a Library, &'a Fields), view: &'a View) -> Result<Self> {
        let attributes = &json["attributes"];
        let source = &attributes["kibanaSavedObjectMeta"]["searchSourceJSON"];
        let mut conditions = filters::conditions(source, "filter", fields)?;
        conditions.extend(filters::controls(&attributes["controlGroupInput"], view)?);
        let restored = || {
            let is_restored = attributes["timeRestore"] == true;
            let end = |name: &str, otherwise: &str| {
                attributes[name].as_str().filter(|_| is_restored).unwrap_or(otherwise).to_owned()
            };
            // Kibana's own default is the last quarter of an hour.
            (end("timeFrom", "now-15m"), end("timeTo", "now"))
        };
        let (from, to) = view.range.clone().unwrap_or_else(restored);
        let span = Span::parse(&from, &to, view.now)?;
        Ok(Self { library, fields, view, references: &json["references"], conditions, span })
    }

    fn panel(&self, panel: &Value) -> Result<Vec<Planned>> {
        let config = &panel["embeddableConfig"];
        match panel["type"].as_str() {
            Some("lens") => self.lens(config),
            Some("map") => self.map(config),
            Some("search") => self.search(panel, config),
            Some("links" | "image") => Ok(Vec::new()),
            Some("visualization") if config["savedVis"]["type"] == "markdown" => Ok(Vec::new()),
            other => Err(Problem::new(format!("panels of type {} are not supported", other.unwrap_or("none")))),
        }
    }

    /// The time range of a panel, which may have its own.
    fn span(&self, config: &Value) -> Result<Span> {
        match (config["timeRange"]["from"].as_str(), config["timeRange"]["to"].as_str()) {
            (Some(from), Some(to)) => Span::parse(from, to, self.view.now),
            _ => Ok(self.span),
        }
    }

    fn lens(&self, config: &Value) -> Result<Vec<Planned>> {
        let attributes = &config["attributes"];
        let state = attributes["state"].as_object().map(|_| &attributes["state"]);
        let state = state.ok_or_else(|| Problem::new("the panel is not by value: it has no attributes.state"))?;
        let sources = &state["datasourceStates"];
        if sources["textBased"]["layers"].as_object().is_some_and(|layers| !layers.is_empty()) {
            return Err(Problem::new("ES|QL panels are not supported"));
        }
        let layers = sources["formBased"]["layers"].as_object().filter(|layers| !layers.is_empty());
        let layers = layers.ok_or_else(|| Problem::new("the panel has no layers"))?;
        let mut own = filters::conditions(state, "filters", self.fields)?;
        own.extend(filters::conditions(config, "filters", self.fields)?);
        let span = self.span(config)?;
        let mut planned = Vec::new();
        for (id, json) in layers {
            let name = format!("indexpattern-datasource-layer-{id}");
            let view = self.library.data_view(reference(&attributes["references"], &name, "index-pattern")?)?;
            let mut layer = Layer::parse(json, view, self.fields, span)?;
            if json["ignoreGlobalFilters"] != true {
                layer.conditions.extend(self.conditions.iter().cloned());
            }
            layer.conditions.extend(own.iter().cloned());
            layer.sorting = sorting(&state["visualization"], id, &layer)?;
            let shifts = layer.shifts()?;
            if layer.bounds().is_none() {
                // What cannot be asked shall be told now.
                layer.tree(0, shifts[0])?;
            }
            let plan = Plan::Layer(Box::new(layer), self.fields.clone());
            planned.push(Planned { layer: id.clone(), shifts, span, plan });
        }
        Ok(planned)
    }

    fn map(&self, config: &Value) -> Result<Vec<Planned>> {
        let attributes = &config["attributes"];
        let state = &attributes["mapStateJSON"];
        let layers = attributes["layerListJSON"].as_array();
        let layers =
            layers.ok_or_else(|| Problem::new("layerListJSON is no list: the map must be by value and decoded"))?;
        let mut own = filters::conditions(state, "filters", self.fields)?;
        own.extend(self.conditions.iter().cloned());
        let (zoom, span) = (state["zoom"].as_f64().unwrap_or(1.0), self.span(config)?);
        let mut planned = Vec::new();
        for json in layers {
            let source = &json["sourceDescriptor"];
            match source["type"].as_str() {
                Some("EMS_TMS" | "EMS_FILE") => continue,
                Some("ES_GEO_GRID") => {}
                other => return Err(Problem::new(format!("map layers of type {other:?} are not supported"))),
            }
            let name = source["indexPatternRefName"].as_str().unwrap_or_default();
            let view = self.library.data_view(reference(&attributes["references"], name, "index-pattern")?)?;
            let mut tiles = Tiles::parse(source, zoom, view, self.fields)?;
            let global = source["applyGlobalQuery"] != false;
            let mut conditions = if global { own.clone() } else { Vec::new() };
            conditions.extend(filters::query(&json["query"], self.fields)?);
            tiles.ask(conditions, Some(span).filter(|_| source["applyGlobalTime"] != false));
            let id = json["id"].as_str().unwrap_or_default().to_owned();
            planned.push(Planned { layer: id, shifts: Vec::new(), span, plan: Plan::Tiles(tiles) });
        }
        Ok(planned)
    }

    fn search(&self, panel: &Value, config: &Value) -> Result<Vec<Planned>> {
        const VIEW: &str = "kibanaSavedObjectMeta.searchSourceJSON.index";
        let index = panel["panelIndex"].as_str().unwrap_or_default();
        let by_value = config.get("attributes").filter(|attributes| attributes.is_object());
        let (attributes, references) = if let Some(attributes) = by_value {
            (attributes, &attributes["references"])
        } else {
            let name = panel["panelRefName"].as_str();
            let name = name.ok_or_else(|| Problem::new("the panel has no panelRefName"))?;
            let object = self.library.search(reference(self.references, &format!("{index}:{name}"), "search")?)?;
            (&object["attributes"], &object["references"])
        };
        let view = self.library.data_view(reference(references, VIEW, "index-pattern")?)?;
        let mut hits = Hits::parse(attributes, view, self.fields)?;
        let span = self.span(config)?;
        hits.ask(self.conditions.clone(), span);
        Ok(vec![Planned { layer: index.to_owned(), shifts: Vec::new(), span, plan: Plan::Hits(hits) }])
    }
}

/// The order of a table's rows, where a person chose one.
fn sorting(visualization: &Value, layer: &str, plan: &Layer) -> Result<Option<(usize, bool)>> {
    let sorting = &visualization["sorting"];
    let (Some(column), Some(direction)) = (sorting["columnId"].as_str(), sorting["direction"].as_str()) else {
        return Ok(None);
    };
    if visualization["layerId"] != layer || direction == "none" {
        return Ok(None);
    }
    let position = plan.columns.iter().position(|known| known.id == column);
    let position =
        position.ok_or_else(|| Problem::new("the table is sorted by a column that there is not").in_column(column))?;
    Ok(Some((position, direction == "asc")))
}
