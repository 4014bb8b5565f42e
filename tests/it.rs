//! One binary for all tests on real parts: they share one server.
#![allow(clippy::unwrap_used, reason = "tests")]

mod it {
    mod agent;
    mod demo;
    mod equality;
    mod examples;
    mod expected_documents;
    mod faults;
    mod generated;
    mod kill;
    mod lock;
    mod panels;
    mod rules;
    mod server_smoke;
    mod setup;
    mod sources;
    mod state;
    mod stored;
    mod tidy;
    mod validator;
}
