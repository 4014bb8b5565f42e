//! Reads the files of `lists/` and checks what types cannot.

use anyhow::{Context, ensure};

use super::{Collection, Content, List};
use crate::cast;
use crate::query::order_of;
use crate::templates::Template;

/// A list's file with the rows that are its templates.
struct File {
    name: &'static str,
    text: &'static str,
    templates: &'static [&'static str],
}

include!(concat!(env!("OUT_DIR"), "/lists.rs"));

pub(super) fn all() -> Result<Vec<&'static List>, String> {
    FILES.iter().map(|file| load(file.name, file.text, file.templates).map_err(|error| format!("{error:#}"))).collect()
}

/// A description of `name` from its text.
pub(super) fn load(name: &'static str, text: &str, templates: &[&str]) -> anyhow::Result<&'static List> {
    let list: List = serde_json::from_str(text).with_context(|| format!("list {name}"))?;
    check(&list).with_context(|| format!("list {name}"))?;
    let templates: anyhow::Result<Vec<_>> = templates.iter().map(|row| Template::new(&list, row)).collect();
    let templates = templates.with_context(|| format!("templates of list {name}"))?;
    if let Content::Templates(of) = &list.content {
        ensure!(!templates.is_empty(), "list {name}: no fixture of {} is a template", of.fixtures);
        for path in of.cast.keys() {
            ensure!(templates.iter().any(|template| template.has(path)), "list {name}: no fixture has {path}");
        }
    }
    Ok(Box::leak(Box::new(List { name, templates, ..list })))
}

fn check(list: &List) -> anyhow::Result<()> {
    ensure!(list.collection == Collection::List, "a collection by {:?} cannot be played yet", list.collection);
    ensure!(!list.permissions.is_empty(), "no permission opens it");
    ensure!(list.route.starts_with('/'), "the route {} does not begin with a slash", list.route);
    ensure!(list.page.default > 0 && list.page.default <= list.page.cap, "a page of {:?}", list.page);
    ensure!(order_of(list, &list.order).is_ok(), "there is no order `{}`", list.order);
    if let Content::Templates(templates) = &list.content {
        ensure!(templates.weight > 0 && templates.versions > 0, "it would have no records");
        ensure!(list.expand.is_none(), "nested records are a matter of the story");
        for role in templates.cast.values() {
            ensure!(cast::ROLES.contains(&role.as_str()), "nobody is cast as {role}");
        }
    }
    Ok(())
}
