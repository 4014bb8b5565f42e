//! API families and clouds: which host and which token audience each family has in each of Microsoft's clouds.

/// API family: one host and one token audience per cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Api {
    /// Microsoft Graph.
    Graph,
    /// Microsoft Defender XDR.
    Defender,
    /// Microsoft Defender for Endpoint.
    Endpoint,
    /// Office 365 Management Activity.
    Management,
}

/// Host and audience of a family in one cloud.
struct Place {
    cloud: CloudName,
    root: &'static str,
    /// Where the audience is not the host.
    audience: Option<&'static str>,
}

const fn at(cloud: CloudName, root: &'static str) -> Place {
    Place { cloud, root, audience: None }
}

const GRAPH: &[Place] = &[
    at(CloudName::Global, "https://graph.microsoft.com"),
    at(CloudName::Gcc, "https://graph.microsoft.com"),
    at(CloudName::GccHigh, "https://graph.microsoft.us"),
    at(CloudName::Dod, "https://dod-graph.microsoft.us"),
    at(CloudName::China, "https://microsoftgraph.chinacloudapi.cn"),
];

const DEFENDER: &[Place] = &[
    at(CloudName::Global, "https://api.security.microsoft.com"),
    at(CloudName::Gcc, "https://api-gcc.security.microsoft.us"),
    at(CloudName::GccHigh, "https://api-gov.security.microsoft.us"),
    at(CloudName::Dod, "https://api-gov.security.microsoft.us"),
];

const ENDPOINT: &[Place] = &[
    // Host and audience differ on purpose.
    Place {
        cloud: CloudName::Global,
        root: "https://api.security.microsoft.com",
        audience: Some("https://api.securitycenter.microsoft.com"),
    },
    at(CloudName::Gcc, "https://api-gcc.securitycenter.microsoft.us"),
    at(CloudName::GccHigh, "https://api-gov.securitycenter.microsoft.us"),
    at(CloudName::Dod, "https://api-gov.securitycenter.microsoft.us"),
];

const MANAGEMENT: &[Place] = &[
    at(CloudName::Global, "https://manage.office.com"),
    at(CloudName::Gcc, "https://manage-gcc.office.com"),
    at(CloudName::GccHigh, "https://manage.office365.us"),
    at(CloudName::Dod, "https://manage.protection.apps.mil"),
];

impl Api {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Graph, Self::Defender, Self::Endpoint, Self::Management];

    /// The word in templates and configurations.
    pub fn word(self) -> &'static str {
        match self {
            Self::Graph => "graph",
            Self::Defender => "defender",
            Self::Endpoint => "endpoint",
            Self::Management => "management",
        }
    }

    /// Title for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Graph => "Microsoft Graph",
            Self::Defender => "Microsoft Defender XDR",
            Self::Endpoint => "Microsoft Defender for Endpoint",
            Self::Management => "Office 365 Management Activity",
        }
    }

    /// Address of the API in a cloud; none where the cloud does not have it.
    pub fn root(self, cloud: CloudName) -> Option<&'static str> {
        self.place(cloud).map(|place| place.root)
    }

    /// Audience of the API's tokens in a cloud, without the `/.default` of a scope.
    pub fn audience(self, cloud: CloudName) -> Option<&'static str> {
        self.place(cloud).map(|place| place.audience.unwrap_or(place.root))
    }

    /// Hosts that the API's links name, in all clouds. A name that begins with `security.` stands for the hosts of the
    /// API's regions below it as well.
    pub fn link_hosts(self) -> &'static [&'static str] {
        match self {
            Self::Graph => &[
                "graph.microsoft.com",
                "graph.microsoft.us",
                "dod-graph.microsoft.us",
                "microsoftgraph.chinacloudapi.cn",
            ],
            Self::Defender => &["security.microsoft.com", "security.microsoft.us"],
            Self::Endpoint => &[
                "security.microsoft.com",
                "api.securitycenter.microsoft.com",
                "api-us.securitycenter.microsoft.com",
                "api-eu.securitycenter.microsoft.com",
                "api-uk.securitycenter.microsoft.com",
                "api-gcc.securitycenter.microsoft.us",
                "api-gov.securitycenter.microsoft.us",
            ],
            Self::Management => {
                &["manage.office.com", "manage-gcc.office.com", "manage.office365.us", "manage.protection.apps.mil"]
            }
        }
    }

    fn place(self, cloud: CloudName) -> Option<&'static Place> {
        let places = match self {
            Self::Graph => GRAPH,
            Self::Defender => DEFENDER,
            Self::Endpoint => ENDPOINT,
            Self::Management => MANAGEMENT,
        };
        places.iter().find(|place| place.cloud == cloud)
    }
}

/// Microsoft's clouds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CloudName {
    /// The worldwide one.
    Global,
    /// US government, on the worldwide hosts where nothing else is said.
    Gcc,
    /// US government, high.
    GccHigh,
    /// US Department of Defense.
    Dod,
    /// China, operated by 21Vianet.
    China,
}

impl CloudName {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Global, Self::Gcc, Self::GccHigh, Self::Dod, Self::China];
    /// All but China, which has no Defender XDR.
    pub const WITH_DEFENDER: &'static [Self] = &[Self::Global, Self::Gcc, Self::GccHigh, Self::Dod];

    /// The word in a configuration.
    pub fn word(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Gcc => "gcc",
            Self::GccHigh => "gcc-high",
            Self::Dod => "dod",
            Self::China => "china",
        }
    }
}
