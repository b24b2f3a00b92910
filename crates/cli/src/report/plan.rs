//! The plan of a restore, as a report.

use pgdumprs::{Cure, Fate, Obstacle, PlannedEntry, RestorePlan};
use serde::Serialize;

/// The plan's shape, as `docs/restore.md` describes it. Fields may be added.
#[derive(Serialize)]
pub(crate) struct JsonPlan {
    pgdumprs: &'static str,
    possible: bool,
    /// The host that the server is taken to be one of.
    host: Option<String>,
    obstacles: Vec<JsonObstacle>,
    concerns: Vec<JsonConcern>,
    plan: Vec<Entry>,
}

/// What may hold the restore up.
#[derive(Serialize)]
struct JsonConcern {
    concern: String,
    advice: &'static str,
}

#[derive(Serialize)]
struct JsonObstacle {
    obstacle: String,
    /// An option of ours that leads past it, or something to be done on the server.
    cure: String,
    is_option: bool,
    entries: usize,
}

#[derive(Serialize)]
struct Entry {
    dump_id: i32,
    entry: String,
    verdict: &'static str,
    adaptations: Vec<String>,
    obstacles: Vec<String>,
    hangs_on: Option<String>,
}

impl From<&RestorePlan> for JsonPlan {
    fn from(plan: &RestorePlan) -> Self {
        let obstacles = plan.obstacles();
        Self {
            pgdumprs: env!("CARGO_PKG_VERSION"),
            possible: plan.is_possible(),
            host: plan.host.clone(),
            obstacles: obstacles
                .map(|(obstacle, entries)| JsonObstacle::new(obstacle, entries.len()))
                .collect(),
            concerns: plan
                .concerns
                .iter()
                .map(|concern| JsonConcern {
                    concern: concern.to_string(),
                    advice: concern.advice(),
                })
                .collect(),
            plan: plan.entries.iter().map(Entry::from).collect(),
        }
    }
}

impl JsonObstacle {
    fn new(obstacle: &Obstacle, entries: usize) -> Self {
        let cure = obstacle.cure();
        Self {
            obstacle: obstacle.to_string(),
            is_option: matches!(cure, Cure::Option(_)),
            cure: cure.to_string(),
            entries,
        }
    }
}

impl From<&PlannedEntry> for Entry {
    fn from(entry: &PlannedEntry) -> Self {
        let (verdict, obstacles, hangs_on) = match &entry.fate {
            Fate::Impossible(obstacles) => {
                let obstacles = obstacles.iter().map(ToString::to_string);
                ("impossible", obstacles.collect(), None)
            }
            Fate::HangsOn(needed) => ("hangs_on", Vec::new(), Some(needed.to_string())),
            Fate::Adapted => ("adapted", Vec::new(), None),
            _ => ("done", Vec::new(), None),
        };
        Self {
            dump_id: entry.dump_id,
            entry: entry.name.to_string(),
            verdict,
            adaptations: entry.adaptations.iter().map(ToString::to_string).collect(),
            obstacles,
            hangs_on,
        }
    }
}
