//! `demo` and `simulate`: an invented tenant on this machine.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context;
use simulator::{AlertsPerIncident, Simulator, Tenant};
use tokio::net::TcpListener;
use tokio::time::Instant;
use url::Url;

use super::{DemoArgs, End, SimulateArgs, TenantArgs, run, runtime, summary};
use crate::clock;
use crate::config::{
    Cloud, Config, DEFAULT_OVERLAP, DatasetConfig, Delivery, ElasticOutput, FileOutput, Login, NamedOutput, Output,
    Proof, TenantConfig,
};

pub(super) fn demo(args: &DemoArgs) -> anyhow::Result<End> {
    let tenant = tenant(&args.tenant);
    clear(&args.out)?;
    let runtime = runtime()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("cannot listen on 127.0.0.1")?;
        let address = listener.local_addr()?;
        let config = config(args, &tenant, address)?;
        let server = tokio::spawn(Simulator::new(tenant).serve(listener, std::future::pending()));
        let (stats, dead) = run::counters(&config);
        let parts = run::parts(&config, &stats, &dead, true).await?;
        let started = Instant::now();
        let failed = run::once(&config, parts).await?;
        let elapsed = started.elapsed();
        server.abort();
        summary::print(&summary::Demo { config: &config, stats: &stats, dead: &dead, elapsed }).await?;
        Ok(if failed.is_empty() { End::Done } else { End::Failed })
    })
}

pub(super) fn simulate(args: &SimulateArgs) -> anyhow::Result<End> {
    let tenant = tenant(&args.tenant);
    runtime()?.block_on(async {
        let listener =
            TcpListener::bind(args.listen).await.with_context(|| format!("cannot listen on {}", args.listen))?;
        let address = listener.local_addr()?;
        println!("{}\n", example(&tenant, address));
        Simulator::new(tenant).serve(listener, interrupt()).await?;
        Ok(End::Done)
    })
}

async fn interrupt() {
    // Without signals the server runs until it is killed.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

fn tenant(args: &TenantArgs) -> Tenant {
    let alerts_per_incident = args.alerts_per_incident.map_or(AlertsPerIncident::Realistic, AlertsPerIncident::Exactly);
    let tenant = Tenant { seed: args.seed, incidents: args.incidents, alerts_per_incident, ..Tenant::default() };
    tenant.ending_at(clock::now())
}

/// The configuration file that collects the simulated tenant.
fn example(tenant: &Tenant, address: SocketAddr) -> String {
    let Tenant { id, client_id, client_secret, start, .. } = tenant;
    let hours = (clock::now() - start).num_hours() + 2;
    let datasets: Vec<_> = schema::catalog()
        .iter()
        .map(|dataset| format!("      - {{name: {}, lookback: {hours}h}}", dataset.definition.name))
        .collect();
    format!(
        "# serving on http://{address}; this configuration collects it:\n\
         tenants:\n  - id: {id}\n    cloud: {{login: \"http://{address}\", graph: \"http://{address}\", \
         defender: \"http://{address}\"}}\n    client_id: {client_id}\n    client_secret: {client_secret}\n    \
         datasets:\n{}\noutput:\n  file: {{directory: ./documents}}\nstate: ./state",
        datasets.join("\n")
    )
}

fn config(args: &DemoArgs, tenant: &Tenant, address: SocketAddr) -> anyhow::Result<Config> {
    let root = Url::parse(&format!("http://{address}"))?;
    let lookback = (clock::now() - tenant.start).to_std().unwrap_or_default() + std::time::Duration::from_hours(1);
    let datasets = schema::catalog().iter().zip(0..).map(|(dataset, index)| {
        let interval = std::time::Duration::from_secs(u64::from(dataset.definition.source.interval));
        DatasetConfig { dataset, index, interval, lookback, overlap: DEFAULT_OVERLAP, reconcile: None }
    });
    let output = match &args.elasticsearch {
        Some(host) => {
            let (host, login) = login(host)?;
            Output::Elasticsearch(Box::new(ElasticOutput::new(vec![host], login)))
        }
        None => Output::File(FileOutput::new(args.out.clone())),
    };
    Ok(Config {
        tenants: vec![TenantConfig {
            id: tenant.id.clone(),
            cloud: Cloud::custom(root.clone(), root.clone(), root),
            client_id: tenant.client_id.clone(),
            proof: Proof::Secret(tenant.client_secret.clone().into()),
            datasets: datasets.collect(),
            delivery: Delivery::default(),
        }],
        outputs: vec![NamedOutput::only(output)],
        state: args.out.join("state"),
        store: crate::state::Options::default(),
        dead_letter: args.out.join("dead-letter"),
        preserve_original_event: false,
        http: crate::config::HttpConfig::default(),
        metrics: None,
        literal_secrets: Vec::new(),
    })
}

/// `http://user:password@host` for clusters with security: the demo has no configuration file.
fn login(url: &Url) -> anyhow::Result<(Url, Login)> {
    let mut host = url.clone();
    let Some(password) = url.password() else { return Ok((host, Login::None)) };
    let decode = |text: &str| {
        let pairs = format!("v={}", text.replace('+', "%2B"));
        url::form_urlencoded::parse(pairs.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
    };
    let login = Login::Basic(decode(url.username()), decode(password).into());
    let cleared = host.set_password(None).and_then(|()| host.set_username(""));
    cleared.map_err(|()| anyhow::anyhow!("--elasticsearch is not an http address"))?;
    Ok((host, login))
}

/// Removes what an earlier demo wrote, and nothing else.
fn clear(out: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(out).with_context(|| format!("cannot create {}", out.display()))?;
    for name in ["state", "dead-letter"] {
        let folder = out.join(name);
        if folder.is_dir() {
            std::fs::remove_dir_all(&folder).with_context(|| format!("cannot clear {}", folder.display()))?;
        }
    }
    for path in documents(out)? {
        std::fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
    }
    Ok(())
}

/// The document files of a demo.
pub(super) fn documents(out: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(out).with_context(|| format!("cannot read {}", out.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with("logs-m365_security.") && name.ends_with(".ndjson") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}
