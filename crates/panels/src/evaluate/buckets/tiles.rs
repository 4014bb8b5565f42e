//! Groups by map tile, in the Web Mercator projection that maps are drawn in.

use std::collections::{BTreeMap, BTreeSet};
use std::f64::consts::PI;

use serde_json::{Value, json};

use crate::evaluate::aggregations::{Group, Inner, keyed};
use crate::evaluate::document::Document;
use crate::evaluate::values::Datum;
use crate::evaluate::{Error, Result};

/// Beyond this latitude there are no tiles.
const MOST_NORTH: f64 = 85.051_128_779_806_6;

pub(in crate::evaluate) fn tiles(body: &Value, documents: &[&Document], inner: &Inner<'_>) -> Result<Value> {
    let field = body["field"].as_str().ok_or_else(|| Error::new("the tiles name no field"))?;
    let zoom = body["precision"].as_u64().unwrap_or(7);
    let mut groups: BTreeMap<String, Group<'_>> = BTreeMap::new();
    for document in documents {
        let places = document.values(field).iter();
        let tile = |value: &Datum| if let Datum::Point(lat, lon) = value { Some(tile(*lat, *lon, zoom)) } else { None };
        for tile in places.filter_map(tile).collect::<BTreeSet<String>>() {
            groups.entry(tile).or_default().push(document);
        }
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, group)| std::cmp::Reverse(group.len()));
    groups.truncate(usize::try_from(body["size"].as_u64().unwrap_or(10_000)).unwrap_or(usize::MAX));
    let bucket = |(tile, group): &(String, Group<'_>)| inner.bucket(keyed(&tile.as_str().into()), group);
    Ok(json!({ "buckets": groups.iter().map(bucket).collect::<Result<Vec<_>>>()? }))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the tiles of the zoom")]
#[expect(clippy::cast_precision_loss, reason = "at most 2^29 tiles")]
fn tile(lat: f64, lon: f64, zoom: u64) -> String {
    let count = (1_u64 << zoom.min(29)) as f64;
    let radians = lat.clamp(-MOST_NORTH, MOST_NORTH).to_radians();
    let x = (lon + 180.0) / 360.0 * count;
    let y = (1.0 - (radians.tan() + 1.0 / radians.cos()).ln() / PI) / 2.0 * count;
    let whole = |position: f64| position.floor().clamp(0.0, count - 1.0) as u64;
    format!("{zoom}/{}/{}", whole(x), whole(y))
}
