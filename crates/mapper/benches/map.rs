//! Time to map nested alerts, as ratios to parsing the same bytes with `serde_json` and writing them back.
//!
//! `cargo bench -p mapper` prints each contender's median over interleaved rounds, so that a busy machine slows all of
//! them alike. One core.
#![allow(clippy::print_stdout, clippy::cast_precision_loss)]

use std::collections::BTreeMap;
use std::fmt;
use std::hint::black_box;
use std::time::{Duration, Instant};

use mapper::{FactsReader, Mapper, Row};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use simulator::{Tenant, alert_count, alert_json};

const INCIDENTS: u64 = 120;
const ROUNDS: usize = 61;

fn main() {
    // `cargo test --benches` runs this without `--bench`.
    if std::env::args().all(|argument| argument != "--bench") {
        println!("left out: run with `cargo bench`");
        return;
    }
    let alerts = alerts();
    let bytes: usize = alerts.iter().map(Vec::len).sum();
    let mut alert = mapper("alert");
    let mut evidence = mapper("evidence");
    let mut facts = FactsReader::new(schema::dataset("alert").expect("dataset"));
    let items: usize = alerts.iter().map(|row| documents(&mut evidence, &parse(row))).sum();
    println!(
        "{} alerts, mean {:.1} kB and {:.1} items of evidence; median of {ROUNDS} rounds",
        alerts.len(),
        bytes as f64 / alerts.len() as f64 / 1e3,
        items as f64 / alerts.len() as f64
    );
    let mut contenders: [Contender<'_>; 6] = [
        Contender::new("serde_json to Value and back (order kept)", 0, |row| {
            let value: serde_json::Value = serde_json::from_slice(row).expect("JSON");
            serde_json::to_vec(&value).expect("JSON").len()
        }),
        Contender::new("the same with sorted members, its default", 0, |row| {
            let value: Sorted = serde_json::from_slice(row).expect("JSON");
            serde_json::to_vec(&value).expect("JSON").len()
        }),
        Contender::new("index of the row alone", 0, |row| {
            black_box(parse(row));
            0
        }),
        Contender::new("alert documents", 1, |row| documents(&mut alert, &parse(row))),
        Contender::new("facts of alerts for a summary", 0, |row| {
            black_box(facts.read(row).expect("facts"));
            0
        }),
        Contender::new("alert and evidence documents", 1, {
            let mut alert = mapper("alert");
            move |row| {
                let row = parse(row);
                documents(&mut alert, &row) + documents(&mut evidence, &row)
            }
        }),
    ];
    for _ in 0..ROUNDS {
        for contender in &mut contenders {
            contender.round(&alerts);
        }
    }
    let reference = contenders[0].times.clone();
    for contender in &mut contenders {
        let mut ratios: Vec<f64> = contender
            .times
            .iter()
            .zip(&reference)
            .map(|(own, other)| own.as_secs_f64() / other.as_secs_f64())
            .collect();
        ratios.sort_by(f64::total_cmp);
        contender.times.sort();
        let seconds = contender.times[ROUNDS / 2].as_secs_f64();
        let count = if contender.counts == 0 { "-".into() } else { format!("{:.0}", contender.made as f64 / seconds) };
        println!(
            "{:<42} {:>5.2} x  {:>6.1} MB/s  {count:>8} documents/s",
            contender.name,
            ratios[ROUNDS / 2],
            bytes as f64 / seconds / 1e6
        );
    }
}

fn alerts() -> Vec<Vec<u8>> {
    let tenant = Tenant { incidents: INCIDENTS, ..Tenant::default() };
    let each = |index| (0..alert_count(&tenant, index)).map(move |number| (index, number));
    let all = (0..INCIDENTS).flat_map(each);
    all.map(|(index, number)| {
        let mut out = Vec::new();
        alert_json(&tenant, index, number, u32::MAX, &mut out);
        out
    })
    .collect()
}

fn mapper(dataset: &str) -> Mapper {
    Mapper::new(schema::dataset(dataset).expect("dataset"))
}

fn parse(row: &[u8]) -> Row<'_> {
    Row::parse(row).expect("row")
}

/// Maps the row; the number of documents.
fn documents(mapper: &mut Mapper, row: &Row<'_>) -> usize {
    let mut count = 0;
    mapper.map_items(row, &mut |document| {
        black_box(document.expect("document").1.len());
        count += 1;
    });
    count
}

/// Treats a row; the number of documents.
type Run<'c> = dyn FnMut(&[u8]) -> usize + 'c;

/// One way to treat a row, with how long each round took.
struct Contender<'c> {
    name: &'static str,
    counts: usize,
    run: Box<Run<'c>>,
    times: Vec<Duration>,
    made: usize,
}

impl<'c> Contender<'c> {
    fn new(name: &'static str, counts: usize, run: impl FnMut(&[u8]) -> usize + 'c) -> Self {
        Contender { name, counts, run: Box::new(run), times: Vec::new(), made: 0 }
    }

    fn round(&mut self, rows: &[Vec<u8>]) {
        #[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
        let start = Instant::now();
        self.made = rows.iter().map(|row| black_box((self.run)(row))).sum();
        self.times.push(start.elapsed());
    }
}

/// What `serde_json::Value` is unless some crate of the build asks for the order of members, as `schemars` does here.
enum Sorted {
    Null,
    Flag(bool),
    Number(serde_json::Number),
    Text(String),
    List(Vec<Sorted>),
    Object(BTreeMap<String, Sorted>),
}

impl<'de> Deserialize<'de> for Sorted {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Read)
    }
}

struct Read;

impl<'de> Visitor<'de> for Read {
    type Value = Sorted;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Sorted, E> {
        Ok(Sorted::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Sorted, E> {
        Ok(Sorted::Flag(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Sorted, E> {
        Ok(Sorted::Number(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Sorted, E> {
        Ok(Sorted::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Sorted, E> {
        Ok(serde_json::Number::from_f64(number).map_or(Sorted::Null, Sorted::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Sorted, E> {
        Ok(Sorted::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Sorted, E> {
        Ok(Sorted::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Sorted, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = from.next_element()? {
            list.push(element);
        }
        Ok(Sorted::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Sorted, A::Error> {
        let mut object = BTreeMap::new();
        while let Some((name, value)) = from.next_entry()? {
            object.insert(name, value);
        }
        Ok(Sorted::Object(object))
    }
}

impl Serialize for Sorted {
    fn serialize<S: Serializer>(&self, into: S) -> Result<S::Ok, S::Error> {
        match self {
            Sorted::Null => into.serialize_unit(),
            Sorted::Flag(flag) => into.serialize_bool(*flag),
            Sorted::Number(number) => number.serialize(into),
            Sorted::Text(text) => into.serialize_str(text),
            Sorted::List(list) => into.collect_seq(list),
            Sorted::Object(object) => into.collect_map(object),
        }
    }
}
