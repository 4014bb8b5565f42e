//! A list as data: one JSON file says where it is, how it is asked, how it answers and where its content comes from. One
//! server plays them all.

mod loading;
mod paths;
mod words;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

pub(crate) use self::paths::{at, set};
pub(crate) use self::words::{
    Api, BodyWindow, Collection, Content, Facet, FilterProperty, Method, Next, PageLimits, Place, Story, Templates,
    TimeForm, Window,
};
use crate::templates::Template;

/// The description of one list. Lists live as long as the process, because there are few and everything refers to them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct List {
    /// The file's name.
    #[serde(skip)]
    pub(crate) name: &'static str,
    /// Path of the list.
    pub(crate) route: String,
    #[serde(default)]
    pub(crate) method: Method,
    /// Whose tokens open the list, and whose errors it answers with.
    pub(crate) api: Api,
    /// Application permissions that open the list, each alone; the least-privileged one comes first.
    pub(crate) permissions: Vec<String>,
    /// Name of the records' type in errors.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// `@odata.context` of an answer.
    #[serde(default)]
    pub(crate) context: Option<String>,
    pub(crate) content: Content,
    /// Dotted path of the property that names a record.
    pub(crate) id: String,
    /// Dotted path of the property that tells the versions of a record apart.
    pub(crate) version: String,
    /// Dotted path of the time that the window is about: the last change, or of an event its own time.
    pub(crate) time: String,
    /// Dotted path of the time when the record came into being.
    pub(crate) created: String,
    #[serde(default)]
    pub(crate) times: TimeForm,
    /// The noun for one record, where one can be asked for by its id.
    #[serde(default)]
    pub(crate) single: Option<String>,
    /// The nested array that `$expand` brings.
    #[serde(default)]
    pub(crate) expand: Option<String>,
    pub(crate) window: Window,
    /// Properties beside the times that a `$filter` may name.
    #[serde(default)]
    pub(crate) filters: BTreeMap<String, FilterProperty>,
    /// `$orderby` is accepted.
    #[serde(default)]
    pub(crate) orderable: bool,
    /// The order of a list that is not asked for one: a time property and `asc` or `desc`.
    pub(crate) order: String,
    pub(crate) page: PageLimits,
    /// The member that holds the records; a bare array where there is none.
    #[serde(default)]
    pub(crate) envelope: Option<String>,
    pub(crate) next: Next,
    /// How the list is collected. Only a list by time can be played yet; the other kinds have their names reserved.
    #[serde(default)]
    pub(crate) collection: Collection,
    /// Rows from which content is made.
    #[serde(skip)]
    pub(crate) templates: Vec<Template>,
}

/// All lists of the simulated services, by name.
///
/// # Panics
/// If a file of `lists/` is wrong, which the tests of this crate exclude.
pub fn lists() -> &'static [&'static List] {
    static LISTS: LazyLock<Result<Vec<&'static List>, String>> = LazyLock::new(loading::all);
    match &*LISTS {
        Ok(lists) => lists,
        Err(error) => panic!("{error}"),
    }
}

impl List {
    /// A list that is not among [`lists`]: its file's text, and rows that are its templates.
    pub fn parse(name: &'static str, text: &str, templates: &[&str]) -> anyhow::Result<&'static List> {
        loading::load(name, text, templates)
    }

    /// The file's name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Path of the list.
    pub fn route(&self) -> &str {
        &self.route
    }

    /// Dotted path of the property that names a record.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Dotted path of the property that tells the versions of a record apart.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Dotted path of the time that the window is about.
    pub fn time(&self) -> &str {
        &self.time
    }

    /// The nested array that `$expand` brings.
    pub fn expand(&self) -> Option<&str> {
        self.expand.as_deref()
    }

    /// Application permissions that open the list, each alone.
    pub fn permissions(&self) -> &[String] {
        &self.permissions
    }

    /// The member that holds the records; none of a list whose pages are bare arrays.
    pub fn envelope(&self) -> Option<&str> {
        self.envelope.as_deref()
    }

    /// Records of a page at most.
    pub fn page_cap(&self) -> u32 {
        self.page.cap
    }

    /// Host of the service whose list it is, in its own cloud.
    pub fn host(&self) -> &'static str {
        match self.api {
            Api::Graph => "graph.microsoft.com",
            Api::Defender => "api.security.microsoft.com",
        }
    }

    pub(crate) fn story(&self) -> Option<Story> {
        match self.content {
            Content::Story(story) => Some(story),
            Content::Templates(_) => None,
        }
    }

    pub(crate) fn is(&self, story: Story) -> bool {
        self.story() == Some(story)
    }

    /// How precise its times are, in ticks of 100 ns.
    pub(crate) fn resolution(&self) -> i64 {
        match self.times {
            TimeForm::Iso => 1,
            TimeForm::EpochMilliseconds => 10_000,
        }
    }

    /// Name of the time property without its path, as it stands in the text of a record.
    pub(crate) fn time_name(&self) -> &str {
        self.time.rsplit('.').next().unwrap_or_default()
    }
}
