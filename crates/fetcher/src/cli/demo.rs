//! `demo` and `simulate`: an invented tenant on this machine.

mod page;
mod remove;
mod summary;

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use simulator::{AlertsPerIncident, Simulator, Tenant};
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::access::{Access, LoginArgs, quoted};
use super::{End, print, run, runtime};
use crate::config;
use collect::flow;
use common::clock;

/// Last part of the names of a demo's data streams: its own, so that nothing else is written or shown.
const NAMESPACE: &str = "demo";

#[derive(Debug, Args)]
struct TenantArgs {
    /// Incidents in the tenant
    #[arg(long, value_name = "N", default_value_t = 120)]
    incidents: u64,
    /// Alerts in every incident, instead of a realistic mixture
    #[arg(long, value_name = "N")]
    alerts_per_incident: Option<u32>,
    /// Another tenant of the same kind
    #[arg(long, value_name = "N", default_value_t = 7)]
    seed: u64,
}

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// Directory for documents, state and dead letters; what an earlier demo left there is replaced
    #[arg(long, value_name = "DIR", default_value = "./m365-demo")]
    out: PathBuf,
    /// Ship to this cluster instead of files, into data streams of namespace `demo`; templates and pipelines are put there
    /// first. The login is `ELASTICSEARCH_API_KEY`, or `ELASTICSEARCH_USERNAME` and `ELASTICSEARCH_PASSWORD`, of the
    /// environment where no option says it
    #[arg(long, value_name = "URL")]
    elasticsearch: Option<Url>,
    #[command(flatten)]
    login: LoginArgs,
    /// Show the page of all dashboards in a browser
    #[arg(long, conflicts_with = "remove")]
    open: bool,
    /// Remove what a demo has left instead: files, or the cluster's data streams of namespace `demo`, and its templates and
    /// pipelines if no other data stream needs them
    #[arg(long)]
    remove: bool,
    #[command(flatten)]
    tenant: TenantArgs,
}

#[derive(Debug, Args)]
pub(super) struct SimulateArgs {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8365")]
    listen: SocketAddr,
    /// Tenants, each with an id, an application and a content of its own
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    tenants: u16,
    #[command(flatten)]
    tenant: TenantArgs,
}

pub(super) fn demo(args: &DemoArgs) -> anyhow::Result<End> {
    let access = args.elasticsearch.as_ref().map(|url| Access::new(url, &args.login)).transpose();
    let access = match access {
        Ok(access) => access,
        Err(message) => return Ok(End::Usage(message)),
    };
    if args.remove {
        return match access {
            Some(access) => remove::cluster(&access),
            None => remove::files(&args.out),
        };
    }
    let tenant = tenants(&args.tenant, 1).remove(0);
    clear(&args.out)?;
    let runtime = runtime()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("cannot listen on 127.0.0.1")?;
        let address = listener.local_addr()?;
        let output = access.as_ref().map_or_else(|| file_section(&args.out), |access| access.section(Some(NAMESPACE)));
        let text = configuration(std::slice::from_ref(&tenant), address, &output, &args.out);
        let config = match config::parse("demo", &text, &|name| access.as_ref()?.secret(name)) {
            Ok(config) => config,
            Err(error) => return Ok(End::Usage(error.to_string())),
        };
        let server = tokio::spawn(Simulator::new(tenant).serve(listener, std::future::pending()));
        let (stats, dead) = run::counters(&config);
        let parts = run::parts(&config, &stats, &dead, true).await?;
        let started = Instant::now();
        let failed = flow::run(&config, parts, true, CancellationToken::new()).await?;
        let elapsed = started.elapsed();
        server.abort();
        summary::print(&summary::Demo { config: &config, stats: &stats, dead: &dead, elapsed }).await?;
        let shown = page::write(&args.out, &config.outputs[0], args.open).await;
        if let Err(error) = &shown {
            print::err().message("no page of the dashboards: ", &format!("{error:#}"))?;
        }
        // The documents are there without a page, too: it matters to whoever asked to see it.
        let is_done = failed.is_empty() && (shown.is_ok() || !args.open);
        Ok(if is_done { End::Done } else { End::Failed })
    })
}

