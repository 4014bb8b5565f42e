//! `backfill`: a span of the past.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::{BackfillArgs, End, print, run, runtime, signals};
use crate::config;
use crate::config::Config;
use crate::control::{self, AskError, Progress, Request};
use collect::flow::backfill::{Meter, Meters, Order, backfill as read};
use common::clock;
use common::error::Error;
use common::terminal;

/// Time between two looks at the meters, for people and for log files.
const LOOK: Duration = Duration::from_millis(200);
const LINE: Duration = Duration::from_secs(10);

pub(super) fn backfill(args: &BackfillArgs) -> anyhow::Result<End> {
    let now = clock::now();
    let (from, to) = match span(args, now) {
        Ok(span) => span,
        Err(message) => return Ok(End::Usage(message)),
    };
    let folder = match config::state_directory(&args.config) {
        Ok(folder) => folder,
        Err(error) => return Ok(End::Usage(error.to_string())),
    };
    if let Some(end) = hand_over(args, &folder, from, to)? {
        return Ok(end);
    }
    let mut config = match super::load(&args.config) {
        Ok(config) => config,
        Err(error) => return Ok(End::Usage(error.to_string())),
    };
    if let Err(message) = narrow(&mut config, args) {
        return Ok(End::Usage(message));
    }
    let (stats, dead) = run::counters(&config);
    let meters = Arc::<Meters>::default();
    let failed = runtime()?.block_on(async {
        let parts = run::parts(&config, &stats, &dead, false).await?;
        let order = Order { from, to, stop: signals::stop() };
        let shown = tokio::spawn(show(Arc::clone(&meters)));
        let failed = read(&config, parts, order, &meters).await;
        shown.abort();
        // Its bars are cleared when it ends.
        let _ = shown.await;
        failed
    })?;
    let mut out = print::out();
    for (dataset, created, duplicates, refused) in stats.by_dataset().filter(|(_, c, d, r)| c + d + r > 0) {
        out.line(format_args!(
            "{dataset}: {created} delivered, {duplicates} in the output already, {refused} refused"
        ))?;
    }
    for (dataset, reason, count) in dead.counts() {
        out.line(format_args!(
            "{dataset}: {count} rows rejected ({reason}), kept in {}",
            config.dead_letter.display()
        ))?;
    }
    let found: u64 = meters.all().iter().map(|meter| meter.found()).sum();
    if failed.is_empty() {
        out.line(format_args!("complete: {found} documents were missing"))?;
        return Ok(End::Done);
    }
    for source in &failed {
        out.message("not complete: ", &format!("{} {}: {}", source.tenant, source.datasets, source.error))?;
    }
    out.line(format_args!("{found} documents were missing so far"))?;
    if failed.iter().any(|source| !matches!(source.error, Error::Permanent(_))) {
        out.line(format_args!("what is left is remembered: the same command goes on where this one ended"))?;
    }
    Ok(End::Failed)
}

/// Has the process that collects with this state read the span; `None` if there is none.
fn hand_over(args: &BackfillArgs, state: &Path, from: DateTime<Utc>, to: DateTime<Utc>) -> anyhow::Result<Option<End>> {
    let (tenant, dataset) = (args.tenant.clone(), args.dataset.clone());
    let request = Request::Backfill { from, to, tenant, dataset };
    let meters = Arc::<Meters>::default();
    let mut known: Vec<Arc<Meter>> = Vec::new();
    let mut is_told = false;
    let mut told = |progress: &Progress| {
        if known.is_empty() {
            known = progress.sources.iter().map(|source| meters.add(source.name.clone())).collect();
        }
        // From then on it survives the end of that process too.
        if !is_told && progress.sources.iter().all(|source| source.seconds > 0 || source.ended) {
            is_told = true;
            let _ = print::err().line(format_args!(
                "handed over to the running process {}; it goes on when this command is interrupted",
                progress.pid
            ));
        }
        for (meter, source) in known.iter().zip(&progress.sources) {
            meter.set((source.done, source.seconds), source.found, source.ended, source.trouble.clone());
        }
    };
    let answer = runtime()?.block_on(async {
        let stop = signals::stop();
        let shown = tokio::spawn(show(Arc::clone(&meters)));
        let answer = stop.run_until_cancelled(control::backfill(state, &request, &mut told)).await;
        shown.abort();
        // Its bars are cleared when it ends.
        let _ = shown.await;
        answer
    });
    let mut out = print::out();
    let progress = match answer {
        Some(Err(AskError::NotRunning(_))) => return Ok(None),
        Some(answer) => answer?,
        None => {
            out.line("interrupted; the running process goes on, the same command shows how far it is")?;
            return Ok(Some(End::Failed));
        }
    };
    let found: u64 = progress.sources.iter().map(|source| source.found).sum();
    let failed: Vec<_> = progress.sources.iter().filter(|source| source.trouble.is_some()).collect();
    for source in &failed {
        let trouble = source.trouble.as_deref().unwrap_or_default();
        out.message("not complete: ", &format!("{}: {trouble}", source.name))?;
    }
    if failed.is_empty() {
        out.line(format_args!("complete: {found} documents were missing"))?;
        return Ok(Some(End::Done));
    }
    out.line(format_args!("{found} documents were missing so far"))?;
    Ok(Some(End::Failed))
}

