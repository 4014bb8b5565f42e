//! Spans of time, joined where they meet.

use std::cmp::Ordering;

use common::clock::order;
use serde::{Deserialize, Serialize};

/// From a time, inclusive, to another one, exclusive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Span {
    pub(crate) from: String,
    pub(crate) to: String,
}

/// Spans in order of time, none of which touches another one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Spans(Vec<Span>);

impl Spans {
    /// There is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One more, joined with those that it overlaps or touches.
    pub(crate) fn add(&mut self, mut span: Span) {
        let meets = |a: &Span, b: &Span| {
            order(&a.from, &b.to) != Ordering::Greater && order(&b.from, &a.to) != Ordering::Greater
        };
        self.0.retain(|known| {
            let is_joined = meets(known, &span);
            if is_joined {
                if order(&known.from, &span.from) == Ordering::Less {
                    span.from.clone_from(&known.from);
                }
                if order(&known.to, &span.to) == Ordering::Greater {
                    span.to.clone_from(&known.to);
                }
            }
            !is_joined
        });
        let place = self.0.iter().position(|known| order(&known.from, &span.from) == Ordering::Greater);
        self.0.insert(place.unwrap_or(self.0.len()), span);
    }

    /// What is not covered between two times.
    pub(crate) fn gaps(&self, from: &str, to: &str) -> Vec<Span> {
        let (mut gaps, mut at) = (Vec::new(), from.to_owned());
        for Span { from, to: end } in &self.0 {
            let until = if order(from, to) == Ordering::Less { from } else { to };
            if order(&at, until) == Ordering::Less {
                gaps.push(Span { from: at.clone(), to: until.to_owned() });
            }
            if order(&at, end) == Ordering::Less {
                at.clone_from(end);
            }
        }
        if order(&at, to) == Ordering::Less {
            gaps.push(Span { from: at, to: to.to_owned() });
        }
        gaps
    }
}
