//! The credential of a cluster. One that lies in a file is read again when the file changes, and when the cluster refuses
//! it, so that somebody may replace it without a restart.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

use common::secret_text;

use crate::settings::{Login, Secret};
use common::error::Error;
use common::platform::FileId;
use common::secrets;

/// Time between two looks at the file.
const LOOK: Duration = Duration::from_secs(1);

/// How the client proves who it is, as a header.
#[derive(Debug)]
pub(super) struct Credential {
    login: Login,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    header: Option<HeaderValue>,
    stamp: Option<Stamp>,
    looked: Option<Instant>,
}

/// Length and time of the last change of a file, and which file it is: a mounted secret is replaced by another file.
type Stamp = (u64, SystemTime, FileId);

impl Credential {
    /// Reads it for the first time.
    pub(super) fn new(login: Login) -> Result<Self, Error> {
        let stamp = file(&login).and_then(stamp);
        let held = Held { header: read(&login)?, stamp, looked: None };
        Ok(Self { login, held: Mutex::new(held) })
    }

    /// The header to send; none for a cluster without security.
    pub(super) fn header(&self) -> Option<HeaderValue> {
        let mut held = self.lock();
        if let Some(path) = file(&self.login)
            && held.looked.is_none_or(|looked| looked.elapsed() >= LOOK)
        {
            held.looked = Some(Instant::now());
            let now = stamp(path);
            // What is just being replaced is not there for a moment: the former one serves until then.
            if now.is_some() && now != held.stamp {
                self.renew(&mut held, now);
            }
        }
        held.header.clone()
    }

    /// The cluster refused this one: another, if the file holds one by now.
    pub(super) fn after_refusal(&self, refused: Option<&HeaderValue>) -> Option<HeaderValue> {
        let path = file(&self.login)?;
        let mut held = self.lock();
        if held.header.as_ref() == refused {
            self.renew(&mut held, stamp(path));
        }
        held.header.clone().filter(|header| Some(header) != refused)
    }

    fn renew(&self, held: &mut Held, stamp: Option<Stamp>) {
        match read(&self.login) {
            Ok(header) => {
                if header != held.header {
                    tracing::info!("the output's credential has changed and is used from now on");
                }
                (held.header, held.stamp) = (header, stamp);
            }
            Err(error) => {
                tracing::warn!(%error, "the output's changed credential cannot be read, the former one is used");
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn file(login: &Login) -> Option<&Path> {
    match login {
        Login::ApiKey(Secret::File(path)) | Login::Basic(_, Secret::File(path)) => Some(path),
        _ => None,
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let about = std::fs::metadata(path).ok()?;
    Some((about.len(), about.modified().ok()?, FileId::of_path(path).ok()?))
}

fn read(login: &Login) -> Result<Option<HeaderValue>, Error> {
    let (key, text) = match login {
        Login::None => return Ok(None),
        Login::ApiKey(secret) => {
            let key = exposed("api_key", secret, secret_text::api_key_of)?;
            secrets::keep(key.expose_secret());
            // What it holds is as secret: `id:key`.
            let plain = BASE64_STANDARD.decode(key.expose_secret()).ok().and_then(|key| String::from_utf8(key).ok());
            if let Some((_, secret)) = plain.as_deref().and_then(|plain| plain.split_once(':')) {
                secrets::keep(secret);
            }
            ("api_key", format!("ApiKey {}", key.expose_secret()))
        }
        Login::Basic(name, secret) => {
            let password = exposed("password", secret, secret_text::password_of)?;
            secrets::keep(password.expose_secret());
            ("password", format!("Basic {}", BASE64_STANDARD.encode(format!("{name}:{}", password.expose_secret()))))
        }
    };
    let mut value = HeaderValue::try_from(text)
        .map_err(|_| Error::Io(format!("output.elasticsearch.{key} cannot be sent as a header")))?;
    value.set_sensitive(true);
    Ok(Some(value))
}

fn exposed(key: &str, secret: &Secret, of: fn(&Path) -> Result<SecretString, String>) -> Result<SecretString, Error> {
    match secret {
        Secret::Given(secret) => Ok(secret.clone()),
        Secret::File(path) => of(path).map_err(|reason| {
            Error::Io(format!(
                "output.elasticsearch.{key}_file: {}: {reason}\nhint: check the file and what writes it",
                path.display()
            ))
        }),
    }
}
