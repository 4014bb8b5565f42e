//! Panels: what a dashboard shows in one cell of its grid.

mod gauge;
mod heatmap;
mod links;
mod map;
mod metric;
mod partition;
mod table;
mod tag_cloud;
mod text;
mod xy;

pub use gauge::{Gauge, gauge};
pub use heatmap::{Heatmap, heatmap};
pub use map::{Map, map};
pub use metric::{Tile, tile};
pub use partition::{Partition, donut, treemap};
pub use table::{Table, table};
pub use tag_cloud::{TagCloud, tag_cloud};
pub use xy::{Xy, area, bars, columns, line};

pub(crate) use links::links;
pub(crate) use map::panel as map_panel;
pub(crate) use text::markdown;

use serde_json::Value;

use crate::filter::Filter;
use crate::layer::Layer;
use crate::search::Search;
use crate::source::Source;

/// Begins the sentence that tells why a panel without results is good news.
pub(crate) const QUIET: &str = "Empty is good: ";

/// A panel of a dashboard.
#[derive(Debug, Clone)]
pub struct Panel {
    pub(crate) title: &'static str,
    pub(crate) note: Option<&'static str>,
    pub(crate) quiet: Option<&'static str>,
    pub(crate) body: Body,
    pub(crate) opens: Vec<&'static str>,
}

/// What a panel consists of.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "a few hundred of them are made, once")]
pub(crate) enum Body {
    Lens { source: Source, filter: Option<Filter>, chart: Chart },
    Map { source: Source, filter: Option<Filter>, map: Map },
    Search(Search),
    Text(&'static str),
}

/// A chart of Lens.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "a few hundred of them are made, once")]
pub enum Chart {
    /// One number, or one per group.
    Tile(Tile),
    /// Bars, lines, areas.
    Xy(Xy),
    /// Donut, treemap.
    Partition(Partition),
    /// Cells of two buckets.
    Heatmap(Heatmap),
    /// Rows and columns.
    Table(Table),
    /// Words in sizes.
    TagCloud(TagCloud),
    /// One number against bounds.
    Gauge(Gauge),
}

/// A chart in Lens's terms.
#[derive(Debug)]
pub(crate) struct Rendered {
    /// `visualizationType`.
    pub(crate) kind: &'static str,
    pub(crate) layers: Vec<Layer>,
    /// `state.visualization`.
    pub(crate) visualization: Value,
}

impl Chart {
    pub(crate) fn render(&self) -> Rendered {
        match self {
            Chart::Tile(chart) => chart.render(),
            Chart::Xy(chart) => chart.render(),
            Chart::Partition(chart) => chart.render(),
            Chart::Heatmap(chart) => chart.render(),
            Chart::Table(chart) => chart.render(),
            Chart::TagCloud(chart) => chart.render(),
            Chart::Gauge(chart) => chart.render(),
        }
    }
}

/// A panel with a chart over the documents of a source. The title is the question that it answers.
pub fn panel(title: &'static str, source: Source, chart: impl Into<Chart>) -> Panel {
    new(title, Body::Lens { source, filter: None, chart: chart.into() })
}

/// A panel with a map over the documents of a source.
pub fn map_of(title: &'static str, source: Source, map: Map) -> Panel {
    new(title, Body::Map { source, filter: None, map })
}

/// A panel with a saved search, which Discover opens too.
pub fn search(title: &'static str, search: Search) -> Panel {
    new(title, Body::Search(search))
}

/// A short explanation in Markdown. It is not for navigation: every dashboard has a panel with links.
pub fn text(title: &'static str, markdown: &'static str) -> Panel {
    new(title, Body::Text(markdown))
}

fn new(title: &'static str, body: Body) -> Panel {
    Panel { title, note: None, quiet: None, body, opens: Vec::new() }
}

impl Panel {
    /// Takes only these documents.
    #[must_use]
    pub fn only(mut self, condition: Filter) -> Self {
        if let Body::Lens { filter, .. } | Body::Map { filter, .. } = &mut self.body {
            *filter = Some(match filter.take() {
                Some(first) => first & condition,
                None => condition,
            });
        }
        self
    }

    /// Explains how the panel counts; people see it at the title.
    #[must_use]
    pub fn note(mut self, note: &'static str) -> Self {
        self.note = Some(note);
        self
    }

    /// That the panel shows nothing is good news, which this sentence tells. It stands behind the note for people in Kibana;
    /// the page shows it in place of the chart.
    #[must_use]
    pub fn good_if_empty(mut self, news: &'static str) -> Self {
        self.quiet = Some(news);
        self
    }

    /// What people see at the title.
    pub(crate) fn description(&self) -> Option<String> {
        let quiet = self.quiet.map(|news| format!("{QUIET}{news}"));
        let parts: Vec<String> = self.note.map(str::to_owned).into_iter().chain(quiet).collect();
        Some(parts.join(" ")).filter(|text| !text.is_empty())
    }

    /// A click leads to the dashboard of this name, with what was clicked on as filter.
    #[must_use]
    pub fn opens(mut self, dashboard: &'static str) -> Self {
        self.opens.push(dashboard);
        self
    }
}
