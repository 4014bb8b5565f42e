//! What a bulk reply says, item by item, read without a tree.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Asks for just what is read here.
pub const FILTER_PATH: &str = "errors,items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by";

/// What is to be done about one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is in the index now.
    Created,
    /// It was there before.
    Duplicate,
    /// The cluster is busy, or its index is blocked for now: send it again.
    Retry(String),
    /// The cluster stumbled: send it again, but not for ever; it may be the document.
    Unclear(String),
    /// No document of this dataset can be accepted before somebody prepares the cluster.
    Unready(String),
    /// It will never be accepted.
    Refused(String),
    /// The credential may not write there: no document will be accepted.
    Forbidden(String),
}

/// Elasticsearch's type of a block.
pub(super) const BLOCK: &str = "cluster_block_exception";

/// Signs of a cluster that takes no document of a dataset, whatever it says: no index and none may be made, no pipeline,
/// no room for another shard, a closed index.
const UNREADY: [&str; 5] = [
    "index_not_found_exception",
    "pipeline with id [",
    "maximum normal shards open",
    "index_closed_exception",
    "no matching index template",
];

/// What to do about a block.
pub(super) fn block_hint(said: &str) -> &'static str {
    if said.contains("flood-stage") || said.contains("FORBIDDEN/12") || said.contains("read-only / allow delete") {
        "the disk of a node is nearly full (flood stage): free space or add a node; the block is lifted by itself then"
    } else {
        "the index or the cluster is blocked for writing: see index.blocks.* and cluster.blocks.*"
    }
}

#[derive(Debug, Default, Deserialize)]
struct Item {
    #[serde(default)]
    status: u16,
    error: Option<ItemError>,
}

#[derive(Debug, Deserialize)]
struct ItemError {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    reason: String,
    caused_by: Option<Box<ItemError>>,
}

impl fmt::Display for ItemError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.reason)?;
        self.caused_by.iter().try_for_each(|cause| write!(f, ": {cause}"))
    }
}

impl Item {
    fn verdict(self) -> Verdict {
        let Item { status, error } = self;
        let said = error.map_or_else(|| status.to_string(), |error| format!("{status} {error}"));
        match status {
            200..=299 => Verdict::Created,
            409 => Verdict::Duplicate,
            // A read-only block (disk nearly full) goes away; so do an overload and a shard that moves.
            403 | 429 if said.contains(BLOCK) => Verdict::Retry(format!("{said}\nhint: {}", block_hint(&said))),
            401 | 403 => Verdict::Forbidden(said),
            429 | 502 | 503 | 504 => Verdict::Retry(said),
            500 => Verdict::Unclear(said),
            _ if UNREADY.iter().any(|sign| said.contains(sign)) => Verdict::Unready(said),
            _ => Verdict::Refused(said),
        }
    }
}

/// Calls `each` with the place and the verdict of every item; returns how many there were.
pub fn read_reply(reply: &[u8], each: &mut dyn FnMut(usize, Verdict)) -> Result<usize, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(reply);
    deserializer.deserialize_map(ReplyVisitor(each))
}

struct ReplyVisitor<'a>(&'a mut dyn FnMut(usize, Verdict));

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

struct Items<'a>(&'a mut dyn FnMut(usize, Verdict));

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
            (self.0)(place, item.verdict());
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
