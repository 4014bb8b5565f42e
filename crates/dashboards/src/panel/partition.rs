//! Donuts and treemaps (`lnsPie`): parts of a whole.

use serde_json::json;

use super::{Chart, Rendered};
use crate::bucket::Bucket;
use crate::color;
use crate::layer::{Layer, MAIN};
use crate::metric::Metric;

/// Parts of a whole.
#[derive(Debug, Clone)]
pub struct Partition {
    shape: &'static str,
    groups: Vec<Bucket>,
    metric: Metric,
}

/// Parts around a circle, for few groups.
pub fn donut(by: Bucket, metric: Metric) -> Partition {
    Partition { shape: "donut", groups: vec![by], metric }
}

/// Nested rectangles, for many groups.
pub fn treemap(by: Bucket, metric: Metric) -> Partition {
    Partition { shape: "treemap", groups: vec![by], metric }
}

impl Partition {
    /// Divides each part further.
    #[must_use]
    pub fn then(mut self, by: Bucket) -> Self {
        self.groups.push(by);
        self
    }

    pub(super) fn render(&self) -> Rendered {
        let buckets: Vec<&Bucket> = self.groups.iter().collect();
        let (layer, ids) = Layer::new(MAIN, &buckets, &[&self.metric]);
        let donut = self.shape == "donut";
        let mut shown = json!({
            "layerId": MAIN, "layerType": "data", "metrics": ids.metrics, "primaryGroups": ids.buckets,
            "numberDisplay": "value", "categoryDisplay": if donut { "hide" } else { "default" },
            "legendDisplay": if donut { "show" } else { "hide" }, "nestedLegend": false,
            "colorMapping": color::mapping(self.groups.first().and_then(|group| group.scale)),
        });
        if donut {
            shown["emptySizeRatio"] = json!(0.54);
            shown["legendPosition"] = json!("right");
        }
        Rendered { kind: "lnsPie", layers: vec![layer], visualization: json!({"shape": self.shape, "layers": [shown]}) }
    }
}

impl From<Partition> for Chart {
    fn from(chart: Partition) -> Chart {
        Chart::Partition(chart)
    }
}
