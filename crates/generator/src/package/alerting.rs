//! Alerting rule templates: rules that people make with one click, and tune.

use anyhow::Result;
use serde_json::{Value, json};

use crate::tree::Tree;
use crate::{names, render};

/// A template of a rule of the type `.es-query`.
#[derive(Debug)]
pub(crate) struct Template {
    /// Last part of its id.
    name: &'static str,
    /// Title.
    title: &'static str,
    /// How often it looks, and how far back: a number with its unit.
    interval: &'static str,
    window: (u32, &'static str),
    pub(crate) query: Query,
}

/// What a template asks for.
#[derive(Debug)]
pub(crate) enum Query {
    /// ES|QL, with an alert for each row; comments say what to tune. Kibana tells rows apart by what the last `STATS` groups
    /// by, or by `_id`: the same incident in the next run is no new alert.
    Esql(&'static str),
    /// Documents of these indices that have one of the fields, because ES|QL reads no `flattened` field.
    AnyOf(&'static [&'static str]),
}

/// All templates.
pub(crate) const TEMPLATES: &[Template] = &[
    Template {
        name: "new-high-severity-incident",
        title: "[M365 Security] New incident of high severity",
        interval: "5m",
        window: (15, "m"),
        query: Query::Esql(
            "// Add \"medium\" to the list for more alerts, or a condition on m365_defender.incident.tags for fewer.\n\
             FROM logs-m365_security.incident-*\n\
             | WHERE m365_defender.incident.severity IN (\"high\")\n\
             \x20 AND m365_defender.incident.status == \"active\"\n\
             | STATS versions = COUNT(*), changed = MAX(@timestamp)\n\
             \x20 BY m365_defender.incident.id, m365_defender.incident.tenant_id, m365_defender.incident.display_name\n\
             | SORT changed DESC",
        ),
    },
    Template {
        name: "source-silent",
        title: "[M365 Security] A source is silent",
        interval: "1h",
        window: (7, "d"),
        query: Query::Esql(
            "// A tenant's dataset that had documents within seven days, and none for this many hours. Small tenants are silent\n\
             // for longer: raise the number.\n\
             FROM logs-m365_security.*\n\
             | STATS newest = MAX(event.ingested) BY cloud.account.id, data_stream.dataset\n\
             | EVAL silent_hours = DATE_DIFF(\"hours\", newest, NOW())\n\
             | WHERE silent_hours >= 24\n\
             | SORT silent_hours DESC",
        ),
    },
    Template {
        name: "response-time-broken",
        title: "[M365 Security] Time to respond is broken",
        interval: "15m",
        window: (30, "d"),
        query: Query::Esql(
            "// Incidents of high severity that nobody has taken within this many hours. It reads the current state, which the\n\
             // package's transforms keep.\n\
             FROM m365_security_latest.incident_response METADATA _id\n\
             | WHERE m365_security.response.severity == \"high\"\n\
             \x20 AND m365_security.response.triaged IS NULL\n\
             \x20 AND m365_security.response.merged == false\n\
             | EVAL waiting_hours = DATE_DIFF(\"hours\", event.created, NOW())\n\
             | WHERE waiting_hours >= 4\n\
             | KEEP _id, m365_defender.incident.id, m365_defender.incident.tenant_id, event.created, waiting_hours\n\
             | SORT waiting_hours DESC",
        ),
    },
    Template {
        name: "drift",
        title: "[M365 Security] Microsoft sends what is not mapped",
        interval: "1d",
        window: (1, "d"),
        query: Query::AnyOf(&[
            "m365_defender.incident.unmapped",
            "m365_defender.alert.unmapped",
            "m365_defender.unmapped",
        ]),
    },
];

impl Template {
    fn object(&self) -> Value {
        let (size, unit) = self.window;
        let mut params = json!({
            "timeWindowSize": size,
            "timeWindowUnit": unit,
            "threshold": [0],
            "thresholdComparator": ">",
            "size": 100,
        });
        match &self.query {
            Query::Esql(text) => {
                params["searchType"] = "esqlQuery".into();
                params["esqlQuery"] = json!({ "esql": text });
                params["groupBy"] = "row".into();
                let state = text.contains("_latest.");
                params["timeField"] = if state { "@timestamp" } else { "event.ingested" }.into();
            }
            Query::AnyOf(fields) => {
                let exist: Vec<Value> = fields.iter().map(|field| json!({ "exists": { "field": field } })).collect();
                let query = json!({ "query": { "bool": { "should": exist, "minimum_should_match": 1 } } });
                params["searchType"] = "esQuery".into();
                params["esQuery"] = query.to_string().into();
                params["index"] = json!([format!("logs-{}.*", names::PACKAGE)]);
                params["groupBy"] = "all".into();
                params["aggType"] = "count".into();
                params["excludeHitsFromPreviousRun"] = true.into();
                params["timeField"] = "event.ingested".into();
            }
        }
        json!({
            "id": self.id(),
            "type": "alerting_rule_template",
            "attributes": {
                "name": self.title,
                "tags": ["M365 Security"],
                "ruleTypeId": ".es-query",
                "schedule": { "interval": self.interval },
                "params": params,
                "alertDelay": { "active": 1 },
            },
            "references": [],
            "managed": true,
            "coreMigrationVersion": "8.8.0",
            "typeMigrationVersion": "10.1.0",
        })
    }

    fn id(&self) -> String {
        format!("{}-{}", names::PACKAGE, self.name)
    }
}

/// Files of the package.
///
/// # Errors
/// If a path is taken.
pub(super) fn add(tree: &mut Tree) -> Result<()> {
    for template in TEMPLATES {
        let path = format!("package/kibana/alerting_rule_template/{}.json", template.id());
        tree.add(path, render::json(&template.object())?)?;
    }
    Ok(())
}
