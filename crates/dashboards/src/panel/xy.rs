//! Bars, lines and areas (`lnsXY`).

use serde_json::{Value, json};

use super::{Chart, Rendered};
use crate::bucket::{Bucket, Division};
use crate::color::{self, Color};
use crate::layer::{Layer, MAIN};
use crate::metric::{Metric, constant};

/// A chart with two axes.
#[derive(Debug, Clone)]
pub struct Xy {
    series: &'static str,
    x: Bucket,
    y: Vec<Metric>,
    split: Option<Bucket>,
    colors: Vec<Color>,
    reference: Option<(Metric, Color)>,
}

/// Lying bars, one per group: for names, which are long.
pub fn bars(x: Bucket, y: Metric) -> Xy {
    xy("bar_horizontal_stacked", x, y)
}

/// Standing bars, for times and for few groups.
pub fn columns(x: Bucket, y: Metric) -> Xy {
    xy("bar_stacked", x, y)
}

/// Lines, for comparisons.
pub fn line(x: Bucket, y: Metric) -> Xy {
    xy("line", x, y)
}

/// Areas that lie on each other, for sums over time.
pub fn area(x: Bucket, y: Metric) -> Xy {
    xy("area_stacked", x, y)
}

fn xy(series: &'static str, x: Bucket, y: Metric) -> Xy {
    Xy { series, x, y: vec![y], split: None, colors: vec![Color::Accent, Color::Second], reference: None }
}

impl Xy {
    /// Another number for each group.
    #[must_use]
    pub fn and(mut self, y: Metric) -> Self {
        self.y.push(y);
        self
    }

    /// Divides each group by colour.
    #[must_use]
    pub fn split(mut self, by: Bucket) -> Self {
        self.split = Some(by);
        self
    }

    /// Colours of the numbers, where nothing is divided by colour.
    #[must_use]
    pub fn colors(mut self, colors: &[Color]) -> Self {
        self.colors = colors.to_vec();
        self
    }

    /// Draws a line at a value that numbers are compared with.
    #[must_use]
    pub fn reference(mut self, label: &str, value: i64, color: Color) -> Self {
        self.reference = Some((constant(label, value), color));
        self
    }

    pub(super) fn render(&self) -> Rendered {
        // Over time, what divides by colour comes first: its leading values are then those of the whole, not of each moment.
        // Elsewhere the groups on the axis do, for the same reason.
        let over_time = matches!(self.x.division, Division::Time { .. });
        let mut buckets: Vec<&Bucket> = self.split.iter().chain([&self.x]).collect();
        let (mut x, mut split) = (buckets.len() - 1, 0);
        if !over_time && self.split.is_some() {
            buckets.reverse();
            (x, split) = (0, 1);
        }
        let metrics: Vec<&Metric> = self.y.iter().collect();
        let (layer, ids) = Layer::new(MAIN, &buckets, &metrics);
        let mut data = json!({
            "layerId": MAIN, "layerType": "data", "seriesType": self.series(), "accessors": ids.metrics,
            "xAccessor": ids.buckets[x],
        });
        if let Some(bucket) = &self.split {
            data["splitAccessor"] = json!(ids.buckets[split]);
            data["colorMapping"] = color::mapping(bucket.scale);
        } else {
            let color =
                |(id, color): (&String, &Color)| json!({"forAccessor": id, "color": color.code(), "axisMode": "left"});
            data["yConfig"] = ids.metrics.iter().zip(&self.colors).map(color).collect();
        }
        let mut layers = vec![layer];
        let mut shown = vec![data];
        if let Some((metric, color)) = &self.reference {
            let (layer, ids) = Layer::new(REFERENCE, &[], &[metric]);
            layers.push(layer);
            shown.push(reference(&ids.metrics[0], *color));
        }
        Rendered { kind: "lnsXY", layers, visualization: self.state(&shown) }
    }

    /// `seriesType`. Several numbers of one group stand side by side: a median and a percentile have no sum.
    fn series(&self) -> &'static str {
        match self.series {
            "bar_stacked" if self.y.len() > 1 => "bar",
            "bar_horizontal_stacked" if self.y.len() > 1 => "bar_horizontal",
            series => series,
        }
    }

    fn state(&self, layers: &[Value]) -> Value {
        let several = self.split.is_some() || self.y.len() > 1;
        let time = matches!(self.x.division, Division::Time { .. });
        json!({
            "preferredSeriesType": self.series(),
            "layers": layers,
            "legend": {"isVisible": several, "position": if time { "right" } else { "top" }, "shouldTruncate": true, "maxLines": 1},
            "valueLabels": if several || time { "hide" } else { "show" },
            // Where nothing was counted the number is zero; where nothing was measured there is none.
            "fittingFunction": if self.series == "line" { "None" } else { "Zero" },
            "curveType": "LINEAR",
            "axisTitlesVisibilitySettings": {"x": false, "yLeft": false, "yRight": false},
            "tickLabelsVisibilitySettings": {"x": true, "yLeft": true, "yRight": true},
            "gridlinesVisibilitySettings": {"x": false, "yLeft": true, "yRight": false},
            "labelsOrientation": {"x": 0, "yLeft": 0, "yRight": 0},
            "yLeftExtent": {"mode": "full"},
        })
    }
}

const REFERENCE: &str = "reference";

fn reference(id: &str, color: Color) -> Value {
    json!({
        "layerId": REFERENCE, "layerType": "referenceLine", "accessors": [id],
        "yConfig": [{
            "forAccessor": id, "color": color.code(), "lineWidth": 2, "lineStyle": "dashed", "fill": "none",
            "textVisibility": true, "axisMode": "left",
        }],
    })
}

impl From<Xy> for Chart {
    fn from(chart: Xy) -> Chart {
        Chart::Xy(chart)
    }
}
