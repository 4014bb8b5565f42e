//! Addresses, names, URLs and connections.

use schemars::JsonSchema;

use crate::attr::{column, kind, to};
use crate::ecs::{self, Ecs};
use crate::ops::{Derive, Op};
use crate::types::{Integer, Ip, Keyword, Member, Number, Url};

/// An address as the one that a connection comes from.
const SOURCE: &[(Ecs, Ecs)] = &[
    (ecs::SOURCE_IP, ecs::SOURCE_IP),
    (ecs::SOURCE_GEO_COUNTRY_ISO_CODE, ecs::SOURCE_GEO_COUNTRY_ISO_CODE),
    (ecs::SOURCE_GEO_COUNTRY_NAME, ecs::SOURCE_GEO_COUNTRY_NAME),
    (ecs::SOURCE_GEO_REGION_NAME, ecs::SOURCE_GEO_REGION_NAME),
    (ecs::SOURCE_GEO_CITY_NAME, ecs::SOURCE_GEO_CITY_NAME),
    (ecs::SOURCE_GEO_LOCATION, ecs::SOURCE_GEO_LOCATION),
];

/// An address as the one that a connection goes to.
const DESTINATION: &[(Ecs, Ecs)] = &[
    (ecs::SOURCE_IP, ecs::DESTINATION_IP),
    (ecs::SOURCE_GEO_COUNTRY_ISO_CODE, ecs::DESTINATION_GEO_COUNTRY_ISO_CODE),
    (ecs::SOURCE_GEO_COUNTRY_NAME, ecs::DESTINATION_GEO_COUNTRY_NAME),
    (ecs::SOURCE_GEO_REGION_NAME, ecs::DESTINATION_GEO_REGION_NAME),
    (ecs::SOURCE_GEO_CITY_NAME, ecs::DESTINATION_GEO_CITY_NAME),
    (ecs::SOURCE_GEO_LOCATION, ecs::DESTINATION_GEO_LOCATION),
];

/// An address as that of a DNS server.
const DNS_SERVER: &[(Ecs, Ecs)] = &[(ecs::SOURCE_IP, ecs::SERVER_IP)];

/// An address as that of the host that asked.
const DNS_CLIENT: &[(Ecs, Ecs)] = &[(ecs::SOURCE_IP, ecs::SOURCE_IP)];

/// Addresses as the answer to a DNS question.
const RESOLVED: &[(Ecs, Ecs)] = &[(ecs::SOURCE_IP, ecs::DNS_RESOLVED_IP)];

/// `stream`: the data stream that named an item.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct Stream {
    /// Name.
    pub name: Keyword,
}

/// `geoLocation`: where an address is.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind().derive(ecs::SOURCE_GEO_LOCATION, Derive::GeoPoint, "latitude longitude"))]
pub struct GeoLocation {
    /// City.
    #[schemars(transform = to(ecs::SOURCE_GEO_CITY_NAME))]
    pub city: Keyword,
    /// Country.
    #[schemars(transform = to(ecs::SOURCE_GEO_COUNTRY_NAME))]
    pub country_name: Keyword,
    /// Latitude in degrees.
    pub latitude: Number,
    /// Longitude in degrees.
    pub longitude: Number,
    /// State or region.
    #[schemars(transform = to(ecs::SOURCE_GEO_REGION_NAME))]
    pub state: Keyword,
}

/// An IP address.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::EVENT_CATEGORY, "network")
    .constant(ecs::EVENT_TYPE, "info")
    .identity("ipAddress"))]
pub struct IpEvidence {
    /// Two-letter code of the country (ISO 3166).
    #[schemars(transform = to(ecs::SOURCE_GEO_COUNTRY_ISO_CODE))]
    pub country_letter_code: Keyword,
    /// The address.
    #[schemars(transform = to(ecs::SOURCE_IP))]
    pub ip_address: Ip,
    /// Where the address is.
    pub location: GeoLocation,
    /// Stream that named the address.
    pub stream: Stream,
}

/// A URL.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::EVENT_CATEGORY, "web")
    .constant(ecs::EVENT_TYPE, "info")
    .identity("url"))]
pub struct UrlEvidence {
    /// The URL.
    #[schemars(transform = super::url())]
    pub url: Url,
}

/// A DNS question with its answers.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::EVENT_CATEGORY, "network")
    .constant(ecs::EVENT_TYPE, "protocol")
    .constant(ecs::EVENT_TYPE, "info")
    .constant(ecs::NETWORK_PROTOCOL, "dns")
    .identity("domainName hostIpAddress.ipAddress dnsServerIp.ipAddress ipAddresses.ipAddress"))]
pub struct DnsEvidence {
    /// Server that was asked.
    #[schemars(transform = column().flattened().remap(DNS_SERVER))]
    pub dns_server_ip: IpEvidence,
    /// Name that was asked for.
    #[schemars(transform = to(ecs::DNS_QUESTION_NAME).also(ecs::RELATED_HOSTS).op(Op::Host))]
    pub domain_name: Keyword,
    /// Host that asked.
    #[schemars(transform = column().flattened().remap(DNS_CLIENT))]
    pub host_ip_address: IpEvidence,
    /// Addresses that the name resolved to.
    #[schemars(transform = column().flattened().remap(RESOLVED))]
    pub ip_addresses: Vec<IpEvidence>,
}

/// A connection between two addresses.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(transform = kind()
    .constant(ecs::EVENT_CATEGORY, "network")
    .constant(ecs::EVENT_TYPE, "connection")
    .identity("protocol sourceAddress.ipAddress sourcePort destinationAddress.ipAddress destinationPort"))]
pub struct NetworkConnectionEvidence {
    /// Address that the connection goes to.
    #[schemars(transform = column().flattened().remap(DESTINATION))]
    pub destination_address: IpEvidence,
    /// Port that the connection goes to.
    #[schemars(transform = to(ecs::DESTINATION_PORT))]
    pub destination_port: Integer,
    /// Transport: tcp, udp.
    #[schemars(transform = to(ecs::NETWORK_TRANSPORT).lower())]
    pub protocol: Member,
    /// Address that the connection comes from.
    #[schemars(transform = column().flattened().remap(SOURCE))]
    pub source_address: IpEvidence,
    /// Port that the connection comes from.
    #[schemars(transform = to(ecs::SOURCE_PORT))]
    pub source_port: Integer,
}
