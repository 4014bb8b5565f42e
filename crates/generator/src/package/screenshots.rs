//! Pictures of the dashboards. They are made by hand from a demo (CONTRIBUTING.md says how) and shipped as they are: another
//! run would give other pixels.

use serde_json::{Value, json};

/// Name of the file, its title, its bytes.
type Screenshot = (&'static str, &'static str, &'static [u8]);

macro_rules! pictures {
    ($($name:literal: $title:literal,)*) => {
        &[$(($name, $title, include_bytes!(concat!("../../assets/img/", $name, ".png"))),)*]
    };
}

const ALL: &[Screenshot] = pictures! {
    "overview": "Overview: how Microsoft 365 stands now",
    "incident-investigation": "Incident investigation: everything about one incident",
    "alerts": "Alerts: by product, detector, category and severity",
    "network": "Network and URLs: where attacks came from",
};

/// Their entries in the package's manifest.
pub(crate) fn entries() -> impl Iterator<Item = Value> {
    ALL.iter().map(|(name, title, bytes)| {
        let (width, height) = size(bytes);
        json!({
            "src": format!("/img/{name}.png"),
            "title": title,
            "size": format!("{width}x{height}"),
            "type": "image/png",
        })
    })
}

/// Their files below the package's folder.
pub(crate) fn files() -> impl Iterator<Item = (String, &'static [u8])> {
    ALL.iter().map(|(name, _, bytes)| (format!("img/{name}.png"), *bytes))
}

/// Width and height of a PNG, which stand at the same place in all of them.
fn size(png: &[u8]) -> (u32, u32) {
    let number =
        |at: usize| png.get(at..at + 4).map_or(0, |four| four.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte)));
    (number(16), number(20))
}

#[cfg(test)]
mod tests {
    use super::{ALL, size};

    #[test]
    fn pictures_are_small_and_of_one_size() {
        for (name, _, bytes) in ALL {
            assert!(bytes.starts_with(b"\x89PNG\r\n"), "{name} is no PNG");
            assert_eq!(size(bytes), (1600, 1000), "{name}");
            assert!(bytes.len() < 300_000, "{name} has {} bytes: was it made by the page's tool?", bytes.len());
        }
    }
}
