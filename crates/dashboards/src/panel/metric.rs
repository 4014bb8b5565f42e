//! Metric tiles (`lnsMetric`): one number, or one per group.

use serde_json::json;

use super::{Chart, Rendered};
use crate::bucket::Bucket;
use crate::color::{self, Color};
use crate::layer::{Layer, MAIN};
use crate::metric::Metric;

/// A number in large type.
#[derive(Debug, Clone)]
pub struct Tile {
    metric: Metric,
    beside: Option<Metric>,
    per: Option<(Bucket, u8)>,
    subtitle: Option<&'static str>,
    color: Option<Color>,
    bands: Vec<(f64, Color)>,
    trend: Option<Bucket>,
}

/// A tile with this number.
pub fn tile(metric: Metric) -> Tile {
    Tile { metric, beside: None, per: None, subtitle: None, color: None, bands: Vec::new(), trend: None }
}

impl Tile {
    /// Shows a second number below, in small type, for example the one of the period before.
    #[must_use]
    pub fn beside(mut self, metric: Metric) -> Self {
        self.beside = Some(metric);
        self
    }

    /// A tile per group, this many in a row.
    #[must_use]
    pub fn per(mut self, bucket: Bucket, in_a_row: u8) -> Self {
        self.per = Some((bucket, in_a_row));
        self
    }

    /// Shows a line below the label.
    #[must_use]
    pub fn subtitle(mut self, subtitle: &'static str) -> Self {
        self.subtitle = Some(subtitle);
        self
    }

    /// Has this colour, whatever the number is.
    #[must_use]
    pub fn color(mut self, color: Color) -> Self {
        self.color = Some(color);
        self
    }

    /// Has the colour of the band that the number is in; a band begins at its bound.
    #[must_use]
    pub fn bands(mut self, bands: &[(f64, Color)]) -> Self {
        self.bands = bands.to_vec();
        self
    }

    /// Draws the number over time behind it. History only.
    #[must_use]
    pub fn trend(mut self, time: Bucket) -> Self {
        self.trend = Some(time);
        self
    }

    pub(super) fn render(&self) -> Rendered {
        let buckets: Vec<&Bucket> = self.per.iter().map(|(bucket, _)| bucket).collect();
        let metrics: Vec<&Metric> = [&self.metric].into_iter().chain(&self.beside).collect();
        let (layer, ids) = Layer::new(MAIN, &buckets, &metrics);
        let mut layers = vec![layer];
        let mut state = json!({"layerId": MAIN, "layerType": "data", "metricAccessor": ids.metrics[0]});
        if self.beside.is_some() {
            state["secondaryMetricAccessor"] = json!(ids.metrics[1]);
        }
        if let Some((_, in_a_row)) = &self.per {
            state["breakdownByAccessor"] = json!(ids.buckets[0]);
            state["maxCols"] = json!(in_a_row);
        }
        if let Some(subtitle) = self.subtitle {
            state["subtitle"] = json!(subtitle);
        }
        if let Some(color) = self.color {
            state["color"] = json!(color.code());
        }
        if !self.bands.is_empty() {
            state["palette"] = color::bands(&self.bands);
        }
        if let Some(time) = &self.trend {
            let (layer, ids) = Layer::new(TREND, &[time], &[&self.metric]);
            layers.push(layer.linked_to(MAIN));
            state["trendlineLayerId"] = json!(TREND);
            state["trendlineLayerType"] = json!("metricTrendline");
            state["trendlineTimeAccessor"] = json!(ids.buckets[0]);
            state["trendlineMetricAccessor"] = json!(ids.metrics[0]);
        }
        Rendered { kind: "lnsMetric", layers, visualization: state }
    }
}

const TREND: &str = "trend";

impl From<Tile> for Chart {
    fn from(chart: Tile) -> Chart {
        Chart::Tile(chart)
    }
}
