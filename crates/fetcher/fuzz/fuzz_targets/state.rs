//! Any bytes as a state file, any damage to a good one, any text as an export: refused or read, never a panic.
#![no_main]

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use state::FILE;
use state::offline::Offline;

const EXPORT: &str = concat!(
    r#"{"head":{"format":4,"exported":"2026-01-01T00:00:00Z"}}"#,
    "\n",
    r#"{"endpoint":{"key":{"cloud":"global","tenant":"t","endpoint":"graph/v1.0/security/alerts_v2"},"retry":[{"id":"7","version":"v","attempts":1,"next":"n"}]}}"#,
    "\n",
    r#"{"task":{"kind":"slice","key":"AAEC","body":{"a":1}}}"#,
    "\n",
    r#"{"dataset":{"name":"alert","progress":{"cursor":"2026-01-01T00:00:00Z"}}}"#,
    "\n",
    r#"{"ids":{"minute":29000000,"written":490000,"ids":"AAAAAAAAAAEAAAAAAAAAAg=="}}"#,
    "\n",
    r#"{"end":{"endpoints":1,"sources":1}}"#,
);

/// A good file.
static GOOD: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("folder");
    Offline::open_or_create(folder.path()).expect("creates").import(&mut EXPORT.as_bytes(), false).expect("imports");
    fs::read(folder.path().join(FILE)).expect("reads")
});

/// Reads everything that can be opened.
fn read(folder: &Path) {
    let Ok(state) = Offline::open(folder) else { return };
    if let Ok(sources) = state.sources() {
        let keys: Vec<_> = sources.into_iter().map(|source| (source.key, source.dataset)).collect();
        let mut export = Vec::new();
        if state.export(&mut export).is_ok() && state.forget(&keys).is_ok() {
            state.import(&mut export.as_slice(), false).expect("an export is imported");
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((mode, data)) = data.split_first() else { return };
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join(FILE);
    match mode % 4 {
        0 => {
            fs::write(&path, data).expect("writes");
            read(folder.path());
        }
        1 => {
            let state = Offline::open_or_create(folder.path()).expect("creates");
            let before = state.sources().expect("reads");
            let is_refused = state.import(&mut &data[..], false).is_err();
            assert!(!is_refused || state.sources().expect("reads") == before, "a refused export changes nothing");
            drop(state);
            read(folder.path());
        }
        // Pieces of four bytes: two say where, two what. Mode 3 changes the beginning only, where the roots are.
        mode => {
            let mut bytes = GOOD.clone();
            for piece in data.as_chunks::<4>().0 {
                let place = usize::from(u16::from_le_bytes([piece[0], piece[1]]));
                let place = if mode == 3 { place % 512 } else { place * 16 + usize::from(piece[3] >> 4) };
                if let Some(byte) = bytes.get_mut(place) {
                    *byte = piece[2];
                }
            }
            fs::write(&path, bytes).expect("writes");
            read(folder.path());
        }
    }
});
