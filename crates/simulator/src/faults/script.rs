//! The script: which fault strikes which request, and how often.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Endpoint, Fault};
use crate::content::{self, alert};
use crate::filetime;
use crate::list::List;
use crate::listing::Hit;
use crate::timeline::TenantModel;

#[derive(Debug)]
struct Rule {
    endpoint: Endpoint,
    /// Part of the query string that must be present.
    query: String,
    /// The only tenant that it strikes, by id.
    tenant: Option<String>,
    fault: Fault,
    /// How often it still strikes; `None` is for ever.
    left: Option<u32>,
}

/// The script of faults. Clones share it. Of several faults that fit a request the first one scripted strikes.
#[derive(Clone, Default)]
pub struct Faults {
    rules: Arc<Mutex<Vec<Rule>>>,
    /// Whose faults are scripted, or whose request it is.
    tenant: Option<String>,
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.lock().iter()).finish()
    }
}

impl Faults {
    /// The next `times` requests to `endpoint` suffer `fault`.
    pub fn script(&self, endpoint: Endpoint, fault: Fault, times: u32) {
        self.script_when(endpoint, "", fault, Some(times));
    }

    /// Requests to `endpoint` suffer `fault` until [`Faults::clear`].
    pub fn always(&self, endpoint: Endpoint, fault: Fault) {
        self.script_when(endpoint, "", fault, None);
    }

    /// As [`Faults::script`], for requests only whose encoded query string contains `query`; `None` times is for ever.
    pub fn script_when(&self, endpoint: Endpoint, query: &str, fault: Fault, times: Option<u32>) {
        self.lock().push(Rule { endpoint, query: query.into(), tenant: self.tenant.clone(), fault, left: times });
    }

    /// The same script, to write down what strikes this tenant (its id) only: when it signs in, and the requests with its
    /// tokens.
    #[must_use]
    pub fn of(&self, tenant: &str) -> Faults {
        Faults { rules: Arc::clone(&self.rules), tenant: Some(tenant.to_ascii_lowercase()) }
    }

    /// Forgets all faults.
    pub fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Rule>> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the first fault that fits, one strike of it.
    fn strike(&self, fits: impl Fn(&Rule) -> bool) -> Option<Fault> {
        let mut rules = self.lock();
        let at = rules.iter().position(|rule| rule.left != Some(0) && self.concerns(rule) && fits(rule))?;
        if let Some(left) = &mut rules[at].left {
            *left -= 1;
        }
        let fault = rules[at].fault.clone();
        rules.retain(|rule| rule.left != Some(0));
        Some(fault)
    }

    fn concerns(&self, rule: &Rule) -> bool {
        rule.tenant.is_none() || rule.tenant == self.tenant
    }

    /// Takes one strike of the first fault of a list that `fits`.
    fn strike_list(&self, list: &List, fits: impl Fn(&Fault) -> bool) -> Option<Fault> {
        self.strike(|rule| rule.endpoint.includes(Endpoint::List(list.name)) && fits(&rule.fault))
    }

    /// The fault that the transport applies to this request.
    pub(crate) fn due(&self, endpoint: Endpoint, query: &str) -> Option<Fault> {
        let content = |fault: &Fault| {
            matches!(fault, Fault::EmptyPage | Fault::ExpandFails(_) | Fault::RecordFails(_) | Fault::Oversized(..))
        };
        self.strike(|rule| {
            rule.endpoint.includes(endpoint)
                && query.contains(&rule.query)
                && !content(&rule.fault)
                && !rule.fault.shapes_lists()
        })
    }

    /// Records of the list (incident, number within it) that appear so many ticks of 100 ns after their time.
    pub(crate) fn late(&self, list: &'static List, model: &TenantModel<'_>) -> Vec<(u64, u32, i64)> {
        let rules = self.lock();
        let fits = rules.iter().filter(|rule| self.concerns(rule) && rule.endpoint.includes(Endpoint::List(list.name)));
        fits.filter_map(|rule| match &rule.fault {
            Fault::Late(id, by) => {
                content::locate(list, model, id).map(|(incident, number)| (incident, number, filetime::from_delta(*by)))
            }
            _ => None,
        })
        .collect()
    }

    /// This `$skip` leads nowhere.
    pub(crate) fn ends_before(&self, list: &List, skip: u64) -> bool {
        self.strike_list(list, |fault| matches!(fault, Fault::SkipEnds(served) if skip > *served)).is_some()
    }

    /// The last record of this page comes once more with the next one.
    pub(crate) fn repeats(&self, list: &List) -> bool {
        self.strike_list(list, |fault| *fault == Fault::Repeat).is_some()
    }

    /// This page is empty, and its link leads to the same place.
    pub(crate) fn empty_page(&self, list: &List) -> bool {
        self.strike_list(list, |fault| *fault == Fault::EmptyPage).is_some()
    }

    /// Expanding this incident fails.
    pub(crate) fn fails(&self, incident: &str) -> bool {
        self.strike(|rule| matches!(&rule.fault, Fault::ExpandFails(id) if id == incident)).is_some()
    }

    /// The first incident of the page whose expansion fails.
    pub(crate) fn failing(&self, model: &TenantModel<'_>, hits: &[Hit]) -> Option<String> {
        let on_page = |id: &str| {
            content::incident_index(model.tenant, id).is_some_and(|index| hits.iter().any(|hit| hit.incident == index))
        };
        match self.strike(|rule| matches!(&rule.fault, Fault::ExpandFails(id) if on_page(id)))? {
            Fault::ExpandFails(id) => Some(id),
            _ => None,
        }
    }

    /// The record of the page that no answer can carry.
    pub(crate) fn unreadable(&self, list: &'static List, model: &TenantModel<'_>, hits: &[Hit]) -> Option<String> {
        let on_page = |id: &str| {
            let place = content::locate(list, model, id);
            place.is_some_and(|named| hits.iter().any(|hit| (hit.incident, hit.number) == named))
        };
        match self.strike_list(list, |fault| matches!(fault, Fault::RecordFails(id) if on_page(id)))? {
            Fault::RecordFails(id) => Some(id),
            _ => None,
        }
    }

    /// This record cannot be read alone either.
    pub(crate) fn is_unreadable(&self, endpoint: Endpoint, record: &str) -> bool {
        self.strike(|rule| {
            rule.endpoint.includes(endpoint) && matches!(&rule.fault, Fault::RecordFails(id) if id == record)
        })
        .is_some()
    }

    /// The alert to be padded. Stays in force: the alert is that big.
    pub(crate) fn oversize(&self, model: &TenantModel<'_>) -> Option<(u64, u32, usize)> {
        self.lock().iter().find_map(|rule| match &rule.fault {
            Fault::Oversized(id, bytes) => {
                alert::parse_id(model, id).map(|(incident, alert)| (incident, alert, *bytes))
            }
            _ => None,
        })
    }
}
