//! The grammar of `$filter`.

use chrono::DateTime;

use super::{Filter, Literal, Op, Prop};
use crate::filetime;
use crate::list::{Facet, FilterProperty, List, Window};
use crate::query::Refused;

/// Deepest nesting of parentheses.
const MAX_DEPTH: usize = 32;

struct Parser<'t> {
    list: &'static List,
    text: &'t str,
    rest: &'t str,
    depth: usize,
}

pub(super) fn parse(list: &'static List, text: &str) -> Result<Filter, Refused> {
    let mut parser = Parser { list, text, rest: text, depth: 0 };
    let filter = parser.or()?;
    if parser.rest.trim().is_empty() { Ok(filter) } else { Err(parser.syntax()) }
}

impl<'t> Parser<'t> {
    fn syntax(&self) -> Refused {
        let at = self.text.len() - self.rest.len();
        Refused(format!("Invalid filter clause: Syntax error at position {at} in '{}'.", self.text))
    }

    /// The next word, number or quoted text, or one parenthesis.
    fn token(&mut self) -> Result<&'t str, Refused> {
        let text = self.rest.trim_start();
        self.rest = text;
        let len = match text.bytes().next() {
            None => return Err(self.syntax()),
            Some(b'(' | b')') => 1,
            Some(b'\'') => quoted_len(text).ok_or_else(|| self.syntax())?,
            Some(_) => text.find(|c: char| c.is_whitespace() || "()'".contains(c)).unwrap_or(text.len()),
        };
        let (token, rest) = text.split_at(len);
        self.rest = rest;
        Ok(token)
    }

    fn keyword(&mut self, word: &str) -> bool {
        let before = self.rest;
        if matches!(self.token(), Ok(token) if token.eq_ignore_ascii_case(word)) {
            return true;
        }
        self.rest = before;
        false
    }

    fn or(&mut self) -> Result<Filter, Refused> {
        let mut any = vec![self.and()?];
        while self.keyword("or") {
            any.push(self.and()?);
        }
        Ok(if any.len() == 1 { any.remove(0) } else { Filter::Or(any) })
    }

    fn and(&mut self) -> Result<Filter, Refused> {
        let mut all = vec![self.primary()?];
        while self.keyword("and") {
            all.push(self.primary()?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Filter::And(all) })
    }

    fn primary(&mut self) -> Result<Filter, Refused> {
        if !self.keyword("(") {
            return self.comparison();
        }
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Refused("Invalid filter clause: the recursion limit has been exceeded.".into()));
        }
        let inside = self.or()?;
        self.depth -= 1;
        if self.keyword(")") { Ok(inside) } else { Err(self.syntax()) }
    }

    fn comparison(&mut self) -> Result<Filter, Refused> {
        let name = self.token()?;
        let (prop, known) = property(self.list, name).ok_or_else(|| self.unknown(name))?;
        let op = match self.token()? {
            "eq" => Op::Eq,
            "ne" => Op::Ne,
            "gt" => Op::Gt,
            "ge" => Op::Ge,
            "lt" => Op::Lt,
            "le" => Op::Le,
            _ => return Err(self.syntax()),
        };
        if known.is_none() && !takes(self.list, op) {
            return Err(Refused(format!("Invalid filter clause: The operator is not supported for '{name}'.")));
        }
        let literal = self.token()?;
        Ok(Filter::Compare(prop, op, literal_of((prop, known), literal)?))
    }

    fn unknown(&self, name: &str) -> Refused {
        if name.bytes().next().is_some_and(|b| b.is_ascii_alphabetic()) {
            Refused(format!(
                "Invalid filter clause: Could not find a property named '{name}' on type '{}'.",
                self.list.kind
            ))
        } else {
            self.syntax()
        }
    }
}

fn literal_of((prop, known): (Prop, Option<&FilterProperty>), token: &str) -> Result<Literal, Refused> {
    let incompatible = || {
        Refused(format!("Invalid filter clause: A binary operator with incompatible types was detected near {token}."))
    };
    let Some(known) = known else {
        let time = DateTime::parse_from_rfc3339(token).map_err(|_| incompatible())?;
        return Ok(Literal::Time(filetime::from_time(time.to_utc())));
    };
    if token == "null" && prop == Prop::Facet(Facet::Assigned) {
        return Ok(Literal::Null);
    }
    let inside = token.strip_prefix('\'').and_then(|t| t.strip_suffix('\'')).ok_or_else(incompatible)?;
    let text = inside.replace("''", "'");
    if !known.members.is_empty() && !known.members.iter().any(|member| member.eq_ignore_ascii_case(&text)) {
        return Err(Refused(format!(
            "Invalid filter clause: The string '{text}' is not a valid enumeration type constant."
        )));
    }
    Ok(Literal::Text(text))
}

/// Bytes of a text in single quotes, in which a doubled quote stands for one.
fn quoted_len(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 1;
    loop {
        match (bytes.get(at)?, bytes.get(at + 1)) {
            (b'\'', Some(b'\'')) => at += 2,
            (b'\'', _) => return Some(at + 1),
            _ => at += 1,
        }
    }
}

/// A property that may be filtered by; those beside the times with what the list's file says of them.
fn property(list: &'static List, name: &str) -> Option<(Prop, Option<&'static FilterProperty>)> {
    match name.replace('/', ".") {
        name if name == list.time => Some((Prop::Updated, None)),
        name if name == list.created => Some((Prop::Created, None)),
        name => list.filters.get(&name).map(|known| (Prop::Facet(known.facet), Some(known))),
    }
}

/// A comparison of times that the list takes.
fn takes(list: &List, op: Op) -> bool {
    matches!(&list.window, Window::Odata { comparisons } if comparisons.contains(&op))
}
