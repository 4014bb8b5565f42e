//! One binary for all tests on real parts: they share one server.
#![allow(clippy::unwrap_used, reason = "tests")]

mod it {
    mod books;
    mod equality;
    mod examples;
    mod faults;
    mod generated;
    mod kill;
    mod lock;
    mod server_smoke;
    mod tidy;
    mod validator;
}
