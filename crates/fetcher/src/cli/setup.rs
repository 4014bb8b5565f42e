//! `setup`: prints how a cluster and its Kibana differ from what belongs there, puts it right, or takes it away.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use setup::fleet::{self, Archive};
use setup::{Artefacts, Difference, Options, Plan, Removed, Retention, Setup};
use url::Url;

use super::access::{Access, LoginArgs};
use super::print::Printer;
use super::{End, print, runtime};

#[derive(Debug, Args)]
pub(super) struct SetupArgs {
    /// Address of Elasticsearch. The login is `ELASTICSEARCH_API_KEY`, or `ELASTICSEARCH_USERNAME` and
    /// `ELASTICSEARCH_PASSWORD`, of the environment where no option says it
    #[arg(long, value_name = "URL")]
    elasticsearch: Url,
    #[command(flatten)]
    login: LoginArgs,
    /// Address of Kibana, with the path that it is served below; dashboards are imported there, with the same login
    #[arg(long, value_name = "URL")]
    kibana: Option<Url>,
    /// Id of Kibana's space. Default: the default space
    #[arg(long, value_name = "ID", requires = "kibana")]
    space: Option<String>,
    /// Keep documents this long, as `90d`, or `cluster`: as the cluster keeps other logs. Default: what is set stays
    #[arg(long, value_name = "TIME", conflicts_with_all = ["fleet", "remove"])]
    retention: Option<Retention>,
    /// Begin a new index where a data stream has fields of another type
    #[arg(long, conflicts_with_all = ["fleet", "remove"])]
    rollover: bool,
    /// Upload the package and let Fleet install it instead. Default of the file: the one of this version, here, in `dist`
    /// or beside the program
    #[arg(long, value_name = "ZIP", num_args = 0..=1, default_missing_value = fleet::FILE, requires = "kibana")]
    fleet: Option<PathBuf>,
    /// Tell what would be done; nothing is changed
    #[arg(long)]
    dry_run: bool,
    /// Take away what a set-up has put there instead; documents stay
    #[arg(long)]
    remove: bool,
}

pub(super) fn setup(args: &SetupArgs) -> anyhow::Result<End> {
    let output = match Access::new(&args.elasticsearch, &args.login).and_then(|access| access.output()) {
        Ok(output) => output,
        Err(message) => return Ok(End::Usage(message)),
    };
    let archive = match (&args.fleet, args.remove) {
        (Some(file), false) => match archive(file) {
            Ok(archive) => Some(archive),
            Err(message) => return Ok(End::Usage(message)),
        },
        _ => None,
    };
    let SetupArgs { kibana, space, retention, rollover, .. } = args;
    let (kibana, space, retention) = (kibana.clone(), space.clone(), retention.clone());
    let options = Options { elasticsearch: output, kibana, space, retention, rollover: *rollover };
    runtime()?.block_on(async {
        let setup = Setup::open(options, Artefacts::embedded()).await?;
        let mut out = print::out();
        for reached in setup.reached() {
            out.line(reached)?;
        }
        if args.remove {
            return remove(&setup, args, &mut out).await;
        }
        let plan = match &archive {
            Some(archive) => fleet::plan(&setup, archive).await?,
            None => setup.plan().await?,
        };
        install(&setup, &plan, args.dry_run, &mut out).await
    })
}

/// The archive that is named; that of this version is looked for where it usually lies.
fn archive(file: &Path) -> Result<Archive, String> {
    let path = if file == Path::new(fleet::FILE) {
        let beside = std::env::current_exe().ok().and_then(|program| Some(program.parent()?.to_owned()));
        let folders = [Some(PathBuf::new()), Some(PathBuf::from("dist")), beside];
        let mut paths = folders.into_iter().flatten().map(|folder| folder.join(file));
        paths.find(|path| path.is_file()).ok_or_else(|| {
            let file = fleet::FILE;
            format!("there is no {file} here, in dist or beside the program\nhint: name it, as --fleet path/to/{file}")
        })?
    } else {
        file.to_owned()
    };
    let bytes = std::fs::read(&path).map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    Archive::read(&path.to_string_lossy(), bytes).map_err(|error| error.to_string())
}

async fn install(setup: &Setup, plan: &Plan, dry_run: bool, out: &mut Printer<impl Write>) -> anyhow::Result<End> {
    let (changes, mut done) = (plan.changes(), 0);
    for step in &plan.steps {
        let (word, parts) = match &step.difference {
            Difference::New => ("new", String::new()),
            Difference::Changed(parts) => ("changed", format!(": {}", parts.join(", "))),
            Difference::Same => ("same", String::new()),
        };
        if !dry_run {
            setup.apply(step).await.with_context(|| {
                format!("{done} of {changes} changes were made; run the command again, it puts what is missing")
            })?;
        }
        done += usize::from(step.difference != Difference::Same);
        out.line(format_args!("{word:<8} {:<18} {}{parts}", step.kind.name(), step.name))?;
    }
    for left_out in &plan.left_out {
        out.line(format_args!("left out {left_out}"))?;
    }
    let same = plan.steps.len() - changes;
    let would = if dry_run { "would be " } else { "" };
    out.line(match changes {
        0 => format!("nothing to do: {same} are as they should be"),
        _ => format!("{changes} {would}installed or changed, {same} are as they should be"),
    })?;
    Ok(if plan.left_out.is_empty() { End::Done } else { End::Failed })
}

async fn remove(setup: &Setup, args: &SetupArgs, out: &mut Printer<impl Write>) -> anyhow::Result<End> {
    let removed = if args.dry_run { "would be removed" } else { "removed" };
    let (mut gone, mut kept) = (0, 0);
    if args.fleet.is_some() {
        if let Some(package) = fleet::uninstall(setup, args.dry_run).await? {
            out.line(format_args!("{removed}: package {package}"))?;
            gone += 1;
        }
    } else {
        for installed in setup.installed().await? {
            let (kind, name) = (installed.kind.name(), &installed.name);
            let outcome = if args.dry_run { Removed::Gone } else { setup.remove(&installed).await? };
            match outcome {
                Removed::Gone => {
                    gone += 1;
                    out.line(format_args!("{removed}: {kind} {name}"))?;
                }
                Removed::Kept(why) => {
                    kept += 1;
                    out.line(format_args!("stays: {kind} {name}: {why}"))?;
                }
            }
        }
        if args.kibana.is_none() {
            out.line("dashboards were not looked at: no --kibana")?;
        }
    }
    out.line(match (gone, kept) {
        (0, 0) => "nothing to remove".to_owned(),
        (gone, 0) => format!("{gone} {removed}; documents stay"),
        (gone, kept) => format!("{gone} {removed}, {kept} stay because of what needs them; documents stay"),
    })?;
    Ok(if kept == 0 { End::Done } else { End::Failed })
}
