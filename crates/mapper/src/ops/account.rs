//! Names of accounts: `NORTH\kim`, `kim@north.example`, `kim`.

use std::borrow::Cow;

use super::mail::mailboxes;

/// An account by its parts.
#[derive(Debug, PartialEq, Eq)]
struct Account {
    name: String,
    /// Domain; empty if the text names none.
    domain: String,
    /// The account is one of the device itself: `.\kim`.
    local: bool,
}

fn account(text: &str) -> Account {
    let header = text.contains('<').then(|| mailboxes(text).into_iter().next()).flatten();
    let text = header.map_or(text.into(), |mailbox| Cow::Owned(mailbox.address));
    let of = |name: &str, domain: &str, local| Account { name: name.to_owned(), domain: domain.to_owned(), local };
    if let Some((head, tail)) = text.split_once('\\') {
        let name = tail.trim_start_matches('\\');
        return match head {
            _ if name.is_empty() || name.contains('\\') => of(&text, "", false),
            "." => of(name, "", true),
            _ => of(name, head, false),
        };
    }
    match text.rsplit_once('@') {
        Some((name, domain)) if !name.is_empty() && !domain.is_empty() => of(name, domain, false),
        _ => of(&text, "", false),
    }
}

/// Name of the first account that there is.
pub(crate) fn name(accounts: &[Cow<'_, str>]) -> Option<String> {
    accounts.iter().find(|text| !text.is_empty()).map(|text| account(text).name)
}

/// Domain of the first account that names one. The search ends at an account of the device itself.
pub(crate) fn domain(accounts: &[Cow<'_, str>]) -> Option<String> {
    let accounts = accounts.iter().filter(|text| !text.is_empty()).map(|text| account(text));
    let first = accounts.into_iter().find(|account| account.local || !account.domain.is_empty());
    first.map(|account| account.domain)
}
