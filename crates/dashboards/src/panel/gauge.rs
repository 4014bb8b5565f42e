//! Gauges (`lnsGauge`): one number against bounds.

use serde_json::json;

use super::{Chart, Rendered};
use crate::color::{self, Color};
use crate::layer::{Layer, MAIN};
use crate::metric::{Metric, constant};

/// A number against bounds.
#[derive(Debug, Clone)]
pub struct Gauge {
    metric: Metric,
    max: i64,
    goal: Option<i64>,
    bands: Vec<(f64, Color)>,
}

/// A gauge from zero to `max`.
pub fn gauge(metric: Metric, max: i64) -> Gauge {
    Gauge { metric, max, goal: None, bands: Vec::new() }
}

impl Gauge {
    /// Marks a value to reach or to stay below.
    #[must_use]
    pub fn goal(mut self, goal: i64) -> Self {
        self.goal = Some(goal);
        self
    }

    /// Colours the bands that begin at these bounds.
    #[must_use]
    pub fn bands(mut self, bands: &[(f64, Color)]) -> Self {
        self.bands = bands.to_vec();
        self
    }

    pub(super) fn render(&self) -> Rendered {
        let (min, max) = (constant("Least", 0), constant("Greatest", self.max));
        let goal = self.goal.map(|goal| constant("Goal", goal));
        let metrics: Vec<&Metric> = [&self.metric, &min, &max].into_iter().chain(&goal).collect();
        let (layer, ids) = Layer::new(MAIN, &[], &metrics);
        let mut state = json!({
            "layerId": MAIN, "layerType": "data", "shape": "arc", "metricAccessor": ids.metrics[0],
            "minAccessor": ids.metrics[1], "maxAccessor": ids.metrics[2], "ticksPosition": "auto", "labelMajorMode": "none",
            "colorMode": "none",
        });
        if self.goal.is_some() {
            state["goalAccessor"] = json!(ids.metrics[3]);
        }
        if !self.bands.is_empty() {
            state["colorMode"] = json!("palette");
            state["palette"] = color::bands(&self.bands);
        }
        Rendered { kind: "lnsGauge", layers: vec![layer], visualization: state }
    }
}

impl From<Gauge> for Chart {
    fn from(chart: Gauge) -> Chart {
        Chart::Gauge(chart)
    }
}
