//! Goes through Microsoft's lists and hands over what is new.
//!
//! Read [`flow`] first: it names the stages in their order.

pub mod flow;
pub mod record;
pub mod replay;
