//! The preview page: runs the searches of all panels of all dashboards, on a cluster or over documents in memory, and
//! hands over one HTML file that shows what Kibana would.
//!
//! What is asked and what the answers mean is `panels::lens`'s matter, what the page looks like `dashboards::page`'s.
//! Here is the way between: [`cluster()`] sends all panels' searches together, [`documents`] answers them itself.
//! [`rounds`] asks them in turn for both.

mod choice;
mod cluster;
mod memory;
mod msearch;
mod objects;
mod progress;
mod rounds;
#[cfg(test)]
mod tests;

pub use self::cluster::cluster;
pub use self::memory::documents;
pub use self::progress::Finished;

use std::fmt;

use common::error::Error as Cause;

/// What a page is about.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// Where the data come from, in the words that the page shows.
    pub source: &'a str,
    /// The time that the dashboards' ranges end at, in milliseconds since 1970.
    pub now: i64,
    /// Last part of the names of the data streams; `None` takes all.
    pub namespace: Option<&'a str>,
}

/// Why there is no page.
#[derive(Debug)]
pub enum Error {
    /// The cluster could not be asked.
    Cluster(Cause),
    /// Panels whose saved objects are not understood: each with its dashboard and what is wrong.
    Panels(Vec<panels::lens::Error>),
    /// There is no document of ours to show.
    Nothing(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Cluster(cause) => write!(f, "{cause}"),
            Error::Panels(panels) => {
                write!(f, "{} panels are not understood", panels.len())?;
                panels.iter().try_for_each(|panel| write!(f, "\n{panel}"))
            }
            Error::Nothing(place) => {
                write!(
                    f,
                    "{place} holds no documents of {}\n\nhint: fill it with `m365-fetcher demo` or `m365-fetcher run`",
                    dashboards::PACKAGE
                )
            }
        }
    }
}

impl std::error::Error for Error {}
