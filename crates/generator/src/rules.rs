//! Security rules over our own data streams, as Kibana's detection engine installs and imports them.
//!
//! They are no part of the package by default: since 9.4.8 and 9.5.5 Kibana lets only those upload a package with rules
//! who may manage rules, and most who may install integrations may not.

mod catalog;

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use dashboards::Filter;
use schema::Dataset;
use serde_json::{Map, Value, json};

use crate::tree::Tree;
use crate::{names, render};

pub use catalog::all;

/// Version of every rule; to be raised when one of them changes, because Kibana offers what is newer.
const VERSION: u32 = 1;
/// Longest time in which alerts of one group are one: an incident that is worked on for weeks is not new each day.
const SUPPRESSION_HOURS: u32 = 720;

/// A rule.
#[derive(Debug)]
pub struct Rule {
    /// `rule_id`: a UUID that never changes.
    pub id: &'static str,
    /// Name.
    pub name: &'static str,
    /// What it finds.
    pub description: &'static str,
    /// Name of the dataset that it reads.
    pub dataset: &'static str,
    /// What it looks for, beside the dataset.
    pub query: Filter,
    /// `severity` and `risk_score`, where the document does not say them.
    pub severity: (&'static str, u32),
    /// Field whose value the alert is named after, and field of `event.severity` that ranks it.
    pub name_from: Option<&'static str>,
    /// How documents become alerts.
    pub kind: Kind,
    /// ATT&CK tactic and technique: id and name of each.
    pub threat: Option<[(&'static str, &'static str); 2]>,
    /// What to do about an alert, in Markdown.
    pub note: &'static str,
    /// What else raises it.
    pub false_positives: &'static [&'static str],
}

/// How documents become alerts.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// `query`: an alert for all documents that have the same values in these fields, so that an update is no new alert.
    Grouped(&'static [&'static str]),
    /// `threshold`: an alert for values of these fields that have so many different values in another one.
    Threshold(&'static [&'static str], &'static str, u32),
}

impl Rule {
    /// Query in KQL.
    pub fn kql(&self) -> String {
        format!("event.dataset : \"{}.{}\" and {}", names::PACKAGE, self.dataset, operand(&self.query))
    }

    /// Fields that it reads, by name.
    pub fn fields(&self) -> BTreeSet<String> {
        let mut fields: BTreeSet<String> = ["event.dataset", "event.ingested"].map(str::to_owned).into();
        collect(&self.query, &mut fields);
        let named = match self.kind {
            Kind::Grouped(groups) => groups.to_vec(),
            Kind::Threshold(groups, counted, _) => groups.iter().copied().chain([counted]).collect(),
        };
        fields.extend(named.into_iter().chain(self.name_from).map(str::to_owned));
        if self.name_from.is_some() {
            fields.insert("event.severity".to_owned());
        }
        fields
    }

    /// The rule as the detection engine's API takes it.
    ///
    /// # Errors
    /// If it reads a field that its dataset lacks.
    pub fn body(&self, datasets: &[Dataset]) -> Result<Map<String, Value>> {
        let (severity, risk_score) = self.severity;
        let mut rule = json!({
            "rule_id": self.id,
            "name": self.name,
            "description": self.description,
            "type": "query",
            "language": "kuery",
            "query": self.kql(),
            "index": [format!("logs-{}.{}-*", names::PACKAGE, self.dataset)],
            "severity": severity,
            "risk_score": risk_score,
            "from": "now-10m",
            "interval": "5m",
            "timestamp_override": "event.ingested",
            "author": ["m365-security"],
            "license": "Apache-2.0",
            "tags": ["Data Source: Microsoft Defender XDR", "Use Case: Threat Detection", "M365 Security"],
            "false_positives": self.false_positives,
            "note": self.note,
            "setup": SETUP,
            "references": [],
            "threat": self.threat.map(threat).into_iter().collect::<Vec<_>>(),
            "required_fields": self.required(datasets)?,
            "related_integrations": [{ "package": names::PACKAGE, "version": format!("^{}", names::VERSION) }],
            "max_signals": 1000,
        });
        match self.kind {
            Kind::Grouped(groups) => {
                rule["alert_suppression"] = json!({
                    "group_by": groups,
                    "duration": { "value": SUPPRESSION_HOURS, "unit": "h" },
                    "missing_fields_strategy": "suppress",
                });
            }
            Kind::Threshold(groups, counted, least) => {
                rule["type"] = "threshold".into();
                let cardinality = json!([{ "field": counted, "value": least }]);
                rule["threshold"] = json!({ "field": groups, "value": 1, "cardinality": cardinality });
                rule["from"] = "now-25h".into();
                rule["interval"] = "1h".into();
            }
        }
        if let Some(field) = self.name_from {
            rule["rule_name_override"] = field.into();
            rule["severity_mapping"] = [("low", 21), ("medium", 47), ("high", 73), ("critical", 99)]
                .map(|(word, number)| {
                    let value = number.to_string();
                    json!({ "field": "event.severity", "operator": "equals", "severity": word, "value": value })
                })
                .to_vec()
                .into();
        }
        rule.as_object().cloned().context("a rule is an object")
    }

