//! What a bulk reply says, item by item, read without a tree.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use common::error::quoted;
use common::ids::parse_id;

/// Asks for just what is read here. Causes are named one by one: with them comes a script's whole stack.
pub const FILTER_PATH: &str = "errors,items.*._id,items.*.status,items.*.failure_store,items.*.error.type,\
                               items.*.error.reason,items.*.error.caused_by.type,items.*.error.caused_by.reason,\
                               items.*.error.caused_by.caused_by.type,items.*.error.caused_by.caused_by.reason";

/// What is to be done about one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is in the index now.
    Created,
    /// It was there before.
    Duplicate,
    /// The data stream refused it, and the cluster keeps it in the data stream's failure store.
    Diverted,
    /// The cluster is busy, or its index is blocked for now: send it again.
    Retry(String),
    /// The cluster stumbled: send it again, but not for ever; it may be the document.
    Unclear(Refusal),
    /// No document of this dataset can be accepted before somebody prepares the cluster.
    Unready(String),
    /// It is not accepted: for want of a good document, or of a good data stream.
    Refused(Refusal),
    /// The credential may not write there: no document will be accepted.
    Forbidden(String),
}

/// Why a document was not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Elasticsearch's type of the error, or the status where there is none.
    pub kind: String,
    /// Status, type and reasons.
    pub said: String,
}

/// An item of a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// Which document it is about.
    pub id: Id,
    /// What became of it.
    pub verdict: Verdict,
}

/// The id of an item.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Id {
    /// It names none: its place tells.
    #[default]
    Missing,
    /// One of ours.
    Known([u8; 16]),
    /// Nothing that was ever sent.
    Foreign,
}

/// Elasticsearch's type of a block.
pub(super) const BLOCK: &str = "cluster_block_exception";

/// Signs of a cluster that takes no document of a dataset, whatever it says: no index and none may be made, no pipeline,
/// no room for another shard, a closed index. They spare attempts; what they do not name is recognised by what happens
/// ([`super::refusals`]).
const UNREADY: [&str; 6] = [
    "index_not_found_exception",
    "pipeline with id [",
    "maximum normal shards open",
    "index_closed_exception",
    "no matching index template",
    "[require_data_stream]",
];

/// What to do about a block.
pub(super) fn block_hint(said: &str) -> &'static str {
    if is_flood(said) {
        "the disk of a node is nearly full (flood stage): free space or add a node; the block is lifted by itself then"
    } else {
        "the index or the cluster is blocked for writing: see index.blocks.* and cluster.blocks.*"
    }
}

/// A block that goes away by itself.
fn is_flood(said: &str) -> bool {
    ["flood-stage", "FORBIDDEN/12", "read-only / allow delete"].iter().any(|sign| said.contains(sign))
}

#[derive(Debug, Default, Deserialize)]
struct Item {
    #[serde(default, rename = "_id", deserialize_with = "id")]
    id: Id,
    #[serde(default)]
    status: u16,
    error: Option<ItemError>,
    failure_store: Option<String>,
}

/// An error, as a text where somebody between shortens it.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum ItemError {
    Text(String),
    Object {
        #[serde(rename = "type")]
        kind: Option<String>,
        reason: Option<String>,
        caused_by: Option<Box<ItemError>>,
    },
}

impl ItemError {
    fn kind(&self) -> Option<&str> {
        match self {
            Self::Text(_) => None,
            Self::Object { kind, .. } => kind.as_deref(),
        }
    }
}

impl fmt::Display for ItemError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Object { kind, reason, caused_by } => {
                let (kind, reason) = (kind.as_deref().unwrap_or_default(), reason.as_deref().unwrap_or_default());
                write!(f, "{kind}: {reason}")?;
                caused_by.iter().try_for_each(|cause| write!(f, ": {cause}"))
            }
        }
    }
}

fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Id, D::Error> {
    let text = Option::<Cow<'de, str>>::deserialize(deserializer)?;
    Ok(text.map_or(Id::Missing, |text| parse_id(&text).map_or(Id::Foreign, Id::Known)))
}

impl Item {
    fn answered(self) -> Answered {
        let Item { id, status, error, failure_store } = self;
        let kind = error.as_ref().and_then(ItemError::kind).map_or_else(|| status.to_string(), str::to_owned);
        let mut said = error.as_ref().map_or_else(|| status.to_string(), |error| quoted(&format!("{status} {error}")));
        if failure_store.as_deref() == Some("failed") {
            said.push_str(" (the failure store did not take it either)");
        }
        let refusal = |said| Refusal { kind, said };
        let verdict = match status {
            200..=299 if failure_store.as_deref() == Some("used") => Verdict::Diverted,
            // What says both is sent again: if it is there, the next answer is 409.
            200 | 201 if error.is_none() => Verdict::Created,
            409 => Verdict::Duplicate,
            // A disk that is nearly full gets room; so does an overload, and a shard that moves arrives.
            403 | 429 if said.contains(BLOCK) && (status == 429 || is_flood(&said)) => {
                let hint = block_hint(&said);
                Verdict::Retry(format!("{said}\nhint: {hint}"))
            }
            403 if said.contains(BLOCK) => {
                let hint = block_hint(&said);
                Verdict::Unready(format!("{said}\nhint: {hint}"))
            }
            401 | 403 => Verdict::Forbidden(said),
            429 | 502 | 503 | 504 => Verdict::Retry(said),
            0..=299 | 500 => Verdict::Unclear(refusal(said)),
            // Nothing else is looked for than an index, a pipeline, a template.
            404 => Verdict::Unready(said),
            _ if UNREADY.iter().any(|sign| said.contains(sign)) => Verdict::Unready(said),
            _ => Verdict::Refused(refusal(said)),
        };
        // A failure store keeps a document of its own, under an id of its own: the place tells which one it is about.
        let id = if verdict == Verdict::Diverted { Id::Missing } else { id };
        Answered { id, verdict }
    }
}

/// Calls `each` with the place and the answer of every item; returns how many there were.
pub fn read_reply(reply: &[u8], each: &mut dyn FnMut(usize, Answered)) -> Result<usize, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(reply);
    deserializer.deserialize_map(ReplyVisitor(each))
}

struct ReplyVisitor<'a>(&'a mut dyn FnMut(usize, Answered));

impl<'de> Visitor<'de> for ReplyVisitor<'_> {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a bulk reply")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<usize, A::Error> {
        let mut items = None;
        while let Some(key) = map.next_key::<String>()? {
            if key == "items" {
                items = Some(map.next_value_seed(Items(&mut *self.0))?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        items.ok_or_else(|| de::Error::missing_field("items"))
    }
}

struct Items<'a>(&'a mut dyn FnMut(usize, Answered));

impl<'de> de::DeserializeSeed<'de> for Items<'_> {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Items<'_> {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the items of a bulk reply")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<usize, A::Error> {
        let mut place = 0;
        while let Some(OneAction(item)) = seq.next_element()? {
            (self.0)(place, item.answered());
            place += 1;
        }
        Ok(place)
    }
}

/// `{"create":{"status":201}}`, whatever the action's name.
struct OneAction(Item);

impl<'de> Deserialize<'de> for OneAction {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ActionVisitor;
        impl<'de> Visitor<'de> for ActionVisitor {
            type Value = OneAction;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("one action of a bulk reply")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<OneAction, A::Error> {
                let mut item = Item::default();
                while map.next_key::<IgnoredAny>()?.is_some() {
                    item = map.next_value()?;
                }
                Ok(OneAction(item))
            }
        }
        deserializer.deserialize_map(ActionVisitor)
    }
}
