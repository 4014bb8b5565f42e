//! Goes through Microsoft's lists and hands over what is new.
//!
//! Read [`flow`] first: it names the stages in their order.

pub mod config;
pub mod flow;
pub mod json_stream;
pub mod record;
