//! Errors, time, HTTP, health, secrets and private files: every other crate needs them, and none of those owns them.

pub mod clock;
pub mod error;
pub mod health;
pub mod http;
pub mod ids;
pub mod platform;
pub mod private;
pub mod secret_text;
pub mod secrets;
pub mod stats;
pub mod stop;
pub mod terminal;
