//! PKCS#12 files (`.pfx`, `.p12`): the certificates and the key in them.

use p12_keystore::Pkcs12Archive;
use p12_keystore::error::Error;
use x509_cert::der::{Decode, Header, Result, SliceReader, Tag};

/// What a file holds.
pub(super) struct Content {
    /// DER, in the file's order.
    pub(super) certificates: Vec<Vec<u8>>,
    /// The first key as PKCS#8.
    pub(super) key: Option<Vec<u8>>,
}

/// Why a file cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// The password is wrong.
    Password,
    /// The file is damaged, or not in the form that is understood.
    Form,
    /// The encryption is not among the known ones.
    Cipher,
}

/// The bytes may be a PKCS#12 file: a sequence whose first member is the number 3.
pub(super) fn is_one(bytes: &[u8]) -> bool {
    let begins_with_3 = || -> Result<bool> {
        let mut reader = SliceReader::new(bytes)?;
        Ok(Header::decode(&mut reader)?.tag() == Tag::Sequence && u8::decode(&mut reader)? == 3)
    };
    // BER without a length is one too, which is refused by name when it is read.
    begins_with_3().unwrap_or(false) || bytes.starts_with(&[0x30, 0x80])
}

/// Reads a file.
pub(super) fn read(bytes: &[u8], password: &str) -> std::result::Result<Content, Unreadable> {
    let archive = Pkcs12Archive::from_pkcs12(bytes, password).map_err(|error| reason(&error))?;
    Ok(Content {
        certificates: archive.certs.iter().map(|bag| bag.cert.as_der().to_vec()).collect(),
        key: archive.keys.first().map(|bag| bag.key.as_der().to_vec()),
    })
}

fn reason(error: &Error) -> Unreadable {
    match error {
        // The seal does not fit, or what was decrypted makes no sense.
        Error::MacError(_) | Error::UnpadError | Error::InvalidPrivateKey => Unreadable::Password,
        Error::UnsupportedEncryptionScheme | Error::UnsupportedMacAlgorithm => Unreadable::Cipher,
        // The crate hands over the text only.
        Error::Pkcs5Error(text) if text.contains("decryption failed") => Unreadable::Password,
        Error::Pkcs5Error(text) if text.contains("unsupported") => Unreadable::Cipher,
        _ => Unreadable::Form,
    }
}
