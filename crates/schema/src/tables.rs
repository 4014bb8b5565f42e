//! Look-up tables: what a Microsoft word means in ECS or ATT&CK. Keys are compared in lower case, spaces left out.

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

/// Tactic name of MITRE ATT&CK for a Defender category.
pub const TACTIC_NAME: Table = Table {
    name: "tactic_name",
    rows: &[
        ("collection", "Collection"),
        ("commandandcontrol", "Command and Control"),
        ("credentialaccess", "Credential Access"),
        ("defenseevasion", "Defense Evasion"),
        ("discovery", "Discovery"),
        ("execution", "Execution"),
        ("exfiltration", "Exfiltration"),
        ("impact", "Impact"),
        ("initialaccess", "Initial Access"),
        ("lateralmovement", "Lateral Movement"),
        ("persistence", "Persistence"),
        ("privilegeescalation", "Privilege Escalation"),
        ("reconnaissance", "Reconnaissance"),
        ("resourcedevelopment", "Resource Development"),
    ],
};

/// Tactic id of MITRE ATT&CK for a Defender category.
pub const TACTIC_ID: Table = Table {
    name: "tactic_id",
    rows: &[
        ("collection", "TA0009"),
        ("commandandcontrol", "TA0011"),
        ("credentialaccess", "TA0006"),
        ("defenseevasion", "TA0005"),
        ("discovery", "TA0007"),
        ("execution", "TA0002"),
        ("exfiltration", "TA0010"),
        ("impact", "TA0040"),
        ("initialaccess", "TA0001"),
        ("lateralmovement", "TA0008"),
        ("persistence", "TA0003"),
        ("privilegeescalation", "TA0004"),
        ("reconnaissance", "TA0043"),
        ("resourcedevelopment", "TA0042"),
    ],
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

/// `file.hash.*` field that a hash algorithm names is chosen by [`crate::Op::When`]; this table spells the words.
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

/// All tables.
pub const ALL: &[Table] =
    &[SEVERITY, TACTIC_NAME, TACTIC_ID, DETERMINATION_CATEGORY, OS_TYPE, EMAIL_DIRECTION, EVENT_OUTCOME];
