//! Log lines on standard error.

use tracing_subscriber::EnvFilter;

use super::LogFormat;

pub(super) fn init(format: LogFormat) {
    let filter = crate::config::log_filter().and_then(|filter| EnvFilter::try_new(filter).ok());
    let filter = filter.unwrap_or_else(|| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => builder.with_ansi(crate::config::wants_colour()).init(),
        LogFormat::Json => builder.json().flatten_event(true).with_ansi(false).init(),
    }
}
