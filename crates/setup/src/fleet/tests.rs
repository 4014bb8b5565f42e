//! Versions: which Kibana judges, and which one a package is for.

use super::archive::satisfies;
use super::judges;

#[test]
fn the_line_of_a_version_tells_whether_it_judges() {
    for version in ["8.19.22", "8.19.30", "9.4.7", "9.5.4", "9.6.0", "9.7.1", "10.0.0"] {
        assert!(judges(version), "{version}");
    }
    for version in ["8.19.0", "8.19.21", "9.1.5", "9.4.6", "9.5.3", "9.3.99"] {
        assert!(!judges(version), "{version}");
    }
}

#[test]
fn a_range_is_read_as_npm_reads_it_and_what_is_more_is_left_to_fleet() {
    for (version, range, fits) in [
        ("8.19.3", "^8.19.0 || ^9.1.0", true),
        ("9.1.0", "^8.19.0 || ^9.1.0", true),
        ("9.0.9", "^8.19.0 || ^9.1.0", false),
        ("10.0.0", "^8.19.0 || ^9.1.0", false),
        ("9.4.0-SNAPSHOT", "^9.4.0", true),
        ("9.4.7", "~9.4.2", true),
        ("9.5.0", "~9.4.2", false),
        ("9.5.0", ">=9.4.0", true),
        ("9.3.0", ">=9.4.0", false),
        ("9.3.0", ">=9.4.0 <10", true),
    ] {
        assert_eq!(satisfies(version, range), fits, "{version} {range}");
    }
}
