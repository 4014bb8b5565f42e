//! The kinds of collection: how records are found out about at an endpoint. A source is data; one engine per kind runs
//! all sources of its kind.

mod list;

pub use list::{BodyFilter, Envelope, List, NextPage, OData, Operator, Parameters, Query, RecordPaths, TimeForm};

/// How records are collected from an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Collection {
    /// A list that is polled by the time of its records' last change.
    List(List),
    /// A delta query: each round starts at the link that the last one ended with.
    Delta(Delta),
    /// A list that is read as a whole every time: it can neither be asked for changes nor for times.
    Snapshot(Snapshot),
    /// A feed of content blobs, which hold the records (Office 365 Management Activity API).
    Blobs(Blobs),
    /// A query that is created as a job and has a result when the job is done.
    Jobs(Jobs),
    /// A stream that pushes records (Azure Event Hubs).
    Stream(Stream),
}

/// A delta query of Microsoft Graph. Pages are linked by `@odata.nextLink`, the last page carries `@odata.deltaLink`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delta {
    /// Path of the property that names a record.
    pub id: &'static str,
    /// Properties that are asked for with `$select`; all that the service gives by default where empty. The link keeps
    /// them.
    pub select: &'static [&'static str],
    /// Member of a record that says the record was removed: `@removed`.
    pub removed: &'static str,
    /// Hours for which the service knows a delta link. Afterwards it answers 410 Gone, and all records are read anew.
    pub link_lifetime: u32,
}

/// A list that is read as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Snapshot {
    /// Paths of the properties that name a record together.
    pub id: &'static [&'static str],
    /// Path of the property that names a record's version; where none does, the record's content tells versions apart.
    pub version: Option<&'static str>,
    /// Where the records lie.
    pub origin: Origin,
}

/// Where the records of a snapshot lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// In the pages of a list.
    Pages {
        /// How a page holds its records.
        envelope: Envelope,
        /// How the page after a page is found.
        next: NextPage,
        /// Parameter that carries the page size, and the largest that the service accepts; the service's own size where
        /// there is none.
        size: Option<(&'static str, u32)>,
    },
    /// In files that the answer links to with addresses that are signed for a time; no token goes with them.
    Files {
        /// Member with the addresses, for example `exportFiles`.
        links: &'static str,
        /// Hosts that the addresses may name, for example `blob.core.windows.net` for all hosts below it.
        hosts: &'static [&'static str],
        /// How a file holds its records.
        envelope: Envelope,
        /// Hours for which the addresses are signed.
        valid: u32,
    },
    /// In a list below each record of another dataset; the path names the place of the parent's id as `{id}`.
    Children {
        /// Dataset of the parents.
        parent: &'static str,
        /// How an answer holds its records.
        envelope: Envelope,
    },
}

/// A feed of content blobs. Blobs become available in an order of their own, and the feed brings some records twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blobs {
    /// What the subscription is for, for example `Audit.Exchange`.
    pub content_type: &'static str,
    /// Path that starts the subscription, which must be there before blobs are.
    pub start: &'static str,
    /// How the list of blobs is asked for the time in which they became available: `startTime` inclusive, `endTime`
    /// exclusive, both or neither.
    pub query: Parameters,
    /// How the list of blobs is paged: by the response header `NextPageUri`.
    pub next: NextPage,
    /// Longest time that one request may ask for, in hours.
    pub window: u32,
    /// Member of a list's element with the address of the blob: `contentUri`.
    pub uri: &'static str,
    /// Member with the time after which the blob is gone: `contentExpiration`.
    pub expiry: &'static str,
    /// Member with the time at which the blob became available: `contentCreated`.
    pub available: &'static str,
    /// How a blob holds its records.
    pub envelope: Envelope,
    /// Paths of the properties that name a record together.
    pub id: &'static [&'static str],
    /// Path of the time of the event that a record tells of.
    pub created: &'static str,
}

/// A query that runs as a job per time slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Jobs {
    /// How a job is created.
    pub create: Create,
    /// Where its result is found.
    pub result: JobResult,
    /// How the result holds its records.
    pub envelope: Envelope,
    /// Most records of a result: a time slice whose result has as many is split and asked for again.
    pub cap: u32,
    /// Jobs that the service runs at the same time.
    pub concurrent: u16,
    /// Paths of the properties that name a record together.
    pub id: &'static [&'static str],
    /// Path of the time that time slices are made of.
    pub created: &'static str,
}

/// How a job is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Create {
    /// POST with a JSON body whose members bound the time (audit log query: `filterStartDateTime`,
    /// `filterEndDateTime`).
    Bounds {
        /// Member with the inclusive start.
        from: &'static str,
        /// Member with the exclusive end.
        to: &'static str,
        /// Further members and their texts.
        constant: &'static [(&'static str, &'static str)],
    },
    /// POST with a query in the Kusto Query Language over one table (advanced hunting).
    Kusto {
        /// Member with the query's text: `Query`.
        member: &'static str,
        /// The table.
        table: &'static str,
        /// Its column that time slices are made of: `Timestamp`.
        time: &'static str,
    },
}

/// Where the result of a job is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobResult {
    /// In the answer that the job was created with.
    Immediate,
    /// Below the job, when its status says so.
    Polled {
        /// Member of the job with its status.
        status: &'static str,
        /// Status of a job whose result is there.
        done: &'static [&'static str],
        /// Status of a job that has ended without a result.
        failed: &'static [&'static str],
        /// Path below the job, for example `records`.
        path: &'static str,
        /// How the result is paged.
        next: NextPage,
    },
}

/// A stream of an Azure Event Hub. Its place is an offset per partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stream {
    /// Member of a message that holds its records: `records`.
    pub records: &'static str,
    /// Member of a record that says what it is, and its value, for example `AdvancedHunting-DeviceEvents`.
    pub category: (&'static str, &'static str),
    /// Member of a record that holds the row: `properties`.
    pub row: &'static str,
}
