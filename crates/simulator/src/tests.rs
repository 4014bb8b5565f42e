//! Tests of the whole crate, over HTTP where the service is concerned.

mod content;
mod dialects;
mod http;
mod paging;
mod support;
mod trouble;
