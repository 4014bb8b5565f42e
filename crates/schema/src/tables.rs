//! Look-up tables: what a Microsoft word means in ECS or ATT&CK. Keys are compared in lower case, spaces left out.

mod attack;

pub use attack::{TACTIC_FRAMEWORK, TACTIC_ID, TACTIC_NAME, TECHNIQUE_FRAMEWORK};

/// A named table; the name is its key in plans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Table {
    /// Name, unique.
    pub name: &'static str,
    /// Pairs of key (lower case, without spaces) and value.
    pub rows: &'static [(&'static str, &'static str)],
}

/// `event.severity` as Elastic's detection engine ranks it: low 21, medium 47, high 73, critical 99.
pub const SEVERITY: Table = Table {
    name: "severity",
    rows: &[("informational", "21"), ("low", "21"), ("medium", "47"), ("high", "73"), ("critical", "99")],
};

/// `event.category` that a determination of Microsoft's analysts adds.
pub const DETERMINATION_CATEGORY: Table = Table {
    name: "determination_category",
    rows: &[
        ("malware", "malware"),
        ("phishing", "email"),
        ("apt", "threat"),
        ("multistagedattack", "threat"),
        ("unwantedsoftware", "malware"),
    ],
};

/// `host.os.type` of a Defender platform name, by prefix of the key.
pub const OS_TYPE: Table = Table {
    name: "os_type",
    rows: &[
        ("android", "android"),
        ("ios", "ios"),
        ("ipados", "ios"),
        ("macos", "macos"),
        ("osx", "macos"),
        ("windows", "windows"),
        ("linux", "linux"),
        ("ubuntu", "linux"),
        ("debian", "linux"),
        ("redhat", "linux"),
        ("rhel", "linux"),
        ("centos", "linux"),
        ("suse", "linux"),
        ("sles", "linux"),
        ("oracle", "linux"),
        ("amazon", "linux"),
        ("fedora", "linux"),
        ("rocky", "linux"),
        ("alma", "linux"),
        ("mariner", "linux"),
        ("azurelinux", "linux"),
    ],
};

/// `email.direction` of an anti-spam or Teams direction.
pub const EMAIL_DIRECTION: Table = Table {
    name: "email_direction",
    rows: &[
        ("inbound", "inbound"),
        ("outbound", "outbound"),
        ("intraorg", "internal"),
        ("internal", "internal"),
        ("external", "external"),
    ],
};

/// `event.outcome` of the state of a remediation.
pub const EVENT_OUTCOME: Table = Table {
    name: "remediation_outcome",
    rows: &[
        ("remediated", "success"),
        ("prevented", "success"),
        ("blocked", "success"),
        ("partiallyremediated", "success"),
        ("unremediated", "failure"),
        ("notremediated", "failure"),
    ],
};

/// `event.type` that goes with the category which a determination adds.
pub const DETERMINATION_TYPE: Table = Table {
    name: "determination_type",
    rows: &[
        ("malware", "info"),
        ("phishing", "info"),
        ("apt", "indicator"),
        ("multistagedattack", "indicator"),
        ("unwantedsoftware", "info"),
    ],
};

/// `observer.product` of a service source or detection source, in the words of either API.
pub const PRODUCT: Table = Table {
    name: "product",
    rows: &[
        ("microsoftdefenderforendpoint", "Microsoft Defender for Endpoint"),
        ("microsoftdefenderatp", "Microsoft Defender for Endpoint"),
        ("microsoftdefenderforidentity", "Microsoft Defender for Identity"),
        ("azureatp", "Microsoft Defender for Identity"),
        ("microsoftdefenderforcloudapps", "Microsoft Defender for Cloud Apps"),
        ("microsoftcloudappsecurity", "Microsoft Defender for Cloud Apps"),
        ("cloudappsecurity", "Microsoft Defender for Cloud Apps"),
        ("mcas", "Microsoft Defender for Cloud Apps"),
        ("microsoftdefenderforoffice365", "Microsoft Defender for Office 365"),
        ("officeatp", "Microsoft Defender for Office 365"),
        ("microsoft365defender", "Microsoft Defender XDR"),
        ("microsoftdefenderxdr", "Microsoft Defender XDR"),
        ("microsoftthreatprotection", "Microsoft Defender XDR"),
        ("mtp", "Microsoft Defender XDR"),
        ("azureadidentityprotection", "Microsoft Entra ID Protection"),
        ("aadidentityprotection", "Microsoft Entra ID Protection"),
        ("microsoftappgovernance", "Microsoft App Governance"),
        ("appgovernance", "Microsoft App Governance"),
        ("appgovernancepolicy", "Microsoft App Governance"),
        ("appgovernancedetection", "Microsoft App Governance"),
        ("datalossprevention", "Microsoft Purview Data Loss Prevention"),
        ("microsoftdatalossprevention", "Microsoft Purview Data Loss Prevention"),
        ("microsoftinsiderriskmanagement", "Microsoft Purview Insider Risk Management"),
        ("microsoftdefenderforcloud", "Microsoft Defender for Cloud"),
        ("microsoftdefenderforiot", "Microsoft Defender for IoT"),
        ("microsoftsentinel", "Microsoft Sentinel"),
        ("microsoftthreatintelligence", "Microsoft Defender Threat Intelligence"),
        ("microsoftsecurityforai", "Microsoft Security for AI"),
    ],
};

