//! Finds the records of one page in the asked order, without an index: creation times grow with the incident's number and
//! an incident changes within a bounded time after it, so that a small window of incidents is enough to sort.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::content::{self, IncidentState};
use crate::list::Story;
use crate::query::filter::Prop;
use crate::query::skiptoken::Key;
use crate::query::{By, Query};
use crate::templates::Record;
use crate::timeline::{EventKind, TenantModel};

/// Records examined for one page. A filter that matches little ends a page early, as in the real services: the page is
/// short or empty, and its next link goes on.
const EXAMINED: usize = 5000;

/// One record of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hit {
    pub(crate) incident: u64,
    /// Number of the alert, or of the record made of a fixture, in its incident; 0 in lists of incidents.
    pub(crate) number: u32,
    /// The last event of the incident that is visible; of a record made of a fixture its last visible version.
    pub(crate) event: usize,
}

#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) hits: Vec<Hit>,
    /// Set when there may be more.
    pub(crate) next: Option<Key>,
    /// All matches, when asked for.
    pub(crate) count: Option<u64>,
}

/// What can be seen: everything up to `now` but what is late (incident, number, by how many ticks).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sight<'a> {
    pub(crate) now: i64,
    pub(crate) late: &'a [(u64, u32, i64)],
    /// The next page begins with the last record of this one.
    pub(crate) repeat: bool,
}

/// The page that `query` asks for.
pub(crate) fn page(model: &TenantModel<'_>, query: &Query, sight: Sight<'_>) -> Page {
    let mut page = Page::default();
    let (mut skip, mut examined, mut last, mut before) = (query.skip, 0_usize, None, None);
    let mut walk = Walk::new(model, query, sight);
    while let Some((key, hit)) = walk.next() {
        if page.hits.len() == query.top || examined == EXAMINED {
            page.next = if sight.repeat { before.or(query.after) } else { last };
            break;
        }
        examined += 1;
        let previous = last.replace(key);
        if !walk.matches(&hit) {
            continue;
        }
        before = previous;
        if skip > 0 {
            skip -= 1;
        } else {
            page.hits.push(hit);
        }
    }
    if query.count {
        let all = Query { after: None, ..query.clone() };
        let mut walk = Walk::new(model, &all, sight);
        let mut count = 0;
        while let Some((_, hit)) = walk.next() {
            count += u64::from(walk.matches(&hit));
        }
        page.count = Some(count);
    }
    page
}

/// What sorts a group of records: time, incident and event, mirrored for descending orders.
type Rank = (i64, u64, usize);

struct Walk<'q, 'p> {
    model: &'q TenantModel<'p>,
    query: &'q Query,
    now: i64,
    late: &'q [(u64, u32, i64)],
    /// Incidents not looked at yet.
    from: u64,
    to: u64,
    heap: BinaryHeap<Reverse<Rank>>,
    /// The incident whose records are handed out: state, group event, visible event, next alert.
    open: Option<(IncidentState<'p>, usize, usize, u32)>,
}

impl<'q, 'p> Walk<'q, 'p> {
    fn new(model: &'q TenantModel<'p>, query: &'q Query, sight: Sight<'q>) -> Walk<'q, 'p> {
        let Sight { now, late, .. } = sight;
        let bounds = |prop| query.filter.as_ref().map_or((i64::MIN, i64::MAX), |filter| filter.bounds(prop));
        let (created, updated) = (bounds(Prop::Created), bounds(Prop::Updated));
        let (mut low, mut high) = (created.0.max(updated.0), created.1.min(updated.1).min(now));
        match query.after {
            Some(key) if query.descending => high = high.min(key.time),
            Some(key) => low = low.max(key.time),
            None => {}
        }
        // A record's times lie between its incident's creation and one life span later.
        let (from, to) = (model.first_from(low.saturating_sub(model.span())), model.end_at(high));
        Walk { model, query, now, late, from, to, heap: BinaryHeap::new(), open: None }
    }

    fn mirror(&self, (time, incident, event): Rank) -> Rank {
        if self.query.descending { (-time, u64::MAX - incident, usize::MAX - event) } else { (time, incident, event) }
    }

    /// No incident outside the heap can come before this rank's time.
    fn frontier(&self) -> i64 {
        match (self.from < self.to, self.query.descending) {
            (false, _) => i64::MAX,
            (true, false) => self.model.created(self.from),
            (true, true) => -(self.model.created(self.to - 1) + self.model.span()),
        }
    }

