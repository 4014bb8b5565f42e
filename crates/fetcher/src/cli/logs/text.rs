//! A line for people: time, level, place, message, fields. Whatever a field holds, the line is one line.

use std::fmt::{self, Write as _};

use tracing::field::{Field, Visit};
use tracing::{Event, Level};

use super::repeats::Summary;
use common::terminal;

const DIM: &str = "2";
const ITALIC: &str = "3";

/// Writes an event.
pub(super) fn write(out: &mut dyn fmt::Write, event: &Event<'_>, colour: bool) -> fmt::Result {
    let metadata = event.metadata();
    let mut fields = Fields { message: String::new(), others: String::new(), colour };
    event.record(&mut fields);
    head(out, *metadata.level(), metadata.target(), colour)?;
    writeln!(out, " {}{}", fields.message, fields.others)
}

/// Writes how often a line was left out.
pub(super) fn write_summary(out: &mut dyn fmt::Write, summary: &Summary) -> fmt::Result {
    let Summary { level, target, message, fields, repeated } = summary;
    head(out, *level, target, false)?;
    write!(out, " {} … repeated {repeated} times", terminal::line(message))?;
    fields.iter().try_for_each(|(name, value)| write!(out, " {name}={}", terminal::line(&format!("{value:?}"))))?;
    out.write_str("\n")
}

fn head(out: &mut dyn fmt::Write, level: Level, target: &str, colour: bool) -> fmt::Result {
    let code = match level {
        Level::ERROR => "31",
        Level::WARN => "33",
        Level::INFO => "32",
        Level::DEBUG => "34",
        Level::TRACE => "35",
    };
    let at = common::clock::timestamp();
    let (at, level, target) = (paint(&at, DIM, colour), format!("{level:>5}"), format!("{target}:"));
    write!(out, "{at} {} {}", paint(&level, code, colour), paint(&target, DIM, colour))
}

fn paint(text: &str, code: &str, colour: bool) -> String {
    if colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
}

struct Fields {
    message: String,
    others: String,
    colour: bool,
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // A hint follows in the same line.
        let text = format!("{value:?}").replace("\nhint: ", "; hint: ");
        let text = terminal::line(&text);
        if field.name() == "message" {
            self.message.push_str(&text);
            return;
        }
        let name = paint(field.name().trim_start_matches("r#"), ITALIC, self.colour);
        // A `String` takes everything.
        let _ = write!(self.others, " {name}={text}");
    }
}
