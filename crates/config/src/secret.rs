//! Secrets as they come from the environment, the file itself and files of their own: cleaned of what editors and shells
//! leave around them, refused where something is in them that nobody means to send. Errors never show the value.

pub(super) use common::secret_text::{Kind, api_key};
use common::secret_text::{cleaned, of_bytes, read};
use secrecy::SecretString;

use super::ConfigError;
use super::checks::Environment;
use super::value::Text;

/// A secret that stands in the configuration, or in the environment.
pub(super) fn of_text(
    kind: Kind,
    key: &str,
    text: &Text,
    environment: Environment<'_>,
) -> Result<SecretString, ConfigError> {
    let written = text.resolve(key, environment)?;
    cleaned(kind, &written).map(SecretString::from).map_err(|reason| text.error(key, reason))
}

/// A secret in a file of its own, which the text names.
pub(super) fn of_file(
    kind: Kind,
    key: &str,
    file: &Text,
    environment: Environment<'_>,
) -> Result<SecretString, ConfigError> {
    let path = file.path(key, environment)?;
    let bytes = read(&path).map_err(|error| file.error(key, format!("{} cannot be read: {error}", path.display())))?;
    let cleaned = of_bytes(kind, &bytes).map(SecretString::from);
    cleaned.map_err(|reason| file.error(key, format!("{} {reason}", path.display())))
}
