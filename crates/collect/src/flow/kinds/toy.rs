//! A toy list for tests: a service that knows one dialect and no other one, without HTTP.

use chrono::{DateTime, Utc};
use schema::{List, Operator, Query};
use serde_json::{Value, json};

use microsoft::source::PageRequest;

/// Records of a page.
pub(in crate::flow) const PAGE: usize = 20;

/// A list in one dialect.
#[derive(Debug, Clone, Copy)]
pub(in crate::flow) struct ToyList(pub(in crate::flow) List);

/// A page of it.
#[derive(Debug)]
pub(in crate::flow) struct ToyPage {
    pub(in crate::flow) rows: Vec<Value>,
    /// Where the next page goes on, and its address.
    pub(in crate::flow) next: Option<(usize, String)>,
}

/// What is asked for.
struct Asked {
    from: DateTime<Utc>,
    is_exclusive: bool,
    to: Option<DateTime<Utc>>,
    is_closed: bool,
    skip: usize,
    size: usize,
}

impl ToyList {
    /// The row of a record: what the list's paths name lies there, and what the dataset's columns are called, too.
    pub(in crate::flow) fn row(self, (id, changed): (u64, DateTime<Utc>)) -> Value {
        let text = common::clock::exact(changed);
        let created = "2026-01-01T00:00:00Z";
        let mut row = json!({ "id": id.to_string(), "tenantId": "t", "title": "toy", "createdDateTime": created });
        row["lastUpdateDateTime"] = text.as_str().into();
        let time = match self.0.query {
            Query::Body(_) => json!(changed.timestamp_millis()),
            _ => json!(text),
        };
        for (path, value) in [(self.0.record.id[0], json!(id.to_string())), (self.0.record.changed, time)] {
            let place = path.split('.').fold(&mut row, |row, name| &mut row[name]);
            *place = value;
        }
        row
    }

    /// The question, in this dialect only.
    fn asked(self, query: &[(String, String)], body: &[u8]) -> Option<Asked> {
        let find = |name: &str| query.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str());
        let number = |name: &str| find(name).map_or(Some(0), |value| value.parse().ok());
        match self.0.query {
            Query::OData(odata) => {
                let filter = find("$filter")?;
                let (start, end) = filter.split_once(" and ").map_or((filter, None), |(start, end)| (start, Some(end)));
                let (operator, from) = start.strip_prefix(self.0.record.changed)?.trim_start().split_once(' ')?;
                let is_exclusive = operator == "gt";
                let known = if is_exclusive { Operator::Gt } else { Operator::Ge };
                let end = match end {
                    Some(end) => Some(end.split_once(" lt ").or_else(|| end.split_once(" le "))?),
                    None => None,
                };
                let (to, is_closed) = match end {
                    Some((name, to)) => (Some(to.parse().ok()?), !filter.ends_with(&format!("{name} lt {to}"))),
                    None => (None, false),
                };
                let skip = if find("$skip").is_some() && !odata.skip { return None } else { number("$skip")? };
                let is_known = odata.operators.contains(&known) && (odata.orderable || find("$orderby").is_none());
                is_known.then_some(Asked {
                    from: from.parse().ok()?,
                    is_exclusive,
                    to,
                    is_closed,
                    skip,
                    size: number("$top")?,
                })
            }
            Query::Parameters(parameters) => Some(Asked {
                from: find(parameters.from)?.parse().ok()?,
                is_exclusive: false,
                to: find(parameters.to?).and_then(|to| to.parse().ok()),
                is_closed: false,
                skip: 0,
                size: number(parameters.size?)?,
            }),
            Query::Body(filter) => {
                let body: Value = serde_json::from_slice(body).ok()?;
                let time = |name: &str| body["filters"][filter.field][name].as_i64();
                let number = |name: &str| body[name].as_u64().and_then(|number| usize::try_from(number).ok());
                (body["sortDirection"] == "asc" && body["sortField"] == filter.sort?).then_some(())?;
                Some(Asked {
                    from: DateTime::from_timestamp_millis(time(filter.at_or_after)?)?,
                    is_exclusive: false,
                    to: time(filter.at_or_before?).and_then(DateTime::from_timestamp_millis),
                    is_closed: true,
                    skip: number("skip")?,
                    size: number("limit")?,
                })
            }
        }
    }

    /// The page that is asked for, of records in no order; `None` if the question is not of this dialect.
    pub(in crate::flow) fn answer(self, records: &[(u64, DateTime<Utc>)], request: &PageRequest) -> Option<ToyPage> {
        let pairs = request.url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned()));
        let mut query: Vec<_> = pairs.collect();
        // The links of this service hold the question that they go on with.
        let token = query.iter().position(|(name, _)| name == "token").map(|place| query.remove(place).1);
        let mut asked = self.asked(&query, request.body.as_deref().unwrap_or_default().as_bytes())?;
        if let Some(token) = token {
            asked.skip = token.parse().ok()?;
        }
        let is_meant = |changed: DateTime<Utc>| {
            (changed > asked.from || changed == asked.from && !asked.is_exclusive)
                && asked.to.is_none_or(|to| changed < to || changed == to && asked.is_closed)
        };
        let mut found: Vec<_> = records.iter().copied().filter(|(_, changed)| is_meant(*changed)).collect();
        if self.0.is_ordered() {
            found.sort_by_key(|(_, changed)| *changed);
        }
        let size = asked.size.min(PAGE);
        let rows = found.iter().skip(asked.skip).take(size).map(|record| self.row(*record)).collect();
        let next = (found.len() > asked.skip + size).then(|| {
            let mut link = request.url.clone();
            let question: Vec<_> = link
                .query_pairs()
                .filter(|(name, _)| name != "token")
                .map(|(n, v)| (n.into_owned(), v.into_owned()))
                .collect();
            link.query_pairs_mut()
                .clear()
                .extend_pairs(question)
                .append_pair("token", &(asked.skip + size).to_string());
            (asked.skip + size, link.to_string())
        });
        Some(ToyPage { rows, next })
    }
}
