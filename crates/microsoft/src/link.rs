//! Links that answers give. The token goes with them, so it goes to the configured root and nowhere else: what stands before
//! the API may write its links as it likes, they are followed on the way that the configuration names.

use schema::Api;
use url::Url;

use common::error::{Error, quoted};

/// An API as it is asked.
#[derive(Debug, Clone, Copy)]
pub struct Service<'a> {
    /// Its address in the tenant's cloud, perhaps with a path before that of the API.
    pub root: &'a Url,
    /// Which one it is.
    pub api: Api,
    /// Path of the list below the root: its first part names the API's version.
    pub path: &'static str,
}

impl Service<'_> {
    /// The address that a link on `page` leads to, at this service's root.
    pub fn validate_next_link(&self, page: &Url, link: &str) -> Result<Url, Error> {
        let written = self.absolute(page, link.trim())?;
        if !written.username().is_empty() || written.password().is_some() {
            return Err(Error::Permanent("next link holds a credential; it is not followed".to_owned()));
        }
        let prefix = self.root.path().trim_end_matches('/');
        let is_below = |path: &str| path.strip_prefix(self.version()).is_some_and(|rest| rest.starts_with('/'));
        let own = written.path().strip_prefix(prefix).filter(|rest| rest.is_empty() || rest.starts_with('/'));
        if written.origin() == self.root.origin() && own.is_some_and(|own| prefix.is_empty() || is_below(own)) {
            return Ok(written);
        }
        let path = own.filter(|own| is_below(own)).unwrap_or(written.path());
        if !self.is_service(&written) || !is_below(path) {
            return Err(self.refused(&written));
        }
        let mut next = self.root.clone();
        next.set_path(&format!("{prefix}{path}"));
        next.set_query(written.query());
        Ok(next)
    }

    /// `/v1.0`, `/api`.
    fn version(&self) -> &str {
        let end = self.path[1..].find('/').map_or(self.path.len(), |end| end + 1);
        &self.path[..end]
    }

    /// The link as an address with a host: relative ones begin where OData, or the standard of addresses, lets them begin.
    fn absolute(&self, page: &Url, link: &str) -> Result<Url, Error> {
        let unreadable = |error: url::ParseError| {
            Error::Permanent(format!("next link is not an address: {error}: `{}`", quoted(&head(link))))
        };
        match Url::parse(link) {
            Err(url::ParseError::RelativeUrlWithoutBase) => {}
            outcome => return outcome.map_err(unreadable),
        }
        let (first, _) = link.split_once(['/', '?']).unwrap_or((link, ""));
        let version = self.version();
        let below = self.path[version.len()..].trim_start_matches('/');
        if first.contains('.') && self.api.link_hosts().iter().any(|host| is_within(first, host)) {
            return Url::parse(&format!("https://{link}")).map_err(unreadable);
        }
        let root = self.root.path().trim_end_matches('/');
        let from_root = if first == &version[1..] {
            Some(format!("{root}/{link}"))
        } else if !first.is_empty() && below.split('/').next() == Some(first) && below != first {
            Some(format!("{root}{version}/{link}"))
        } else {
            None
        };
        page.join(from_root.as_deref().unwrap_or(link)).map_err(unreadable)
    }

    /// The host is the configured one, whatever the scheme and the port, or Microsoft's own where something else is
    /// configured. Another one of Microsoft's clouds is not this service.
    fn is_service(&self, written: &Url) -> bool {
        let Some(host) = written.host_str().filter(|_| matches!(written.scheme(), "http" | "https")) else {
            return false;
        };
        let ours = self.root.host_str().unwrap_or_default();
        let is_known = |host: &str| self.api.link_hosts().iter().any(|known| is_within(host, known));
        host.eq_ignore_ascii_case(ours) || !is_known(ours) && is_known(host)
    }

    fn refused(&self, written: &Url) -> Error {
        Error::Permanent(format!(
            "next link leads to {}{}, which is not the API of this tenant's cloud ({}{}); it is not followed\nhint: what \
             stands before the service writes links to an address that is not configured: let it leave the service's links \
             as they are, or name in `cloud` the address that it writes",
            written.origin().ascii_serialization(),
            quoted(&head(written.path())),
            self.root.origin().ascii_serialization(),
            self.root.path().trim_end_matches('/'),
        ))
    }
}

/// The Defender API has hosts of its regions below one name.
fn is_within(host: &str, name: &str) -> bool {
    let host = host.to_ascii_lowercase();
    host == name || host.strip_suffix(name).is_some_and(|before| before.ends_with('.') && name.starts_with("security."))
}

/// What names a place, without what may be long.
fn head(text: &str) -> String {
    text.split('?').next().unwrap_or_default().chars().take(120).collect()
}
