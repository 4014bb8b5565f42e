//! What the panels of a Kibana dashboard ask, and the tables that answer.
//!
//! [`lens`] reads the saved objects as Kibana does and asks what each panel asks; the answer is a [`table`]. [`evaluate`]
//! answers from documents in memory. The crate does no I/O, and knows no dashboard of ours: it reads what ships.

pub mod evaluate;
pub mod lens;
pub mod table;
