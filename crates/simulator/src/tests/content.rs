//! What the records say.
