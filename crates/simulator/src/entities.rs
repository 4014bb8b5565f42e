//! The people, machines, files and addresses of the invented company Contoso. Addresses come from the ranges reserved for
//! documentation, names from reserved domains.

use crate::json::{Digits, Json};
use crate::rng::Rng;

pub(crate) const DOMAIN: &str = "contoso.example";
pub(crate) const AD_DOMAIN: &str = "corp.contoso.example";
pub(crate) const NT_DOMAIN: &str = "CONTOSO";
const SID_AUTHORITY: &str = "S-1-5-21-2043817755-1198337410-3300427181-";

const GIVEN: [(&str, &str); 24] = [
    ("Mara", "mara"),
    ("Jonas", "jonas"),
    ("Priya", "priya"),
    ("Tomasz", "tomasz"),
    ("Aiko", "aiko"),
    ("Samuel", "samuel"),
    ("Leila", "leila"),
    ("Marco", "marco"),
    ("Ingrid", "ingrid"),
    ("Kwame", "kwame"),
    ("Sofia", "sofia"),
    ("Daniel", "daniel"),
    ("Noor", "noor"),
    ("Pavel", "pavel"),
    ("Elise", "elise"),
    ("Rohan", "rohan"),
    ("Carmen", "carmen"),
    ("Anders", "anders"),
    ("Mei", "mei"),
    ("Oluwaseun", "oluwaseun"),
    ("Hannah", "hannah"),
    ("Luis", "luis"),
    ("Freya", "freya"),
    ("Yusuf", "yusuf"),
];

const SURNAME: [(&str, &str); 20] = [
    ("Lindqvist", "lindqvist"),
    ("Okafor", "okafor"),
    ("Raman", "raman"),
    ("Kowalczyk", "kowalczyk"),
    ("Tanaka", "tanaka"),
    ("Weber", "weber"),
    ("Haddad", "haddad"),
    ("Bianchi", "bianchi"),
    ("Solberg", "solberg"),
    ("Mensah", "mensah"),
    ("Duarte", "duarte"),
    ("Novak", "novak"),
    ("Rahimi", "rahimi"),
    ("Petrov", "petrov"),
    ("Moreau", "moreau"),
    ("Iyer", "iyer"),
    ("Vega", "vega"),
    ("Halvorsen", "halvorsen"),
    ("Chen", "chen"),
    ("Adeyemi", "adeyemi"),
];

/// Number of different people.
pub(crate) const PEOPLE: u64 = 480;

/// One employee, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Person(pub(crate) u32);

impl Person {
    fn names(self) -> (&'static (&'static str, &'static str), &'static (&'static str, &'static str)) {
        let (given, family) = (self.0 as usize % 24, (self.0 as usize / 24 + self.0 as usize * 7) % 20);
        (&GIVEN[given], &SURNAME[family])
    }

    /// `Mara Lindqvist`, as parts.
    pub(crate) fn display(self) -> [&'static str; 3] {
        let (given, family) = self.names();
        [given.0, " ", family.0]
    }

    /// `mara.lindqvist`, as parts.
    pub(crate) fn account(self) -> [&'static str; 3] {
        let (given, family) = self.names();
        [given.1, ".", family.1]
    }

    /// `mara.lindqvist@contoso.example`, as parts.
    pub(crate) fn upn(self) -> [&'static str; 5] {
        let [given, dot, family] = self.account();
        [given, dot, family, "@", DOMAIN]
    }

    /// Bits of the person's directory object ids.
    pub(crate) fn id(self) -> u64 {
        Rng::new(u64::from(self.0)).draw(0xACC0)
    }

    pub(crate) fn write_sid(self, key: &str, json: &mut Json<'_>) {
        json.cat(key, &[SID_AUTHORITY, Digits::new(u64::from(self.0) + 1104).as_str()]);
    }
}

/// An operating system as device evidence shows it.
#[derive(Debug)]
pub(crate) struct Os {
    pub(crate) platform: &'static str,
    pub(crate) build: i64,
    pub(crate) version: &'static str,
}

const CLIENTS: [Os; 4] = [
    Os { platform: "Windows11", build: 26100, version: "24H2" },
    Os { platform: "Windows11", build: 22631, version: "23H2" },
    Os { platform: "Windows10", build: 19045, version: "22H2" },
    Os { platform: "macOS", build: 0, version: "15.3" },
];

const SERVERS: [Os; 3] = [
    Os { platform: "WindowsServer2022", build: 20348, version: "21H2" },
    Os { platform: "Linux", build: 0, version: "22.4" },
    Os { platform: "WindowsServer2019", build: 17763, version: "1809" },
];

