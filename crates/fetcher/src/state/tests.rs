//! Laws of the state file.
