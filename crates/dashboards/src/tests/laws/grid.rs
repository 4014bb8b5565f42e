//! Panels fill the grid of 48 columns without overlap and without holes.

use serde_json::{Value, json};

use super::{assert_seen, panel, panels, text};

pub(super) fn law(dashboard: &Value, _: &[Value]) -> Vec<String> {
    let mut broken = Vec::new();
    let number = |grid: &Value, key: &str| usize::try_from(grid[key].as_u64().unwrap_or_default()).unwrap();
    let mut taken: Vec<[bool; 48]> = Vec::new();
    for panel in panels(dashboard) {
        let (id, grid) = (text(panel, "/panelIndex"), &panel["gridData"]);
        if grid["i"] != panel["panelIndex"] {
            broken.push(format!("{id}: `i` is another id"));
        }
        let (x, y, w, h) = (number(grid, "x"), number(grid, "y"), number(grid, "w"), number(grid, "h"));
        if x + w > 48 || w == 0 || h == 0 {
            broken.push(format!("{id}: outside the grid"));
            continue;
        }
        if taken.len() < y + h {
            taken.resize(y + h, [false; 48]);
        }
        for cell in taken[y..y + h].iter_mut().flat_map(|row| &mut row[x..x + w]) {
            if std::mem::replace(cell, true) {
                broken.push(format!("{id}: overlaps another panel"));
                break;
            }
        }
    }
    if let Some(row) = taken.iter().position(|row| row.contains(&false)) {
        broken.push(format!("row {row} has a hole"));
    }
    broken
}

#[test]
fn panels_in_wrong_places_are_seen() {
    assert_seen(law, "outside the grid", |dashboard| panel(dashboard, "Which hosts")["gridData"]["x"] = json!(40));
    assert_seen(law, "overlaps", |dashboard| panel(dashboard, "Which hosts")["gridData"]["x"] = json!(15));
    assert_seen(law, "has a hole", |dashboard| panel(dashboard, "Which hosts")["gridData"]["h"] = json!(14));
    assert_seen(law, "another id", |dashboard| panel(dashboard, "Which hosts")["gridData"]["i"] = json!("x"));
}
