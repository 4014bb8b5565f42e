//! Outcomes of delivered documents.

/// Outcomes of the documents of one dataset.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// New in the output.
    pub created: u64,
    /// In the output already.
    pub duplicates: u64,
    /// Refused for good.
    pub refused: u64,
    /// Refused, and kept by the cluster in the data stream's failure store.
    pub failure_store: u64,
}

/// Outcomes of a batch, by dataset in the catalog's order.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Receipt(Vec<Outcome>);

impl Receipt {
    /// The outcome of a dataset, to be changed.
    pub fn of(&mut self, dataset: u16) -> &mut Outcome {
        let index = usize::from(dataset);
        if self.0.len() <= index {
            self.0.resize(index + 1, Outcome::default());
        }
        &mut self.0[index]
    }

    /// The outcomes in the catalog's order.
    pub fn datasets(&self) -> impl Iterator<Item = &Outcome> {
        self.0.iter()
    }
}
