//! The password-based encryptions of PKCS#12 files: PBES2 as written today, 3DES and RC2 as written by older programs.

use std::num::NonZeroU32;

use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt, InnerIvInit, KeyIvInit};
use cbc::Decryptor;
use ring::digest::{self, digest};
use ring::{hmac, pbkdf2};

use super::super::der::{Der, OCTETS, OID, SEQUENCE};
use super::Unreadable;

/// More rounds than any program writes: a file must not keep this one busy for ever.
const MAX_ROUNDS: u32 = 10_000_000;

/// `1.2.840.113549`, `2.16.840.1.101.3.4` and SHA-1.
const RSADSI: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D];
const NIST: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04];
const SHA1: &[u8] = &[0x2B, 0x0E, 0x03, 0x02, 0x1A];

/// A password in the two forms that are in use. It has no Debug.
pub(super) struct Password {
    utf8: Vec<u8>,
    /// UTF-16 with a zero at its end.
    utf16: Vec<u8>,
}

/// How bytes are derived from a password.
#[derive(Debug, Clone, Copy)]
pub(super) struct Derivation<'a> {
    pub(super) hash: &'static digest::Algorithm,
    pub(super) salt: &'a [u8],
    pub(super) rounds: u32,
}

/// A hash with its HMAC, by its object identifier.
pub(super) fn hash(oid: &[u8]) -> Option<(&'static digest::Algorithm, hmac::Algorithm)> {
    match (oid, oid.strip_prefix(NIST)) {
        (SHA1, _) => Some((&digest::SHA1_FOR_LEGACY_USE_ONLY, hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY)),
        (_, Some([2, 1])) => Some((&digest::SHA256, hmac::HMAC_SHA256)),
        (_, Some([2, 2])) => Some((&digest::SHA384, hmac::HMAC_SHA384)),
        (_, Some([2, 3])) => Some((&digest::SHA512, hmac::HMAC_SHA512)),
        _ => None,
    }
}

impl Password {
    pub(super) fn new(text: &str) -> Self {
        let utf16 = text.encode_utf16().chain([0]).flat_map(u16::to_be_bytes).collect();
        Self { utf8: text.as_bytes().to_vec(), utf16 }
    }

    /// The derivation of PKCS#12 (RFC 7292, appendix B): `purpose` is 1 for a key, 2 for an initial vector, 3 for a seal.
    pub(super) fn derive(&self, purpose: u8, length: usize, how: Derivation<'_>) -> Result<Vec<u8>, Unreadable> {
        let Derivation { hash, salt, rounds } = how;
        if rounds == 0 || rounds > MAX_ROUNDS {
            return Err(Unreadable::Form);
        }
        let block = hash.block_len();
        let filled = |text: &[u8]| -> Vec<u8> {
            text.iter()
                .copied()
                .cycle()
                .take(if text.is_empty() { 0 } else { text.len().next_multiple_of(block) })
                .collect()
        };
        let mut input = [filled(salt), filled(&self.utf16)].concat();
        let mut derived = Vec::new();
        while derived.len() < length {
            let mut sum = digest(hash, &[&vec![purpose; block][..], &input].concat());
            for _ in 1..rounds {
                sum = digest(hash, sum.as_ref());
            }
            derived.extend_from_slice(sum.as_ref());
            let addend: Vec<u8> = sum.as_ref().iter().copied().cycle().take(block).collect();
            for part in input.chunks_exact_mut(block) {
                add_with_one(part, &addend);
            }
        }
        derived.truncate(length);
        Ok(derived)
    }
}

/// `number += addend + 1`, both big-endian; what does not fit is dropped.
fn add_with_one(number: &mut [u8], addend: &[u8]) {
    let mut carry = 1;
    for (digit, add) in number.iter_mut().zip(addend).rev() {
        let sum = u16::from(*digit) + u16::from(*add) + carry;
        let [high, low] = sum.to_be_bytes();
        *digit = low;
        carry = high.into();
    }
}

