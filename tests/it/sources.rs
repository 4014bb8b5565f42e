//! What the proofs iterate over: every dataset of the catalogue, and the simulated list that it is read from. Nothing here
//! or in the proofs names a dataset: one that is added is proven like the others.
//!
//! `M365_TEST_DATASETS` (comma list of names) restricts the proofs on a server to some datasets.

use std::sync::LazyLock;

use schema::Dataset;
use simulator::{Endpoint, List};

/// A list, and the datasets that one poll of it fills.
pub(crate) struct Source {
    pub(crate) list: &'static List,
    pub(crate) datasets: Vec<&'static Dataset>,
    /// The datasets' names, joined: what the collector calls the source.
    pub(crate) name: String,
}

impl Source {
    /// Where faults strike its pages.
    pub(crate) fn pages(&self) -> Endpoint {
        Endpoint::List(self.list.name())
    }

    /// Where faults strike its records that are read by themselves.
    pub(crate) fn records(&self) -> Endpoint {
        Endpoint::Record(self.list.name())
    }

    /// Both use the same API: its throttling is theirs.
    pub(crate) fn is_related(&self, other: &Source) -> bool {
        let api = |source: &Source| source.datasets.first().map(|dataset| dataset.definition.source.api);
        api(self) == api(other)
    }
}

/// All datasets, or those that were asked for.
pub(crate) fn datasets() -> Vec<&'static Dataset> {
    let wanted = it::words("M365_TEST_DATASETS");
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|wanted| wanted == name);
    let datasets: Vec<_> = schema::catalog().iter().filter(|dataset| is_wanted(dataset.definition.name)).collect();
    assert!(!datasets.is_empty(), "no dataset is called {wanted:?}");
    datasets
}

/// The sources of [`datasets`], by the names of their first datasets.
pub(crate) fn sources() -> &'static [Source] {
    static SOURCES: LazyLock<Vec<Source>> = LazyLock::new(|| {
        let mut sources: Vec<Source> = Vec::new();
        for dataset in datasets() {
            let list = list_of(dataset);
            let name = dataset.definition.name;
            match sources.iter_mut().find(|source| std::ptr::eq(source.list, list)) {
                Some(source) => {
                    source.name = format!("{}+{name}", source.name);
                    source.datasets.push(dataset);
                }
                None => sources.push(Source { list, datasets: vec![dataset], name: name.to_owned() }),
            }
        }
        sources
    });
    &SOURCES
}

/// The list that a dataset is read from.
pub(crate) fn list_of(dataset: &Dataset) -> &'static List {
    let path = dataset.definition.source.path;
    let found = simulator::lists().iter().find(|list| list.route() == path);
    found.unwrap_or_else(|| panic!("no list of the simulator is at {path}: write crates/simulator/lists/<name>.json"))
}

/// The source that reads the list of this name.
pub(crate) fn source(list: &str) -> &'static Source {
    let found = sources().iter().find(|source| source.list.name() == list);
    found.unwrap_or_else(|| panic!("no dataset is read from the list {list}"))
}

/// Simulator and catalogue were written by different people from the same documentation. They agree.
#[test]
fn lists_and_datasets_agree() {
    for dataset in schema::catalog() {
        let (source, list, name) = (dataset.definition.source, list_of(dataset), dataset.definition.name);
        assert_eq!(list.permissions().first().map(String::as_str), Some(source.permission), "{name}");
        assert_eq!(list.permissions()[1..], *source.also, "{name}");
        if let Some(asked) = source.list() {
            assert_eq!(asked.page_size, list.page_cap(), "{name}");
            assert_eq!(asked.expand(), list.expand(), "{name}");
            assert_eq!(asked.record.changed, list.time(), "{name}");
            assert!(asked.record.id.contains(&list.id()), "{name}");
        }
    }
    for list in simulator::lists() {
        let is_read = schema::catalog().iter().any(|dataset| dataset.definition.source.path == list.route());
        assert!(is_read, "no dataset is read from the list {}", list.name());
    }
}