const SITES: [&str; 8] = ["fin", "hr", "eng", "ops", "mkt", "leg", "lab", "sal"];

/// One machine, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Host {
    pub(crate) number: u32,
    pub(crate) server: bool,
}

impl Host {
    pub(crate) fn os(self) -> &'static Os {
        if self.server { &SERVERS[self.number as usize % 3] } else { &CLIENTS[self.number as usize % 4] }
    }

    /// `wks-fin-0114`, as parts; the middle changes with the machine.
    pub(crate) fn with_name<R>(self, use_it: impl FnOnce(&[&str; 4]) -> R) -> R {
        let digits = Digits::padded(u64::from(self.number), 4);
        let kind = if self.server { "srv-" } else { "wks-" };
        use_it(&[kind, SITES[self.number as usize % 8], "-", digits.as_str()])
    }

    pub(crate) fn id(self) -> u64 {
        Rng::new(u64::from(self.number) << 1 | u64::from(self.server)).draw(0xDE71)
    }

    pub(crate) fn write_mde_id(self, key: &str, json: &mut Json<'_>) {
        json.hex(key, self.id(), 40);
    }

    pub(crate) fn write_ip(self, key: &str, json: &mut Json<'_>) {
        json.cat(key, &["192.0.2.", self.last_octet().as_str()]);
    }

    pub(crate) fn last_octet(self) -> Digits {
        Digits::new(u64::from(self.number) % 250 + 2)
    }
}

/// Where an outside address is.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) country: &'static str,
    pub(crate) code: &'static str,
    pub(crate) state: &'static str,
    pub(crate) city: &'static str,
    /// Decimal degrees, ready as JSON numbers.
    pub(crate) latitude: &'static str,
    pub(crate) longitude: &'static str,
}

const fn place(text: [&'static str; 6]) -> Place {
    let [country, code, state, city, latitude, longitude] = text;
    Place { country, code, state, city, latitude, longitude }
}

static PLACES: [Place; 8] = [
    place(["Seychelles", "SC", "English River", "Victoria", "-4.6191", "55.4513"]),
    place(["Iceland", "IS", "Capital Region", "Reykjavik", "64.1466", "-21.9426"]),
    place(["Panama", "PA", "Panama", "Panama City", "8.9824", "-79.5199"]),
    place(["Mauritius", "MU", "Port Louis", "Port Louis", "-20.1609", "57.5012"]),
    place(["Norway", "NO", "Oslo", "Oslo", "59.9139", "10.7522"]),
    place(["Canada", "CA", "Quebec", "Montreal", "45.5019", "-73.5674"]),
    place(["Uruguay", "UY", "Montevideo", "Montevideo", "-34.9011", "-56.1645"]),
    place(["Malta", "MT", "Valletta", "Valletta", "35.8989", "14.5146"]),
];

/// An address outside the company.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Remote(pub(crate) u32);

impl Remote {
    pub(crate) fn place(self) -> &'static Place {
        &PLACES[self.0 as usize % 8]
    }

    /// IPv4 from the two outer documentation ranges, one in eight IPv6.
    pub(crate) fn with_ip<R>(self, use_it: impl FnOnce(&[&str; 2]) -> R) -> R {
        let octet = Digits::new(u64::from(self.0) % 253 + 1);
        let net = match self.0 % 16 {
            5 | 11 => "2001:db8:66:1::",
            even if even % 2 == 0 => "203.0.113.",
            _ => "198.51.100.",
        };
        use_it(&[net, octet.as_str()])
    }

    pub(crate) fn write(self, key: &str, json: &mut Json<'_>) {
        self.with_ip(|ip| json.cat(key, ip));
    }
}

const APPS: [&str; 4] = ["Mail Insight Pro", "Contoso Expense Sync", "PDF Signer for Mail", "Backup Connector"];

/// Number of different applications.
pub(crate) const APPLICATIONS: u64 = APPS.len() as u64;

/// An application that people of the company have consented to, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct App(pub(crate) u32);

impl App {
    pub(crate) fn name(self) -> &'static str {
        APPS[self.0 as usize % APPS.len()]
    }

    /// Bits of the application's id.
    pub(crate) fn id(self) -> u64 {
        Rng::new(u64::from(self.0)).draw(0xA995)
    }
}

/// Domains that attackers of the invented world use.
pub(crate) const BAD_DOMAINS: [&str; 6] = [
    "login-contoso.example",
    "invoice-portal.example",
    "cdn-telemetry.example",
    "sync-relay.example",
    "docs-review.example",
    "parcel-status.example",
];
