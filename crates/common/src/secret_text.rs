//! Secrets cleaned of what editors and shells leave around them, refused where something is in them that nobody means to
//! send. Errors never show the value.

use std::io::Read;
use std::path::Path;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD};
use secrecy::SecretString;

/// Longest file that is read.
const MAX_FILE: u64 = 64 * 1024;

/// The forms of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Made by a service, which puts no blanks around it: those are left out.
    Key,
    /// Chosen by people: blanks around it may be meant, so they are asked.
    Password,
}

/// The first bytes of a file, one more than a secret may have.
pub fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The API key in a file, as it is sent; or what is wrong with it.
pub fn api_key_of(path: &Path) -> Result<SecretString, String> {
    let written = of_bytes(Kind::Key, &read(path).map_err(|error| error.to_string())?)?;
    Ok(api_key(&written)?.into())
}

/// The password in a file; or what is wrong with it.
pub fn password_of(path: &Path) -> Result<SecretString, String> {
    Ok(of_bytes(Kind::Password, &read(path).map_err(|error| error.to_string())?)?.into())
}

/// The secret in a file's bytes, made by a service; or what is wrong with it.
pub fn clean(bytes: &[u8]) -> Result<String, &'static str> {
    of_bytes(Kind::Key, bytes)
}

/// The secret in the bytes of a file; or what is wrong with it.
pub fn of_bytes(kind: Kind, bytes: &[u8]) -> Result<String, &'static str> {
    if bytes.len() as u64 > MAX_FILE {
        return Err("is longer than 64 KiB, which is no secret");
    }
    let is_utf16 = bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF") || bytes.contains(&0);
    if is_utf16 {
        return Err("is UTF-16 text or binary; allowed: UTF-8, save it as that");
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "is not UTF-8 text; allowed: UTF-8, save it as that")?;
    cleaned(kind, text)
}

/// The secret in a text; or what is wrong with it.
pub fn cleaned(kind: Kind, text: &str) -> Result<String, &'static str> {
    // Invisible, and written by editors: the byte order mark, spaces of no width.
    let is_invisible = |c: char| matches!(c, '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{2060}');
    let text = text.trim_start_matches('\u{feff}').trim_end_matches(['\r', '\n']);
    let bare = text.trim_matches(|c: char| c.is_whitespace() || is_invisible(c));
    if bare.is_empty() {
        return Err("is empty");
    }
    if kind == Kind::Password && bare != text {
        return Err("begins or ends with a blank; allowed: none around it, or another password");
    }
    if bare.contains(['\r', '\n']) {
        return Err("has a line break in it; allowed: one line");
    }
    if bare.contains(char::is_control) {
        return Err("has a control character in it; allowed: none");
    }
    if bare.contains(is_invisible) {
        return Err("has an invisible character in it (byte order mark, space of no width); allowed: none");
    }
    Ok(bare.to_owned())
}

/// An API key in the form that is sent: Base64 of `id:key`. Both forms may be written.
pub fn api_key(written: &str) -> Result<String, &'static str> {
    const FORMS: &str = "is not an API key; allowed: `id:key`, or its Base64 as Kibana shows it (\"encoded\"), without a \
                         word before it";
    let is_pair = |text: &str| {
        let halves = text.split_once(':');
        halves.is_some_and(|(id, key)| !id.is_empty() && !key.is_empty())
            && text.bytes().all(|byte| byte.is_ascii_graphic())
    };
    if !written.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(FORMS);
    }
    if is_pair(written) {
        return Ok(BASE64_STANDARD.encode(written));
    }
    // Keys of Elastic Cloud's organisations have a form of their own.
    if written.starts_with("essu_") {
        return Ok(written.to_owned());
    }
    let engines = [BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD];
    let decoded = engines.iter().find_map(|engine| String::from_utf8(engine.decode(written).ok()?).ok());
    match decoded {
        Some(pair) if is_pair(&pair) => Ok(written.to_owned()),
        _ => Err(FORMS),
    }
}
