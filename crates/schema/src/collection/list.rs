//! The time-cursor list and its dialects: how a range of time is asked for, how a page holds its records, how the next
//! page is found, and which properties name a record and its version.

/// A list of records that can be asked for those that changed at or after a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct List {
    /// Which properties name a record, its version and its age.
    pub record: RecordPaths,
    /// How a range of the list is asked for.
    pub query: Query,
    /// How a page holds its records.
    pub envelope: Envelope,
    /// How the page after a page is found.
    pub next: NextPage,
    /// Most records of a page that the service accepts to be asked for.
    pub page_size: u32,
    /// A record can be read by itself, at its id below the list's path.
    pub by_id: bool,
    /// Path of the property of a record that was merged into another one: the id of that one, which is read by its id.
    pub redirect: Option<&'static str>,
}

/// Paths of the properties that name a record; names of nested objects are joined by dots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordPaths {
    /// The record's id; several where only together they name a record.
    pub id: &'static [&'static str],
    /// The time of the last change, which is the list's cursor and names the version.
    pub changed: &'static str,
    /// The time when the record came into being, which never changes.
    pub created: &'static str,
}

/// How a range of a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Query {
    /// GET with OData's system query options.
    OData(OData),
    /// GET with parameters of the service's own.
    Parameters(Parameters),
    /// POST with a filter as a JSON body (Defender for Cloud Apps).
    Body(BodyFilter),
}

/// OData's system query options: `$filter`, `$orderby`, `$top`, `$skip`, `$select`, `$expand`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OData {
    /// Comparisons that the service accepts in `$filter` on the cursor property. `Ge` or `Gt` is among them.
    pub operators: &'static [Operator],
    /// A condition that always holds, for example `serviceSource eq 'dataLossPrevention'`.
    pub filter: Option<&'static str>,
    /// `$orderby` is accepted on the cursor property.
    pub orderable: bool,
    /// `$skip` is accepted; elsewhere only links lead on (`$skiptoken`).
    pub skip: bool,
    /// `$select` is accepted.
    pub select: bool,
    /// `$expand` value, if nested records are wanted with each element.
    pub expand: Option<&'static str>,
}

impl OData {
    /// What most lists accept.
    pub const USUAL: Self = Self {
        operators: &[Operator::Ge, Operator::Le, Operator::Lt],
        filter: None,
        orderable: true,
        skip: true,
        select: true,
        expand: None,
    };
}

/// A comparison of OData's `$filter`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operator {
    /// At or after.
    Ge,
    /// After.
    Gt,
    /// At or before.
    Le,
    /// Before.
    Lt,
}

/// Parameters of an address, by the service's names for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameters {
    /// Changed at or after this time.
    pub from: &'static str,
    /// Changed before this time, if the service can be asked for an end.
    pub to: Option<&'static str>,
    /// Records of a page, if the service can be asked for a number.
    pub size: Option<&'static str>,
    /// Records to leave out at the start, if the service can be asked to.
    pub skip: Option<&'static str>,
    /// How times are written.
    pub time: TimeForm,
    /// Further parameters and their values.
    pub constant: &'static [(&'static str, &'static str)],
    /// Records come in the order of the cursor property.
    pub ordered: bool,
}

/// A JSON body `{"filters": {FIELD: {"gte": FROM, "lte": TO}}, "sortField": FIELD, "sortDirection": "asc", "skip": 0,
/// "limit": 100}`, by the service's names for its members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyFilter {
    /// Name of the cursor property in the filter.
    pub field: &'static str,
    /// Name of the comparison "at or after".
    pub at_or_after: &'static str,
    /// Name of the comparison "at or before", if the service has one.
    pub at_or_before: Option<&'static str>,
    /// Name of the property in the sort order, where the service sorts by the cursor property.
    pub sort: Option<&'static str>,
    /// How times are written.
    pub time: TimeForm,
}

/// How a service wants times to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TimeForm {
    /// `2026-01-31T10:00:00Z`.
    Iso8601,
    /// Milliseconds since 1970.
    EpochMilliseconds,
}

/// How an answer holds its records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Envelope {
    /// An array that is a member of the body: OData's `value`, Cloud Apps' `data`, advanced hunting's `results`. Its case
    /// does not matter.
    Member(&'static str),
    /// The body is an array.
    Array,
    /// The body is one record.
    Record,
    /// The body holds one record per line.
    Lines,
}

/// How the page after a page is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NextPage {
    /// A member of the body holds its address: `@odata.nextLink`, `nextLink`.
    Link,
    /// The same question, leaving out the records that were read: `skip` grows by the records of a page. A member of the
    /// body says whether there are more, for example `hasNext`; where there is none, a page that is not full is the last.
    Offset {
        /// The member.
        more: Option<&'static str>,
    },
    /// A response header holds its address: `NextPageUri`.
    Header(&'static str),
    /// There is only one page.
    Single,
}

impl List {
    /// The service returns records in the order of the cursor property, if it is asked to.
    pub fn is_ordered(&self) -> bool {
        match self.query {
            Query::OData(odata) => odata.orderable,
            Query::Parameters(parameters) => parameters.ordered,
            Query::Body(filter) => filter.sort.is_some(),
        }
    }

    /// The nested records that each element can be asked for.
    pub fn expand(&self) -> Option<&'static str> {
        match self.query {
            Query::OData(odata) => odata.expand,
            Query::Parameters(_) | Query::Body(_) => None,
        }
    }

    /// The property that names a record, if a single one does and a record can be read by itself.
    pub fn id_to_read(&self) -> Option<&'static str> {
        match self.record.id {
            [id] if self.by_id => Some(id),
            _ => None,
        }
    }
}
