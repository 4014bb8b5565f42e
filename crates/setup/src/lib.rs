//! The set-up of a cluster and its Kibana: what is there is compared with what this program was built with, differences are
//! told or put right, and all of it can be taken away again.
//!
//! A set-up reads everything first. What is in the way refuses it as a whole, before anything is changed; a set-up that
//! fails in the middle is completed by the next one, because each step only puts what differs.

mod artefacts;
mod cluster;
mod data_streams;
mod difference;
pub mod fleet;
mod kibana;
mod plan;
mod preflight;
mod removal;
mod retention;
mod saved_objects;
mod service;
mod templates;
#[cfg(test)]
mod tests;
mod transforms;

use output::settings::ElasticOutput;
use url::Url;

pub use self::artefacts::{Artefact, Artefacts};
pub use self::plan::{Difference, Kind, Plan, Step};
pub use self::removal::{Installed, Removed};
pub use self::retention::Retention;

use self::cluster::Cluster;
use self::kibana::Kibana;
use self::plan::Work;
use common::error::Error;

/// Where and how to set up.
#[derive(Debug)]
pub struct Options {
    /// The cluster, and the login for it and for Kibana.
    pub elasticsearch: ElasticOutput,
    /// Kibana's address, with the path that it is served below (`server.basePath`).
    pub kibana: Option<Url>,
    /// Kibana's space; `None` for the default one.
    pub space: Option<String>,
    /// How long documents are kept; `None` leaves that as it is.
    pub retention: Option<Retention>,
    /// Data streams whose fields have another type get a new index.
    pub rollover: bool,
}

/// A cluster, its Kibana if one was named, and what belongs there.
#[derive(Debug)]
pub struct Setup {
    cluster: Cluster,
    kibana: Option<Kibana>,
    artefacts: Artefacts,
    retention: Option<Retention>,
    rollover: bool,
}

impl Setup {
    /// Reaches both, and refuses what is no Elasticsearch or Kibana of a version that takes the artefacts.
    pub async fn open(options: Options, artefacts: Artefacts) -> Result<Self, Error> {
        let Options { elasticsearch, kibana, space, retention, rollover } = options;
        let kibana = match kibana {
            Some(url) => Some(Kibana::open(&elasticsearch, url, space).await?),
            None => None,
        };
        let cluster = Cluster::open(&elasticsearch).await?;
        Ok(Self { cluster, kibana, artefacts, retention, rollover })
    }

    /// What was reached: product, version, address.
    pub fn reached(&self) -> Vec<String> {
        let kibana = self.kibana.as_ref().map(|kibana| kibana.named.clone());
        std::iter::once(self.cluster.named.clone()).chain(kibana).collect()
    }

    /// Compares everything. What is in the way is one error that names all of it.
    pub async fn plan(&self) -> Result<Plan, Error> {
        let mut plan = Plan::default();
        preflight::privileges(self).await?;
        templates::plan(self, &mut plan).await?;
        data_streams::plan(self, &mut plan).await?;
        transforms::plan(self, &mut plan).await?;
        if let Some(kibana) = &self.kibana {
            saved_objects::plan(kibana, &self.artefacts.saved_objects, &mut plan).await?;
        }
        plan.unless_in_the_way()
    }

    /// Makes one step of the plan. Steps are made in their order; one that is the same already changes nothing.
    pub async fn apply(&self, step: &Step) -> Result<(), Error> {
        match &step.work {
            Work::None => Ok(()),
            Work::Put { path, body } => self.cluster.put(path, body).await,
            Work::Transform(work) => transforms::apply(&self.cluster, &step.name, work).await,
            Work::DataStream(work) => data_streams::apply(&self.cluster, &step.name, work).await,
            Work::Import(objects) => match &self.kibana {
                Some(kibana) => saved_objects::import(kibana, objects).await,
                None => Ok(()),
            },
            Work::Upload(archive) => fleet::upload(self, archive).await,
        }
    }

    /// What a set-up has put there, in the order in which it can be taken away.
    pub async fn installed(&self) -> Result<Vec<Installed>, Error> {
        removal::installed(self).await
    }

    /// Takes one of them away; what others still need stays.
    pub async fn remove(&self, installed: &Installed) -> Result<Removed, Error> {
        removal::remove(self, installed).await
    }
}