/// `cloud.provider` of a virtual machine.
pub const CLOUD_PROVIDER: Table = Table {
    name: "cloud_provider",
    rows: &[("azure", "azure"), ("aws", "aws"), ("amazon", "aws"), ("gcp", "gcp"), ("google", "gcp")],
};

/// `cloud.provider` of a Kubernetes platform.
pub const KUBERNETES_PROVIDER: Table =
    Table { name: "kubernetes_provider", rows: &[("aks", "azure"), ("eks", "aws"), ("gke", "gcp")] };

/// `registry.hive`, abbreviated as ECS wants it.
pub const REGISTRY_HIVE: Table = Table {
    name: "registry_hive",
    rows: &[
        ("hkey_local_machine", "HKLM"),
        ("hkey_current_user", "HKCU"),
        ("hkey_classes_root", "HKCR"),
        ("hkey_users", "HKU"),
        ("hkey_current_config", "HKCC"),
        ("hkey_performance_data", "HKPD"),
        ("hklm", "HKLM"),
        ("hkcu", "HKCU"),
        ("hkcr", "HKCR"),
        ("hku", "HKU"),
        ("hkcc", "HKCC"),
        ("hkpd", "HKPD"),
    ],
};

/// `registry.data.type` of a type of registry data, in .NET's or in Windows' words.
pub const REGISTRY_TYPE: Table = Table {
    name: "registry_type",
    rows: &[
        ("string", "REG_SZ"),
        ("expandstring", "REG_EXPAND_SZ"),
        ("multistring", "REG_MULTI_SZ"),
        ("binary", "REG_BINARY"),
        ("dword", "REG_DWORD"),
        ("qword", "REG_QWORD"),
        ("none", "REG_NONE"),
        ("reg_sz", "REG_SZ"),
        ("reg_expand_sz", "REG_EXPAND_SZ"),
        ("reg_multi_sz", "REG_MULTI_SZ"),
        ("reg_binary", "REG_BINARY"),
        ("reg_dword", "REG_DWORD"),
        ("reg_qword", "REG_QWORD"),
        ("reg_none", "REG_NONE"),
    ],
};

/// `event.category` of an entity of the legacy incidents API.
pub const ENTITY_CATEGORY: Table = Table {
    name: "entity_category",
    rows: &[
        ("user", "iam"),
        ("securitygroup", "iam"),
        ("ip", "network"),
        ("url", "web"),
        ("file", "file"),
        ("process", "process"),
        ("mailbox", "email"),
        ("mailmessage", "email"),
        ("mailcluster", "email"),
        ("registry", "registry"),
        ("registrykey", "registry"),
        ("registryvalue", "registry"),
    ],
};

/// `event.type` that goes with [`ENTITY_CATEGORY`].
pub const ENTITY_TYPE: Table = Table {
    name: "entity_type",
    rows: &[
        ("user", "user"),
        ("securitygroup", "group"),
        ("ip", "info"),
        ("url", "info"),
        ("file", "info"),
        ("process", "info"),
        ("mailbox", "info"),
        ("mailmessage", "info"),
        ("mailcluster", "info"),
        ("registry", "access"),
        ("registrykey", "access"),
        ("registryvalue", "access"),
    ],
};

/// All tables.
pub const ALL: &[Table] = &[
    SEVERITY,
    TACTIC_NAME,
    TACTIC_ID,
    DETERMINATION_CATEGORY,
    OS_TYPE,
    EMAIL_DIRECTION,
    EVENT_OUTCOME,
    TACTIC_FRAMEWORK,
    TECHNIQUE_FRAMEWORK,
    DETERMINATION_TYPE,
    PRODUCT,
    CLOUD_PROVIDER,
    KUBERNETES_PROVIDER,
    REGISTRY_HIVE,
    REGISTRY_TYPE,
    ENTITY_CATEGORY,
    ENTITY_TYPE,
];
