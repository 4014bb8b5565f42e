//! The configuration file as it is written.

mod reading;

use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

pub(super) use self::reading::{Written, WrittenTenant, read, read_part};
use super::tree::Spot;
use super::value::{Text, TextOr};

/// Configuration of m365-fetcher. In every text `${NAME}` stands for an environment variable, `$$` for a dollar sign.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "m365-fetcher configuration")]
pub(super) struct Document {
    /// The tenants to collect from.
    #[serde(default)]
    #[expect(dead_code, reason = "for the JSON Schema: the tenants are read one by one")]
    tenants: Vec<Tenant>,
    /// Where documents go: exactly one of the outputs. Named `default`.
    pub(super) output: Option<Output>,
    /// Where documents go, several by name: an object of outputs, or a list whose items have a `name`. A tenant names one
    /// of them; the first is the default, after `output` if that is there.
    pub(super) outputs: Option<Outputs>,
    /// Directory of the collection state. Relative paths in this file count from its own folder. Default: `./state`.
    pub(super) state: Option<Text>,
    /// How long the ids of delivered documents are remembered, which keeps them from being delivered twice, for example
    /// `35d`. Longer than an index takes to roll over. Default: `35d`.
    pub(super) dedup_index: Option<Text>,
    /// Directory of the dead letters, or an object with their limit. Default: `dead-letter` in the state directory.
    pub(super) dead_letter: Option<DeadLetter>,
    /// Keep the raw record as `event.original`.
    #[serde(default)]
    pub(super) preserve_original_event: bool,
    /// Metrics in Prometheus' format. Default: none.
    pub(super) metrics: Option<Metrics>,
    /// What the collector reports of itself, in the data stream `logs-m365_security.health`.
    pub(super) health: Option<HealthReports>,
    /// The way to Microsoft.
    pub(super) http: Option<Http>,
}

/// A directory, or an object with options.
pub(super) type DeadLetter = TextOr<DeadLetterOptions>;

/// Where dead letters are kept, and how much they may take.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeadLetterOptions {
    /// The directory. Default: `dead-letter` in the state directory.
    pub(super) path: Option<Text>,
    /// Most bytes of all dead letters, for example `1gb`, which is the default. From 80 % on `status` and metrics warn.
    pub(super) max_size: Option<Text>,
    /// The reaction to a full folder: `stop` (default) acknowledges no record whose dead letter has no room, so that it is
    /// read again; `drop_oldest` deletes the oldest dead letters.
    pub(super) when_full: Option<Text>,
}

/// The way to Microsoft: to its APIs and token endpoints.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "every place that allows it has the same key")]
pub(super) struct Http {
    /// Proxy, `http://[user:password@]host[:port]` or `https://…`; `environment` takes `HTTPS_PROXY` and `NO_PROXY`. Default:
    /// none, whatever the environment says.
    pub(super) proxy: Option<Text>,
    /// Hosts that are asked directly: names, `.domain` for all below one.
    pub(super) no_proxy: Option<Vec<Text>>,
    /// PEM file of a certificate authority that is trusted beside the public ones.
    pub(super) ca_file: Option<Text>,
    /// Longest time until a connection stands. Default: `10s`.
    pub(super) connect_timeout: Option<Text>,
    /// Longest silence of a server. Default: `1m`.
    pub(super) timeout: Option<Text>,
    /// Send the proxy's password to another machine over plain `http`, where others can read it. Default: false.
    pub(super) allow_insecure_http: Option<bool>,
}

/// Metrics in Prometheus' format, at `/metrics`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Metrics {
    /// Loopback address and port to listen on, for example `127.0.0.1:9464`.
    pub(super) listen: Text,
}

/// Reports of the sources' health: state, freshness and counts of each source.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HealthReports {
    /// Whether they are written. Default: true where the output is a cluster, false elsewhere.
    pub(super) documents: Option<bool>,
    /// Time between two reports of a source, `10s` to `1h`. Default: `1m`.
    pub(super) interval: Option<Text>,
}

