//! Real parts for the tests of this workspace: an Elasticsearch server, Elastic's package validator; and an agent that is
//! not one ([`fake_agent`]).
//!
//! Everything here starts by itself on first use, is cached outside the checkout and ends with the test process.
//! `M365_SKIP=elasticsearch,go,python` leaves parts out; `M365_TEST_CACHE` moves the cache; see [`support`].

pub mod fake_agent;
pub mod support;

pub use support::{
    Elasticsearch, Mode, Part, Stack, Verdict, left_out, number, official_python, path, repository, validate, words,
};
