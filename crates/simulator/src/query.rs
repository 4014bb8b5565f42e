//! Query options of a listing, checked as the services check them.

pub(crate) mod filter;
pub(crate) mod skiptoken;

use filter::Filter;
use skiptoken::Key;

/// Largest `$skip` that Graph serves.
const MAX_SKIP: u64 = 500;

/// What is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum List {
    /// Graph `security/incidents`.
    Incidents,
    /// Graph `security/alerts_v2`.
    Alerts,
    /// Legacy `/api/incidents`.
    Legacy,
}

impl List {
    fn max_top(self) -> u64 {
        match self {
            List::Incidents => 50,
            List::Alerts => 1000,
            List::Legacy => 100,
        }
    }

    fn default_top(self) -> u64 {
        self.max_top().min(100)
    }
}

/// The time that a listing is ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    Created,
    Updated,
}

/// A checked query.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    pub(crate) list: List,
    pub(crate) filter: Option<Filter>,
    pub(crate) by: By,
    pub(crate) descending: bool,
    pub(crate) top: usize,
    pub(crate) skip: u64,
    pub(crate) count: bool,
    pub(crate) expand: bool,
    /// Where the previous page ended.
    pub(crate) after: Option<Key>,
    /// Identifies the query's options apart from the skip token.
    pub(crate) hash: u64,
}

/// Why a query is refused; the text goes into the error body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused(pub(crate) String);

impl Query {
    /// Checks decoded query parameters. `stamp` is what skip tokens of this tenant carry.
    pub(crate) fn parse(list: List, params: &[(String, String)], stamp: u64) -> Result<Query, Refused> {
        let mut query = Query {
            list,
            filter: None,
            by: By::Created,
            descending: true,
            top: list.default_top() as usize,
            skip: 0,
            count: false,
            expand: false,
            after: None,
            hash: hash(list, params, stamp),
        };
        let mut token = None;
        for (name, value) in params {
            match name.as_str() {
                "$filter" => query.filter = Some(Filter::parse(list, value)?),
                "$orderby" => (query.by, query.descending) = order(list, value)?,
                "$top" => query.top = top(list, value)?,
                "$skip" => query.skip = skip(list, value)?,
                "$count" => query.count = flag(value)?,
                "$expand" => query.expand = expand(list, value)?,
                "$skiptoken" => token = Some(value),
                other if other.starts_with('$') => {
                    return Err(Refused(format!("The query parameter '{other}' is not supported.")));
                }
                _ => {}
            }
        }
        if let Some(token) = token {
            query.after = Some(Key::decode(token, query.hash)?);
            query.skip = 0;
        }
        Ok(query)
    }
}

fn order(list: List, value: &str) -> Result<(By, bool), Refused> {
    let mut words = value.split_whitespace();
    let by = match (list, words.next().unwrap_or_default()) {
        (List::Incidents | List::Alerts, "createdDateTime") | (List::Legacy, "createdTime") => By::Created,
        (List::Incidents | List::Alerts, "lastUpdateDateTime") | (List::Legacy, "lastUpdateTime") => By::Updated,
        (_, other) => {
            return Err(Refused(format!("The property '{other}' cannot be used in the $orderby query option.")));
        }
    };
    match (words.next().unwrap_or("asc"), words.next()) {
        ("asc", None) => Ok((by, false)),
        ("desc", None) => Ok((by, true)),
        _ => Err(Refused(format!("Syntax error in the $orderby query option: '{value}'."))),
    }
}

fn number(name: &str, value: &str) -> Result<u64, Refused> {
    value.parse().map_err(|_| {
        Refused(format!("Invalid value '{value}' for {name} query option found. The {name} query option requires a non-negative integer value."))
    })
}

fn top(list: List, value: &str) -> Result<usize, Refused> {
    let (top, max) = (number("$top", value)?, list.max_top());
    if top == 0 {
        return Err(Refused("Invalid value '0' for $top query option found.".into()));
    }
    if top > max {
        return Err(Refused(format!(
            "The limit of '{max}' for Top query has been exceeded. The value from the incoming request is '{top}'."
        )));
    }
    Ok(top as usize)
}

fn skip(list: List, value: &str) -> Result<u64, Refused> {
    let skip = number("$skip", value)?;
    if list != List::Legacy && skip > MAX_SKIP {
        return Err(Refused(format!(
            "The limit of '{MAX_SKIP}' for Skip query has been exceeded. The value from the incoming request is '{skip}'."
        )));
    }
    Ok(skip)
}

fn flag(value: &str) -> Result<bool, Refused> {
    value.parse().map_err(|_| Refused(format!("Invalid value '{value}' for $count query option found.")))
}

fn expand(list: List, value: &str) -> Result<bool, Refused> {
    match (list, value) {
        (List::Incidents, "alerts") => Ok(true),
        _ => Err(Refused(format!(
            "Parsing OData Select and Expand failed: Could not find a property named '{value}' on type '{}'.",
            filter::type_name(list)
        ))),
    }
}

/// Options that a skip token pins; it replaces the others.
fn pinned(name: &str) -> bool {
    name.starts_with('$') && name != "$skiptoken" && name != "$skip"
}

/// FNV-1a over everything that determines the listing, in the order of the parameters' names.
fn hash(list: List, params: &[(String, String)], stamp: u64) -> u64 {
    let mut kept: Vec<_> = params.iter().filter(|(name, _)| pinned(name)).collect();
    kept.sort();
    let mut state = 0xCBF2_9CE4_8422_2325_u64 ^ stamp ^ list as u64;
    for byte in kept.iter().flat_map(|(name, value)| name.bytes().chain([b'=']).chain(value.bytes()).chain([b'&'])) {
        state = (state ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
    }
    state
}
