//! The sources of a tenant, from its configuration.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use rustc_hash::FxHashMap;
use tokio_util::sync::CancellationToken;

use schema::Collection;

use super::committer::Committer;
use super::kinds::list::page_size::PageSize;
use super::late_arrival_scan::LateArrivalScan;
use super::past::Past;
use super::rows::{self, Rows};
use super::source_reader::SourceReader;
use super::{Collector, Cycles, RunContext};
use common::error::Error;
use common::health::Key;
use common::ids::DatasetNames;
use config::{DatasetConfig, TenantConfig};
use microsoft::Budget;
use microsoft::auth::{Credential, TokenSource};
use microsoft::source::{Requests, Source};

// Long, because every part of a collector is named once, in one place.
/// The sources of a tenant: datasets of the same endpoint that split its rows alike share one.
pub(super) fn collectors(
    tenant: &TenantConfig,
    run: &Arc<RunContext>,
    stop: &CancellationToken,
) -> Result<Vec<Collector>, Error> {
    let outlet = run.outlets.of(&tenant.delivery)?;
    let streams = outlet.streams(&tenant.delivery);
    let own_way = tenant.http.as_ref().map(microsoft::Clients::new).transpose()?;
    let (clients, queue) = (own_way.as_ref().unwrap_or(&run.clients), outlet.queue());
    let mut groups: Vec<Vec<DatasetConfig>> = Vec::new();
    for config in &tenant.datasets {
        let key = |config: &DatasetConfig| {
            (config.dataset.definition.source, rows::nested_array(config.dataset.definition.rows))
        };
        match groups.iter_mut().find(|group| key(&group[0]) == key(config)) {
            Some(group) => group.push(*config),
            None => groups.push(vec![*config]),
        }
    }
    let mut audiences: FxHashMap<schema::Api, Arc<TokenSource>> = FxHashMap::default();
    let mut families: FxHashMap<&str, Arc<Budget>> = FxHashMap::default();
    // All its tokens come from one endpoint.
    let sign_in: Arc<Budget> = Arc::default();
    let mut collectors = Vec::new();
    for datasets in groups {
        let endpoint = datasets[0].dataset.definition.source;
        let (root, scope) = tenant
            .cloud
            .api(endpoint.api)
            .ok_or_else(|| Error::Permanent(format!("cloud {} has no {:?} API", tenant.cloud.name, endpoint.api)))?;
        let Collection::List(list) = endpoint.collection else {
            return Err(Error::Permanent(format!("{} is collected in a way that is not built yet", endpoint.path)));
        };
        let tokens = audiences.entry(endpoint.api).or_insert_with(|| {
            let credential = Credential {
                endpoint: tenant.cloud.token_endpoint(&tenant.id),
                client_id: tenant.client_id.clone(),
                kind: tenant.credential.clone(),
                scope,
            };
            Arc::new(TokenSource::new(clients.kept.clone(), credential).sharing(Arc::clone(&sign_in)))
        });
        let tokens = Arc::clone(tokens);
        // What stands in front of an own address has its own limits, which its answers tell.
        let budget = families.entry(endpoint.limit.family).or_insert_with(|| {
            Arc::new(if tenant.cloud.is_custom() { Budget::default() } else { Budget::within(endpoint.limit) })
        });
        let budget = Arc::clone(budget);
        let interval = datasets.iter().map(|config| config.interval).min().unwrap_or(Duration::from_mins(1));
        let names: Vec<_> = datasets.iter().map(|config| config.dataset.definition.name).collect();
        let key = Key {
            cloud: tenant.cloud.name.as_str().into(),
            tenant: tenant.id.as_str().into(),
            datasets: DatasetNames::join(&names),
        };
        let health = run.stats.health.source(&key, interval);
        health.set_name(tenant.delivery.name.as_deref());
        let mut rows = Rows::new(&datasets, &list, &tenant.id, Arc::clone(&run.dead));
        rows.report_to(Arc::clone(&health));
        rows.mark(&tenant.delivery, run.preserve_original);
        let source = Source {
            clients: clients.clone(),
            unavailable: AtomicBool::new(false),
            tokens,
            requests: Requests { root: root.clone(), api: endpoint.api, path: endpoint.path, list },
            endpoint,
            budget,
            health: Arc::clone(&health),
            queue: queue.clone(),
            stop: stop.clone(),
        };
        let state = run.store.endpoint(&tenant.cloud.name, &tenant.id, &endpoint.name());
        let cycles = Cycles {
            datasets,
            outlet: Arc::clone(&outlet),
            streams: Arc::clone(&streams),
            committer: Committer::new(state.clone(), health, Arc::clone(&run.dead)),
            state,
            reader: SourceReader::new(source, rows, PageSize::new(list.page_size), run),
        };
        let past = Past::new(run.desk.queue(&key));
        collectors.push(Collector { cycles, late_arrival_scan: LateArrivalScan::default(), past, interval });
    }
    Ok(collectors)
}
