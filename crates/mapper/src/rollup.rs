//! The sum over the alerts of one incident, kept while they stream past. Its size is bounded, whatever their number.

use std::collections::BTreeMap;

use crate::plan::Plan;
use crate::row::{Row, quote};
use crate::values::Values;

/// Values that a list of the summary holds at most; further mentions are counted.
const MAX_VALUES: usize = 200;

/// What one alert said, as far as the summary needs it.
#[derive(Debug, Default)]
pub struct Facts {
    /// Values by source property or ECS field, as JSON strings.
    lists: [Vec<Box<[u8]>>; LISTS.len()],
    severity: String,
    status: String,
    source: String,
    times: [Option<String>; 2],
    evidence: u64,
}

/// Where a list of the summary comes from.
enum From {
    /// A property of the alert.
    Property(&'static str),
    /// An ECS field that the alert filled.
    Field(&'static str),
}

/// Lists of the summary, with where each comes from.
const LISTS: [(&str, From); 7] = [
    ("alertIds", From::Property("id")),
    ("users", From::Field("related.user")),
    ("hosts", From::Field("related.hosts")),
    ("ips", From::Field("related.ip")),
    ("hashes", From::Field("related.hash")),
    ("mitreTechniques", From::Property("mitreTechniques")),
    ("categories", From::Property("category")),
];

/// ECS fields that facts are read from: the lists', and what a row must have to be one.
pub(crate) const FIELDS: [&str; 5] = ["@timestamp", "related.user", "related.hosts", "related.ip", "related.hash"];

impl Facts {
    pub(crate) fn read(&mut self, row: &Row<'_>, plan: &Plan, values: &Values) {
        let text = |name: &str| row.member(0, name).and_then(|at| row.scalar(at)).unwrap_or_default().into_owned();
        for (list, (_, from)) in self.lists.iter_mut().zip(&LISTS) {
            list.clear();
            match from {
                From::Field(name) => {
                    list.extend(plan.field(name).into_iter().flat_map(|field| values.of(field)).map(Into::into));
                }
                From::Property(name) => {
                    let at = row.member(0, name);
                    let scalars = at.into_iter().chain(at.into_iter().flat_map(|at| row.children(at)));
                    for text in scalars.filter_map(|at| row.scalar(at)).filter(|text| !text.is_empty()) {
                        let mut json = Vec::with_capacity(text.len() + 2);
                        quote(&text, &mut json);
                        list.push(json.into());
                    }
                }
            }
        }
        self.severity = text("severity").to_lowercase();
        self.status = text("status").to_lowercase();
        self.source = text("serviceSource");
        self.times = ["firstActivityDateTime", "lastActivityDateTime"]
            .map(|name| crate::timestamp::parse(&text(name)).map(|time| time.text.into_owned()));
        self.evidence = row.member(0, "evidence").map_or(0, |at| row.children(at).count() as u64);
    }
}

/// Sum over the alerts of one incident.
#[derive(Debug, Default)]
pub struct Rollup {
    alerts: u64,
    /// Alerts that could not be read.
    missing: u64,
    evidence: u64,
    severities: [u64; 5],
    statuses: [u64; 4],
    sources: BTreeMap<String, u64>,
    first: Option<String>,
    last: Option<String>,
    lists: [Union; LISTS.len()],
}

/// Distinct values, up to a bound.
#[derive(Debug, Default)]
struct Union {
    values: Vec<Box<[u8]>>,
    seen: rustc_hash::FxHashSet<Box<[u8]>>,
    overflow: u64,
}

const SEVERITIES: [&str; 5] = ["informational", "low", "medium", "high", "other"];
const STATUSES: [(&str, &str); 4] =
    [("new", "new"), ("inprogress", "inProgress"), ("resolved", "resolved"), ("other", "other")];

impl Rollup {
    /// Adds one alert.
    pub fn add(&mut self, facts: &Facts) {
        self.alerts += 1;
        self.evidence += facts.evidence;
        self.severities[SEVERITIES.iter().position(|word| *word == facts.severity).unwrap_or(4)] += 1;
        self.statuses[STATUSES.iter().position(|(word, _)| *word == facts.status).unwrap_or(3)] += 1;
        if !facts.source.is_empty() && (self.sources.len() < MAX_VALUES || self.sources.contains_key(&facts.source)) {
            *self.sources.entry(facts.source.clone()).or_default() += 1;
        }
        let [first, last] = &facts.times;
        // Times in normal form sort as text once the `Z` is gone, whatever the number of their digits.
        let key = |time: &String| time.trim_end_matches('Z').to_owned();
        if let Some(first) = first
            && self.first.as_ref().is_none_or(|known| key(first) < key(known))
        {
            self.first = Some(first.clone());
        }
        if let Some(last) = last
            && self.last.as_ref().is_none_or(|known| key(last) > key(known))
        {
            self.last = Some(last.clone());
        }
        for (union, values) in self.lists.iter_mut().zip(&facts.lists) {
            for value in values {
                if union.seen.contains(value) {
                    continue;
                }
                if union.values.len() < MAX_VALUES {
                    union.seen.insert(value.clone());
                    union.values.push(value.clone());
                } else {
                    union.overflow += 1;
                }
            }
        }
    }

    /// Counts an alert that cannot be read; nothing else of the summary knows of it.
    pub fn reject(&mut self) {
        self.alerts += 1;
        self.missing += 1;
    }

    /// Takes the number of alerts that the incident itself claims. Returns whether it claims more than were added; the
    /// difference counts as missing.
    pub fn announce(&mut self, count: u64) -> bool {
        let missing = count.saturating_sub(self.alerts);
        self.alerts += missing;
        self.missing += missing;
        missing > 0
    }

    /// Appends the summary as a JSON object with the names of the incident's `rollup` column.
    pub fn write(&self, out: &mut Vec<u8>) {
        let number = |out: &mut Vec<u8>, name: &str, value: u64| {
            out.extend_from_slice(format!(",\"{name}\":{value}").as_bytes());
        };
        out.extend_from_slice(format!("{{\"alertCount\":{}", self.alerts).as_bytes());
        number(out, "alertsMissing", self.missing);
        out.extend_from_slice(format!(",\"complete\":{}", self.missing == 0).as_bytes());
        number(out, "evidenceCount", self.evidence);
        for (name, time) in [("firstActivityDateTime", &self.first), ("lastActivityDateTime", &self.last)] {
            if let Some(time) = time {
                out.extend_from_slice(format!(",\"{name}\":\"{time}\"").as_bytes());
            }
        }
        counts(out, "severity", SEVERITIES.iter().copied().zip(self.severities));
        counts(out, "status", STATUSES.iter().map(|(_, name)| *name).zip(self.statuses));
        counts(out, "serviceSource", self.sources.iter().map(|(name, count)| (name.as_str(), *count)));
        out.extend_from_slice(b",\"serviceSources\":[");
        for (at, source) in self.sources.keys().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            quote(source, out);
        }
        out.push(b']');
        for (union, (name, _)) in self.lists.iter().zip(&LISTS) {
            out.extend_from_slice(format!(",\"{name}\":[").as_bytes());
            out.extend_from_slice(&union.values.join(&b','));
            out.push(b']');
            number(out, &format!("{name}Overflow"), union.overflow);
        }
        out.push(b'}');
    }
}

fn counts<'a>(out: &mut Vec<u8>, name: &str, counts: impl Iterator<Item = (&'a str, u64)>) {
    out.extend_from_slice(format!(",\"{name}\":{{").as_bytes());
    for (at, (name, count)) in counts.enumerate() {
        if at > 0 {
            out.push(b',');
        }
        quote(name, out);
        out.extend_from_slice(format!(":{count}").as_bytes());
    }
    out.push(b'}');
}
