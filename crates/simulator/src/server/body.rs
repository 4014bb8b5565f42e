//! A page as a stream of chunks: records are generated while the client reads, so that no page is ever in memory.

use std::io;

use bytes::Bytes;

use crate::content::{IncidentState, Show, alert, incident, legacy};
use crate::json::Json;
use crate::list::{List, Next, Place, Story};
use crate::listing::{Hit, Page};
use crate::query::Query;
use crate::templates::Record;
use crate::tenant::Tenant;
use crate::timeline::TenantModel;

/// A chunk is sent when it has at least this many bytes.
const CHUNK: usize = 64 * 1024;

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Head,
    Record,
    /// The nested alert with this number, of the incident at hand.
    Nested(u32),
    Tail,
    Done,
}

pub(super) struct PageBody {
    tenant: Tenant,
    list: &'static List,
    expand: bool,
    hits: std::vec::IntoIter<Hit>,
    count: Option<u64>,
    next: Option<String>,
    show: Show,
    part: Part,
    /// The incident whose nested alerts are being written.
    open: Option<Hit>,
    /// A record has been written: the next one needs a comma.
    begun: bool,
}

impl PageBody {
    pub(super) fn new(tenant: Tenant, query: &Query, page: Page, next: Option<String>, show: Show) -> PageBody {
        PageBody {
            tenant,
            list: query.list,
            expand: query.expand,
            hits: page.hits.into_iter(),
            count: page.count,
            next,
            show,
            part: Part::Head,
            open: None,
            begun: false,
        }
    }

    fn head(&self, out: &mut Vec<u8>) {
        let Some(envelope) = &self.list.envelope else { return out.push(b'[') };
        out.push(b'{');
        let mut json = Json::new(out, true);
        if let Some(context) = &self.list.context {
            let expanded = self.list.expand.as_ref().filter(|_| self.expand);
            let of = expanded.map(|name| format!("({name}())")).unwrap_or_default();
            json.cat("@odata.context", &[context, &of]);
        }
        if let Some(count) = self.count {
            json.num("@odata.count", count.cast_signed());
        }
        self.link(Place::Head, out);
        Json::new(out, true).open_array(envelope);
    }

    fn tail(&self, out: &mut Vec<u8>) {
        out.push(b']');
        if self.list.envelope.is_none() {
            return;
        }
        self.link(Place::Tail, out);
        if let Next::Skip { more: Some(more) } = &self.list.next {
            Json::new(out, true).flag(more, self.next.is_some());
        }
        out.push(b'}');
    }

    /// The link to the next page, if it stands here.
    fn link(&self, here: Place, out: &mut Vec<u8>) {
        if let (Next::Link { member, place }, Some(next)) = (&self.list.next, &self.next)
            && *place == here
        {
            Json::new(out, true).text(member, next);
        }
    }

    // Long, because the parts of a page follow one another in the order in which they are sent.
    fn fill(&mut self, out: &mut Vec<u8>) {
        let model = TenantModel::new(&self.tenant);
        let mut state: Option<IncidentState<'_>> = None;
        while out.len() < CHUNK && self.part != Part::Done {
            self.part = match self.part {
                Part::Head => {
                    self.head(out);
                    Part::Record
                }
                Part::Record => match self.hits.next() {
                    None => Part::Tail,
                    Some(hit) => {
                        self.open = Some(hit);
                        let state = current(&mut state, model, hit.incident);
                        if std::mem::replace(&mut self.begun, true) {
                            out.push(b',');
                        }
                        let mut json = Json::new(out, self.show.newer);
                        match self.list.story() {
                            Some(Story::LegacyIncidents) => {
                                legacy::head(state, hit.event, &mut json);
                                Part::Nested(0)
                            }
                            Some(Story::Incidents) => {
                                incident::head(state, hit.event, &mut json);
                                if self.expand { Part::Nested(0) } else { close(out, b"}") }
                            }
                            Some(Story::Alerts) => {
                                alert::write(state, hit.number, hit.event, self.show, &mut json);
                                Part::Record
                            }
                            None => {
                                if let Some(record) = Record::new(self.list, model, hit.incident, hit.number) {
                                    record.write(hit.event, out);
                                }
                                Part::Record
                            }
                        }
                    }
                },
                Part::Nested(at) => {
                    let hit = self.open.unwrap_or(Hit { incident: 0, number: 0, event: 0 });
                    let state = current(&mut state, model, hit.incident);
                    if at == 0 {
                        out.extend_from_slice(b",\"alerts\":[");
                    }
                    let nested = alert::Nested {
                        state,
                        event: hit.event,
                        list: self.list.story().unwrap_or(Story::Alerts),
                        show: self.show,
                    };
                    if nested.write(at, out) { Part::Nested(at + 1) } else { close(out, b"]}") }
                }
                Part::Tail => {
                    self.tail(out);
                    Part::Done
                }
                Part::Done => Part::Done,
            };
        }
    }
}

/// The incident at hand, made anew only when it changes.
fn current<'c, 'a>(
    state: &'c mut Option<IncidentState<'a>>,
    model: TenantModel<'a>,
    index: u64,
) -> &'c IncidentState<'a> {
    if state.as_ref().is_some_and(|state| state.index != index) {
        *state = None;
    }
    state.get_or_insert_with(|| IncidentState::new(model, index))
}

fn close(out: &mut Vec<u8>, with: &[u8]) -> Part {
    out.extend_from_slice(with);
    Part::Record
}

impl Iterator for PageBody {
    type Item = io::Result<Bytes>;

    fn next(&mut self) -> Option<io::Result<Bytes>> {
        if self.part == Part::Done {
            return None;
        }
        let mut out = Vec::with_capacity(CHUNK + 16 * 1024);
        self.fill(&mut out);
        Some(Ok(Bytes::from(out)))
    }
}
