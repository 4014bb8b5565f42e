//! Controls above the panels: people choose values, all panels follow.

use serde_json::{Value, json};

use crate::field::{Field, Groups, Number};
use crate::saved_objects::Reference;
use crate::source::Source;

/// A control.
#[derive(Debug, Clone)]
pub struct Control {
    title: &'static str,
    field: Field,
    source: Source,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Options { single: bool },
    Range,
}

/// A list of a field's values, of which people choose some. Each control narrows those to its right.
pub fn choose(title: &'static str, source: Source, field: impl Groups) -> Control {
    Control { title, field: field.into(), source, kind: Kind::Options { single: false } }
}

/// A list of a field's values, of which people choose one.
pub fn choose_one(title: &'static str, source: Source, field: impl Groups) -> Control {
    Control { title, field: field.into(), source, kind: Kind::Options { single: true } }
}

/// A slider between the least and the greatest value of a number.
pub fn between(title: &'static str, source: Source, field: Number) -> Control {
    Control { title, field: field.into(), source, kind: Kind::Range }
}

impl Control {
    fn id(&self) -> String {
        crate::slug(self.title)
    }

    fn value(&self, order: usize) -> (String, Value) {
        let id = self.id();
        let mut input = json!({
            "id": id, "dataViewId": self.source.data_view(), "fieldName": self.field.name, "title": self.title,
            "enhancements": {},
        });
        let kind = match self.kind {
            Kind::Options { single } => {
                let text = self.field.data_type == "string";
                input["searchTechnique"] = json!(if text { "wildcard" } else { "exact" });
                input["selectedOptions"] = json!([]);
                input["sort"] = json!({"by": "_count", "direction": "desc"});
                input["exclude"] = json!(false);
                input["existsSelected"] = json!(false);
                input["singleSelect"] = json!(single);
                "optionsListControl"
            }
            Kind::Range => {
                input["step"] = json!(1);
                "rangeSliderControl"
            }
        };
        let panel = json!({"type": kind, "order": order, "width": "medium", "grow": true, "explicitInput": input});
        (id, panel)
    }

    fn reference(&self) -> Reference {
        let what = if self.kind == Kind::Range { "rangeSliderDataView" } else { "optionsListDataView" };
        Reference::new("index-pattern", self.source.data_view(), format!("controlGroup_{}:{what}", self.id()))
    }
}

/// `controlGroupInput` of a dashboard, and its references.
pub(crate) fn group(controls: &[Control]) -> (Value, Vec<Reference>) {
    let panels: serde_json::Map<String, Value> =
        controls.iter().enumerate().map(|(order, control)| control.value(order)).collect();
    let input = json!({
        "controlStyle": "oneLine", "chainingSystem": "HIERARCHICAL", "showApplySelections": false,
        "ignoreParentSettingsJSON": {
            "ignoreFilters": false, "ignoreQuery": false, "ignoreTimerange": false, "ignoreValidations": false,
        },
        "panelsJSON": panels,
    });
    (input, controls.iter().map(Control::reference).collect())
}