    fn required(&self, datasets: &[Dataset]) -> Result<Value> {
        let dataset = datasets.iter().find(|dataset| dataset.definition.name == self.dataset);
        let known = dataset.map(crate::fields::definitions).unwrap_or_default();
        self.fields()
            .into_iter()
            .map(|name| {
                let field = known.iter().find(|field| field.name == name);
                let field =
                    field.with_context(|| format!("rule {}: dataset {} lacks {name}", self.name, self.dataset))?;
                Ok(json!({ "name": name, "type": field.kind.name(), "ecs": field.ecs }))
            })
            .collect()
    }
}

const SETUP: &str = "Collect the data with the integration Microsoft 365 Security. That an update of an incident or alert is \
    no new alert needs alert suppression, which is part of the Platinum licence; without it every version is an alert.";

/// A condition within a longer one.
fn operand(filter: &Filter) -> String {
    match filter {
        Filter::All(_) | Filter::Any(_) => format!("({})", filter.kql()),
        _ => filter.kql(),
    }
}

fn collect(filter: &Filter, fields: &mut BTreeSet<String>) {
    match filter {
        Filter::Is(field, _)
        | Filter::AnyOf(field, _)
        | Filter::StartsWith(field, _)
        | Filter::Exists(field)
        | Filter::AtLeast(field, _)
        | Filter::Below(field, _) => {
            fields.insert(field.clone());
        }
        Filter::Not(filter) => collect(filter, fields),
        Filter::All(filters) | Filter::Any(filters) => filters.iter().for_each(|filter| collect(filter, fields)),
    }
}

fn threat([tactic, technique]: [(&str, &str); 2]) -> Value {
    let entry = |kind: &str, (id, name): (&str, &str)| json!({ "id": id, "name": name, "reference": format!("https://attack.mitre.org/{kind}/{id}/") });
    json!({ "framework": "MITRE ATT&CK", "tactic": entry("tactics", tactic), "technique": [entry("techniques", technique)] })
}

/// Rules as saved objects of the package, below `package/kibana/security_rule/`. Kibana finds a rule by its id and version.
///
/// # Errors
/// If a rule reads a field that its dataset lacks, or a path is taken.
pub(crate) fn add_package(datasets: &[Dataset], tree: &mut Tree) -> Result<()> {
    for rule in all() {
        let mut attributes = rule.body(datasets)?;
        attributes.insert("version".into(), VERSION.into());
        let id = format!("{}_{VERSION}", rule.id);
        let object = json!({ "id": id, "type": "security-rule", "attributes": attributes });
        tree.add(format!("package/kibana/security_rule/{id}.json"), render::json(&object)?)?;
    }
    Ok(())
}

/// Path of the rules in the form that Kibana imports (Rules, *Import rules*): one on each line.
pub const IMPORT: &str = "fields/kibana/m365_security_rules.ndjson";

/// Rules to import where the package comes without them.
///
/// # Errors
/// If a rule reads a field that its dataset lacks, or the path is taken.
pub(crate) fn add_import(datasets: &[Dataset], tree: &mut Tree) -> Result<()> {
    let mut lines = String::new();
    for rule in all() {
        let mut body = rule.body(datasets)?;
        body.insert("enabled".into(), false.into());
        lines.push_str(&Value::Object(body).to_string());
        lines.push('\n');
    }
    tree.add(IMPORT, lines)
}
