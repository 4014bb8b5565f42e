//! Laws over the catalog.
