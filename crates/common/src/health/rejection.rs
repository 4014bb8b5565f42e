//! A row or a document that was refused, as it is counted and told.

/// One rejection.
#[derive(Debug, Clone, Copy)]
pub struct Rejection<'a> {
    /// Dataset that lost the row.
    pub dataset: &'static str,
    /// Tenant of the row.
    pub tenant: &'a str,
    /// Constant word: the mapper's, `too_large` or `parent_too_large` of the splitter, `refused` of Elasticsearch.
    pub reason: &'a str,
    /// The mistake and its place.
    pub detail: &'a str,
    /// Id of the record, where readable; of the document when the cluster refused it.
    pub record: Option<&'a str>,
}
