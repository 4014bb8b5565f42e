use proptest::prelude::*;

use super::*;

/// Where the value ends, and how the scan stands if it does not, whatever the size of the pieces.
fn scan(bytes: &[u8], piece: usize, mut scan: ValueScan) -> (Option<usize>, Option<String>) {
    for (place, chunk) in bytes.chunks(piece).enumerate() {
        if let Some(n) = scan.advance(chunk) {
            return (Some(place * piece + n), None);
        }
    }
    (None, Some(format!("{scan:?}")))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn blocks_say_what_single_bytes_say(text in r#"[\[{][\[\]{}"\\,:a ]{0,400}"#, quotes in r#"[{]["\\a]{60,200}"#) {
        for text in [text, quotes] {
            for new in [ValueScan::default, ValueScan::of_member, ValueScan::inside_object] {
                let expected = scan(text.as_bytes(), 1, new());
                for piece in [63, 64, 65, 130, 1000] {
                    prop_assert_eq!(scan(text.as_bytes(), piece, new()), expected.clone(), "{}", piece);
                }
            }
        }
    }
}

#[test]
fn a_long_value_ends_at_its_bracket_wherever_texts_and_escapes_lie() {
    for pad in 0..130 {
        let text = format!(r#"{{"a":"{}","b":["\\\"]}}",{{"c":"\\"}}],"d":1}}  "#, "x".repeat(pad));
        assert_eq!(scan(text.as_bytes(), 4096, ValueScan::default()).0, Some(text.len() - 2), "{pad}");
    }
}