    /// Puts the groups of the next incident into the heap.
    fn admit(&mut self) {
        let incident = if self.query.descending {
            self.to -= 1;
            self.to
        } else {
            self.from += 1;
            self.from - 1
        };
        if self.query.list.story().is_none() {
            for record in Record::all(self.query.list, *self.model, incident) {
                if let Some(time) = self.time_of(record) {
                    self.heap.push(Reverse(self.mirror((time, incident, record.place().1 as usize))));
                }
            }
            return;
        }
        let line = self.model.timeline(incident);
        let Some(visible) = line.visible(self.now) else { return };
        if !self.query.list.is(Story::Alerts) {
            let time = if self.query.by == By::Created { line.created } else { line.events()[visible].at };
            self.heap.push(Reverse(self.mirror((time, incident, visible))));
            return;
        }
        for (at, event) in line.events()[..=visible].iter().enumerate() {
            let groups = match self.query.by {
                By::Created => matches!(event.kind, EventKind::Created | EventKind::Added),
                By::Updated => !matches!(event.kind, EventKind::Awaiting | EventKind::Merged),
            };
            if groups {
                self.heap.push(Reverse(self.mirror((event.at, incident, at))));
            }
        }
    }

    /// The time that a visible record made of a fixture is ordered by.
    fn time_of(&self, record: Record<'_>) -> Option<i64> {
        let life = record.life();
        let version = life.visible(self.now)?;
        Some(if self.query.by == By::Created { life.created() } else { life.time(version) })
    }

    /// Opens the next group in order.
    fn open_next(&mut self) -> bool {
        loop {
            let first = self.heap.peek().map(|Reverse(rank)| rank.0);
            let frontier = self.frontier();
            match first {
                Some(time) if time <= frontier => break,
                _ if self.from < self.to => self.admit(),
                _ => return false,
            }
        }
        let Some(Reverse(rank)) = self.heap.pop() else { return false };
        let (_, incident, event) = self.mirror(rank);
        let state = IncidentState::new(*self.model, incident);
        let visible = state.line.visible(self.now).unwrap_or(event);
        let alert = if self.query.descending { state.alerts } else { 0 };
        self.open = Some((state, event, visible, alert));
        true
    }

    fn next(&mut self) -> Option<(Key, Hit)> {
        loop {
            if self.open.is_none() && !self.open_next() {
                return None;
            }
            let Some((key, hit)) = self.next_of_group() else { continue };
            if self.query.after.is_none_or(|after| self.behind(key, after)) {
                return Some((key, hit));
            }
        }
    }

    fn behind(&self, key: Key, after: Key) -> bool {
        let (a, b) = ((key.time, key.incident, key.number), (after.time, after.incident, after.number));
        if self.query.descending { a < b } else { a > b }
    }

    /// The next record of the open group; closes the group at its end.
    fn next_of_group(&mut self) -> Option<(Key, Hit)> {
        let (state, group, visible, next) = self.open.as_mut()?;
        let (group, visible, incident) = (*group, *visible, state.index);
        if self.query.list.story().is_none() {
            self.open = None;
            let record = Record::new(self.query.list, *self.model, incident, group as u32)?;
            let (time, event) = (self.time_of(record)?, record.life().visible(self.now)?);
            let number = group as u32;
            return Some((Key { time, incident, number }, Hit { incident, number, event }));
        }
        if !self.query.list.is(Story::Alerts) {
            let time = if self.query.by == By::Created { state.line.created } else { state.updated(visible) };
            self.open = None;
            return Some((Key { time, incident, number: 0 }, Hit { incident, number: 0, event: visible }));
        }
        let born = state.line.events()[visible].born;
        while if self.query.descending { *next > 0 } else { *next < state.alerts } {
            let alert = if self.query.descending {
                *next -= 1;
                *next
            } else {
                *next += 1;
                *next - 1
            };
            let belongs = alert < born
                && match self.query.by {
                    By::Created => state.line.birth(alert) == group,
                    By::Updated => state.line.touched(alert, visible) == group,
                };
            if belongs {
                let key = Key { time: state.line.events()[group].at, incident, number: alert };
                return Some((key, Hit { incident, number: alert, event: visible }));
            }
        }
        self.open = None;
        None
    }

    fn matches(&self, hit: &Hit) -> bool {
        let late = self.late.iter().find(|(incident, number, _)| (*incident, *number) == (hit.incident, hit.number));
        if late.is_none() && self.query.filter.is_none() {
            return true;
        }
        let facets = match &self.open {
            Some((state, ..)) if state.index == hit.incident => content::facets(state, self.query.list, hit),
            _ => content::facets(&IncidentState::new(*self.model, hit.incident), self.query.list, hit),
        };
        late.is_none_or(|(.., by)| facets.updated.saturating_add(*by) <= self.now)
            && self.query.filter.as_ref().is_none_or(|filter| filter.matches(&facets))
    }
}
