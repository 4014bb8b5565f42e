//! Any bytes in any chunks: no panic, the same rows for every chunking, and what serde_json reads from a valid page.
#![no_main]

use json_stream::{Event, Splitter};
use libfuzzer_sys::fuzz_target;

fn split(body: &[u8], step: usize) -> (Vec<Vec<u8>>, Result<(), String>) {
    let mut splitter = Splitter::new(Some("alerts"), 512);
    let mut seen = Vec::new();
    for mut chunk in body.chunks(step.max(1)) {
        loop {
            match splitter.next(&mut chunk) {
                Ok(Some(Event::Element(row))) => seen.push([b"e", row].concat()),
                Ok(Some(Event::Nested(row))) => seen.push([b"n", row].concat()),
                Ok(Some(Event::TooLarge { length, .. })) => seen.push(length.to_le_bytes().to_vec()),
                Ok(Some(Event::NextLink(link))) => seen.push(link.into_bytes()),
                Ok(Some(Event::Count(count))) => seen.push(count.to_le_bytes().to_vec()),
                Ok(Some(Event::Error(text))) => seen.push([b"!", text].concat()),
                Ok(None) => break,
                Err(error) => return (seen, Err(error.to_string())),
            }
        }
    }
    (seen, splitter.finish().map_err(|error| error.to_string()))
}

fuzz_target!(|data: &[u8]| {
    let Some((step, body)) = data.split_first() else { return };
    let whole = split(body, body.len());
    assert_eq!(whole, split(body, usize::from(*step)));
    if let Ok(page) = serde_json::from_slice::<serde_json::Value>(body)
        && let Some(rows) = page["value"].as_array()
    {
        let elements = whole.0.iter().filter(|row| row.first() == Some(&b'e')).count();
        assert!(whole.1.is_ok());
        assert!(elements <= rows.len() || body.windows(5).filter(|w| w == b"value").count() > 1);
    }
});
