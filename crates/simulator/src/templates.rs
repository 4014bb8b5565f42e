//! Content of lists that is no code: records made of fixtures. A fixture gives the shape and what nobody tells apart; ids,
//! times and people are drawn for each record, the people from the cast of its incident.

use anyhow::{Context, ensure};
use chrono::DateTime;
use serde_json::Value;

use crate::cast;
use crate::filetime;
use crate::json::write_guid;
use crate::list::{Content, List, Templates, TimeForm, at, set};
use crate::rng::Rng;
use crate::scenario::Scenario;
use crate::timeline::TenantModel;

/// The longest life: all versions lie within an incident's own.
pub(crate) const MOST_VERSIONS: u32 = 6;

/// First number of records that are numbered.
const FIRST_NUMBER: u64 = 1_000_000;

/// A fixture that records are made of.
#[derive(Debug)]
pub(crate) struct Template {
    row: Value,
    /// The time of the fixture in ticks of 100 ns: its other times keep their distance to it.
    time: Option<i64>,
}

impl Template {
    pub(crate) fn new(list: &List, text: &str) -> anyhow::Result<Template> {
        let row: Value = serde_json::from_str(text)?;
        for path in [&list.id, &list.version, &list.time, &list.created] {
            ensure!(at(&row, path).is_some_and(|value| !value.is_null()), "a fixture has no {path}");
        }
        let time = at(&row, &list.time).with_context(|| list.time.clone())?;
        let time = time.as_str().and_then(ticks).or_else(|| Some(time.as_i64()? * 10_000));
        Ok(Template { row, time })
    }

    pub(crate) fn has(&self, path: &str) -> bool {
        let mut found = false;
        set(&mut self.row.clone(), path, &mut |_| found = true);
        found
    }
}

/// One record of a list, apart from its version.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record<'a> {
    list: &'static List,
    of: &'a Templates,
    model: TenantModel<'a>,
    incident: u64,
    /// Number of the record within its incident.
    number: u32,
    rng: Rng,
}

/// When the versions of a record appear.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Life {
    times: [i64; MOST_VERSIONS as usize],
    len: usize,
}

impl Life {
    pub(crate) fn created(&self) -> i64 {
        self.times[0]
    }

    pub(crate) fn time(&self, version: usize) -> i64 {
        self.times[version.min(self.len - 1)]
    }

    /// The last version that has appeared by `now`.
    pub(crate) fn visible(&self, now: i64) -> Option<usize> {
        self.times[..self.len].iter().rposition(|time| *time <= now)
    }
}

