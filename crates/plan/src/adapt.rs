//! Makes of a script one that a target takes.
//!
//! Entries are changed or left out before anything is said to the server, so that whoever carries the script out knows nothing of it. What
//! stands in the way is what the plan finds: each obstacle that may be overcome changes the entry that meets it, then the script is held
//! against the target again, until nothing more changes.

use std::collections::{BTreeMap, HashMap, HashSet};

use bstr::BString;
use pgdumprs_archive::Entry;
use pgdumprs_script::{Change, Script};

use crate::adaptation::Adaptation;
use crate::needs::BECOME_OTHERS;
use crate::obstacle::{Obstacle, RoleUse};
use crate::plan::{Item, Plan, Verdict};
use crate::profile::Profile;
use crate::target::Target;

mod choice;
mod extension_schema;
mod host;
mod loss;
pub(crate) mod objects;
mod roles;
mod version;

pub use choice::{Adapt, AdaptKinds, MissingRoles};

/// The host that a script's archive comes from.
fn archive_host(script: &Script) -> Option<Profile> {
    let entries = script.entries().iter();
    let owners = entries.clone().filter_map(|entry| entry.owner.as_ref());
    let schemas = entries.filter(|entry| entry.descriptor == "SCHEMA");
    Profile::of_archive(owners, schemas.filter_map(|entry| entry.tag.as_ref()))
}

/// Entries that are changed or left out, and how.
pub(crate) struct Adapter<'a> {
    script: &'a Script,
    adapt: &'a Adapt,
    /// With the roles that are created.
    target: Target,
    /// By the entries' positions in the table of contents.
    changed: BTreeMap<usize, Changed>,
    /// The positions of entries by the dump ids of what they need.
    needing: HashMap<i32, Vec<usize>>,
    /// Roles that are created first.
    new_roles: Vec<BString>,
}

/// An entry as it is restored.
#[derive(Clone)]
struct Changed {
    entry: Entry,
    is_left_out: bool,
    adaptations: Vec<Adaptation>,
}

