//! The words of a KQL text.

use crate::lens::error::{Problem, Result};

/// A name or a value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Literal {
    /// The text without quotes and escapes.
    pub(super) text: String,
    /// The text as Elasticsearch's wildcard query takes it: what is no wildcard is escaped.
    pub(super) pattern: String,
    pub(super) is_quoted: bool,
    pub(super) has_wildcard: bool,
}

impl Literal {
    fn push(&mut self, letter: char) {
        self.text.push(letter);
        if matches!(letter, '*' | '?' | '\\') {
            self.pattern.push('\\');
        }
        self.pattern.push(letter);
    }

    fn push_wildcard(&mut self) {
        self.text.push('*');
        self.pattern.push('*');
        self.has_wildcard = true;
    }

    /// Unquoted words that follow each other are one value.
    pub(super) fn join(&mut self, next: &Literal) {
        self.text = format!("{} {}", self.text, next.text);
        self.pattern = format!("{} {}", self.pattern, next.pattern);
        self.has_wildcard |= next.has_wildcard;
    }

    /// Whether it is this word of the language.
    pub(super) fn is_word(&self, word: &str) -> bool {
        !self.is_quoted && self.text.eq_ignore_ascii_case(word)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Open,
    Close,
    Colon,
    /// `<`, `<=`, `>`, `>=`.
    Comparison(&'static str),
    Literal(Literal),
}

/// Divides a text into words and signs.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let mut followed_by_equals = || letters.next_if_eq(&'=').is_some();
        let token = match letter {
            letter if letter.is_whitespace() => continue,
            '(' => Token::Open,
            ')' => Token::Close,
            ':' => Token::Colon,
            '<' => Token::Comparison(if followed_by_equals() { "<=" } else { "<" }),
            '>' => Token::Comparison(if followed_by_equals() { ">=" } else { ">" }),
            '{' | '}' => return Err(Problem::new("nested fields in braces are not supported")),
            '"' => Token::Literal(quoted(&mut letters)?),
            letter => Token::Literal(unquoted(letter, &mut letters)?),
        };
        tokens.push(token);
    }
    Ok(tokens)
}

type Letters<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn quoted(letters: &mut Letters<'_>) -> Result<Literal> {
    let mut literal = Literal { is_quoted: true, ..Literal::default() };
    loop {
        match letters.next() {
            None => return Err(Problem::new("a quotation mark is not closed")),
            Some('"') => return Ok(literal),
            Some('\\') => literal.push(escaped(letters)?),
            Some(letter) => literal.push(letter),
        }
    }
}

fn unquoted(first: char, letters: &mut Letters<'_>) -> Result<Literal> {
    let mut literal = Literal::default();
    let mut next = Some(first);
    while let Some(letter) = next {
        match letter {
            '*' => literal.push_wildcard(),
            '\\' => literal.push(escaped(letters)?),
            letter => literal.push(letter),
        }
        let ends =
            |letter: &char| letter.is_whitespace() || matches!(letter, '(' | ')' | ':' | '<' | '>' | '"' | '{' | '}');
        next = letters.next_if(|letter| !ends(letter));
    }
    Ok(literal)
}

fn escaped(letters: &mut Letters<'_>) -> Result<char> {
    match letters.next() {
        Some('t') => Ok('\t'),
        Some('r') => Ok('\r'),
        Some('n') => Ok('\n'),
        Some(letter) => Ok(letter),
        None => Err(Problem::new("a backslash ends the text")),
    }
}
