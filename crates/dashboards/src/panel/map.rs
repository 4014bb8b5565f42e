//! Maps (`map`): documents counted by the cells of a grid.

use serde_json::{Value, json};

use crate::field::GeoPoint;
use crate::filter::Filter;
use crate::saved_objects::Reference;
use crate::source::Source;

/// Circles whose size and colour is the number of documents.
#[derive(Debug, Clone)]
pub struct Map {
    location: GeoPoint,
    label: &'static str,
}

/// A map of where documents are.
pub fn map(label: &'static str, location: GeoPoint) -> Map {
    Map { location, label }
}

/// `embeddableConfig` of the panel, and its references, whose names lack the panel's prefix.
pub(crate) fn panel(map: &Map, source: Source, filter: Option<&Filter>) -> (Value, Vec<Reference>) {
    let reference = Reference::new("index-pattern", source.data_view(), "layer_1_source_index_pattern".into());
    let ground = json!({
        "id": "ground", "type": "EMS_VECTOR_TILE", "label": Value::Null, "visible": true, "alpha": 1, "minZoom": 0, "maxZoom": 24,
        "includeInFitToBounds": true, "style": {"type": "EMS_VECTOR_TILE", "color": ""},
        "sourceDescriptor": {"type": "EMS_TMS", "isAutoSelect": true, "lightModeDefault": "road_map_desaturated"},
    });
    let state = json!({
        "zoom": 1.2, "center": {"lon": 10, "lat": 25}, "timeFilters": {"from": "now-30d", "to": "now"},
        "refreshConfig": {"isPaused": true, "interval": 60000},
        "query": Filter::query(filter), "filters": [],
        "settings": {"autoFitToDataBounds": false, "initialLocation": "LAST_SAVED_LOCATION"},
    });
    let config = json!({
        "enhancements": {}, "hiddenLayers": [], "isLayerTOCOpen": false, "openTOCDetails": [],
        "mapCenter": {"lat": 25, "lon": 10, "zoom": 1.2},
        "attributes": {
            "title": "", "description": "", "layerListJSON": [ground, cells(map)], "mapStateJSON": state,
            "uiStateJSON": {"isLayerTOCOpen": false, "openTOCDetails": []},
            "references": [reference.value()],
        },
    });
    (config, vec![reference])
}

fn cells(map: &Map) -> Value {
    let count = json!({"name": "doc_count", "origin": "source"});
    let meta = json!({"isEnabled": true, "sigma": 3});
    json!({
        "id": "cells", "type": "GEOJSON_VECTOR", "label": map.label, "visible": true, "alpha": 0.75, "minZoom": 0, "maxZoom": 24,
        "includeInFitToBounds": true, "joins": [],
        "sourceDescriptor": {
            "type": "ES_GEO_GRID", "id": "cells-source", "requestType": "point", "geoField": map.location.name(),
            "resolution": "MOST_FINE", "metrics": [{"type": "count"}], "indexPatternRefName": "layer_1_source_index_pattern",
            "applyGlobalQuery": true, "applyGlobalTime": true, "applyForceRefresh": true,
        },
        "style": {
            "type": "VECTOR", "isTimeAware": true,
            "properties": {
                "fillColor": {"type": "DYNAMIC", "options": {
                    "color": "Yellow to Red", "colorCategory": "palette_0", "field": count, "fieldMetaOptions": meta, "type": "ORDINAL",
                }},
                "lineColor": {"type": "STATIC", "options": {"color": "#FFFFFF"}},
                "lineWidth": {"type": "STATIC", "options": {"size": 1}},
                "iconSize": {"type": "DYNAMIC", "options": {"minSize": 7, "maxSize": 28, "field": count, "fieldMetaOptions": meta}},
                "labelText": {"type": "DYNAMIC", "options": {"field": count}},
                "symbolizeAs": {"options": {"value": "circle"}},
            },
        },
    })
}