impl<'a> Adapter<'a> {
    /// The script that the target takes as far as may be, with its plan.
    pub(crate) fn run(script: &'a Script, target: &'a Target, adapt: &'a Adapt) -> (Script, Plan) {
        let mut adapter = Adapter::new(script, target, adapt);
        adapter.leave_internal_options();
        adapter.leave_what_everybody_may();
        if adapt.kinds.contains(AdaptKinds::VERSION) {
            adapter.leave_forgotten_names();
        }
        let mut adapted = adapter.script();
        loop {
            let plan = Plan::without(&adapted, &adapter.target, &adapter.left_out());
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

    /// The script with the names that are given, and the entries in which they stand.
    pub(crate) fn rename(
        script: &'a Script,
        adapt: &'a Adapt,
    ) -> (Script, Vec<(usize, Vec<Adaptation>)>) {
        let adapter = Adapter::new(script, &Target::default(), adapt);
        let renamed = adapter.script();
        let is_restored: HashSet<usize> = script.steps().iter().map(|step| step.entry).collect();
        let changed = adapter.changed.into_iter();
        let told = changed.map(|(at, changed)| (at, changed.adaptations));
        let told = told.filter(|(at, told)| !told.is_empty() && is_restored.contains(at));
        (renamed, told.collect())
    }

    /// An adapter that has given the names which do not depend on the target.
    fn new(script: &'a Script, target: &Target, adapt: &'a Adapt) -> Self {
        let mut needing: HashMap<i32, Vec<usize>> = HashMap::new();
        for (at, entry) in script.entries().iter().enumerate() {
            for dump_id in &entry.dependencies {
                needing.entry(*dump_id).or_default().push(at);
            }
        }
        let mut adapter = Adapter {
            script,
            adapt,
            target: target.clone(),
            changed: BTreeMap::new(),
            needing,
            new_roles: Vec::new(),
        };
        adapter.rename_roles();
        adapter.move_extensions();
        if let Some(host) = archive_host(script) {
            adapter.leave_to_host(&host);
        }
        adapter
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
        self.script
            .with_changes(&changes.collect(), self.role_entries())
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
        let old = self.script.entries().len();
        let new_roles = self.new_roles.iter().enumerate().map(|(at, role)| Item {
            entry: old + at,
            verdict: Verdict::Adapted,
            adaptations: vec![Adaptation::NewRole { role: role.clone() }],
        });
        let steps = self.script.steps().iter();
        let others = steps.filter_map(|step| {
            let entry = step.entry;
            let changed = self.changed.remove(&entry);
            let adaptations = changed.map_or_else(Vec::new, |changed| changed.adaptations);
            let verdict = match verdicts.remove(&entry) {
                None | Some(Verdict::Done)
                    if !adaptations.iter().all(Adaptation::loses_nothing) =>
                {
                    Verdict::Adapted
                }
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
            items: new_roles.chain(others).collect(),
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
        match obstacle {
            Obstacle::MissingRole { role, used } => match self.adapt.missing_roles {
                MissingRoles::Fail => false,
                MissingRoles::Create => self.create_role(role),
                MissingRoles::Skip => self.without(at, role, *used, obstacle),
            },
            Obstacle::ForeignRole { role, used } => {
                let kind = match used {
                    RoleUse::Owner | RoleUse::Grantor => AdaptKinds::OWNERS,
                    _ => AdaptKinds::PRIVILEGES,
                };
                kinds.contains(kind) && self.without(at, role, *used, obstacle)
            }
            Obstacle::OwnerLacksPrivilege { role, .. } => {
                kinds.contains(AdaptKinds::OWNERS) && self.disown(at, role)
            }
            Obstacle::NotInherited { role } => {
                kinds.contains(AdaptKinds::OWNERS) && self.disown_all(role)
            }
            // Whether objects are made by their owners is the user's choice.
            Obstacle::NeedsSuperuser { what } if *what == BECOME_OTHERS => false,
            Obstacle::NeedsSuperuser { .. } if kinds.contains(AdaptKinds::SUPERUSER) => {
                if kinds.contains(AdaptKinds::STORAGE) {
                    self.without_own_access_method(at);
                }
                self.without_clause(at, obstacle) || self.leave_out_since(at, obstacle)
            }
            Obstacle::NeedsPrivilege { .. } if kinds.contains(AdaptKinds::SUPERUSER) => {
                self.descriptor(at) == "SUBSCRIPTION" && self.leave_out_since(at, obstacle)
            }
            Obstacle::ForeignExtension { .. } if self.descriptor(at) == "EXTENSION" => {
                kinds.contains(AdaptKinds::EXTENSIONS) && self.keep(at, obstacle)
            }
            Obstacle::MissingExtension { .. }
            | Obstacle::ForeignExtension { .. }
            | Obstacle::ForeignObject { .. } => {
                kinds.contains(AdaptKinds::EXTENSIONS) && self.leave_out_since(at, obstacle)
            }
            Obstacle::ExtensionElsewhere { schema, found, .. } => {
                kinds.contains(AdaptKinds::EXTENSIONS) && self.follow_extension(schema, found)
            }
            Obstacle::Exists { descriptor, .. } if descriptor == "SCHEMA" => {
                kinds.contains(AdaptKinds::SCHEMAS) && self.take(at)
            }
            Obstacle::ForeignSchema { .. } if self.descriptor(at) == "SCHEMA" => {
                kinds.contains(AdaptKinds::SCHEMAS) && self.take(at)
            }
            Obstacle::ForeignSchema { .. } => {
                kinds.contains(AdaptKinds::SCHEMAS) && self.leave_out_since(at, obstacle)
            }
            Obstacle::Tablespace { tablespace } => {
                kinds.contains(AdaptKinds::STORAGE) && self.without_tablespace(tablespace)
            }
            Obstacle::TableAccessMethod { access_method } => {
                kinds.contains(AdaptKinds::STORAGE) && self.without_access_method(access_method)
            }
            Obstacle::LacksSetting { setting } => {
                kinds.contains(AdaptKinds::VERSION) && self.without_setting(at, setting, obstacle)
            }
            Obstacle::MayNotSet { setting } => {
                kinds.contains(AdaptKinds::SUPERUSER) && self.without_setting(at, setting, obstacle)
            }
            Obstacle::TooOld { what, .. } => {
                kinds.contains(AdaptKinds::VERSION) && self.do_without(at, what, obstacle)
            }
            _ => false,
        }
    }

    /// Restores an entry without a role that it names for a purpose.
    fn without(&mut self, at: usize, role: &BString, used: RoleUse, because: &Obstacle) -> bool {
        match used {
            RoleUse::Owner => self.disown(at, role),
            _ => self.without_role(at, role, used, because),
        }
    }

    fn descriptor(&self, at: usize) -> &BString {
        &self.script.entries()[at].descriptor
    }

    fn leave_out_since(&mut self, at: usize, because: &Obstacle) -> bool {
        let because = because.clone();
        self.leave_out(at, Adaptation::LeftOut { because })
    }

    /// Leaves an entry out, unless what must never be missing would go with it.
    fn leave_out(&mut self, at: usize, adaptation: Adaptation) -> bool {
        !self.is_needed(at)
            && self.change(at, |changed| {
                changed.is_left_out = true;
                changed.adaptations = vec![adaptation];
            })
    }

    /// The positions of entries that need the one at a position.
    fn needing_it(&self, at: usize) -> Vec<usize> {
        let dump_id = self.script.entries()[at].dump_id;
        self.needing.get(&dump_id).cloned().unwrap_or_default()
    }

    /// The definition of an entry as it is by now.
    fn definition(&self, at: usize) -> Option<BString> {
        self.entry(at).definition.clone()
    }

    /// An entry as it is by now.
    fn entry(&self, at: usize) -> &Entry {
        let changed = self.changed.get(&at).map(|changed| &changed.entry);
        changed.unwrap_or(&self.script.entries()[at])
    }

    /// Notes an adaptation of an entry that stays as it is.
    fn note(&mut self, at: usize, adaptation: Adaptation) {
        let entries = self.script.entries();
        let changed = self
            .changed
            .entry(at)
            .or_insert_with(|| Changed::of(&entries[at]));
        changed.note(adaptation);
    }

    /// Changes an entry, unless it is left out. Whether it is another then.
    fn change(&mut self, at: usize, change: impl FnOnce(&mut Changed)) -> bool {
        let known = self.changed.get(&at);
        let new = || Changed::of(&self.script.entries()[at]);
        let mut changed = known.cloned().unwrap_or_else(new);
        if changed.is_left_out {
            return false;
        }
        change(&mut changed);
        let is_same = !changed.is_left_out
            && changed.entry == *known.map_or(&self.script.entries()[at], |known| &known.entry);
        if !is_same {
            self.changed.insert(at, changed);
        }
        !is_same
    }
}

impl Changed {
    fn of(entry: &Entry) -> Self {
        Changed {
            entry: entry.clone(),
            is_left_out: false,
            adaptations: Vec::new(),
        }
    }

    /// Notes an adaptation, once.
    fn note(&mut self, adaptation: Adaptation) {
        if !self.adaptations.contains(&adaptation) {
            self.adaptations.push(adaptation);
        }
    }
}
