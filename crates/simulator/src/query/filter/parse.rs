//! The grammar of `$filter`.

use chrono::DateTime;

use super::{Filter, Literal, Op, Prop, type_name};
use crate::filetime;
use crate::query::{List, Refused};

const SEVERITIES: &[&str] = &["unknown", "informational", "low", "medium", "high"];
const CLASSIFICATIONS: &[&str] = &["unknown", "falsePositive", "truePositive", "informationalExpectedActivity"];
const DETERMINATIONS: &[&str] = &[
    "unknown",
    "apt",
    "malware",
    "securityPersonnel",
    "securityTesting",
    "unwantedSoftware",
    "other",
    "multiStagedAttack",
    "compromisedAccount",
    "phishing",
    "maliciousUserActivity",
    "notMalicious",
    "notEnoughDataToValidate",
    "confirmedActivity",
    "lineOfBusinessApplication",
];
const INCIDENT_STATUS: &[&str] = &["active", "resolved", "inProgress", "redirected", "awaitingAction"];
const ALERT_STATUS: &[&str] = &["unknown", "new", "inProgress", "resolved"];
const SERVICES: &[&str] = &[
    "unknown",
    "microsoftDefenderForEndpoint",
    "microsoftDefenderForIdentity",
    "microsoftDefenderForCloudApps",
    "microsoftDefenderForOffice365",
    "microsoft365Defender",
    "azureAdIdentityProtection",
    "microsoftAppGovernance",
    "dataLossPrevention",
    "microsoftDefenderForCloud",
    "microsoftSentinel",
    "microsoftInsiderRiskManagement",
    "microsoftThreatIntelligence",
    "microsoftSecurityForAI",
];

/// Deepest nesting of parentheses.
const MAX_DEPTH: usize = 32;

struct Parser<'t> {
    list: List,
    text: &'t str,
    rest: &'t str,
    depth: usize,
}

pub(super) fn parse(list: List, text: &str) -> Result<Filter, Refused> {
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
        let prop = property(self.list, name).ok_or_else(|| self.unknown(name))?;
        let op = match self.token()? {
            "eq" => Op::Eq,
            "ne" => Op::Ne,
            "gt" => Op::Gt,
            "ge" => Op::Ge,
            "lt" => Op::Lt,
            "le" => Op::Le,
            _ => return Err(self.syntax()),
        };
        let literal = self.token()?;
        Ok(Filter::Compare(prop, op, self.literal(prop, literal)?))
    }

    fn unknown(&self, name: &str) -> Refused {
        if name.bytes().next().is_some_and(|b| b.is_ascii_alphabetic()) {
            Refused(format!(
                "Invalid filter clause: Could not find a property named '{name}' on type '{}'.",
                type_name(self.list)
            ))
        } else {
            self.syntax()
        }
    }

    fn literal(&self, prop: Prop, token: &str) -> Result<Literal, Refused> {
        let incompatible = || {
            Refused(format!(
                "Invalid filter clause: A binary operator with incompatible types was detected near {token}."
            ))
        };
        if matches!(prop, Prop::Created | Prop::Updated) {
            let time = DateTime::parse_from_rfc3339(token).map_err(|_| incompatible())?;
            return Ok(Literal::Time(filetime::from_time(time.to_utc())));
        }
        if token == "null" && prop == Prop::Assigned {
            return Ok(Literal::Null);
        }
        let inside = token.strip_prefix('\'').and_then(|t| t.strip_suffix('\'')).ok_or_else(incompatible)?;
        let text = inside.replace("''", "'");
        match members(self.list, prop) {
            Some(members) if !members.iter().any(|member| member.eq_ignore_ascii_case(&text)) => Err(Refused(format!(
                "Invalid filter clause: The string '{text}' is not a valid enumeration type constant."
            ))),
            _ => Ok(Literal::Text(text)),
        }
    }
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

fn property(list: List, name: &str) -> Option<Prop> {
    Some(match (list, name) {
        (List::Legacy, "createdTime") | (List::Incidents | List::Alerts, "createdDateTime") => Prop::Created,
        (List::Legacy, "lastUpdateTime") | (List::Incidents | List::Alerts, "lastUpdateDateTime") => Prop::Updated,
        (_, "status") => Prop::Status,
        (_, "assignedTo") => Prop::Assigned,
        (List::Incidents | List::Alerts, "classification") => Prop::Classification,
        (List::Incidents | List::Alerts, "determination") => Prop::Determination,
        (List::Incidents | List::Alerts, "severity") => Prop::Severity,
        (List::Alerts, "serviceSource") => Prop::Service,
        _ => return None,
    })
}

fn members(list: List, prop: Prop) -> Option<&'static [&'static str]> {
    Some(match prop {
        Prop::Severity => SEVERITIES,
        Prop::Classification => CLASSIFICATIONS,
        Prop::Determination => DETERMINATIONS,
        Prop::Status if list == List::Alerts => ALERT_STATUS,
        Prop::Status => INCIDENT_STATUS,
        Prop::Service => SERVICES,
        Prop::Assigned | Prop::Created | Prop::Updated => return None,
    })
}
