//! Laws of what errors repeat.

use super::quoted;

#[test]
fn what_a_service_says_is_repeated_without_credentials() {
    let token = "eyJhbGciOiJQUzI1NiJ9.eyJhdWQiOiJ4In0.c2lnbmF0dXJl";
    let check = |said: &str, repeated: &str| assert_eq!(quoted(said), repeated, "{said}");
    check("400: Authorization: Bearer abcdef1234 is odd", "400: Authorization: Bearer [removed] is odd");
    check("{\"authorization\":\"ApiKey c2VjcmV0OnNlY3JldA==\"}", "{\"authorization\":\"ApiKey [removed]==\"}");
    check(&format!("token={token}, expired"), "token=[removed], expired");
    check("the Bearer token is missing", "the Bearer token is missing");
    check("basic authentication is off", "basic authentication is off");
    check("a basic licence, line\nfeed", "a basic licence, line feed");
    assert_eq!(quoted(&"x".repeat(5000)).len(), 1000);
}
