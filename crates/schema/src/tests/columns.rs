//! What every column and dataset has to have.

use std::path::PathBuf;

use super::{columns, inner, shapes};
use crate::{Column, Content, Rows, Shape, catalog, datasets};

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
                if part == column.name && column.source.starts_with("comments.") {
                    continue;
                }
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
fn columns_of_an_object_share_a_custom_field_only_as_lists() {
    for dataset in catalog() {
        shapes(&dataset.root, &mut |shape| {
            let columns = shape.columns.iter().filter(|column| column.path.is_some());
            let mut columns: Vec<_> = columns.map(|column| (&column.path, column)).collect();
            columns.sort_by_key(|(path, _)| *path);
            for pair in columns.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
                // Two lists are one there.
                let list = |(_, column): &(_, &Column)| column.list && matches!(column.content, Content::Scalar(_));
                assert!(pair.iter().all(list), "{}: {:?}", dataset.definition.name, pair[0].0);
            }
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

/// Derived values and their conditions read columns too. An object kept whole has no columns for them; its type is seen elsewhere.
#[test]
fn derivations_read_columns() {
    fn check(shape: &Shape) {
        let when = |derived: &'_ crate::Derived| derived.when.as_ref().map(|(path, _)| path.clone());
        for path in shape.derived.iter().flat_map(|derived| derived.inputs.iter().cloned().chain(when(derived))) {
            assert!(find(shape, &path), "derivation reads {path}, no column");
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
