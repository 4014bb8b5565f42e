//! Laws of unpacking: whole bodies come out, whatever packed them and however they are cut; others are no pages.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use proptest::prelude::*;
use reqwest::header::{CONTENT_ENCODING, HeaderMap};

use super::super::decode::{BodyError, Decoder};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("writes");
    encoder.finish().expect("finishes")
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("writes");
    encoder.finish().expect("finishes")
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("writes");
    encoder.finish().expect("finishes")
}

fn decoder(encodings: &[&str]) -> Result<Option<Decoder>, String> {
    let mut headers = HeaderMap::new();
    for encoding in encodings {
        headers.append(CONTENT_ENCODING, encoding.parse().expect("a header"));
    }
    Decoder::of(&headers)
}

fn unpack(encodings: &[&str], body: &[u8], cut: usize) -> Result<Vec<u8>, BodyError> {
    let mut decoder = decoder(encodings).expect("known").expect("packed");
    let mut out = Vec::new();
    for chunk in body.chunks(cut.max(1)) {
        decoder.push(Bytes::copy_from_slice(chunk));
        while let Some(made) = decoder.next_chunk()? {
            assert!(made.len() < 512 * 1024, "{} bytes at a time", made.len());
            out.extend_from_slice(&made);
        }
    }
    out.extend_from_slice(&decoder.finish()?);
    Ok(out)
}

#[test]
fn every_form_of_packing_is_taken_off() {
    let text = r#"{"value":[{"id":"1"}]}"#.repeat(9000).into_bytes();
    let (head, tail) = text.split_at(70_001);
    let members = [gzip(head), gzip(b""), gzip(tail)].concat();
    for (encodings, body) in [
        (&["gzip"][..], gzip(&text)),
        (&["GZIP"], gzip(&text)),
        (&["x-gzip"], members.clone()),
        (&["gzip"], members.clone()),
        (&["gzip, identity"], members.clone()),
        (&["identity", " Gzip "], members.clone()),
        (&["gzip"], [members.clone(), vec![0; 600]].concat()),
        (&["gzip"], [members.clone(), b"\r\ntrailing".to_vec()].concat()),
        (&["deflate"], zlib(&text)),
        (&["deflate"], deflate(&text)),
        (&["gzip, gzip"], gzip(&members)),
        (&["deflate", "gzip"], gzip(&zlib(&text))),
    ] {
        for cut in [1, 7, 8192, 1 << 20] {
            match unpack(encodings, &body, cut) {
                Ok(found) => assert!(found == text, "{encodings:?} cut at {cut}: {} bytes", found.len()),
                Err(error) => panic!("{encodings:?} cut at {cut}: {error:?}"),
            }
        }
    }
}

#[test]
fn what_is_not_whole_or_not_known_is_told() {
    let text = b"some text that is packed, and packed again".repeat(100);
    for (encoding, body) in [("gzip", gzip(&text)), ("deflate", zlib(&text)), ("deflate", deflate(&text))] {
        for end in [3, 11, body.len() / 2, body.len() - 1] {
            assert!(matches!(unpack(&[encoding], &body[..end], 5), Err(BodyError::Packed(_))), "{encoding} {end}");
        }
    }
    let mut wrong = gzip(&text);
    let place = wrong.len() - 6;
    wrong[place] ^= 1;
    assert!(matches!(unpack(&["gzip"], &wrong, 100), Err(BodyError::Packed(_))), "a wrong checksum");
    assert!(matches!(unpack(&["gzip"], b"plain text", 100), Err(BodyError::Packed(_))));
    let second = [gzip(&text), gzip(&text)[..20].to_vec()].concat();
    assert!(matches!(unpack(&["gzip"], &second, 100), Err(BodyError::Packed(_))), "half of a second member");
    for encoding in ["br", "zstd", "gzip, br", "aws-chunked", "gzip, gzip, gzip, gzip"] {
        assert!(decoder(&[encoding]).is_err(), "{encoding}");
    }
    for encoding in ["", "identity", "Identity,", "none"] {
        assert!(decoder(&[encoding]).expect("known").is_none(), "{encoding}");
    }
}

#[test]
fn a_bomb_is_defused_before_it_fills_anything() {
    // A thousandfold: 400 MiB of zeros.
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&vec![0; 1 << 20]).expect("writes");
    let packed = encoder.finish().expect("finishes");
    let mut decoder = decoder(&["gzip"]).expect("known").expect("packed");
    let outcome = (0..400).try_for_each(|_| {
        decoder.push(Bytes::copy_from_slice(&packed));
        while decoder.next_chunk()?.is_some() {}
        Ok::<_, BodyError>(())
    });
    assert!(matches!(outcome, Err(BodyError::Packed(text)) if text.contains("grow")));
}

proptest! {
    #[test]
    fn any_bytes_end(body in proptest::collection::vec(any::<u8>(), 0..400), cut in 1_usize..50, kind in 0_usize..2) {
        let _ = unpack(&[["gzip", "deflate"][kind]], &body, cut);
    }
}
