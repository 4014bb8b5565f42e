//! What is different under Elastic Agent: its own form of lines, the unit that a line is about, the last warnings for
//! diagnostics.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError, RwLock};

use serde_json::{Map, Value};

/// Lines that are kept for diagnostics.
const KEPT: usize = 100;

/// The unit of each tenant.
static UNITS: RwLock<BTreeMap<String, String>> = RwLock::new(BTreeMap::new());
/// The last warnings and errors.
static RECENT: Mutex<VecDeque<String>> = Mutex::new(VecDeque::new());

/// Lines about these tenants are lines about these units.
pub(crate) fn set_units(units: BTreeMap<String, String>) {
    *UNITS.write().unwrap_or_else(PoisonError::into_inner) = units;
}

/// The last warnings and errors, oldest first.
pub(crate) fn recent() -> String {
    RECENT.lock().unwrap_or_else(PoisonError::into_inner).iter().map(String::as_str).collect()
}

/// Keeps a line for diagnostics.
pub(super) fn keep(line: &str) {
    let mut recent = RECENT.lock().unwrap_or_else(PoisonError::into_inner);
    if recent.len() == KEPT {
        recent.pop_front();
    }
    recent.push_back(line.to_owned());
}

/// The fields as the agent wants them: it adds who writes, and reads `unit.id` to know which level counts.
pub(super) fn shaped(mut fields: Map<String, Value>) -> Map<String, Value> {
    for name in ["ecs.version", "event.dataset", "service.name", "service.version", "process.pid"] {
        fields.remove(name);
    }
    let tenant = fields.get("organization.id").and_then(Value::as_str);
    let units = UNITS.read().unwrap_or_else(PoisonError::into_inner);
    let unit = match tenant {
        Some(tenant) => units.get(tenant),
        // With a single unit every line is about it.
        None if units.len() == 1 => units.values().next(),
        None => None,
    };
    if let Some(unit) = unit.cloned() {
        fields.insert("unit.id".to_owned(), unit.into());
    }
    fields
}
