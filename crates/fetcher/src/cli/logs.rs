//! Log lines on standard error: text for people, or JSON with ECS names; repeats are counted instead of written.

mod agent;
mod ecs;
mod repeats;
#[cfg(test)]
mod tests;
mod text;

use std::fmt;
use std::io::Write;
use std::panic::PanicHookInfo;
use std::sync::{LazyLock, OnceLock};

use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, filter, reload};

pub(crate) use self::agent::{recent, set_units};
use self::repeats::{Repeats, Summary};
use super::LogFormat;

/// Whose lines below `info` may be wanted. Others are of HTTP libraries, which write headers, and with them secrets.
const OURS: [&str; 19] = [
    "agent",
    "collect",
    "common",
    "config",
    "dashboards",
    "fetcher",
    "installer",
    "json_stream",
    "m365_fetcher",
    "mapper",
    "microsoft",
    "options",
    "output",
    "panels",
    "preview",
    "schema",
    "setup",
    "simulator",
    "state",
];

static REPEATS: LazyLock<Repeats> = LazyLock::new(Repeats::default);

/// What is logged, where the environment does not say it.
static LEVEL: OnceLock<reload::Handle<EnvFilter, Registry>> = OnceLock::new();

/// From now on this level is logged, unless the environment says what is.
pub(crate) fn set_level(level: &str) {
    let Some(handle) = LEVEL.get() else { return };
    if let Ok(filter) = EnvFilter::try_new(level)
        && handle.reload(filter).is_err()
    {
        tracing::error!(level, "the level of the log cannot be changed");
    }
}

/// Starts logging, also of panics.
pub(super) fn init(format: LogFormat) {
    let asked = crate::config::log_filter();
    let filter = asked.as_ref().and_then(|filter| EnvFilter::try_new(filter).ok());
    let is_wrong = asked.is_some() && filter.is_none();
    let lines = Lines { form: format, repeats: &REPEATS };
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(|| WithoutSecrets(std::io::stderr()))
        .with_ansi(format == LogFormat::Text && crate::config::wants_colour())
        .event_format(lines)
        .with_filter(filter::filter_fn(may_be_written));
    let is_given = filter.is_some();
    let (filter, handle) = reload::Layer::new(filter.unwrap_or_else(|| EnvFilter::new("info")));
    tracing_subscriber::registry().with(filter).with(layer).init();
    if !is_given {
        // Logging starts once.
        let _ = LEVEL.set(handle);
    }
    std::panic::set_hook(Box::new(panicked));
    if is_wrong {
        tracing::warn!("M365_LOG is not understood, `info` is used");
    }
}

/// Writes what is still to be said of repeats: at the end, and twice a minute.
pub(super) fn flush(format: LogFormat, end: bool) {
    let summaries = if end { REPEATS.drain() } else { REPEATS.due() };
    let mut text = String::new();
    for summary in summaries {
        let _ = write_summary(&mut text, format, &summary);
    }
    let _ = WithoutSecrets(std::io::stderr()).write_all(text.as_bytes());
}

/// Writes what is due to be said of repeats, as an agent reads it.
pub(crate) fn tell_repeats() {
    flush(LogFormat::Agent, false);
}

/// The last barrier: whatever a line repeats, no secret of ours is in it. Lines come whole.
struct WithoutSecrets(std::io::Stderr);

impl Write for WithoutSecrets {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        self.0.write_all(common::secrets::without(&String::from_utf8_lossy(line)).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

fn may_be_written(metadata: &Metadata<'_>) -> bool {
    let top = metadata.target().split("::").next().unwrap_or_default();
    *metadata.level() <= Level::INFO || OURS.contains(&top)
}

/// One line; a message that was put together while running may hold anything, so only constant ones are told.
fn panicked(info: &PanicHookInfo<'_>) {
    let place = info.location().map(ToString::to_string);
    let message = info.payload().downcast_ref::<&'static str>().copied();
    let thread = std::thread::current();
    tracing::error!(
        place,
        panic = message,
        thread = thread.name(),
        "PANIC: a mistake of this program; what was not acknowledged is collected again, please report it"
    );
}

/// How a line is written.
struct Lines<'a> {
    form: LogFormat,
    repeats: &'a Repeats,
}

impl<S, N> FormatEvent<S, N> for Lines<'static>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        for summary in self.repeats.due() {
            write_summary(&mut writer, self.form, &summary)?;
        }
        if !self.repeats.admit(event) {
            return Ok(());
        }
        match self.form {
            LogFormat::Text => {
                let colour = writer.has_ansi_escapes();
                text::write(&mut writer, event, colour)
            }
            LogFormat::Json => ecs::write(&mut writer, event, false),
            LogFormat::Agent => {
                let mut line = String::new();
                ecs::write(&mut line, event, true)?;
                if *event.metadata().level() <= Level::WARN {
                    agent::keep(&line);
                }
                writer.write_str(&line)
            }
        }
    }
}

fn write_summary(out: &mut dyn fmt::Write, format: LogFormat, summary: &Summary) -> fmt::Result {
    match format {
        LogFormat::Text => text::write_summary(out, summary),
        LogFormat::Json => ecs::write_summary(out, summary, false),
        LogFormat::Agent => ecs::write_summary(out, summary, true),
    }
}
