//! Tests of the whole crate, over HTTP where the service is concerned.

mod content;
mod http;
mod paging;
mod support;
mod trouble;
