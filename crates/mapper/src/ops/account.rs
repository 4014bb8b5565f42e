//! Names of accounts: `NORTH\kim`, `kim@north.example`, `kim`.

use std::borrow::Cow;

use super::mail::mailboxes;

/// An account by its parts.
#[derive(Debug, PartialEq, Eq)]
struct Account<'a> {
    name: &'a str,
    /// Domain; empty if the text names none.
    domain: &'a str,
    /// The account is one of the device itself: `.\kim`.
    local: bool,
}

/// What an account is named by: the address, where the text is a mail header.
fn address(text: &str) -> Cow<'_, str> {
    let header = text.contains('<').then(|| mailboxes(text).into_iter().next()).flatten();
    header.map_or(Cow::Borrowed(text), |mailbox| Cow::Owned(mailbox.address))
}

fn account(text: &str) -> Account<'_> {
    if let Some((head, tail)) = text.split_once('\\') {
        let name = tail.trim_start_matches('\\');
        return match head {
            _ if name.is_empty() || name.contains('\\') => Account { name: text, domain: "", local: false },
            "." => Account { name, domain: "", local: true },
            _ => Account { name, domain: head, local: false },
        };
    }
    match text.rsplit_once('@') {
        Some((name, domain)) if !name.is_empty() && !domain.is_empty() => Account { name, domain, local: false },
        _ => Account { name: text, domain: "", local: false },
    }
}

/// Name of the first account that there is.
pub(crate) fn name(accounts: &[Cow<'_, str>]) -> Option<String> {
    accounts.iter().find(|text| !text.is_empty()).map(|text| account(&address(text)).name.to_owned())
}

/// Domain of the first account that names one. The search ends at an account of the device itself.
pub(crate) fn domain(accounts: &[Cow<'_, str>]) -> Option<String> {
    for text in accounts.iter().filter(|text| !text.is_empty()) {
        let text = address(text);
        let Account { domain, local, .. } = account(&text);
        if local || !domain.is_empty() {
            return Some(domain.to_owned());
        }
    }
    None
}
