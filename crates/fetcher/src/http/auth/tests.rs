//! Laws of the tokens.
