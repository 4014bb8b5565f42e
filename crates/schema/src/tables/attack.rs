//! What Microsoft's categories and technique ids mean in MITRE ATT&CK.

use super::Table;

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

/// `threat.framework` of a tactic: only what ATT&CK knows carries its name.
pub const TACTIC_FRAMEWORK: Table = Table {
    name: "tactic_framework",
    rows: &[
        ("collection", "MITRE ATT&CK"),
        ("commandandcontrol", "MITRE ATT&CK"),
        ("credentialaccess", "MITRE ATT&CK"),
        ("defenseevasion", "MITRE ATT&CK"),
        ("discovery", "MITRE ATT&CK"),
        ("execution", "MITRE ATT&CK"),
        ("exfiltration", "MITRE ATT&CK"),
        ("impact", "MITRE ATT&CK"),
        ("initialaccess", "MITRE ATT&CK"),
        ("lateralmovement", "MITRE ATT&CK"),
        ("persistence", "MITRE ATT&CK"),
        ("privilegeescalation", "MITRE ATT&CK"),
        ("reconnaissance", "MITRE ATT&CK"),
        ("resourcedevelopment", "MITRE ATT&CK"),
    ],
};

/// `threat.framework` of a technique id, by prefix.
pub const TECHNIQUE_FRAMEWORK: Table = Table { name: "technique_framework", rows: &[("t", "MITRE ATT&CK")] };