pub(super) fn simulate(args: &SimulateArgs) -> anyhow::Result<End> {
    let tenants = tenants(&args.tenant, args.tenants);
    runtime()?.block_on(async {
        let listener =
            TcpListener::bind(args.listen).await.with_context(|| format!("cannot listen on {}", args.listen))?;
        let address = listener.local_addr()?;
        let head = format!("# serving on http://{address}; this configuration collects it:\n");
        let text = head + &configuration(&tenants, address, "  file: {directory: ./documents}\n", Path::new("."));
        print::out().lines(&format!("{text}\n"))?;
        Simulator::with_tenants(tenants).serve(listener, interrupt()).await?;
        Ok(End::Done)
    })
}

async fn interrupt() {
    // Without signals the server runs until it is killed.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Tenants of one kind with ids, applications, secrets and content of their own.
fn tenants(args: &TenantArgs, count: u16) -> Vec<Tenant> {
    let alerts_per_incident = args.alerts_per_incident.map_or(AlertsPerIncident::Realistic, AlertsPerIncident::Exactly);
    let first = Tenant { seed: args.seed, incidents: args.incidents, alerts_per_incident, ..Tenant::default() };
    let first = first.ending_at(clock::now());
    let another = |number: u16| {
        let Tenant { id, client_id, client_secret, .. } = &first;
        Tenant {
            id: numbered(id, number),
            client_id: numbered(client_id, number),
            client_secret: format!("{client_secret}-{number}"),
            seed: first.seed.wrapping_add(u64::from(number) - 1),
            ..first.clone()
        }
    };
    std::iter::once(first.clone()).chain((2..=count).map(another)).collect()
}

/// The GUID with the number in its last digits.
fn numbered(id: &str, number: u16) -> String {
    format!("{}{number:05}", &id[..id.len() - 5])
}

/// A configuration that collects simulated tenants.
fn configuration(tenants: &[Tenant], address: SocketAddr, output: &str, folder: &Path) -> String {
    let mut text = "tenants:\n".to_owned();
    for Tenant { id, client_id, client_secret, start, .. } in tenants {
        let hours = (clock::now() - start).num_hours() + 2;
        // A `String` takes everything.
        let _ = write!(
            text,
            "  - id: {id}\n    cloud: {{login: \"http://{address}\", graph: \"http://{address}\", defender: \
             \"http://{address}\"}}\n    client_id: {client_id}\n    client_secret: {client_secret}\n    datasets:\n"
        );
        for dataset in schema::catalog() {
            let _ = writeln!(text, "      - {{name: {}, lookback: {hours}h}}", dataset.definition.name);
        }
    }
    let _ = write!(text, "output:\n{output}");
    if folder == Path::new(".") {
        return text + "state: ./state\n";
    }
    let path = |name: &str| quoted(&folder.join(name).to_string_lossy());
    let (state, dead_letter) = (path("state"), path("dead-letter"));
    // The page has a dashboard of the collection's health, also where documents are files.
    let _ = write!(text, "state: {state}\ndead_letter: {dead_letter}\nhealth: {{documents: true}}\n");
    text
}

fn file_section(out: &Path) -> String {
    format!("  file: {{directory: {}}}\n", quoted(&out.to_string_lossy()))
}

/// Removes what an earlier demo wrote, and nothing else.
fn clear(out: &Path) -> anyhow::Result<()> {
    common::private::folder(out).with_context(|| format!("cannot create {}", out.display()))?;
    for name in ["state", "dead-letter"] {
        let folder = out.join(name);
        if folder.is_dir() {
            std::fs::remove_dir_all(&folder).with_context(|| format!("cannot clear {}", folder.display()))?;
        }
    }
    let page = Some(out.join(page::FILE)).filter(|page| page.is_file());
    for path in documents(out)?.into_iter().chain(page) {
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
