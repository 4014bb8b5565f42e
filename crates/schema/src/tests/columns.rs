//! What every column and dataset has to have.

use std::path::PathBuf;

use super::{columns, inner, shapes};
use crate::{Content, Rows, Shape, catalog, datasets};

#[test]
fn columns_kinds_and_datasets_are_documented() {
    for dataset in catalog() {
        let name = dataset.definition.name;
        assert!(!dataset.description.is_empty(), "{name} has no description");
        columns(&dataset.root, &mut |column| {
            assert!(column.description.ends_with('.'), "{name}: {} is not documented", column.source);
        });
        shapes(&dataset.root, &mut |shape| {
            for kind in &shape.kinds {
                assert!(kind.description.ends_with('.'), "{name}: {} is not documented", kind.tag);
            }
        });
    }
}

#[test]
fn datasets_are_named_like_their_files_and_sorted() {
    let names: Vec<&str> = datasets::ALL.iter().map(|definition| definition.name).collect();
    assert!(names.is_sorted(), "{names:?}");
    for (at, name) in names.iter().enumerate() {
        assert!(!names[at + 1..].contains(name), "{name} twice");
        assert!(is_snake_case(name), "{name}");
        let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("src/datasets/{name}.rs"));
        assert!(file.exists(), "{}", file.display());
    }
}

#[test]
fn custom_names_are_snake_case_unless_said() {
    for dataset in catalog().iter().filter(|dataset| !dataset.definition.camel_case) {
        columns(&dataset.root, &mut |column| {
            for part in column.path.iter().flat_map(|path| path.split('.')) {
                assert!(is_snake_case(part), "{}: {part}", dataset.definition.name);
            }
        });
    }
}

fn is_snake_case(name: &str) -> bool {
    let allowed = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    name.starts_with(|letter: char| letter.is_ascii_lowercase()) && name.chars().all(allowed)
}

#[test]
fn no_two_columns_of_an_object_share_a_custom_field() {
    for dataset in catalog() {
        shapes(&dataset.root, &mut |shape| {
            let mut paths: Vec<&str> = shape.columns.iter().filter_map(|column| column.path.as_deref()).collect();
            paths.sort_unstable();
            let twice = paths.windows(2).find(|pair| pair[0] == pair[1]);
            assert!(twice.is_none(), "{}: {twice:?}", dataset.definition.name);
        });
    }
}

#[test]
fn identities_name_columns() {
    for dataset in catalog() {
        let name = dataset.definition.name;
        let check = |shape: &Shape| {
            assert!(!shape.identity.is_empty(), "{name}: something has no identity");
            for path in &shape.identity {
                assert!(find(shape, path), "{name}: identity {path} is not a column");
            }
        };
        check(&dataset.root);
        if let Rows::Items(item) = dataset.definition.rows {
            let item = dataset.root.columns.iter().find(|column| column.name == item).expect("an item column");
            inner(item).expect("items are objects").kinds.iter().for_each(|kind| check(&kind.shape));
        }
    }
}

/// Derived values read columns too. An object kept whole has no columns for them; its type is seen elsewhere.
#[test]
fn derivations_read_columns() {
    fn check(shape: &Shape) {
        for path in shape.derived.iter().flat_map(|derived| &derived.inputs) {
            assert!(find(shape, path), "derivation reads {path}, no column");
        }
        for column in &shape.columns {
            if let Content::Object(inner) = &column.content {
                check(inner);
            }
        }
        shape.kinds.iter().for_each(|kind| check(&kind.shape));
    }
    for dataset in catalog() {
        check(&dataset.root);
    }
}

fn find(shape: &Shape, path: &str) -> bool {
    let whole = shape.columns.iter().any(|column| column.name == path && !matches!(column.content, Content::Object(_)));
    whole
        || shape.columns.iter().any(|column| {
            let rest = path.strip_prefix(&column.name).and_then(|rest| rest.strip_prefix('.'));
            // What a dictionary holds is not known; it is read by name all the same.
            let open = matches!(column.content, Content::Dictionary);
            rest.is_some_and(|rest| open || inner(column).is_some_and(|inner| find(inner, rest)))
        })
}
