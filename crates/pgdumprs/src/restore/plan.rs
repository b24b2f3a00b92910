//! What a restore will come to, told before it changes anything.

use std::collections::HashSet;
use std::fmt;

use bstr::BString;
use pgdumprs_connect::Session;
use pgdumprs_plan::{Adapt, Adaptation, Concern, Obstacle, Plan, Target, Verdict};
use pgdumprs_script::Script;

use crate::restore::report::AdaptedEntry;

/// Entries that are named for one obstacle.
const NAMED: usize = 3;

/// What will become of each entry that a restore is asked for, on a server as it is now.
///
/// It knows what the catalogs tell. That a row breaks a constraint, that a large object has its number taken or that a disk is full, only the
/// restore finds out. Shown, it is a list of the obstacles, each with what leads past it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RestorePlan {
    /// Every entry, in the order of the restore.
    pub entries: Vec<PlannedEntry>,
    /// The host of managed servers that the server is taken to be one of: what its administrators may do is no obstacle.
    pub host: Option<String>,
    /// What may hold the restore up, though it is in no entry's way. The restore tells of each as a warning and goes on.
    pub concerns: Vec<Concern>,
    plan: Plan,
    /// Names of all entries of the archive, by their positions.
    labels: Vec<BString>,
}

/// What will become of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlannedEntry {
    /// The entry's number in the archive.
    pub dump_id: i32,
    /// Kind, schema and name, as the archive's list has them.
    pub name: BString,
    /// What will become of it.
    pub fate: Fate,
    /// How it is restored otherwise than the archive has it.
    pub adaptations: Vec<Adaptation>,
}

/// What will become of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fate {
    /// As far as can be told, it is restored.
    Done,
    /// As far as can be told, it is restored otherwise than the archive has it, or left out, as [`PlannedEntry::adaptations`] says.
    Adapted,
    /// Something is in its way.
    Impossible(Vec<Obstacle>),
    /// It needs another entry, which something is in the way of: it fails as well, or does without.
    HangsOn(BString),
}

impl From<&PlannedEntry> for AdaptedEntry {
    fn from(entry: &PlannedEntry) -> Self {
        AdaptedEntry {
            dump_id: entry.dump_id,
            name: entry.name.clone(),
            adaptations: entry.adaptations.clone(),
        }
    }
}

impl RestorePlan {
    /// Asks a server, which changes nothing, and holds a script against the answers. Where that is allowed, another script comes back, which
    /// the server takes.
    pub(crate) async fn make(
        session: &mut Session,
        script: &Script,
        adapt: &Adapt,
    ) -> Result<(Script, RestorePlan), pgdumprs_connect::Error> {
        let target = Target::read(session, script).await?;
        let target = target.on_host(&adapt.profile);
        let (script, plan) = Plan::adapted(script, &target, adapt);
        let labels: Vec<_> = script.entries().iter().map(|entry| entry.label()).collect();
        let entries = plan.items.iter().map(|item| PlannedEntry {
            dump_id: script.entries()[item.entry].dump_id,
            name: labels[item.entry].clone(),
            fate: match &item.verdict {
                Verdict::Done => Fate::Done,
                Verdict::Adapted => Fate::Adapted,
                Verdict::Impossible(obstacles) => Fate::Impossible(obstacles.clone()),
                Verdict::HangsOn { entry } => Fate::HangsOn(labels[*entry].clone()),
            },
            adaptations: item.adaptations.clone(),
        });
        let plan = RestorePlan {
            entries: entries.collect(),
            host: target.host().map(str::to_owned),
            concerns: Concern::of(&script, &target),
            plan,
            labels,
        };
        Ok((script, plan))
    }

    /// Whether everything will be restored, as far as can be told.
    pub fn is_possible(&self) -> bool {
        self.plan.is_possible()
    }

    /// What is in the way, each once, with the names of the entries that meet it.
    pub fn obstacles(&self) -> impl Iterator<Item = (&Obstacle, Vec<&BString>)> {
        let session = self.plan.settings.iter();
        let session = session.map(|obstacle| (obstacle, Vec::new()));
        let of_entries = self
            .plan
            .obstacles()
            .into_iter()
            .map(|(obstacle, entries)| {
                let names = entries.iter().map(|&entry| &self.labels[entry]);
                (obstacle, names.collect())
            });
        session.chain(of_entries)
    }

    /// The entries that are restored otherwise than the archive has them, or left out. Not among them are those of which nothing is left out but
    /// what servers keep for themselves.
    pub fn adapted(&self) -> impl Iterator<Item = &PlannedEntry> {
        let entries = self.entries.iter();
        entries.filter(|entry| !entry.adaptations.iter().all(Adaptation::loses_nothing))
    }

    /// The numbers of the entries of which the target has an object of the same name.
    pub(crate) fn there_before(&self) -> HashSet<i32> {
        let exists = |obstacle: &Obstacle| matches!(obstacle, Obstacle::Exists { .. });
        let entries = self.entries.iter().filter(|entry| match &entry.fate {
            Fate::Impossible(obstacles) => obstacles.iter().any(exists),
            _ => false,
        });
        entries.map(|entry| entry.dump_id).collect()
    }

    /// How many entries need others that will not be made.
    fn hanging(&self) -> usize {
        let is_hanging = |entry: &&PlannedEntry| matches!(entry.fate, Fate::HangsOn(_));
        self.entries.iter().filter(is_hanging).count()
    }
}

impl fmt::Display for RestorePlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_done = |entry: &&PlannedEntry| matches!(entry.fate, Fate::Done | Fate::Adapted);
        let done = self.entries.iter().filter(is_done).count();
        write!(f, "{done} of {} entries are possible", self.entries.len())?;
        match self.adapted().count() {
            0 => {}
            adapted => write!(f, ", {adapted} of them with adaptations")?,
        }
        if let Some(host) = &self.host {
            write!(
                f,
                "\n  the server is taken to be one of {host}, whose administrators may do what is not in the list"
            )?;
        }
        for (obstacle, names) in self.obstacles() {
            // Names may hold line ends, and each reason has a line of its own.
            write!(f, "\n  {}", obstacle.to_string().replace(['\n', '\r'], " "))?;
            for (at, name) in names.iter().take(NAMED).enumerate() {
                let before = if at == 0 { ": " } else { ", " };
                write!(f, "{before}{name}")?;
            }
            if names.len() > NAMED {
                write!(f, " and {} more", names.len() - NAMED)?;
            }
            write!(f, "\n    → {}", obstacle.cure())?;
        }
        match self.hanging() {
            0 => {}
            1 => write!(f, "\n  1 entry needs what cannot be made")?,
            hanging => write!(f, "\n  {hanging} entries need what cannot be made")?,
        }
        for concern in &self.concerns {
            write!(f, "\n  {concern}\n    → {}", concern.advice())?;
        }
        Ok(())
    }
}
