//! What will become of each entry.

use std::collections::HashMap;

use pgdumprs_script::Script;

use crate::adapt::objects::everybodys;
use crate::adapt::{Adapt, Adapter};
use crate::adaptation::Adaptation;
use crate::needs::Check;
use crate::novelty;
use crate::obstacle::{Loss, Obstacle};
use crate::target::Target;

/// What will become of a script on a target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// What is in the way of the session's settings, before any entry.
    pub settings: Vec<Obstacle>,
    /// The entries that the script restores, in its order, each once.
    pub items: Vec<Item>,
}

/// What will become of one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The entry's position in the archive's table of contents.
    pub entry: usize,
    /// What will become of it.
    pub verdict: Verdict,
    /// How it is restored otherwise than the archive has it.
    pub adaptations: Vec<Adaptation>,
}

/// What will become of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As far as can be told, it is restored.
    Done,
    /// As far as can be told, it is restored otherwise than the archive has it, or left out, as [`Item::adaptations`] says.
    Adapted,
    /// It meets obstacles, one at least.
    Impossible(Vec<Obstacle>),
    /// It needs another entry, which will not be made: it fails as well, or does without, or acts on what has been there under that name.
    HangsOn {
        /// That entry's position in the archive's table of contents.
        entry: usize,
    },
}

impl Plan {
    /// Holds a script against a target.
    pub fn new(script: &Script, target: &Target) -> Plan {
        Plan::without(script, target, &[])
    }

    /// Changes a script as far as may be, so that the target takes it, and holds that against the target. Options of columns that servers keep for
    /// themselves are left out whatever `adapt` allows.
    pub fn adapted(script: &Script, target: &Target, adapt: &Adapt) -> (Script, Plan) {
        let has_everybodys = !everybodys(script, target).is_empty();
        if adapt.is_nothing() && !has_internal_options(script) && !has_everybodys {
            return (script.clone(), Plan::new(script, target));
        }
        Adapter::run(script, target, adapt)
    }

    /// A script with the new names of roles and of schemas of extensions, whatever the target is, and the entries that name them, by their
    /// positions.
    pub fn renamed(script: &Script, adapt: &Adapt) -> (Script, Vec<(usize, Vec<Adaptation>)>) {
        Adapter::rename(script, adapt)
    }

    /// Holds a script against a target, from which entries at some positions are left out.
    pub(crate) fn without(script: &Script, target: &Target, left_out: &[usize]) -> Plan {
        let mut check = Check::new(script, target, left_out);
        let mut session = script.session();
        let settings = check.beginning(&session.begin());
        let mut items: Vec<Item> = Vec::new();
        let mut positions = HashMap::new();
        for step in script.steps() {
            let at = *positions.entry(step.entry).or_insert_with(|| {
                items.push(Item {
                    entry: step.entry,
                    verdict: Verdict::Done,
                    adaptations: Vec::new(),
                });
                items.len() - 1
            });
            let (obstacles, hangs_on) = check.step(step, &session.perform(step));
            items[at].verdict.add(obstacles, hangs_on);
        }
        Plan { settings, items }
    }

    /// Whether everything that the script holds will be restored, as far as can be told. A setting that the server is too old to know is no loss.
    pub fn is_possible(&self) -> bool {
        let is_done = |item: &Item| matches!(item.verdict, Verdict::Done | Verdict::Adapted);
        self.items.iter().all(is_done)
            && self
                .settings
                .iter()
                .all(|obstacle| obstacle.loss() == Loss::Nothing)
    }

    /// The obstacles of entries, each once, with the entries that meet it, in the order in which they are met.
    pub fn obstacles(&self) -> Vec<(&Obstacle, Vec<usize>)> {
        let mut groups: Vec<(&Obstacle, Vec<usize>)> = Vec::new();
        let mut known: HashMap<String, usize> = HashMap::new();
        for item in &self.items {
            let Verdict::Impossible(obstacles) = &item.verdict else {
                continue;
            };
            for obstacle in obstacles {
                let group = *known.entry(format!("{obstacle:?}")).or_insert_with(|| {
                    groups.push((obstacle, Vec::new()));
                    groups.len() - 1
                });
                groups[group].1.push(item.entry);
            }
        }
        groups
    }
}

/// Whether options of columns are set that servers keep for themselves.
fn has_internal_options(script: &Script) -> bool {
    script.entries().iter().any(|entry| {
        let text = entry.definition.as_ref();
        text.is_some_and(|text| !novelty::internal_options(&entry.descriptor, text).is_empty())
    })
}

impl Verdict {
    /// Adds what another step of the same entry meets.
    fn add(&mut self, obstacles: Vec<Obstacle>, hangs_on: Option<usize>) {
        match (&mut *self, hangs_on) {
            (Verdict::Impossible(known), _) => {
                for obstacle in obstacles {
                    if !known.contains(&obstacle) {
                        known.push(obstacle);
                    }
                }
            }
            (_, _) if !obstacles.is_empty() => *self = Verdict::Impossible(obstacles),
            (Verdict::Done, Some(entry)) => *self = Verdict::HangsOn { entry },
            _ => {}
        }
    }
}
