//! Makes of a script one that a target takes.
//!
//! Entries are changed or left out before anything is said to the server, so that whoever carries the script out knows nothing of it. What
//! stands in the way is what the plan finds: each obstacle that may be overcome changes the entry that meets it, then the script is held
//! against the target again, until nothing more changes.

use std::collections::{BTreeMap, HashMap, HashSet};

use bitflags::bitflags;
use bstr::BString;
use pgdumprs_archive::Entry;
use pgdumprs_script::{Change, Script};

use crate::adaptation::Adaptation;
use crate::obstacle::{Obstacle, RoleUse};
use crate::plan::{Item, Plan, Verdict};
use crate::target::Target;

mod owners;

/// What may be restored otherwise than the archive has it. By default nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Adapt {
    /// Roles by their names in the archive, each with its name on the server.
    pub roles: BTreeMap<BString, BString>,
    /// What becomes of roles that the server does not have.
    pub missing_roles: MissingRoles,
    /// What else may be adapted.
    pub kinds: AdaptKinds,
}

/// What becomes of roles that the server does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissingRoles {
    /// They are in the way.
    #[default]
    Fail,
    /// What they own belongs to the role that restores, and what they may do or others do for them is left out.
    Skip,
    /// They are created, without login.
    Create,
}

bitflags! {
    /// Kinds of adaptations.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct AdaptKinds: u16 {
        /// What belongs to a role that the session may not act for belongs to the role that restores.
        const OWNERS = 1;
        /// Default privileges of roles that the session may not act for are left out.
        const PRIVILEGES = 1 << 1;
        /// What only superusers may do is left out.
        const SUPERUSER = 1 << 2;
        /// Extensions that are there are taken, those that cannot be are left out.
        const EXTENSIONS = 1 << 3;
        /// Schemas that are there are taken as they are.
        const SCHEMAS = 1 << 4;
        /// Tablespaces and table access methods that are not there give way to those that all tables have.
        const STORAGE = 1 << 5;
        /// What the server is too old for is left out.
        const VERSION = 1 << 6;
    }
}

impl Adapt {
    /// Everything, but for roles that have other names. Roles that are missing are skipped.
    pub fn everything() -> Self {
        Adapt {
            missing_roles: MissingRoles::Skip,
            kinds: AdaptKinds::all(),
            ..Adapt::default()
        }
    }

    /// Whether nothing may be adapted.
    pub fn is_nothing(&self) -> bool {
        *self == Adapt::default()
    }
}

/// Entries that are changed or left out, and how.
pub(crate) struct Adapter<'a> {
    script: &'a Script,
    adapt: &'a Adapt,
    /// By the entries' positions in the table of contents.
    changed: BTreeMap<usize, Changed>,
    /// The positions of entries by the dump ids of what they need.
    needing: HashMap<i32, Vec<usize>>,
}

/// An entry as it is restored.
struct Changed {
    entry: Entry,
    is_left_out: bool,
    adaptations: Vec<Adaptation>,
}

impl<'a> Adapter<'a> {
    /// The script that the target takes as far as may be, with its plan.
    pub(crate) fn run(script: &'a Script, target: &'a Target, adapt: &'a Adapt) -> (Script, Plan) {
        let mut needing: HashMap<i32, Vec<usize>> = HashMap::new();
        for (at, entry) in script.entries().iter().enumerate() {
            for dump_id in &entry.dependencies {
                needing.entry(*dump_id).or_default().push(at);
            }
        }
        let mut adapter = Adapter {
            script,
            adapt,
            changed: BTreeMap::new(),
            needing,
        };
        let mut adapted = adapter.script();
        loop {
            let plan = Plan::without(&adapted, target, &adapter.left_out());
            let mut has_changed = false;
            for item in &plan.items {
                has_changed |= adapter.overcome(item);
            }
            adapted = adapter.script();
            if !has_changed {
                return (adapted, adapter.tell(plan));
            }
        }
    }

    /// The script as it is by now.
    fn script(&self) -> Script {
        let changes = self.changed.iter().map(|(&at, changed)| {
            let change = match changed.is_left_out {
                true => Change::LeftOut,
                false => Change::Instead(Box::new(changed.entry.clone())),
            };
            (at, change)
        });
        self.script.with_changes(&changes.collect(), Vec::new())
    }

    /// Entries that are left out, by their positions.
    fn left_out(&self) -> Vec<usize> {
        let left_out = self
            .changed
            .iter()
            .filter(|(_, changed)| changed.is_left_out);
        left_out.map(|(&at, _)| at).collect()
    }

