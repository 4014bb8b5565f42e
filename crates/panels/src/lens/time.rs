//! Time as dashboards write it: date math, lengths of time, the intervals of histograms. All in UTC.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, TimeDelta, Utc};

use super::error::{Problem, Result};

/// Milliseconds since 1970.
pub(crate) type Millis = i64;

const SECOND: Millis = 1000;
const MINUTE: Millis = 60 * SECOND;
const HOUR: Millis = 60 * MINUTE;
const DAY: Millis = 24 * HOUR;
const WEEK: Millis = 7 * DAY;
/// Kibana reckons with a mean year and a mean month where it compares lengths.
const YEAR: Millis = 31_556_952 * SECOND;
const MONTH: Millis = YEAR / 12;

/// Kibana's settings `histogram:barTarget` and `histogram:maxBars`.
const BAR_TARGET: Millis = 50;
const MAX_BARS: Millis = 100;

/// A span of time, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: Millis,
    pub(crate) to: Millis,
}

impl Span {
    /// A span from two texts of date math. A rounded end is the last millisecond of its unit, as in Kibana.
    pub(crate) fn parse(from: &str, to: &str, now: Millis) -> Result<Self> {
        let span = Self { from: date_math(from, now, false)?, to: date_math(to, now, true)? };
        if span.from > span.to {
            return Err(Problem::new(format!("the time range begins ({from}) after its end ({to})")));
        }
        Ok(span)
    }

    pub(crate) fn length(self) -> Millis {
        self.to - self.from
    }

    pub(crate) fn shifted_back(self, by: Length) -> Result<Self> {
        Ok(Self { from: by.added(self.from, -1)?, to: by.added(self.to, -1)? })
    }
}

/// The unit of a length; those above an hour follow the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Unit {
    Millisecond,
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

impl Unit {
    const ALL: [(Unit, &'static str, Millis); 8] = [
        (Unit::Millisecond, "ms", 1),
        (Unit::Second, "s", SECOND),
        (Unit::Minute, "m", MINUTE),
        (Unit::Hour, "h", HOUR),
        (Unit::Day, "d", DAY),
        (Unit::Week, "w", WEEK),
        (Unit::Month, "M", MONTH),
        (Unit::Year, "y", YEAR),
    ];

    fn millis(self) -> Millis {
        Self::ALL[self as usize].2
    }

    pub(crate) fn word(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

/// A length of time such as `3h` or `1M`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Length {
    pub(crate) count: Millis,
    pub(crate) unit: Unit,
}

impl Length {
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let digits = text.len() - text.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
        let word = &text[digits..];
        let unit = Unit::ALL.iter().find(|(_, name, _)| *name == word).map(|(unit, ..)| *unit);
        let count = if digits == 0 { Ok(1) } else { text[..digits].parse() };
        match (count, unit) {
            (Ok(count), Some(unit)) if count > 0 => Ok(Self { count, unit }),
            _ => Err(Problem::new(format!("\"{text}\" is no length of time such as 3h or 1d"))),
        }
    }

    /// The length of so many milliseconds in the largest unit that divides it.
    pub(crate) fn of(millis: Millis) -> Self {
        let fits = |(_, _, unit): &&(Unit, &str, Millis)| millis >= *unit && millis % unit == 0;
        let (unit, _, size) = Unit::ALL.iter().rev().find(fits).copied().unwrap_or(Unit::ALL[0]);
        Self { count: (millis / size).max(1), unit }
    }

    pub(crate) fn text(self) -> String {
        format!("{}{}", self.count, self.unit.word())
    }

    /// As Elasticsearch takes it: fixed intervals know no weeks.
    pub(crate) fn asked(self) -> String {
        let weeks = self.unit == Unit::Week && !self.is_calendar();
        if weeks { format!("{}d", self.count * 7) } else { self.text() }
    }

    pub(crate) fn millis(self) -> Millis {
        self.count * self.unit.millis()
    }

    /// Whether Elasticsearch is asked for a calendar interval: Kibana does so for one day, week, month or year.
    pub(crate) fn is_calendar(self) -> bool {
        self.count == 1 && self.unit >= Unit::Minute
    }

    /// The time so many lengths later.
    pub(crate) fn added(self, time: Millis, times: i64) -> Result<Millis> {
        let outside = || Problem::new(format!("{} from {time} is outside of the calendar", self.text()));
        let months = match self.unit {
            Unit::Month => self.count * times,
            Unit::Year => self.count * times * 12,
            _ => return time.checked_add(self.millis() * times).ok_or_else(outside),
        };
        let amount = Months::new(u32::try_from(months.abs()).map_err(|_| outside())?);
        let date = DateTime::from_timestamp_millis(time).ok_or_else(outside)?;
        let moved = if months < 0 { date.checked_sub_months(amount) } else { date.checked_add_months(amount) };
        Ok(moved.ok_or_else(outside)?.timestamp_millis())
    }

    /// Begin of the bucket that holds the time, as Elasticsearch's date histogram rounds in UTC.
    pub(crate) fn floor(self, time: Millis) -> Millis {
        let date = DateTime::from_timestamp_millis(time).unwrap_or_default();
        if self.is_calendar() { floor(date, self.unit) } else { time - time.rem_euclid(self.millis()) }
    }
}

/// The interval of a date histogram.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Interval(Length);

impl Interval {
    /// An interval as Elasticsearch is told it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Length::parse(text).ok().map(Self)
    }

