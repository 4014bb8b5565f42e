//! Ids that are stored: an upgrade must not change one, so they stand here as they were first computed.

use mapper::DocId;

use super::{amended_id, oversized_id, rejection_id};

fn hex(id: [u8; 16]) -> String {
    DocId(id).to_string()
}

#[test]
fn ids_of_rejections_are_pinned() {
    let cut = br#"{"id":"a1","title":"#;
    assert_eq!(hex(rejection_id(cut, "not_json")), "443007e1e5a5eaea433f28ebd785ff6b");
    assert_eq!(hex(rejection_id(br#"{"title":"x"}"#, "no_identity")), "24a31ecd81f9339ed7c5e9b4498115ca");
    assert_eq!(hex(oversized_id(br#"{"id":"a1","x":""#, 5_000_000)), "095180936d9ceace468f019090a92e9d");
    assert_ne!(rejection_id(cut, "not_json"), rejection_id(cut, "no_identity"));
    assert_ne!(oversized_id(cut, 5_000_000), oversized_id(cut, 5_000_001));
}

#[test]
fn ids_of_amended_documents_are_pinned() {
    let id = DocId(0xcdd9_d62d_faf5_ac4e_9e86_e15a_7873_cc33_u128.to_be_bytes());
    assert_eq!(amended_id(id).to_string(), "ea96c2ae02b6423bb9d8ac7c85d6f377");
}