/// Only what is asked for is left in the configuration.
fn narrow(config: &mut Config, args: &BackfillArgs) -> Result<(), String> {
    if let Some(id) = &args.tenant {
        let meant = common::ids::canonical(id);
        config.tenants.retain(|tenant| tenant.id == meant);
        config.broken.retain(|tenant| tenant.id == meant);
        if let Some(broken) = config.broken.first() {
            return Err(broken.text());
        }
        if config.tenants.is_empty() {
            return Err(format!("tenant `{id}` is not in {}", args.config.display()));
        }
    }
    if let Some(name) = &args.dataset {
        for tenant in &mut config.tenants {
            tenant.datasets.retain(|config| config.dataset.definition.name.eq_ignore_ascii_case(name.trim()));
        }
        config.tenants.retain(|tenant| !tenant.datasets.is_empty());
        if config.tenants.is_empty() {
            return Err(format!("no tenant in {} collects dataset `{name}`", args.config.display()));
        }
    }
    Ok(())
}

fn span(args: &BackfillArgs, now: DateTime<Utc>) -> Result<(DateTime<Utc>, DateTime<Utc>), String> {
    let from = moment("--from", &args.from, now)?;
    let to = args.to.as_ref().map_or(Ok(now), |to| moment("--to", to, now))?;
    if from >= to {
        return Err(format!("--from {} is not before {}", args.from, args.to.as_deref().unwrap_or("now")));
    }
    // Records that change later are not there yet.
    Ok((from, to.min(now)))
}

/// A time, a day (its start in UTC), or so long ago.
fn moment(option: &str, text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, String> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.to_utc());
    }
    if let Ok(day) = text.parse::<NaiveDate>() {
        return Ok(day.and_time(chrono::NaiveTime::MIN).and_utc());
    }
    let ago = config::parse_duration(text).and_then(|span| TimeDelta::from_std(span).ok());
    ago.and_then(|ago| now.checked_sub_signed(ago)).ok_or_else(|| {
        format!("{option} `{text}` is no time; allowed: 2026-03-01T12:00:00Z, 2026-03-01, or so long ago, as 7d or 12h")
    })
}

/// Bars on a terminal, lines elsewhere.
async fn show(meters: Arc<Meters>) {
    if !std::io::stderr().is_terminal() {
        lines(&meters).await;
        return;
    }
    let bars = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
    let mut shown: Vec<(ProgressBar, Arc<Meter>)> = Vec::new();
    loop {
        for meter in meters.all().into_iter().skip(shown.len()) {
            let bar =
                bars.add(ProgressBar::new(0).with_style(style()).with_prefix(terminal::line(&meter.name).into_owned()));
            shown.push((bar, meter));
        }
        for (bar, meter) in &shown {
            let (done, all) = meter.seconds();
            bar.set_length(all);
            bar.set_position(done);
            let seconds = bar.elapsed().as_secs().max(1);
            bar.set_message(format!("{} documents, {}/s", meter.found(), meter.found() / seconds));
            if meter.is_ended() && !bar.is_finished() {
                bar.abandon();
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn style() -> ProgressStyle {
    let style = ProgressStyle::with_template("{prefix} [{bar:30}] {percent:>3} % {msg}, {left} left");
    let left = |state: &ProgressState, out: &mut dyn std::fmt::Write| {
        let seconds = state.eta().as_secs();
        // A bar without a last figure is no reason to fail.
        let _ = write!(out, "{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    };
    style.map_or_else(|_| ProgressStyle::default_bar(), |style| style.with_key("left", left))
}

async fn lines(meters: &Meters) {
    let start = tokio::time::Instant::now();
    loop {
        tokio::time::sleep(LINE).await;
        let elapsed = start.elapsed().as_secs();
        for meter in meters.all().iter().filter(|meter| !meter.is_ended()) {
            let (done, all) = meter.seconds();
            let percent = done * 100 / all.max(1);
            let left = (elapsed * (all - done)).checked_div(done);
            let left = left.map_or_else(|| "unknown".to_owned(), |seconds| format!("{seconds} s"));
            let (name, found, rate) = (&meter.name, meter.found(), meter.found() / elapsed.max(1));
            // Nobody reads it any more when it cannot be written.
            let _ = print::err()
                .line(format_args!("backfill {name}: {percent} %, {found} documents, {rate}/s, time left {left}"));
        }
    }
}
