//! Tag clouds (`lnsTagcloud`): words whose size is a number.

use serde_json::json;

use super::{Chart, Rendered};
use crate::bucket::Bucket;
use crate::layer::{Layer, MAIN};
use crate::metric::Metric;

/// Words in sizes.
#[derive(Debug, Clone)]
pub struct TagCloud {
    words: Bucket,
    metric: Metric,
}

/// A word per group, whose size is the number.
pub fn tag_cloud(words: Bucket, metric: Metric) -> TagCloud {
    TagCloud { words, metric }
}

impl TagCloud {
    pub(super) fn render(&self) -> Rendered {
        let (layer, ids) = Layer::new(MAIN, &[&self.words], &[&self.metric]);
        Rendered {
            kind: "lnsTagcloud",
            layers: vec![layer],
            visualization: json!({
                "layerId": MAIN, "layerType": "data", "tagAccessor": ids.buckets[0], "valueAccessor": ids.metrics[0],
                "minFontSize": 14, "maxFontSize": 40, "orientation": "single", "showLabel": false,
            }),
        }
    }
}

impl From<TagCloud> for Chart {
    fn from(chart: TagCloud) -> Chart {
        Chart::TagCloud(chart)
    }
}
