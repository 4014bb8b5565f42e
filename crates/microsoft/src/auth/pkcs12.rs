//! PKCS#12 files (`.pfx`, `.p12`): the certificates and the key in them, with the ciphers of today and of old.

mod cipher;

use ring::hmac;

use self::cipher::{Derivation, Password, decrypt};
use super::der::{Der, IN_0, OCTETS, OID, SEQUENCE, TAG_0};

/// `1.2.840.113549.1`, where all of this lives.
const PKCS: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01];
/// Below it: `7` are forms of content, `12.10.1` the bags.
const DATA: &[u8] = &[7, 1];
const ENCRYPTED_DATA: &[u8] = &[7, 6];
const KEY_BAG: &[u8] = &[12, 10, 1, 1];
const SHROUDED_KEY_BAG: &[u8] = &[12, 10, 1, 2];
const CERTIFICATE_BAG: &[u8] = &[12, 10, 1, 3];
const X509: &[u8] = &[9, 22, 1];

/// What a file holds.
#[derive(Default)]
pub(super) struct Content {
    /// DER, in the file's order.
    pub(super) certificates: Vec<Vec<u8>>,
    /// The first key as PKCS#8.
    pub(super) key: Option<Vec<u8>>,
}

/// Why a file cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unreadable {
    Password,
    /// It is damaged, or not in the form that is understood.
    Form,
    /// Its encryption is not among the known ones.
    Cipher,
}

/// The bytes may be a PKCS#12 file: a sequence whose first member is the number 3.
pub(super) fn is_one(bytes: &[u8]) -> bool {
    let mut der = Der(bytes);
    // BER without a length is one too, which is told later.
    der.take(SEQUENCE).and_then(|mut file| file.number()) == Some(3) || bytes.starts_with(&[0x30, 0x80])
}

/// Reads a file.
pub(super) fn read(bytes: &[u8], password: &str) -> Result<Content, Unreadable> {
    let password = Password::new(password);
    let mut file = Der(bytes).take(SEQUENCE).ok_or(Unreadable::Form)?;
    file.number().filter(|version| *version == 3).ok_or(Unreadable::Form)?;
    let mut safe = file.take(SEQUENCE).ok_or(Unreadable::Form)?;
    let kind = pkcs(&mut safe);
    let safe = safe.take(IN_0).and_then(|mut inner| inner.take(OCTETS)).filter(|_| kind == Some(DATA));
    let safe = safe.ok_or(Unreadable::Form)?;
    if let Some(seal) = file.take(SEQUENCE) {
        check_seal(seal, safe.0, &password)?;
    }
    let mut content = Content::default();
    let mut parts = Der(safe.0).take(SEQUENCE).ok_or(Unreadable::Form)?;
    while let Some(mut part) = parts.take(SEQUENCE) {
        match pkcs(&mut part) {
            Some(DATA) => {
                let bags = part.take(IN_0).and_then(|mut inner| inner.take(OCTETS)).ok_or(Unreadable::Form)?;
                read_bags(bags.0, &password, &mut content)?;
            }
            Some(ENCRYPTED_DATA) => {
                let sealed = part.take(IN_0).and_then(|mut inner| inner.take(SEQUENCE)).and_then(|mut data| {
                    data.number()?;
                    let mut inner = data.take(SEQUENCE)?;
                    inner.take(OID)?;
                    Some((inner.take(SEQUENCE)?, inner.take(TAG_0)?))
                });
                let (algorithm, sealed) = sealed.ok_or(Unreadable::Form)?;
                read_bags(&decrypt(algorithm, sealed.0, &password)?, &password, &mut content)?;
            }
            // Sealed for a public key: not for us.
            _ => {}
        }
    }
    Ok(content)
}

/// An object identifier of [`PKCS`], without that.
fn pkcs<'a>(der: &mut Der<'a>) -> Option<&'a [u8]> {
    der.take(OID)?.0.strip_prefix(PKCS)
}

/// The seal says whether the password is right, before anything is decrypted.
fn check_seal(mut seal: Der<'_>, content: &[u8], password: &Password) -> Result<(), Unreadable> {
    let parts = seal.take(SEQUENCE).and_then(|mut info| {
        let algorithm = info.take(SEQUENCE)?.take(OID)?;
        Some((algorithm.0, info.take(OCTETS)?.0, seal.take(OCTETS)?.0))
    });
    let (algorithm, sum, salt) = parts.ok_or(Unreadable::Form)?;
    let rounds = seal.number().unwrap_or(1);
    let (hash, algorithm) = cipher::hash(algorithm).ok_or(Unreadable::Cipher)?;
    let length = hash.output_len();
    let key = password.derive(3, length, Derivation { hash, salt, rounds })?;
    hmac::verify(&hmac::Key::new(algorithm, &key), content, sum).map_err(|_| Unreadable::Password)
}

fn read_bags(bags: &[u8], password: &Password, content: &mut Content) -> Result<(), Unreadable> {
    let mut bags = Der(bags).take(SEQUENCE).ok_or(Unreadable::Form)?;
    while let Some(mut bag) = bags.take(SEQUENCE) {
        let kind = pkcs(&mut bag);
        let value = bag.take(IN_0).ok_or(Unreadable::Form)?;
        let mut inner = value;
        match kind {
            Some(KEY_BAG) => {
                content.key.get_or_insert_with(|| value.0.to_vec());
            }
            Some(SHROUDED_KEY_BAG) => {
                let parts = inner.take(SEQUENCE).and_then(|mut key| Some((key.take(SEQUENCE)?, key.take(OCTETS)?)));
                let (algorithm, sealed) = parts.ok_or(Unreadable::Form)?;
                let key = decrypt(algorithm, sealed.0, password)?;
                content.key.get_or_insert(key);
            }
            Some(CERTIFICATE_BAG) => {
                let certificate = inner.take(SEQUENCE).and_then(|mut certificate| {
                    let kind = pkcs(&mut certificate);
                    certificate.take(IN_0)?.take(OCTETS).filter(|_| kind == Some(X509))
                });
                content.certificates.extend(certificate.map(|der| der.0.to_vec()));
            }
            _ => {}
        }
    }
    Ok(())
}
