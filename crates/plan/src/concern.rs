//! What may hold a restore up, though it is in no entry's way.

use std::collections::BTreeSet;
use std::fmt;

use bstr::{BString, ByteSlice};
use pgdumprs_archive::Entry;
use pgdumprs_script::{Pass, Script, Step};

use crate::made::{self, Namespace};
use crate::target::Target;

/// What may hold a restore up or end it, as far as can be told at one moment.
///
/// How much room there is on its disk, no server tells.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Concern {
    /// Another session has locked what is to be dropped or loaded: the restore waits until that one's transaction ends.
    Locked {
        /// The table's or the other relation's name, with its schema.
        name: BString,
        /// The lock's mode, as `pg_locks` has it.
        mode: BString,
        /// The process of the server that holds it.
        pid: u32,
    },
    /// One transaction makes or drops more objects than the server has room for locks, which are kept to its end.
    LockTable {
        /// How many locks it takes at the least.
        needed: u64,
        /// How many there is room for, about, if nobody else takes any.
        room: u64,
    },
}

/// A lock that another session holds on a relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lock {
    pub(crate) schema: BString,
    pub(crate) name: BString,
    pub(crate) mode: BString,
    pub(crate) pid: u32,
}

impl Concern {
    /// What there is to worry about, when a script is carried out on a server.
    pub fn of(script: &Script, target: &Target) -> Vec<Concern> {
        let mut dropped = BTreeSet::new();
        let mut loaded = BTreeSet::new();
        for step in script.steps() {
            let entry = script.entry(step);
            let name = made::by(entry).filter(|name| name.namespace == Namespace::Relation);
            if step.pass == Pass::Drop {
                dropped.extend(name.map(|name| (name.schema, name.name)));
            } else if entry.descriptor == "TABLE DATA" {
                let names = entry.namespace.clone().zip(entry.tag.clone());
                loaded.extend(names);
            }
        }
        let is_in_the_way = |lock: &&Lock| {
            let name = (lock.schema.clone(), lock.name.clone());
            dropped.contains(&name) || loaded.contains(&name) && keeps_rows_out(&lock.mode)
        };
        let locks = target.locks.iter().filter(is_in_the_way);
        let locks = locks.map(|lock| Concern::Locked {
            name: bstr::join(".", [&lock.schema, &lock.name]).into(),
            mode: lock.mode.clone(),
            pid: lock.pid,
        });
        locks.chain(lock_table(script, target)).collect()
    }

    /// What may be done about it.
    pub fn advice(&self) -> &'static str {
        match self {
            Concern::Locked { .. } => {
                "wait for that session, or end it with pg_terminate_backend()"
            }
            Concern::LockTable { .. } => {
                "raise max_locks_per_transaction, or do without --single-transaction, or with a smaller --transaction-size"
            }
        }
    }
}

impl fmt::Display for Concern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Concern::Locked { name, mode, pid } => {
                write!(
                    f,
                    "{name} is locked by process {pid} of the server ({mode})"
                )
            }
            Concern::LockTable { needed, room } => write!(
                f,
                "one transaction takes {needed} locks or more, and the server has room for about {room}"
            ),
        }
    }
}

/// Whether a lock excludes those who write rows.
fn keeps_rows_out(mode: &[u8]) -> bool {
    matches!(
        mode,
        b"ShareLock" | b"ShareRowExclusiveLock" | b"ExclusiveLock" | b"AccessExclusiveLock"
    )
}

/// Whether the largest transaction of a script is too large for the server's lock table.
fn lock_table(script: &Script, target: &Target) -> Option<Concern> {
    let options = script.options();
    let steps = script.steps().iter();
    let all: u64 = steps.map(|step| locks(script.entry(step), step)).sum();
    let needed = match options.transaction_size {
        Some(size) => all.min(size.into()),
        None if options.single_transaction => all,
        None => return None,
    };
    (needed > target.lock_room).then_some(Concern::LockTable {
        needed,
        room: target.lock_room,
    })
}

/// How many locks a step leaves until its transaction ends, at the least.
fn locks(entry: &Entry, step: &Step) -> u64 {
    match entry.descriptor.as_slice() {
        b"TABLE" | b"SEQUENCE" | b"VIEW" | b"MATERIALIZED VIEW" | b"FOREIGN TABLE" | b"INDEX"
        | b"BLOB" => 1,
        // One statement for each large object, which locks it to give it to its owner.
        b"BLOB METADATA" if step.pass == Pass::Main => {
            let definition = entry.definition.as_ref();
            definition.map_or(0, |text| text.lines().count() as u64)
        }
        _ => 0,
    }
}
