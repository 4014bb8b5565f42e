//! Which program this is.

/// Its version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The commit that it was built from, or `unknown`.
pub const COMMIT: &str = env!("M365_COMMIT");
/// The day of that commit in UTC, or `unknown`.
pub const COMMIT_DATE: &str = env!("M365_COMMIT_DATE");
/// All of it, for people.
pub const WHOLE: &str =
    concat!(env!("CARGO_PKG_VERSION"), " (commit ", env!("M365_COMMIT"), " of ", env!("M365_COMMIT_DATE"), ")");
