//! Whatever the bytes, every dataset's mapper gives documents that are JSON without repeated names, the same ones each
//! time, or a rejection.
#![no_main]

use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;

use libfuzzer_sys::fuzz_target;
use mapper::{DocId, FactsReader, Mapper, Reject, Row};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

thread_local! {
    static MAPPERS: RefCell<Vec<Mapper>> = RefCell::new(schema::catalog().iter().flat_map(mappers).collect());
    static FACTS: RefCell<Option<(FactsReader, Mapper)>> = RefCell::new(
        schema::dataset("alert").map(|alert| (FactsReader::new(alert), Mapper::new(alert))),
    );
}

/// One mapper as it is by default, one with everything on.
fn mappers(dataset: &schema::Dataset) -> [Mapper; 2] {
    let mut full = Mapper::new(dataset);
    full.preserve_original(true);
    [Mapper::new(dataset), full]
}

fuzz_target!(|bytes: &[u8]| {
    MAPPERS.with_borrow_mut(|mappers| {
        for mapper in mappers {
            let mut out = Vec::new();
            if mapper.map(bytes, &mut out).is_ok() {
                check(&out);
            }
            let Ok(row) = Row::parse(bytes) else { continue };
            let first = items(mapper, &row);
            first.iter().flatten().for_each(|(_, document)| check(document));
            assert_eq!(first, items(mapper, &row));
            mapper.take_drift();
        }
    });
    FACTS.with_borrow_mut(|facts| {
        for (reader, mapper) in facts {
            assert_eq!(reader.read(bytes).map(|_| ()), mapper.map(bytes, &mut Vec::new()).map(|_| ()));
        }
    });
});

fn items(mapper: &mut Mapper, row: &Row<'_>) -> Vec<Result<(DocId, Vec<u8>), Reject>> {
    let mut all = Vec::new();
    mapper.map_items(row, &mut |result| all.push(result.map(|(id, document)| (id, document.to_vec()))));
    all
}

fn check(document: &[u8]) {
    if let Err(error) = serde_json::from_slice::<Unique>(document) {
        panic!("{error}: {}", String::from_utf8_lossy(document));
    }
}

/// JSON whose objects name no member twice.
struct Unique;

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Unique)
    }
}

impl<'de> Visitor<'de> for Unique {
    type Value = Unique;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Unique, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Unique, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Unique, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Unique, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Unique, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Unique, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Unique, A::Error> {
        while list.next_element::<Unique>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Unique, A::Error> {
        let mut seen = HashSet::new();
        while let Some((name, _)) = object.next_entry::<String, Unique>()? {
            if !seen.insert(name.clone()) {
                return Err(A::Error::custom(format!("`{name}` twice")));
            }
        }
        Ok(self)
    }
}
