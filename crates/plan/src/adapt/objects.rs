//! Objects that are taken as they are, and what of objects is left out.

use bstr::BString;

use super::{Adapter, Changed};
use crate::adaptation::Adaptation;
use crate::obstacle::Obstacle;
use crate::superuser;

/// `pg_class.relkind` of partitioned tables.
const PARTITIONED: u8 = b'p';

impl Adapter<'_> {
    /// Takes a schema as it is there.
    pub(super) fn take(&mut self, at: usize) -> bool {
        self.change(at, |changed| {
            // As archives have it of a schema that every database has.
            changed.entry.definition = Some("-- the schema is there already\n".into());
            changed.entry.owner = None;
            changed.note(Adaptation::Taken {
                descriptor: changed.entry.descriptor.clone(),
            });
        })
    }

    /// Does not drop what is there.
    pub(super) fn keep(&mut self, at: usize, because: &Obstacle) -> bool {
        self.change(at, |changed| {
            changed.entry.drop = None;
            changed.note(Adaptation::NotDropped {
                because: because.clone(),
            });
        })
    }

    /// Leaves out the clauses of a routine that only superusers may write.
    pub(super) fn without_clause(&mut self, at: usize, because: &Obstacle) -> bool {
        let Some(definition) = self.definition(at) else {
            return false;
        };
        let written = superuser::without_clauses(self.descriptor(at), &definition);
        let Some((definition, clauses)) = written else {
            return false;
        };
        self.change(at, |changed| {
            changed.entry.definition = Some(definition);
            for clause in clauses {
                changed.note(Adaptation::Clause {
                    clause,
                    because: because.clone(),
                });
            }
        })
    }

    /// Leaves everything in the database's own tablespace that is in one that is not there.
    pub(super) fn without_tablespace(&mut self, tablespace: &BString) -> bool {
        self.change_all(|changed| {
            if changed.entry.tablespace.as_ref() != Some(tablespace) {
                return;
            }
            changed.entry.tablespace = Some(BString::default());
            changed.note(Adaptation::Tablespace {
                tablespace: tablespace.clone(),
            });
        })
    }

    /// Gives all tables of an access method that is not there the one that all have.
    pub(super) fn without_access_method(&mut self, access_method: &BString) -> bool {
        self.change_all(|changed| {
            if changed.entry.table_am.as_ref() != Some(access_method) {
                return;
            }
            // What is partitioned has none of its own.
            changed.entry.table_am = (changed.entry.relkind != PARTITIONED).then(|| "heap".into());
            changed.note(Adaptation::TableAccessMethod {
                access_method: access_method.clone(),
            });
        })
    }

    /// Gives all tables of an access method that cannot be made the one that all have, if the entry is that of one.
    pub(super) fn without_own_access_method(&mut self, at: usize) -> bool {
        let entry = &self.script.entries()[at];
        let name = entry
            .tag
            .as_ref()
            .filter(|_| entry.descriptor == "ACCESS METHOD");
        name.is_some_and(|name| {
            self.without_access_method(name);
            let dump_id = entry.dump_id;
            self.change_all(|changed| {
                changed
                    .entry
                    .dependencies
                    .retain(|needed| *needed != dump_id)
            })
        })
    }

    /// Changes all entries that a function changes.
    fn change_all(&mut self, change: impl Fn(&mut Changed)) -> bool {
        let mut has_changed = false;
        for at in 0..self.script.entries().len() {
            has_changed |= self.change(at, &change);
        }
        has_changed
    }
}