/// One tenant.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Tenant {
    /// Tenant id: a GUID or a domain name.
    pub(super) id: Text,
    /// The tenant's cloud. Default: `global`.
    pub(super) cloud: Option<Cloud>,
    /// Application (client) id of the app registration. Not beside `managed_identity`.
    pub(super) client_id: Option<Text>,
    /// Client secret: the value, not its id.
    pub(super) client_secret: Option<Text>,
    /// File that holds the client secret.
    pub(super) client_secret_file: Option<Text>,
    /// File of a certificate that signs client assertions: PEM with its unencrypted RSA key, or PKCS#12 (`.pfx`, `.p12`).
    /// Read again when it changes.
    pub(super) client_certificate_file: Option<Text>,
    /// PEM file of the certificate's key, where the certificate's file does not hold it.
    pub(super) client_certificate_key_file: Option<Text>,
    /// Password of the PKCS#12 file.
    pub(super) client_certificate_password: Option<Text>,
    /// File that holds the password of the PKCS#12 file.
    pub(super) client_certificate_password_file: Option<Text>,
    /// Workload identity: file with the token of the foreign issuer. Read anew for each token request.
    pub(super) federated_token_file: Option<Text>,
    /// The identity that Azure gives to this machine or app: `{}`, or `client_id` of a user-assigned one.
    #[schemars(with = "Option<ManagedIdentity>")]
    pub(super) managed_identity: Option<Spot<ManagedIdentity>>,
    /// Datasets to collect: names, or objects with options.
    pub(super) datasets: Vec<DatasetEntry>,
    /// Name for people, in `status` and metrics.
    pub(super) name: Option<Text>,
    /// Name of the output that its documents go to. Default: the first one.
    pub(super) output: Option<Text>,
    /// Last part of its data streams' names. Default: the output's.
    pub(super) namespace: Option<Text>,
    /// Tags of its documents, `tags` of ECS.
    pub(super) tags: Option<Vec<Text>>,
    /// Labels of its documents, `labels` of ECS: names without dots, and texts.
    pub(super) labels: Option<BTreeMap<String, Text>>,
}

/// The identity that Azure gives to this machine or app.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ManagedIdentity {
    /// Client id of a user-assigned identity. Default: the system-assigned one.
    pub(super) client_id: Option<Text>,
    /// Address of the token service. Default: what App Service names in `IDENTITY_ENDPOINT`, else that of virtual machines.
    pub(super) endpoint: Option<Text>,
    /// With `endpoint`: the secret that App Service puts into `IDENTITY_HEADER`.
    pub(super) header: Option<Text>,
    /// Let tokens come from an `endpoint` on another machine over plain `http`, where others can read them. Default: false.
    pub(super) allow_insecure_http: Option<bool>,
}

/// A cloud: one word, or the addresses of a test server or proxy.
pub(super) type Cloud = TextOr<CustomCloud>;

/// Own addresses.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CustomCloud {
    /// Root of the token endpoints.
    pub(super) login: Text,
    /// Root of Microsoft Graph.
    pub(super) graph: Text,
    /// Root of the Defender API.
    pub(super) defender: Text,
    /// Send secrets and tokens to other machines over plain `http`, where others can read them. Default: false.
    pub(super) allow_insecure_http: Option<bool>,
}

/// A dataset: its name, or an object with options.
pub(super) type DatasetEntry = TextOr<DatasetOptions>;

/// A dataset with options.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DatasetOptions {
    /// Name of the dataset.
    pub(super) name: Text,
    /// Time between two polls, for example `1m`.
    pub(super) interval: Option<Text>,
    /// How far the first poll looks back, for example `24h`.
    pub(super) lookback: Option<Text>,
    /// How far each later poll goes back behind the newest record it knows, for records that become visible late, for
    /// example `10m`. Costs no duplicates. Default: `2m`.
    pub(super) overlap: Option<Text>,
    /// Reads again what is long behind, slowly, for records that became visible later than the overlap: `on`, `off`, or how
    /// often and how far back. Costs no duplicates. Default: every `24h`, back over `7d`.
    #[schemars(with = "Option<LateArrivalScan>")]
    pub(super) late_arrival_scan: Option<Spot<LateArrivalScan>>,
}

/// `off`, or how often and how far back.
pub(super) type LateArrivalScan = TextOr<LateArrivalScanOptions>;

/// How often what is long behind is read again, and how far back.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LateArrivalScanOptions {
    /// Time between two late-arrival scans. Default: `24h`.
    pub(super) every: Option<Text>,
    /// How far back, at most as long as ids are remembered. Default: `7d`.
    pub(super) span: Option<Text>,
}

/// Where documents go: exactly one of these.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Output {
    /// An Elasticsearch cluster.
    pub(super) elasticsearch: Option<Elasticsearch>,
    /// One NDJSON file per data stream.
    pub(super) file: Option<FileOutput>,
    /// NDJSON on standard output.
    pub(super) stdout: Option<StdoutOutput>,
}