impl<'a> Record<'a> {
    /// Record `number` that `incident` brings along; none of a list of the story.
    pub(crate) fn new(list: &'static List, model: TenantModel<'a>, incident: u64, number: u32) -> Option<Record<'a>> {
        let Content::Templates(of) = &list.content else { return None };
        let rng = model.rng(incident).sub(name_bits(list.name)).sub(u64::from(number));
        (number < of.weight).then_some(Record { list, of, model, incident, number, rng })
    }

    /// All records that `incident` brings along.
    pub(crate) fn all(list: &'static List, model: TenantModel<'a>, incident: u64) -> impl Iterator<Item = Record<'a>> {
        (0..).map_while(move |number| Record::new(list, model, incident, number))
    }

    /// The record with this id.
    pub(crate) fn find(list: &'static List, model: TenantModel<'a>, id: &str) -> Option<Record<'a>> {
        let Content::Templates(of) = &list.content else { return None };
        let numbered = id.parse::<u64>().ok().and_then(|number| number.checked_sub(FIRST_NUMBER));
        let within = id.rsplit('-').next().and_then(|digits| u64::from_str_radix(digits, 16).ok());
        let candidates = [numbered, within].into_iter().flatten();
        let mut records =
            candidates.filter(|index| index / u64::from(of.weight) < model.tenant.incidents).filter_map(|index| {
                Record::new(list, model, index / u64::from(of.weight), (index % u64::from(of.weight)) as u32)
            });
        records.find(|record| record.id() == id)
    }

    pub(crate) fn place(&self) -> (u64, u32) {
        (self.incident, self.number)
    }

    fn index(&self) -> u64 {
        self.incident * u64::from(self.of.weight) + u64::from(self.number)
    }

    fn template(&self) -> &'static Template {
        &self.list.templates[(self.index() % self.list.templates.len() as u64) as usize]
    }

    /// The record's id as text.
    pub(crate) fn id(&self) -> String {
        match self.id_value() {
            Value::String(text) => text,
            other => other.to_string(),
        }
    }

    /// An id in the form that the fixture's has. It tells the record's number, so that the record is found by it.
    fn id_value(&self) -> Value {
        match at(&self.template().row, &self.list.id) {
            Some(Value::Number(_)) => (FIRST_NUMBER + self.index()).into(),
            Some(Value::String(text)) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
                (FIRST_NUMBER + self.index()).to_string().into()
            }
            _ => {
                let mut guid = Vec::with_capacity(36);
                write_guid(&mut guid, self.rng.draw(0x1D));
                guid.truncate(24);
                format!("{}{:012x}", String::from_utf8_lossy(&guid), self.index()).into()
            }
        }
    }

    pub(crate) fn life(&self) -> Life {
        let (resolution, created) = (self.list.resolution(), self.model.created(self.incident));
        // Times are never before the incident's: the order of a list depends on it.
        let precise = |time: i64| (time + resolution - 1).div_euclid(resolution) * resolution;
        let share = 1000 * u64::from(self.number + 1) / u64::from(self.of.weight + 1);
        let mut life = Life { times: [precise(created + self.model.after(share)); MOST_VERSIONS as usize], len: 1 };
        let changes = self.rng.below(1, u64::from(self.of.versions.min(MOST_VERSIONS)));
        for change in 0..changes {
            let before = life.times[life.len - 1];
            let after = before + self.model.after(400 + self.rng.below(10 + change, 8000));
            life.times[life.len] = precise(after.max(before + resolution));
            life.len += 1;
        }
        life
    }

    /// Appends the record as it is in a version.
    pub(crate) fn write(&self, version: usize, out: &mut Vec<u8>) {
        let (list, life, template) = (self.list, self.life(), self.template());
        let mut row = template.row.clone();
        if let Some(time) = template.time {
            shift(&mut row, life.time(version) - time);
        }
        let scenario = Scenario::new(&self.model, self.incident);
        for (place, (path, role)) in self.of.cast.iter().enumerate() {
            let (tenant, rng) = (&self.model.tenant.id, self.rng.sub(0xCA57 + place as u64));
            set(&mut row, path, &mut |value| *value = cast::value(role, &scenario, tenant, rng).into());
        }
        if list.version != list.time {
            let number = version as u64;
            set(&mut row, &list.version, &mut |value| {
                *value = if value.is_number() { number.into() } else { format!("{number:08x}").into() };
            });
        }
        set(&mut row, &list.created, &mut |value| *value = time_value(list, life.created()));
        set(&mut row, &list.time, &mut |value| *value = time_value(list, life.time(version)));
        set(&mut row, &list.id, &mut |value| *value = self.id_value());
        // Writing to memory does not fail.
        let _ = serde_json::to_writer(out, &row);
    }
}

fn time_value(list: &List, time: i64) -> Value {
    match list.times {
        TimeForm::EpochMilliseconds => time.div_euclid(10_000).into(),
        TimeForm::Iso => iso(time),
    }
}

fn iso(time: i64) -> Value {
    let mut text = Vec::with_capacity(32);
    filetime::write(time, &mut text);
    String::from_utf8(text).unwrap_or_default().into()
}

/// Moves every time of a row by `by` ticks.
fn shift(value: &mut Value, by: i64) {
    match value {
        Value::String(text) => {
            if let Some(time) = ticks(text) {
                *value = iso(time.saturating_add(by));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| shift(item, by)),
        Value::Object(members) => members.values_mut().for_each(|member| shift(member, by)),
        _ => {}
    }
}

fn ticks(text: &str) -> Option<i64> {
    let looks_like_one = text.len() >= 20 && text.as_bytes()[10] == b'T';
    let time = looks_like_one.then(|| DateTime::parse_from_rfc3339(text).ok()).flatten()?;
    Some(filetime::from_time(time.to_utc()))
}

/// FNV-1a: lists with the same templates tell different records.
fn name_bits(name: &str) -> u64 {
    name.bytes().fold(0xCBF2_9CE4_8422_2325, |bits, byte| (bits ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3))
}