/// Decrypts what an `AlgorithmIdentifier` describes.
pub(super) fn decrypt(mut algorithm: Der<'_>, sealed: &[u8], password: &Password) -> Result<Vec<u8>, Unreadable> {
    let oid = algorithm.take(OID).ok_or(Unreadable::Form)?.0;
    let mut parameters = algorithm.take(SEQUENCE).ok_or(Unreadable::Form)?;
    match oid.strip_prefix(RSADSI) {
        Some([1, 5, 13]) => decrypt_pbes2(parameters, sealed, password),
        Some([1, 12, 1, kind @ 3..=6]) => {
            let (salt, rounds) = parameters.take(OCTETS).zip(parameters.number()).ok_or(Unreadable::Form)?;
            let how = Derivation { hash: &digest::SHA1_FOR_LEGACY_USE_ONLY, salt: salt.0, rounds };
            let length = match kind {
                3 => 24,
                6 => 5,
                _ => 16,
            };
            let (mut key, vector) = (password.derive(1, length, how)?, password.derive(2, 8, how)?);
            match kind {
                5 | 6 => {
                    let cipher = rc2::Rc2::new_with_eff_key_len(&key, key.len() * 8);
                    open(Decryptor::inner_iv_slice_init(cipher, &vector).ok(), sealed)
                }
                kind => {
                    if *kind == 4 {
                        key.extend_from_within(..8);
                    }
                    open(Decryptor::<des::TdesEde3>::new_from_slices(&key, &vector).ok(), sealed)
                }
            }
        }
        _ => Err(Unreadable::Cipher),
    }
}

fn decrypt_pbes2(mut parameters: Der<'_>, sealed: &[u8], password: &Password) -> Result<Vec<u8>, Unreadable> {
    let parts = parameters.take(SEQUENCE).zip(parameters.take(SEQUENCE));
    let (mut derivation, mut cipher) = parts.ok_or(Unreadable::Form)?;
    if derivation.take(OID).and_then(|oid| oid.0.strip_prefix(RSADSI)) != Some(&[1, 5, 12]) {
        return Err(Unreadable::Cipher);
    }
    let mut derivation = derivation.take(SEQUENCE).ok_or(Unreadable::Form)?;
    let (salt, rounds) = derivation.take(OCTETS).zip(derivation.number()).ok_or(Unreadable::Form)?;
    let rounds = NonZeroU32::new(rounds).filter(|rounds| rounds.get() <= MAX_ROUNDS).ok_or(Unreadable::Form)?;
    // The key's length is that of the cipher.
    derivation.number();
    let function = derivation.take(SEQUENCE).and_then(|mut function| function.take(OID));
    let function = match function.map(|oid| oid.0.strip_prefix(RSADSI)) {
        None | Some(Some([2, 7])) => pbkdf2::PBKDF2_HMAC_SHA1,
        Some(Some([2, 9])) => pbkdf2::PBKDF2_HMAC_SHA256,
        Some(Some([2, 10])) => pbkdf2::PBKDF2_HMAC_SHA384,
        Some(Some([2, 11])) => pbkdf2::PBKDF2_HMAC_SHA512,
        _ => return Err(Unreadable::Cipher),
    };
    let oid = cipher.take(OID).ok_or(Unreadable::Form)?.0;
    let vector = cipher.take(OCTETS).ok_or(Unreadable::Cipher)?.0;
    let key = |length| {
        let mut key = vec![0; length];
        pbkdf2::derive(function, rounds, salt.0, &password.utf8, &mut key);
        key
    };
    match (oid.strip_prefix(NIST), oid.strip_prefix(RSADSI)) {
        (Some([1, 2]), _) => open(Decryptor::<aes::Aes128>::new_from_slices(&key(16), vector).ok(), sealed),
        (Some([1, 22]), _) => open(Decryptor::<aes::Aes192>::new_from_slices(&key(24), vector).ok(), sealed),
        (Some([1, 42]), _) => open(Decryptor::<aes::Aes256>::new_from_slices(&key(32), vector).ok(), sealed),
        (_, Some([3, 7])) => open(Decryptor::<des::TdesEde3>::new_from_slices(&key(24), vector).ok(), sealed),
        _ => Err(Unreadable::Cipher),
    }
}

/// `None` stands for a vector of the wrong length.
fn open(cipher: Option<impl BlockModeDecrypt>, sealed: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let mut text = sealed.to_vec();
    let length =
        cipher.ok_or(Unreadable::Form)?.decrypt_padded::<Pkcs7>(&mut text).map_err(|_| Unreadable::Password)?.len();
    text.truncate(length);
    Ok(text)
}
