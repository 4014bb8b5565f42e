//! The outputs as the sources see them: each with its own task, queue, memory and permits, so that one that is down holds up
//! its own tenants and nobody else.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use common::error::Error;
use common::stats::Stats;
use config::Delivery;
use microsoft::fair_scheduler::{FairScheduler, TenantQueue};
use output::batch::Pool;
use output::dead_letters::DeadLetters;
use output::task;
use output::{AnyOutput, BatchWriter, DataStreams, OutputCommand};

/// An output to be set to work.
#[derive(Debug)]
pub struct Target {
    /// What the configuration calls it.
    pub name: Arc<str>,
    /// The output.
    pub output: AnyOutput,
    /// Last part of the data streams' names where the tenant names no other.
    pub namespace: String,
}

/// An output at work.
#[derive(Debug)]
pub struct Outlet {
    name: Arc<str>,
    /// It is a cluster, where reports of health are looked at.
    is_cluster: bool,
    /// Data streams of tenants without a namespace of their own.
    streams: Arc<DataStreams>,
    jobs: mpsc::Sender<OutputCommand>,
    pool: Arc<Pool>,
    scheduler: Arc<FairScheduler>,
}

/// All of them, the default one first.
#[derive(Debug)]
pub struct Outlets(Vec<Arc<Outlet>>);

impl Outlets {
    /// Sets the outputs to work. Each ends when nobody can send to it any more.
    pub fn open(
        targets: Vec<Target>,
        stats: &Arc<Stats>,
        dead: &Arc<DeadLetters>,
        patience: Option<Duration>,
    ) -> (Self, JoinSet<()>) {
        let mut tasks = JoinSet::new();
        stats.health.name_outputs(targets.iter().map(|target| &*target.name));
        let count = targets.len();
        let mut outlets = Vec::with_capacity(count);
        for Target { name, output, namespace } in targets {
            let (jobs, inbox) = mpsc::channel(task::QUEUED);
            let is_cluster = matches!(output, AnyOutput::Elasticsearch(_));
            let stats = if outlets.is_empty() { Arc::clone(stats) } else { Arc::new(stats.of_output(&name)) };
            tasks.spawn(task::serve(task::OutputTask { output, dead: Arc::clone(dead), stats, patience }, inbox));
            outlets.push(Arc::new(Outlet {
                name,
                is_cluster,
                streams: Arc::new(DataStreams::new(&namespace)),
                jobs,
                pool: Arc::new(Pool::among(count)),
                scheduler: Arc::new(FairScheduler::among(count)),
            }));
        }
        (Self(outlets), tasks)
    }

    /// The output that a tenant's documents go to.
    pub fn of(&self, delivery: &Delivery) -> Result<Arc<Outlet>, Error> {
        let found = match &delivery.output {
            None => self.0.first(),
            Some(name) => self.0.iter().find(|outlet| *outlet.name == **name),
        };
        found.cloned().ok_or_else(|| {
            let name = delivery.output.as_deref().unwrap_or_default();
            Error::Io(format!(
                "output `{name}` is not at work in this process\nhint: restart it, outputs are read at the start"
            ))
        })
    }

    /// Counts what is handed over to any of them.
    pub fn meter(&self) -> Meter {
        Meter(self.0.iter().map(|outlet| Arc::clone(&outlet.pool)).collect())
    }
}

/// Counts what is handed over to the outputs.
#[derive(Debug)]
pub struct Meter(Vec<Arc<Pool>>);

impl Meter {
    /// Documents so far.
    pub fn documents(&self) -> u64 {
        self.0.iter().map(|pool| pool.documents()).sum()
    }
}

impl Outlet {
    /// What the configuration calls it.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// It is a cluster.
    pub fn is_cluster(&self) -> bool {
        self.is_cluster
    }

    /// The data streams of a tenant: those of its namespace, the output's own where it names none, and what is different
    /// for single datasets.
    pub fn streams(&self, delivery: &Delivery) -> Arc<DataStreams> {
        let mut streams = match &delivery.namespace {
            None => Arc::clone(&self.streams),
            Some(namespace) => Arc::new(DataStreams::new(namespace)),
        };
        for (dataset, stream) in &delivery.streams {
            Arc::make_mut(&mut streams).rename(*dataset, &stream.data_stream);
        }
        streams
    }

    /// A place in the order of those who deliver to this output.
    pub fn queue(&self) -> TenantQueue {
        self.scheduler.queue()
    }

    /// A way to it for one cycle.
    pub fn writer(&self, streams: &Arc<DataStreams>, tenant: &Arc<str>) -> BatchWriter {
        BatchWriter::new(Arc::clone(streams), self.jobs.clone(), Arc::clone(&self.pool), Arc::clone(tenant))
    }
}

/// Waits until all outputs have ended.
pub async fn ended(outputs: &mut JoinSet<()>) -> Result<(), Error> {
    while let Some(ended) = outputs.join_next().await {
        ended.map_err(|error| Error::Io(format!("the output ended unexpectedly: {error}")))?;
    }
    Ok(())
}
