//! gzip of whole request bodies. The compressors are kept: each holds tables of some hundred KiB.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use libdeflater::{CompressionError, CompressionLvl, Compressor};

use common::error::Error;

/// Share of a body that its compressed form is expected to take; one that takes more gets more room.
const EXPECTED_SHARE: usize = 6;

/// The compressors of one output.
pub(super) struct Gzip {
    level: CompressionLvl,
    idle: Mutex<Vec<Compressor>>,
}

impl Gzip {
    /// Compressors of a level from 1 to 12.
    pub(super) fn new(level: u32) -> Result<Self, Error> {
        let known = i32::try_from(level).ok().filter(|level| *level > 0);
        let level = known.and_then(|level| CompressionLvl::new(level).ok()).ok_or_else(|| {
            Error::Io(format!("gzip level {level} does not exist\nhint: use 1 (fastest) to 9 (smallest)"))
        })?;
        Ok(Self { level, idle: Mutex::default() })
    }

    /// Compresses a body into a buffer, whose former content is replaced and whose capacity is used.
    pub(super) fn compress(&self, body: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        let idle = self.lock().pop();
        let mut compressor = idle.unwrap_or_else(|| Compressor::new(self.level));
        let bound = compressor.gzip_compress_bound(body.len());
        let expected = out.capacity().max(body.len() / EXPECTED_SHARE).clamp(1, bound);
        out.resize(expected, 0);
        let mut written = compressor.gzip_compress(body, out);
        if written.is_err() {
            out.resize(bound, 0);
            written = compressor.gzip_compress(body, out);
        }
        self.lock().push(compressor);
        match written {
            Ok(length) => {
                out.truncate(length);
                Ok(())
            }
            // The bound holds for every body.
            Err(CompressionError::InsufficientSpace) => {
                let size = body.len();
                Err(Error::Io(format!("gzip: a body of {size} bytes does not fit into {bound} bytes")))
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Compressor>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Gzip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gzip").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use proptest::prelude::*;

    use super::*;

    /// What another implementation makes of it.
    fn unpacked(compressed: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(compressed).read_to_end(&mut plain).expect("gzip");
        plain
    }

    /// Bytes that nothing can make shorter.
    fn noise(length: usize) -> Vec<u8> {
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        let next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[0]
        };
        std::iter::repeat_with(next).take(length).collect()
    }

    #[test]
    fn every_level_is_unpacked_to_the_same_by_another_implementation() {
        let lines: Vec<String> =
            (0..5000).map(|number| format!("{{\"id\":{number},\"severity\":\"medium\"}}\n")).collect();
        let lines = lines.concat();
        for level in 1..=12 {
            let gzip = Gzip::new(level).expect("level");
            let mut out = Vec::new();
            gzip.compress(lines.as_bytes(), &mut out).expect("compressed");
            assert!(out.len() * 3 < lines.len(), "level {level}: {} of {}", out.len(), lines.len());
            assert_eq!(unpacked(&out), lines.as_bytes(), "level {level}");
        }
    }

    #[test]
    fn a_buffer_grows_for_what_cannot_be_made_shorter_and_is_used_again() {
        let gzip = Gzip::new(1).expect("level");
        let mut out = Vec::new();
        let noise = noise(300_000);
        gzip.compress(&noise, &mut out).expect("compressed");
        assert!(out.len() > noise.len());
        assert_eq!(unpacked(&out), noise);
        let place = out.as_ptr();
        for body in [&b"{}\n"[..], b"", &noise[..1000]] {
            gzip.compress(body, &mut out).expect("compressed");
            assert_eq!(unpacked(&out), body, "nothing of the former content is left");
        }
        assert_eq!(out.as_ptr(), place, "the same buffer");
        assert_eq!(gzip.lock().len(), 1, "the same compressor");
    }

    #[test]
    fn a_level_that_does_not_exist_is_named() {
        for level in [0, 13, u32::MAX] {
            let said = Gzip::new(level).expect_err("no level").to_string();
            assert!(said.starts_with(&format!("gzip level {level} does not exist")), "{said}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_come_back(parts in prop::collection::vec((any::<Vec<u8>>(), 1..200_usize), 0..8), room in 0..4096_usize) {
            let body: Vec<u8> = parts.iter().flat_map(|(part, times)| part.repeat(*times)).collect();
            let gzip = Gzip::new(1).expect("level");
            let mut out = vec![7; room];
            gzip.compress(&body, &mut out).expect("compressed");
            prop_assert_eq!(unpacked(&out), body);
        }
    }
}