/// An Elasticsearch cluster.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Elasticsearch {
    /// Addresses of its nodes.
    pub(super) hosts: Vec<Text>,
    /// Send credentials, the proxy's password included, to other machines over plain `http`, where others can read them.
    /// Default: false.
    pub(super) allow_insecure_http: Option<bool>,
    /// API key, as Kibana shows it: `id:key`, or the Base64 of that.
    pub(super) api_key: Option<Text>,
    /// File that holds the API key. Read again when it changes, and when the cluster refuses the key.
    pub(super) api_key_file: Option<Text>,
    /// User name, with `password`.
    pub(super) username: Option<Text>,
    /// Password, with `username`.
    pub(super) password: Option<Text>,
    /// File that holds the password. Read again when it changes, and when the cluster refuses it.
    pub(super) password_file: Option<Text>,
    /// PEM file of a private certificate authority, trusted beside the public ones.
    pub(super) ca_file: Option<Text>,
    /// SHA-256 of a certificate in the chain that the nodes present, 64 hexadecimal digits: it is trusted then, as in
    /// Elastic Agent. Host name and validity are checked all the same.
    pub(super) ca_trusted_fingerprint: Option<Text>,
    /// HTTP proxy, `http://[user:password@]host[:port]`. The environment's proxies are not used unless written here, for
    /// example as `${HTTPS_PROXY}`.
    pub(super) proxy: Option<Text>,
    /// Hosts that are asked without the proxy: names, `.domain` for all below one, `*` for all.
    pub(super) no_proxy: Option<Vec<Text>>,
    /// Compress request bodies. Default: true.
    pub(super) gzip: Option<bool>,
    /// Level of the compression, 1 to 9. Default: 1.
    pub(super) gzip_level: Option<u32>,
    /// Longest time for one request with its answer. Default: `90s`.
    pub(super) timeout: Option<Text>,
    /// Most bulk requests at the same time, 1 to 64; fewer are used while the cluster is slow or busy. Default: 4.
    pub(super) max_concurrency: Option<u32>,
    /// Longest request body before compression, for example `10mb`. Default: the cluster's `http.max_content_length`,
    /// and `100mb` where the credential may not read that.
    pub(super) max_content_length: Option<Text>,
    /// Last part of the data streams' names. Default: `default`.
    pub(super) namespace: Option<Text>,
}

/// NDJSON files, one per data stream, synced at every acknowledgement.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FileOutput {
    /// Directory of the files.
    pub(super) directory: Text,
    /// Begin every document with its `_id`, for a shipper that takes it from there. Default: false.
    pub(super) ids: Option<bool>,
    /// Size at which a file is put aside as `<stream>-<time>-<number>.ndjson` and a new one begun. Default: `256mb`.
    pub(super) rotate_size: Option<Text>,
    /// Age at which a file is put aside, for example `1d`. Default: none.
    pub(super) rotate_age: Option<Text>,
    /// Files put aside that are kept per data stream, the newest ones; older ones are deleted. Default: all.
    pub(super) keep: Option<usize>,
}

/// NDJSON on standard output.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StdoutOutput {}

/// Outputs by name, in the file's order.
#[derive(Debug)]
pub(super) struct Outputs(pub(super) Vec<(Text, Output)>);

/// One of several outputs.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListedOutput {
    /// Its name, which tenants refer to.
    name: Text,
    /// An Elasticsearch cluster.
    elasticsearch: Option<Elasticsearch>,
    /// One NDJSON file per data stream.
    file: Option<FileOutput>,
    /// NDJSON on standard output.
    stdout: Option<StdoutOutput>,
}

impl<'de> Deserialize<'de> for Outputs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OutputsVisitor;
        impl<'de> Visitor<'de> for OutputsVisitor {
            type Value = Outputs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of outputs by name, or a list of outputs with a name")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Outputs, A::Error> {
                let mut outputs = Vec::new();
                while let Some(named) = map.next_entry()? {
                    outputs.push(named);
                }
                Ok(Outputs(outputs))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Outputs, A::Error> {
                let mut outputs = Vec::new();
                while let Some(ListedOutput { name, elasticsearch, file, stdout }) = seq.next_element()? {
                    outputs.push((name, Output { elasticsearch, file, stdout }));
                }
                Ok(Outputs(outputs))
            }
        }
        deserializer.deserialize_any(OutputsVisitor)
    }
}

impl JsonSchema for Outputs {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Outputs".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (named, listed) = (generator.subschema_for::<Output>(), generator.subschema_for::<ListedOutput>());
        schemars::json_schema!({ "anyOf": [
            { "type": "object", "additionalProperties": named },
            { "type": "array", "items": listed },
        ] })
    }
}

impl Document {
    /// The outputs with the keys that they stand under.
    pub(super) fn outputs(&self) -> impl Iterator<Item = (String, &Output)> {
        let named = self.outputs.iter().flat_map(|outputs| &outputs.0);
        let named = named.map(|(name, output)| (format!("outputs.{}", name.shown()), output));
        self.output.iter().map(|output| ("output".to_owned(), output)).chain(named)
    }
}
