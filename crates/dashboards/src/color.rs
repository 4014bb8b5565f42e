//! Colours with a meaning: one scale of severity for all panels.

use serde_json::{Value, json};

/// A colour of Kibana's severity scale, the same in its light and dark theme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    /// Nothing is known.
    Unknown,
    /// Informational.
    Neutral,
    /// As it should be.
    Success,
    /// Low.
    Warning,
    /// Medium.
    Risk,
    /// High.
    Danger,
    /// A count without judgement.
    Accent,
    /// A second count without judgement, beside the first.
    Second,
}

impl Color {
    /// `#rrggbb`.
    pub fn code(self) -> &'static str {
        match self {
            Color::Unknown => "#E3E8F2",
            Color::Neutral => "#B5E5F2",
            Color::Success => "#24C292",
            Color::Warning => "#FCD883",
            Color::Risk => "#FF995E",
            Color::Danger => "#EE4C48",
            Color::Accent => "#61A2FF",
            Color::Second => "#A7B5CD",
        }
    }
}

/// Values with a colour of their own, wherever they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// The labels of [`crate::by_severity`].
    Severity,
    /// Verdicts of evidence.
    Verdict,
    /// States of a remediation.
    Remediation,
    /// Classifications of incidents and alerts.
    Classification,
    /// States of incidents and alerts.
    Status,
    /// States of incidents in the words of the legacy API.
    LegacyStatus,
    /// States of the collector's sources.
    Health,
}

impl Scale {
    fn values(self) -> &'static [(&'static str, Color)] {
        match self {
            Scale::Severity => &[
                ("High", Color::Danger),
                ("Medium", Color::Risk),
                ("Low", Color::Warning),
                ("Informational", Color::Neutral),
                ("high", Color::Danger),
                ("medium", Color::Risk),
                ("low", Color::Warning),
                ("informational", Color::Neutral),
                ("none", Color::Unknown),
            ],
            Scale::Verdict => &[
                ("malicious", Color::Danger),
                ("suspicious", Color::Risk),
                ("noThreatsFound", Color::Success),
                ("unknown", Color::Unknown),
            ],
            Scale::Remediation => &[
                ("active", Color::Danger),
                ("notRemediated", Color::Danger),
                ("unremediated", Color::Danger),
                ("partiallyRemediated", Color::Warning),
                ("remediated", Color::Success),
                ("prevented", Color::Success),
                ("blocked", Color::Success),
                ("none", Color::Unknown),
            ],
            Scale::Classification => &[
                ("truePositive", Color::Danger),
                ("informationalExpectedActivity", Color::Neutral),
                ("falsePositive", Color::Second),
                ("unknown", Color::Unknown),
            ],
            Scale::Status => &[
                ("active", Color::Danger),
                ("new", Color::Danger),
                ("awaitingAction", Color::Risk),
                ("inProgress", Color::Warning),
                ("resolved", Color::Success),
                ("redirected", Color::Second),
            ],
            Scale::LegacyStatus => &[
                ("Active", Color::Danger),
                ("AwaitingAction", Color::Risk),
                ("InProgress", Color::Warning),
                ("Resolved", Color::Success),
                ("Redirected", Color::Second),
            ],
            Scale::Health => &[
                ("healthy", Color::Success),
                ("starting", Color::Neutral),
                ("degraded", Color::Warning),
                ("failed", Color::Danger),
            ],
        }
    }
}

/// Lens's `colorMapping` in the form that every supported Kibana reads. Values without a colour of their own take turns.
pub(crate) fn mapping(scale: Option<Scale>) -> Value {
    let assignment = |(value, color): &(&str, Color)| {
        json!({
            "rule": {"type": "matchExactly", "values": [value]},
            "color": {"type": "colorCode", "colorCode": color.code()},
            "touched": true,
        })
    };
    let assignments: Vec<Value> = scale.map(Scale::values).unwrap_or_default().iter().map(assignment).collect();
    json!({
        "assignments": assignments,
        "specialAssignments": [{"rule": {"type": "other"}, "color": {"type": "loop"}, "touched": false}],
        "paletteId": "default",
        "colorMode": {"type": "categorical"},
    })
}

/// Lens's `palette` of bands: each colour from its bound up to the next one; below the first bound the first colour.
pub(crate) fn bands(bands: &[(f64, Color)]) -> Value {
    let color_stops: Vec<Value> =
        bands.iter().map(|(bound, color)| json!({"color": color.code(), "stop": bound})).collect();
    let upper = |at: usize| bands.get(at + 1).map_or(Value::Null, |(bound, _)| json!(bound));
    let last = bands.len().saturating_sub(1);
    let stops: Vec<Value> = bands
        .iter()
        .enumerate()
        .map(|(at, (bound, color))| json!({"color": color.code(), "stop": if at == last { json!(bound + 1.0) } else { upper(at) }}))
        .collect();
    json!({
        "type": "palette",
        "name": "custom",
        "params": {
            "name": "custom", "reverse": false, "rangeType": "number", "rangeMin": Value::Null, "rangeMax": Value::Null,
            "progression": "fixed", "continuity": "all", "steps": bands.len(), "maxSteps": 5,
            "colorStops": color_stops, "stops": stops,
        },
    })
}
