//! Signing in, errors, single records and faults.
