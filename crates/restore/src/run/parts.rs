//! The parts of a script that follow each other, and what may be done side by side within them.

use std::collections::HashSet;

use pgdumprs_archive::{Entry, Section};
use pgdumprs_script::{Pass, Script};

/// Steps from which a stretch is worth connections of its own: fewer are done before those are open.
const WORTHWHILE: usize = 500;

/// Steps that come before the data, by their positions.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stretch {
    /// They follow each other.
    InOrder(Vec<usize>),
    /// What they wait for among themselves is known: the archive's dependencies say it, and the names of constraints.
    Independent(Vec<usize>),
}

/// The steps of a script, by their positions, in the parts that follow each other.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    /// What is dropped, and what comes before the data.
    pub(super) before: Vec<Stretch>,
    /// Data and what comes behind it.
    pub(super) middle: Vec<usize>,
    pub(super) privileges: Vec<usize>,
    /// Materialized views are filled.
    pub(super) after: Vec<usize>,
    /// Event triggers, which would act on all else.
    pub(super) last: Vec<usize>,
}

impl Parts {
    pub(super) fn of(script: &Script) -> Self {
        let mut parts = Parts::default();
        let mut before = Vec::new();
        for (position, step) in script.steps().iter().enumerate() {
            let entry = script.entry(step);
            let part = match step.pass {
                Pass::Drop => &mut before,
                // What belongs to no section comes with what stands before it, and what belongs before the data but stands behind some of
                // it needs what it stands behind.
                Pass::Main if entry.section < Section::Data && parts.middle.is_empty() => {
                    &mut before
                }
                Pass::Main => &mut parts.middle,
                Pass::Privileges => &mut parts.privileges,
                Pass::AfterPrivileges => match entry.descriptor.as_slice() {
                    b"MATERIALIZED VIEW DATA" | b"STATISTICS DATA" => &mut parts.after,
                    _ => &mut parts.last,
                },
            };
            part.push(position);
        }
        parts.before = stretches(script, before);
        parts
    }
}

/// Cuts what comes before the data where it may be done side by side. The order of a script says more than its dependencies do, so only plain
/// tables, what belongs to them and views are taken out of it, and only where there are many of them in a row: of an archive of thousands of
/// tables, half of the time goes there.
fn stretches(script: &Script, steps: Vec<usize>) -> Vec<Stretch> {
    let tables = script.entries().iter();
    let tables = tables.filter(|entry| entry.descriptor == "TABLE");
    let tables: HashSet<i32> = tables.map(|entry| entry.dump_id).collect();
    // An order that somebody has chosen is kept.
    let is_chosen = script.options().list.is_some();
    let steps = steps.into_iter().map(|position| {
        let step = &script.steps()[position];
        let is_main = step.pass == Pass::Main && !is_chosen;
        (
            position,
            is_main && is_independent(script.entry(step), &tables),
        )
    });
    let steps: Vec<(usize, bool)> = steps.collect();
    let mut stretches = Vec::new();
    let mut in_order = Vec::new();
    for run in steps.chunk_by(|(_, one), (_, other)| one == other) {
        let positions = run.iter().map(|(position, _)| *position);
        if run.len() < WORTHWHILE || !run[0].1 {
            in_order.extend(positions);
            continue;
        }
        stretches.push(Stretch::InOrder(std::mem::take(&mut in_order)));
        stretches.push(Stretch::Independent(positions.collect()));
    }
    stretches.push(Stretch::InOrder(in_order));
    stretches
}

/// Whether an entry waits for nothing but what the archive says it depends on. Children of other tables are not among these: to make one
/// changes its parent as well.
fn is_independent(entry: &Entry, tables: &HashSet<i32>) -> bool {
    match entry.descriptor.as_slice() {
        b"TABLE" => !entry.dependencies.iter().any(|id| tables.contains(id)),
        b"SEQUENCE" | b"SEQUENCE OWNED BY" | b"DEFAULT" | b"VIEW" | b"COMMENT" => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use pgdumprs_archive::{ArchiveVersion, Compression, CreationTime, Header};
    use pgdumprs_script::Options;

    use super::*;

    /// How many steps each stretch has, and whether they are independent, of entries of these kinds, which depend on those with these dump ids.
    fn cut(entries: &[(&str, &[i32])], options: &Options) -> Vec<(bool, usize)> {
        let header = Header {
            version: ArchiveVersion::V1_16,
            compression: Compression::None,
            created: CreationTime::default(),
            database: None,
            server_version: None,
            dumper_version: None,
        };
        let entries = entries.iter().zip(1..);
        let entries = entries.map(|((descriptor, dependencies), dump_id)| Entry {
            dump_id,
            descriptor: (*descriptor).into(),
            tag: Some(format!("{descriptor} {dump_id}").into()),
            section: Section::PreData,
            definition: Some("SELECT 1;".into()),
            dependencies: dependencies.to_vec(),
            ..Entry::default()
        });
        let script = Script::new(&header, entries.collect::<Vec<_>>(), options).unwrap();
        let stretches = Parts::of(&script).before.into_iter();
        let stretches = stretches.map(|stretch| match stretch {
            Stretch::InOrder(steps) => (false, steps.len()),
            Stretch::Independent(steps) => (true, steps.len()),
        });
        stretches.collect()
    }

    #[test]
    fn many_tables_in_a_row_are_independent() {
        let mut entries: Vec<(&str, &[i32])> = vec![("SCHEMA", &[]), ("TYPE", &[])];
        entries.extend(vec![("TABLE", &[1, 2][..]); WORTHWHILE]);
        entries.extend([("TABLE", &[3][..]), ("TYPE", &[1])]);
        let options = Options::default();
        let expected = [(false, 2), (true, WORTHWHILE), (false, 2)];
        assert_eq!(cut(&entries, &options), expected);
        // One of them fewer.
        let fewer = [&entries[..2], &entries[3..]].concat();
        assert_eq!(cut(&fewer, &options), [(false, fewer.len())]);
    }

    #[test]
    fn a_chosen_order_is_kept() {
        let entries = vec![("TABLE", &[][..]); WORTHWHILE];
        let list = (1..=WORTHWHILE).rev().map(|id| format!("{id};\n"));
        let options = Options {
            list: Some(list.collect::<String>().into()),
            ..Options::default()
        };
        assert_eq!(cut(&entries, &options), [(false, WORTHWHILE)]);
    }
}
