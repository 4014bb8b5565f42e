//! `$filter`: the documented properties with `eq`, `ne`, `gt`, `ge`, `lt`, `le`, joined by `and`, `or` and parentheses.

mod parse;

use std::cmp::Ordering;

use serde::Deserialize;

use super::Refused;
use crate::list::{Facet, List};

/// The filterable properties of one record.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Facets {
    pub(crate) created: i64,
    pub(crate) updated: i64,
    pub(crate) assigned: Option<&'static str>,
    pub(crate) classification: &'static str,
    pub(crate) determination: &'static str,
    pub(crate) severity: &'static str,
    pub(crate) status: &'static str,
    pub(crate) service: &'static str,
}

/// A property that a filter may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prop {
    Created,
    Updated,
    Facet(Facet),
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Op {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Literal {
    Time(i64),
    Text(String),
    Null,
}

/// A parsed filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Filter {
    Or(Vec<Filter>),
    And(Vec<Filter>),
    Compare(Prop, Op, Literal),
}

impl Filter {
    pub(crate) fn parse(list: &'static List, text: &str) -> Result<Filter, Refused> {
        parse::parse(list, text)
    }

    pub(crate) fn matches(&self, record: &Facets) -> bool {
        match self {
            Filter::Or(any) => any.iter().any(|filter| filter.matches(record)),
            Filter::And(all) => all.iter().all(|filter| filter.matches(record)),
            Filter::Compare(prop, op, literal) => op.holds(compare(*prop, record, literal)),
        }
    }

    /// Bounds (both inclusive) that every match's `prop` keeps to, as far as they can be read off the top of the filter.
    pub(crate) fn bounds(&self, of: Prop) -> (i64, i64) {
        match self {
            Filter::And(all) => all
                .iter()
                .map(|part| part.bounds(of))
                .fold((i64::MIN, i64::MAX), |sum, one| (sum.0.max(one.0), sum.1.min(one.1))),
            Filter::Compare(prop, op, Literal::Time(time)) if *prop == of => match op {
                Op::Eq => (*time, *time),
                Op::Gt | Op::Ge => (*time, i64::MAX),
                Op::Lt | Op::Le => (i64::MIN, *time),
                Op::Ne => (i64::MIN, i64::MAX),
            },
            _ => (i64::MIN, i64::MAX),
        }
    }
}

impl Op {
    fn holds(self, order: Option<Ordering>) -> bool {
        match self {
            Op::Eq => order == Some(Ordering::Equal),
            Op::Ne => order != Some(Ordering::Equal),
            Op::Gt => order == Some(Ordering::Greater),
            Op::Ge => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
            Op::Lt => order == Some(Ordering::Less),
            Op::Le => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        }
    }
}

fn compare(prop: Prop, record: &Facets, literal: &Literal) -> Option<Ordering> {
    let text = match (prop, literal) {
        (Prop::Created, Literal::Time(time)) => return Some(record.created.cmp(time)),
        (Prop::Updated, Literal::Time(time)) => return Some(record.updated.cmp(time)),
        (Prop::Created | Prop::Updated, _) => return None,
        (Prop::Facet(Facet::Assigned), Literal::Null) => return record.assigned.is_none().then_some(Ordering::Equal),
        (Prop::Facet(Facet::Assigned), _) => record.assigned?,
        (Prop::Facet(Facet::Classification), _) => record.classification,
        (Prop::Facet(Facet::Determination), _) => record.determination,
        (Prop::Facet(Facet::Severity), _) => record.severity,
        (Prop::Facet(Facet::Status), _) => record.status,
        (Prop::Facet(Facet::Service), _) => record.service,
    };
    let Literal::Text(wanted) = literal else { return None };
    let text = text.strip_prefix('+').unwrap_or(text);
    // Enumeration members are matched whatever their case, as both services do; so are addresses of people.
    if text.eq_ignore_ascii_case(wanted) { Some(Ordering::Equal) } else { Some(text.cmp(wanted)) }
}
