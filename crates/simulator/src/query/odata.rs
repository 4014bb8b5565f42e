//! The query options of OData, as far as the services accept them.

use super::filter::Filter;
use super::{By, Query, Refused, TOKEN};
use crate::list::List;

/// Reads the options into a query.
pub(super) fn read(query: &mut Query, params: &[(String, String)]) -> Result<(), Refused> {
    let list = query.list;
    for (name, value) in params {
        match name.as_str() {
            "$filter" => query.filter = Some(Filter::parse(list, value)?),
            "$orderby" if list.orderable => (query.by, query.descending) = order_of(list, value)?,
            "$top" => query.top = top(list, value)?,
            "$skip" => query.skip = skip(list, value)?,
            "$count" => query.count = flag(value)?,
            "$expand" => query.expand = expand(list, value)?,
            TOKEN => {}
            other if other.starts_with('$') => {
                return Err(Refused(format!("The query parameter '{other}' is not supported.")));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The order that a text names: a time property of the list, `asc` or `desc`.
pub(crate) fn order_of(list: &List, value: &str) -> Result<(By, bool), Refused> {
    let mut words = value.split_whitespace();
    let name = words.next().unwrap_or_default();
    let by = match name.replace('/', ".") {
        name if name == list.time => By::Updated,
        name if name == list.created => By::Created,
        _ => {
            return Err(Refused(format!("The property '{name}' cannot be used in the $orderby query option.")));
        }
    };
    match (words.next().unwrap_or("asc"), words.next()) {
        ("asc", None) => Ok((by, false)),
        ("desc", None) => Ok((by, true)),
        _ => Err(Refused(format!("Syntax error in the $orderby query option: '{value}'."))),
    }
}

fn number(name: &str, value: &str) -> Result<u64, Refused> {
    value.parse().map_err(|_| {
        Refused(format!("Invalid value '{value}' for {name} query option found. The {name} query option requires a non-negative integer value."))
    })
}

fn top(list: &List, value: &str) -> Result<usize, Refused> {
    let (top, max) = (number("$top", value)?, u64::from(list.page.cap));
    if top == 0 {
        return Err(Refused("Invalid value '0' for $top query option found.".into()));
    }
    if top > max {
        return Err(Refused(format!(
            "The limit of '{max}' for Top query has been exceeded. The value from the incoming request is '{top}'."
        )));
    }
    Ok(top as usize)
}

fn skip(list: &List, value: &str) -> Result<u64, Refused> {
    let skip = number("$skip", value)?;
    match list.page.most_skipped {
        Some(most) if skip > most => Err(Refused(format!(
            "The limit of '{most}' for Skip query has been exceeded. The value from the incoming request is '{skip}'."
        ))),
        _ => Ok(skip),
    }
}

fn flag(value: &str) -> Result<bool, Refused> {
    value.parse().map_err(|_| Refused(format!("Invalid value '{value}' for $count query option found.")))
}

fn expand(list: &List, value: &str) -> Result<bool, Refused> {
    if list.expand.as_deref() == Some(value) {
        return Ok(true);
    }
    Err(Refused(format!(
        "Parsing OData Select and Expand failed: Could not find a property named '{value}' on type '{}'.",
        list.kind
    )))
}
