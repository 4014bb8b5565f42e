//! The tree of a KQL text. `not` binds closer than `and`, `and` closer than `or`.

use super::tokens::{Literal, Token, tokens};
use crate::lens::error::{Problem, Result};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expression {
    And(Vec<Expression>),
    Or(Vec<Expression>),
    Not(Box<Expression>),
    /// A star that stands alone.
    Everything,
    Is(Literal, Literal),
    Compare(Literal, Comparison, Literal),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Less,
    AtMost,
    Greater,
    AtLeast,
}

impl Comparison {
    /// Its word in a `range` query.
    pub(super) fn word(self) -> &'static str {
        match self {
            Comparison::Less => "lt",
            Comparison::AtMost => "lte",
            Comparison::Greater => "gt",
            Comparison::AtLeast => "gte",
        }
    }
}

/// Reads a whole text; `None` for an empty one.
pub(super) fn parse(text: &str) -> Result<Option<Expression>> {
    let tokens = tokens(text)?;
    if tokens.is_empty() {
        return Ok(None);
    }
    let mut parser = Parser { tokens: &tokens, field: None };
    let tree = parser.alternatives()?;
    match parser.tokens.first() {
        None => Ok(Some(tree)),
        Some(token) => Err(unexpected(Some(token))),
    }
}

struct Parser<'a> {
    tokens: &'a [Token],
    /// The field of the list of values that is being read.
    field: Option<&'a Literal>,
}

impl<'a> Parser<'a> {
    fn alternatives(&mut self) -> Result<Expression> {
        let mut parts = vec![self.conditions()?];
        while self.takes_word("or") {
            parts.push(self.conditions()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expression::Or(parts) })
    }

    fn conditions(&mut self) -> Result<Expression> {
        let mut parts = vec![self.condition()?];
        while self.takes_word("and") {
            parts.push(self.condition()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expression::And(parts) })
    }

    fn condition(&mut self) -> Result<Expression> {
        if self.takes_word("not") {
            return Ok(Expression::Not(Box::new(self.condition()?)));
        }
        if self.takes(&Token::Open) {
            let tree = self.alternatives()?;
            return if self.takes(&Token::Close) { Ok(tree) } else { Err(Problem::new("a parenthesis is not closed")) };
        }
        if let Some(field) = self.field {
            return Ok(Expression::Is(field.clone(), self.value()?));
        }
        let field = self.literal()?;
        match self.tokens.first() {
            Some(Token::Colon) => {
                self.tokens = &self.tokens[1..];
                self.values(field)
            }
            Some(Token::Comparison(sign)) => {
                self.tokens = &self.tokens[1..];
                let comparison = match *sign {
                    "<" => Comparison::Less,
                    "<=" => Comparison::AtMost,
                    ">" => Comparison::Greater,
                    _ => Comparison::AtLeast,
                };
                Ok(Expression::Compare(field.clone(), comparison, self.value()?))
            }
            _ if field.has_wildcard && field.text == "*" => Ok(Expression::Everything),
            _ => Err(Problem::new(format!("\"{}\" stands without a field", field.text))),
        }
    }

    /// One value, or a list in parentheses.
    fn values(&mut self, field: &'a Literal) -> Result<Expression> {
        if self.tokens.first() != Some(&Token::Open) {
            return Ok(Expression::Is(field.clone(), self.value()?));
        }
        self.field = Some(field);
        let tree = self.condition();
        self.field = None;
        tree
    }

    fn value(&mut self) -> Result<Literal> {
        let mut value = self.literal()?.clone();
        while let (false, Some(Token::Literal(next))) = (value.is_quoted, self.tokens.first()) {
            if next.is_quoted || ["or", "and", "not"].iter().any(|word| next.is_word(word)) {
                break;
            }
            value.join(next);
            self.tokens = &self.tokens[1..];
        }
        Ok(value)
    }

    fn literal(&mut self) -> Result<&'a Literal> {
        match self.tokens.split_first() {
            Some((Token::Literal(literal), rest)) if !["or", "and", "not"].iter().any(|word| literal.is_word(word)) => {
                self.tokens = rest;
                Ok(literal)
            }
            other => Err(unexpected(other.map(|(token, _)| token))),
        }
    }

    fn takes(&mut self, wanted: &Token) -> bool {
        let found = self.tokens.first() == Some(wanted);
        if found {
            self.tokens = &self.tokens[1..];
        }
        found
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let found = matches!(self.tokens.first(), Some(Token::Literal(literal)) if literal.is_word(word));
        if found {
            self.tokens = &self.tokens[1..];
        }
        found
    }
}

fn unexpected(token: Option<&Token>) -> Problem {
    match token {
        None => Problem::new("the text ends where a field or a value is expected"),
        Some(Token::Literal(literal)) => Problem::new(format!("\"{}\" is not expected there", literal.text)),
        Some(Token::Open) => Problem::new("\"(\" is not expected there"),
        Some(Token::Close) => Problem::new("\")\" is not expected there"),
        Some(Token::Colon) => Problem::new("\":\" is not expected there"),
        Some(Token::Comparison(sign)) => Problem::new(format!("\"{sign}\" is not expected there")),
    }
}