    /// Puts all entries that the archive's script has into the plan, in its order, with what was done to them.
    fn tell(mut self, plan: Plan) -> Plan {
        let verdicts = plan
            .items
            .into_iter()
            .map(|item| (item.entry, item.verdict));
        let mut verdicts: HashMap<usize, Verdict> = verdicts.collect();
        let steps = self.script.steps().iter();
        let items = steps.filter_map(|step| {
            let entry = step.entry;
            let changed = self.changed.remove(&entry);
            let adaptations = changed.map_or_else(Vec::new, |changed| changed.adaptations);
            let verdict = match verdicts.remove(&entry) {
                None | Some(Verdict::Done) if !adaptations.is_empty() => Verdict::Adapted,
                // It has had its turn: entries may have several steps.
                verdict => verdict?,
            };
            Some(Item {
                entry,
                verdict,
                adaptations,
            })
        });
        Plan {
            items: items.collect(),
            settings: plan.settings,
        }
    }

    /// Changes an entry so that it meets less than it did, if that may be. Whether it has.
    fn overcome(&mut self, item: &Item) -> bool {
        let at = item.entry;
        match &item.verdict {
            Verdict::Done | Verdict::Adapted => false,
            Verdict::HangsOn { entry } => {
                let needed = self.changed.get(entry);
                let is_left_out = needed.is_some_and(|changed| changed.is_left_out);
                is_left_out && {
                    let entry = self.script.entries()[*entry].label();
                    self.leave_out(at, Adaptation::LeftOutWith { entry })
                }
            }
            Verdict::Impossible(obstacles) => {
                let mut has_changed = false;
                for obstacle in obstacles {
                    has_changed |= self.overcome_one(at, obstacle);
                }
                has_changed
            }
        }
    }

    fn overcome_one(&mut self, at: usize, obstacle: &Obstacle) -> bool {
        let kinds = self.adapt.kinds;
        let skips = self.adapt.missing_roles == MissingRoles::Skip;
        match obstacle {
            Obstacle::MissingRole {
                role,
                used: RoleUse::Owner,
            } if skips => self.disown(at, role),
            Obstacle::ForeignRole {
                role,
                used: RoleUse::Owner,
            } if kinds.contains(AdaptKinds::OWNERS) => self.disown(at, role),
            Obstacle::NeedsSuperuser { .. } if kinds.contains(AdaptKinds::SUPERUSER) => {
                let because = obstacle.clone();
                self.leave_out(at, Adaptation::LeftOut { because })
            }
            Obstacle::MissingExtension { .. } | Obstacle::ForeignExtension { .. }
                if kinds.contains(AdaptKinds::EXTENSIONS) =>
            {
                let because = obstacle.clone();
                self.leave_out(at, Adaptation::LeftOut { because })
            }
            _ => false,
        }
    }

    /// Leaves an entry out, unless rows would go with it: those are never left out.
    fn leave_out(&mut self, at: usize, adaptation: Adaptation) -> bool {
        !self.is_needed_by_rows(at)
            && self.change(at, |changed| {
                changed.is_left_out = true;
                changed.adaptations = vec![adaptation];
                true
            })
    }

    /// Whether an entry holds rows, or something does that cannot be without it.
    fn is_needed_by_rows(&self, at: usize) -> bool {
        let entries = self.script.entries();
        let mut seen = HashSet::from([at]);
        let mut open = vec![at];
        while let Some(at) = open.pop() {
            let entry = &entries[at];
            if matches!(
                entry.descriptor.as_slice(),
                b"TABLE" | b"TABLE DATA" | b"SEQUENCE SET" | b"BLOB" | b"BLOB METADATA" | b"BLOBS"
            ) {
                return true;
            }
            let needing = self.needing.get(&entry.dump_id).into_iter().flatten();
            open.extend(needing.copied().filter(|&at| seen.insert(at)));
        }
        false
    }

    /// Changes an entry by a function that says whether it has.
    fn change(&mut self, at: usize, change: impl FnOnce(&mut Changed) -> bool) -> bool {
        let entries = self.script.entries();
        let changed = self.changed.entry(at).or_insert_with(|| Changed {
            entry: entries[at].clone(),
            is_left_out: false,
            adaptations: Vec::new(),
        });
        !changed.is_left_out && change(changed)
    }
}

impl Changed {
    /// Notes an adaptation, once.
    fn note(&mut self, adaptation: Adaptation) {
        if !self.adaptations.contains(&adaptation) {
            self.adaptations.push(adaptation);
        }
    }
}
