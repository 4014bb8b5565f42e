//! The fault matrix: what services do to their callers, each trouble for each list of the catalogue, on a paused clock. Every
//! cell is a test, and asserts that all records are in the output exactly once, that the other sources and the other tenant
//! were done before the troubled one had waited, and that health says what happened.
//!
//! The matrix of the output's troubles stands beside the output.

mod harness;
mod tenants;
mod troubles;

use self::troubles as trouble;
use simulator::Manner;

// `cells!` of a trouble: one test per file of the simulator's lists.
include!(concat!(env!("OUT_DIR"), "/cells.rs"));

/// One module per trouble, in it one test per list.
macro_rules! matrix {
    ($($name:ident: $trouble:expr,)*) => {$(
        mod $name {
            use super::*;

            cells!($trouble);
        }
    )*};
}

matrix! {
    throttled_with_seconds: trouble::throttled_with_seconds(),
    throttled_with_date: trouble::throttled_with_date(),
    throttled_without_a_time: trouble::throttled_without_a_time(),
    throttled_with_words: trouble::throttled_with_words(),
    throttled_as_af429: trouble::throttled_as_af429(),
    status_500: trouble::status(500, 5),
    status_502: trouble::status(502, 2),
    status_503: trouble::status(503, 3),
    status_504: trouble::status(504, 1),
    timeout: trouble::timeout(),
    reset_in_a_body: trouble::reset_in_a_body(),
    truncated_json: trouble::truncated_json(),
    odd_values: trouble::odd_values(),
    html_instead_of_json: trouble::html_instead_of_json(),
    wrong_content_type: trouble::wrong_content_type(),
    status_401_once: trouble::status_401_once(),
    token_endpoint_down: trouble::token_endpoint_down(),
    sign_in_throttled_with_seconds: trouble::sign_in_busy(429, "45"),
    sign_in_throttled_with_date: trouble::sign_in_busy(503, "date"),
    sign_in_throttled_for_ever: trouble::sign_in_busy(429, "18446744073709551615"),
    sign_in_broken_for_a_while: trouble::sign_in_busy(502, ""),
    sign_in_html_403: trouble::sign_in_refused(403, "<html>AADSTS53003</html>", "a conditional access policy"),
    sign_in_407: trouble::sign_in_refused(407, "", "check `http.proxy`"),
    sign_in_codes_as_texts: trouble::sign_in_refused(
        401,
        r#"{"error":{"code":"invalid_client"},"error_description":null,"error_codes":["7000222"]}"#,
        "has expired",
    ),
    sign_in_without_a_token: trouble::sign_in_refused(200, r#"{"access_token":null}"#, "`access_token` is missing"),
    lifetime_beyond_all_bounds: trouble::lifetime("18446744073709551615"),
    lifetime_negative: trouble::lifetime("-1"),
    lifetime_fraction: trouble::lifetime("3599.5"),
    expand_500: trouble::expand_500(),
    next_link_loop: trouble::next_link_loop(),
    foreign_next_link: trouble::foreign_next_link(),
    expired_skip_token: trouble::expired_skip_token(),
    ties_across_pages: trouble::ties_across_pages(),
    late_record: trouble::late_record(),
    record_changed_while_paging: trouble::record_changed_while_paging(),
    clock_ten_minutes_ahead: trouble::clock_off(10),
    clock_ten_minutes_behind: trouble::clock_off(-10),
    date_that_is_none: trouble::date("soon"),
    date_that_was_never_set: trouble::date("Thu, 01 Jan 1970 00:00:00 GMT"),
    date_that_jumps_once: trouble::date_that_jumps_once(),
    times_west_of_utc: trouble::times_at_offset(-300),
    times_east_of_utc: trouble::times_at_offset(330),
    empty_pages_with_a_link: trouble::empty_pages_with_a_link(),
    duplicate_in_two_pages: trouble::duplicate_in_two_pages(),
    pages_without_links: trouble::pages_without_links(),
    pages_without_links_or_places: trouble::pages_without_links_or_places(),
    link_behind_the_end: trouble::link_behind_the_end(),
    links_of_the_service: trouble::links_of_the_service(false),
    links_without_a_host: trouble::links_of_the_service(true),
    pages_cut_below_their_count: trouble::pages_cut_below_their_count(),
    status_203: trouble::status_203(),
    gzip_of_several_members: trouble::gzip_of_several_members(),
    unknown_packing: trouble::unknown_packing(),
    part_with_an_error: trouble::part_of_a_page(Manner::Part(3), "a shard does not answer"),
    part_with_an_error_for_a_moment: trouble::part_of_a_page_for_a_moment(Manner::Part(3)),
    error_in_the_place_of_a_record: trouble::part_of_a_page(Manner::ErrorRow(3), "a shard does not answer"),
    error_in_the_place_of_a_record_for_a_moment: trouble::part_of_a_page_for_a_moment(Manner::ErrorRow(3)),
    status_206: trouble::part_of_a_page(Manner::Status(206), "206 Partial Content"),
    more_announced_than_given: trouble::more_announced_than_given(),
    nothing_but_an_error: trouble::nothing_but_an_error(),
}
