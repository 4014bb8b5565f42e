//! The registry: one line per dataset.

/// Declares the dataset modules and the list of their definitions.
macro_rules! datasets {
    ($($name:ident),* $(,)?) => {
        $(pub mod $name;)*

        /// All definitions, by name.
        pub const ALL: &[crate::Definition] = &[$($name::DATASET),*];
    };
}

datasets! {
    alert,
    evidence,
    incident,
    log,
}
