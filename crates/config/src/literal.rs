//! Secrets that stand in the file itself: they work, and whoever reads the file has them.

use super::value::Text;
use super::wire::{Document, Tenant};

/// Keys of the secrets that come neither from the environment nor from a file of their own, each with its line.
pub(super) fn find<'a>(document: &Document, tenants: impl Iterator<Item = (usize, &'a Tenant)>) -> Vec<String> {
    let mut found = Vec::new();
    let mut look = |key: String, text: &Option<Text>| {
        if let Some(text) = text.as_ref().filter(|text| text.is_literal()) {
            found.push(format!("{key} in line {}", text.place().0));
        }
    };
    for (place, tenant) in tenants {
        let Tenant { client_secret, client_certificate_password, .. } = tenant;
        look(format!("tenants[{place}].client_secret"), client_secret);
        look(format!("tenants[{place}].client_certificate_password"), client_certificate_password);
        if let Some(identity) = &tenant.managed_identity {
            look(format!("tenants[{place}].managed_identity.header"), &identity.value.header);
        }
    }
    for (section, output) in document.outputs() {
        if let Some(elastic) = &output.elasticsearch {
            look(format!("{section}.elasticsearch.api_key"), &elastic.api_key);
            look(format!("{section}.elasticsearch.password"), &elastic.password);
            look(format!("{section}.elasticsearch.proxy"), &with_login(elastic.proxy.as_ref()));
        }
    }
    if let Some(http) = &document.http {
        look("http.proxy".to_owned(), &with_login(http.proxy.as_ref()));
    }
    found
}

/// A proxy's address, if it carries a password.
fn with_login(proxy: Option<&Text>) -> Option<Text> {
    proxy.filter(|proxy| proxy.holds('@')).cloned()
}
