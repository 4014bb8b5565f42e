//! Any interleaving of faults, ties, late records, changes and restarts ends with every record delivered, none twice.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::faults::respond;
use super::*;

/// Interleavings that are tried, and collections in each.
const SEEDS: u64 = 8;
const STEPS: u64 = 6;

/// Numbers that look random and are the same each time (`SplitMix64`).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % limit
    }

    fn of<'a, T>(&mut self, choice: &'a [T]) -> &'a T {
        let place = self.below(choice.len() as u64);
        &choice[usize::try_from(place).expect("small")]
    }
}

/// Ids of records, each with the time of a version.
type Versions = BTreeSet<(String, DateTime<Utc>)>;

impl Scene {
    /// One fault that passes, or a record that comes late or cannot be read for some time.
    fn misbehave(&self, dice: &mut Dice) {
        let mut census = self.simulator.census(&self.config.tenants[0].id, self.simulator.clock().now());
        // The newest first: they are what may come late.
        census.alerts.sort_by_key(|seen| std::cmp::Reverse(seen.last_update));
        census.incidents.sort_by_key(|seen| std::cmp::Reverse(seen.last_update));
        let lists = [Endpoint::INCIDENTS, Endpoint::ALERTS, Endpoint::LEGACY, Endpoint::INCIDENT, Endpoint::Any];
        let endpoint = *dice.of(&lists);
        let times = u32::try_from(1 + dice.below(8)).expect("small");
        let record = if dice.below(2) == 0 { dice.of(&census.alerts) } else { dice.of(&census.incidents) };
        let newest = if dice.below(2) == 0 { &census.alerts[..8] } else { &census.incidents[..8] };
        let newest = dice.of(newest);
        let minutes = TimeDelta::minutes(i64::try_from(20 + dice.below(50)).expect("small"));
        let length = usize::try_from(dice.below(200_000)).expect("small");
        let (fault, times) = match dice.below(12) {
            0 => (Misbehaviour::throttled(times), Some(times)),
            1 => (respond(500, &[], ""), Some(times * 3)),
            2 => (respond(401, &[], "{}"), Some(1)),
            3 => (respond(403, &[], "{}"), Some(times)),
            4 => (Misbehaviour::Cut(length), Some(times)),
            5 => (Misbehaviour::EmptyPage, Some(times)),
            6 => (Misbehaviour::RecordFails(record.id.clone()), None),
            7 => (Misbehaviour::RecordFails(record.id.clone()), Some(times * 3)),
            8 => (Misbehaviour::SkipEnds(dice.below(3)), None),
            _ => {
                let late = Misbehaviour::Late(newest.id.clone(), minutes);
                self.simulator.faults().always(Endpoint::Any, late);
                return;
            }
        };
        self.simulator.faults().script_when(endpoint, "", fault, times);
    }

    /// Ids of all documents, with how often each was delivered, and the versions of records among them.
    fn delivered(&self, dataset: &str) -> (BTreeMap<String, usize>, Versions) {
        let (mut ids, mut versions) = (BTreeMap::new(), BTreeSet::new());
        for line in self.documents(dataset) {
            let line: Value = serde_json::from_str(&line).expect("JSON");
            *ids.entry(line["_id"].as_str().expect("id").to_owned()).or_default() += 1;
            let time = line["@timestamp"].as_str().and_then(|time| DateTime::parse_from_rfc3339(time).ok());
            let record = line["m365_defender"][dataset]["id"].as_str();
            versions.extend(record.zip(time).map(|(id, time)| (id.to_owned(), millis(time.to_utc()))));
        }
        (ids, versions)
    }
}

/// `@timestamp` may be shorter than the service's time.
fn millis(time: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(time.timestamp_millis()).expect("time")
}

#[tokio::test(start_paused = true)]
async fn whatever_happens_every_record_arrives_exactly_once() {
    for seed in 0..SEEDS {
        let mut dice = Dice(seed);
        // Time and chance are the seed's too: a run that fails can be repeated.
        common::clock::set(DateTime::from_timestamp(1_772_366_400, 0).expect("a time"));
        fastrand::seed(seed);
        let mut scene = scene_of(45, AlertsPerIncident::Realistic).await;
        scene.config.outputs[0].output =
            Output::File(FileOutput { ids: true, ..FileOutput::new(scene.folder.path().join("out")) });
        let end = scene.simulator.clock().now();
        for step in 0..STEPS {
            // The tenant grows and changes from step to step.
            let before = TimeDelta::minutes(i64::try_from((STEPS - 1 - step) * 80).expect("small"));
            scene.simulator.clock().set(end - before);
            for _ in 0..dice.below(4) {
                scene.misbehave(&mut dice);
            }
            // Faults may end it; what was delivered counts.
            let _ = scene.collect().await;
            if dice.below(2) == 0 {
                scene.simulator.faults().clear();
            }
            for dataset in ["alert", "incident", "log"] {
                scene.make_due(dataset).await;
            }
        }
        scene.simulator.faults().clear();
        scene.scan_for_late_arrivals(Duration::ZERO);
        scene.live(Duration::from_mins(3)).await;
        let census = scene.simulator.census(&scene.config.tenants[0].id, end);
        for (dataset, records) in [("alert", &census.alerts), ("incident", &census.incidents)] {
            let (ids, versions) = scene.delivered(dataset);
            let twice: Vec<_> = ids.iter().filter(|(_, count)| **count > 1).collect();
            assert!(twice.is_empty(), "seed {seed}, {dataset}: {twice:?}");
            let wanted = records.iter().map(|seen| (seen.id.clone(), millis(seen.last_update)));
            let missing: Vec<_> = wanted.filter(|version| !versions.contains(version)).collect();
            assert!(missing.is_empty(), "seed {seed}, {dataset}: {missing:?}");
        }
        for dataset in ["evidence", "log"] {
            let (ids, _) = scene.delivered(dataset);
            assert!(ids.values().all(|count| *count == 1), "seed {seed}, {dataset}");
            assert!(
                ids.len() >= scene.expected().await[if dataset == "log" { 3 } else { 1 }],
                "seed {seed}, {dataset}"
            );
        }
        assert_eq!(scene.dead.counts(), [], "seed {seed}");
    }
}
