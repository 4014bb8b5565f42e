//! Bytes of golden messages, bent at random, and bytes from nowhere.

use data_encoding::HEXLOWER;
use proptest::prelude::*;

use super::check;
use crate::messages::CheckinExpected;
use crate::tests::{expected, settled, unwanted, wanted};

/// A frame: kind, length, bytes.
fn frame(kind: u8, bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap();
    [&[kind], length.to_be_bytes().as_slice(), bytes].concat()
}

fn golden() -> Vec<(u8, Vec<u8>)> {
    let kind = |name: &str| match name {
        "StartUpInfo" => 0,
        "ActionRequest" => 1,
        _ => 5,
    };
    let lines = include_str!("../messages/golden.txt").lines().map(|line| line.split_once(' ').unwrap());
    lines.map(|(name, hex)| (kind(name), HEXLOWER.decode(hex.as_bytes()).unwrap())).collect()
}

fn list() -> impl Strategy<Value = CheckinExpected> {
    let unit = (0..4_u8, 0..3_i32, 0..4_u64, 0..3_u8).prop_map(|(name, kind, idx, how)| {
        let id = format!("unit-{name}");
        match how {
            0 => wanted(&id, kind, idx),
            1 => settled(&id, kind, idx),
            _ => unwanted(&id, kind, idx),
        }
    });
    proptest::collection::vec(unit, 0..6).prop_map(expected)
}

/// Lists, reports and new streams in any order.
fn session() -> impl Strategy<Value = Vec<u8>> {
    let step = prop_oneof![
        4 => list().prop_map(|list| frame(5, &prost::Message::encode_to_vec(&list))),
        4 => (2..4_u8, 0..12_u8).prop_map(|(kind, at)| frame(kind, &[at])),
        1 => Just(frame(4, &[])),
    ];
    proptest::collection::vec(step, 0..30).prop_map(|steps| steps.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_bytes_are_borne(data in proptest::collection::vec(any::<u8>(), 0..400)) {
        check(&data);
    }

    #[test]
    fn any_order_of_lists_and_reports_is_borne(data in session()) {
        check(&data);
    }

    #[test]
    fn bent_messages_are_borne(
        which in 0..5_usize,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        cut in any::<prop::sample::Index>(),
    ) {
        let (kind, mut bytes) = golden().swap_remove(which);
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        bytes.truncate(cut.index(bytes.len()) + 1);
        check(&frame(kind, &bytes));
    }
}

/// Found by fuzzing: an id may be any word, also one that secrets are called by.
#[test]
fn ids_may_be_any_words() {
    check(&frame(5, &prost::Message::encode_to_vec(&expected(vec![wanted("token", 0, 1)]))));
}

/// Objects in objects without end would be a stack without end: the decoder stops before.
#[test]
fn depth_is_bounded() {
    let mut bytes = Vec::new();
    for _ in 0..10_000 {
        // Struct.fields, a map entry without a key, its value, a struct.
        let length = |bytes: &[u8]| {
            let mut out = Vec::new();
            prost::encoding::encode_varint(bytes.len() as u64, &mut out);
            out
        };
        for tag in [0x2a, 0x12, 0x0a] {
            bytes = [&[tag], length(&bytes).as_slice(), &bytes].concat();
        }
        if bytes.len() > 60_000 {
            break;
        }
    }
    let mut unit = wanted("deep", 0, 1);
    assert!(
        prost::Message::merge(&mut unit.config.as_mut().unwrap().source.as_mut().unwrap().clone(), bytes.as_slice())
            .is_err()
    );
    check(&frame(5, &bytes));
}