    /// Begin of the bucket that holds the time.
    pub(crate) fn floor(self, time: Millis) -> Millis {
        self.0.floor(time)
    }

    /// Begin of the next bucket.
    pub(crate) fn next(self, time: Millis) -> Option<Millis> {
        self.0.added(time, 1).ok()
    }
}

/// The interval that Kibana takes for `auto`: near a fiftieth of the range, and at most a hundred bars.
pub(crate) fn auto_interval(range: Millis) -> Length {
    // Upper bound of the wanted length, and the interval that is taken below it.
    const STEPS: [(Millis, Millis); 16] = [
        (500, 100),
        (5 * SECOND, SECOND),
        (7 * SECOND + 500, 5 * SECOND),
        (15 * SECOND, 10 * SECOND),
        (45 * SECOND, 30 * SECOND),
        (3 * MINUTE, MINUTE),
        (9 * MINUTE, 5 * MINUTE),
        (20 * MINUTE, 10 * MINUTE),
        (45 * MINUTE, 30 * MINUTE),
        (2 * HOUR, HOUR),
        (6 * HOUR, 3 * HOUR),
        (DAY, 12 * HOUR),
        (WEEK, DAY),
        (3 * WEEK, WEEK),
        (YEAR, MONTH),
        (Millis::MAX, YEAR),
    ];
    let wanted = range / BAR_TARGET;
    let near = if wanted < STEPS[0].0 {
        wanted.max(1)
    } else {
        STEPS.iter().find(|(bound, _)| wanted < *bound).map_or(YEAR, |(_, interval)| *interval)
    };
    let shortest = range / MAX_BARS;
    let least = STEPS.iter().rev().find(|(_, interval)| *interval <= shortest).map_or(shortest.max(1), |step| step.1);
    Length::of(near.max(least))
}

/// `now-7d`, `now-1d/d`, `now/w` or a time as in RFC 3339. `up` rounds to the end of the unit.
pub(crate) fn date_math(text: &str, now: Millis, up: bool) -> Result<Millis> {
    let wrong = || Problem::new(format!("\"{text}\" is no point in time: write now-7d, now/d or 2026-01-31T00:00:00Z"));
    let Some(mut rest) = text.strip_prefix("now") else {
        return timestamp(text).ok_or_else(wrong);
    };
    let mut time = now;
    while let Some(sign) = rest.chars().next() {
        let body = &rest[1..];
        let end = body.find(['+', '-', '/']).unwrap_or(body.len());
        let (part, next) = body.split_at(end);
        let length = Length::parse(part).map_err(|_| wrong())?;
        time = match sign {
            '+' => length.added(time, 1)?,
            '-' => length.added(time, -1)?,
            '/' if length.count == 1 => {
                let begin = floor(DateTime::from_timestamp_millis(time).ok_or_else(wrong)?, length.unit);
                if up { length.added(begin, 1)? - 1 } else { begin }
            }
            _ => return Err(wrong()),
        };
        rest = next;
    }
    Ok(time)
}

/// Milliseconds of a time in RFC 3339 or of a date; times without a zone are in UTC.
pub(crate) fn timestamp(text: &str) -> Option<Millis> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.timestamp_millis());
    }
    if let Ok(time) = chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f") {
        return Some(time.and_utc().timestamp_millis());
    }
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    Some(date.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis())
}

/// The time as Elasticsearch writes a date.
pub(crate) fn text(time: Millis) -> String {
    let date = DateTime::from_timestamp_millis(time).unwrap_or_default();
    date.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

fn floor(date: DateTime<Utc>, unit: Unit) -> Millis {
    let day = date.date_naive();
    let first = match unit {
        Unit::Week => day.checked_sub_days(Days::new(u64::from(day.weekday().num_days_from_monday()))).unwrap_or(day),
        Unit::Month => day.with_day(1).unwrap_or(day),
        Unit::Year => NaiveDate::from_yo_opt(day.year(), 1).unwrap_or(day),
        Unit::Day => day,
        Unit::Millisecond | Unit::Second | Unit::Minute | Unit::Hour => {
            let step = TimeDelta::milliseconds(unit.millis()).num_milliseconds();
            let time = date.timestamp_millis();
            return time - time.rem_euclid(step);
        }
    };
    first.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis()
}
