//! What every room of the house needs and none of them owns: errors, time, HTTP, health, secrets, private files.

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
