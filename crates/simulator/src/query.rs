//! What a request asks of a list, checked as the services check it.

pub(crate) mod filter;
mod odata;
mod others;
pub(crate) mod skiptoken;

use serde_json::Value;

use self::filter::Filter;
pub(crate) use self::odata::order_of;
use self::skiptoken::Key;
use crate::list::{List, Window};

/// The time that a listing is ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    Created,
    Updated,
}

/// A checked query.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    pub(crate) list: &'static List,
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

/// What a request brings: decoded query parameters, and a body where there is one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) params: &'a [(String, String)],
    pub(crate) body: Option<&'a Value>,
}

impl Query {
    /// Checks a request. `stamp` is what skip tokens of this tenant carry.
    pub(crate) fn parse(list: &'static List, asked: Asked<'_>, stamp: u64) -> Result<Query, Refused> {
        let (by, descending) = order_of(list, &list.order)?;
        let mut query = Query {
            list,
            filter: None,
            by,
            descending,
            top: list.page.default as usize,
            skip: 0,
            count: false,
            expand: false,
            after: None,
            hash: hash(list, asked.params, stamp),
        };
        match &list.window {
            Window::Odata { .. } => odata::read(&mut query, asked.params)?,
            Window::Parameters { bounds, size, skip } => {
                others::parameters(&mut query, asked.params, bounds, (size, skip.as_deref()))?;
            }
            Window::Body(names) => others::body(&mut query, asked.body.unwrap_or(&Value::Null), names)?,
        }
        let token = asked.params.iter().rfind(|(name, _)| name == TOKEN);
        if let Some((_, token)) = token {
            query.after = Some(Key::decode(token, query.hash)?);
            query.skip = 0;
        }
        Ok(query)
    }

    /// The query parameter that skips records; where it is in a link it is done.
    pub(crate) fn skip_name(list: &List) -> Option<&str> {
        match &list.window {
            Window::Odata { .. } => Some("$skip"),
            Window::Parameters { skip, .. } => skip.as_deref(),
            Window::Body(_) => None,
        }
    }
}

/// The query parameter of a link that says where the page begins.
pub(crate) const TOKEN: &str = "$skiptoken";

/// A parameter that a skip token pins; it replaces the others.
fn is_pinned(list: &List, name: &str) -> bool {
    match &list.window {
        Window::Parameters { bounds, size, .. } => name == size || bounds.values().any(|bound| bound == name),
        Window::Odata { .. } | Window::Body(_) => name.starts_with('$') && name != TOKEN && name != "$skip",
    }
}

/// FNV-1a over everything that determines the listing, in the order of the parameters' names.
fn hash(list: &List, params: &[(String, String)], stamp: u64) -> u64 {
    let mut kept: Vec<_> = params.iter().filter(|(name, _)| is_pinned(list, name)).collect();
    kept.sort();
    let mut state = 0xCBF2_9CE4_8422_2325_u64 ^ stamp;
    let params = kept.iter().flat_map(|(name, value)| name.bytes().chain([b'=']).chain(value.bytes()).chain([b'&']));
    for byte in list.name.bytes().chain([b'?']).chain(params) {
        state = (state ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
    }
    state
}
