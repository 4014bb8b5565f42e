//! Heat maps (`lnsHeatmap`): cells of two buckets, coloured by a number.

use serde_json::json;

use super::{Chart, Rendered};
use crate::bucket::Bucket;
use crate::layer::{Layer, MAIN};
use crate::metric::Metric;

/// Cells of two buckets.
#[derive(Debug, Clone)]
pub struct Heatmap {
    x: Bucket,
    y: Bucket,
    metric: Metric,
}

/// Cells of the groups of `x` and `y`.
pub fn heatmap(x: Bucket, y: Bucket, metric: Metric) -> Heatmap {
    Heatmap { x, y, metric }
}

impl Heatmap {
    pub(super) fn render(&self) -> Rendered {
        // A cell without documents stays blank, so that the others stand out.
        let metric = Metric { is_blank: true, ..self.metric.clone() };
        let (layer, ids) = Layer::new(MAIN, &[&self.y, &self.x], &[&metric]);
        let value = &ids.metrics[0];
        Rendered {
            kind: "lnsHeatmap",
            layers: vec![layer],
            visualization: json!({
                "layerId": MAIN, "layerType": "data", "shape": "heatmap",
                "xAccessor": ids.buckets[1], "yAccessor": ids.buckets[0], "valueAccessor": value,
                "legend": {"type": "heatmap_legend", "isVisible": true, "position": "right"},
                "gridConfig": {
                    "type": "heatmap_grid", "isCellLabelVisible": false, "isXAxisLabelVisible": true,
                    "isXAxisTitleVisible": false, "isYAxisLabelVisible": true, "isYAxisTitleVisible": false,
                },
                "palette": palette(value),
            }),
        }
    }
}

/// Five steps from pale to strong, by share of the greatest number.
fn palette(accessor: &str) -> serde_json::Value {
    const STEPS: [&str; 5] = ["#FBE9E7", "#F9C9C0", "#F59F90", "#F0705E", "#C61E25"];
    let color = |at: usize, stop: usize| json!({"color": STEPS[at], "stop": stop * 20});
    json!({
        "type": "palette", "name": "custom", "accessor": accessor,
        "params": {
            "name": "custom", "reverse": false, "rangeType": "percent", "rangeMin": 0, "rangeMax": 100,
            "progression": "fixed", "continuity": "none", "steps": 5, "maxSteps": 5,
            "colorStops": (0..5).map(|at| color(at, at)).collect::<Vec<_>>(),
            "stops": (0..5).map(|at| color(at, at + 1)).collect::<Vec<_>>(),
        },
    })
}

impl From<Heatmap> for Chart {
    fn from(chart: Heatmap) -> Chart {
        Chart::Heatmap(chart)
    }
}
