//! Invented rows through both interpreters.

use std::collections::BTreeMap;

use it::{Elasticsearch, Stack};
use proptest::prelude::{Strategy, any};
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use schema::Dataset;

use super::super::sources::datasets;
use super::{by_script, mapped, rows, verdict};

/// Rows per dataset, the same in every run.
const ROWS: usize = 400;
/// So many times over, with other rows.
const SEEDS: u8 = 1;
/// Attempts to make a row smaller whose documents differ.
const ATTEMPTS: usize = 200;

fn choices() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..1500)
}

#[tokio::test]
async fn script_equals_mapper_on_invented_rows() {
    for stack in Stack::selected() {
        let Some(server) = Elasticsearch::shared(stack) else { return };
        for (dataset, seed) in datasets().into_iter().flat_map(|dataset| (0..SEEDS).map(move |seed| (dataset, seed))) {
            let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
            let mut runner = TestRunner::new_with_rng(Config::default(), rng);
            let trees: Vec<_> = (0..ROWS).map(|_| choices().new_tree(&mut runner).unwrap()).collect();
            let rows: Vec<String> = trees.iter().map(|tree| rows::row(dataset, &tree.current())).collect();
            let outcomes = by_script(server, dataset, &rows).await;
            let mut documents = 0;
            let mut refused: BTreeMap<&str, usize> = BTreeMap::new();
            for ((tree, row), script) in trees.into_iter().zip(&rows).zip(&outcomes) {
                let mapper = mapped(dataset, row);
                match &mapper {
                    Ok(_) => documents += 1,
                    Err(reject) => *refused.entry(reject.reason).or_default() += 1,
                }
                if let Some(verdict) = verdict(&mapper, script) {
                    let (row, verdict) = smaller(server, dataset, tree, (row.clone(), verdict)).await;
                    panic!("dataset {} on {}:\n{row}\n{verdict}", dataset.definition.name, stack.version());
                }
            }
            assert!(
                documents * 4 > ROWS * 3,
                "only {documents} of {ROWS} rows of {} gave documents: {refused:?}",
                dataset.definition.name
            );
        }
    }
}

/// The smallest row found on which the two still differ.
async fn smaller(
    server: &Elasticsearch,
    dataset: &Dataset,
    mut tree: impl ValueTree<Value = Vec<u8>>,
    mut found: (String, String),
) -> (String, String) {
    for _ in 0..ATTEMPTS {
        if !tree.simplify() {
            break;
        }
        loop {
            let row = rows::row(dataset, &tree.current());
            let script = by_script(server, dataset, std::slice::from_ref(&row)).await;
            match verdict(&mapped(dataset, &row), &script[0]) {
                Some(verdict) => {
                    found = (row, verdict);
                    break;
                }
                None if !tree.complicate() => return found,
                None => {}
            }
        }
    }
    found
}
