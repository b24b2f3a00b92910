//! What is never left out, since rows would be missing without it, or be seen by more than before.

use std::collections::HashSet;

use pgdumprs_archive::Entry;

use super::Adapter;
use crate::words::words;

impl Adapter<'_> {
    /// Whether an entry holds rows, or something cannot be without it that does or that keeps rows from being seen.
    pub(super) fn is_needed(&self, at: usize) -> bool {
        let entries = self.script.entries();
        if holds_rows(&entries[at]) {
            return true;
        }
        let mut seen = HashSet::from([at]);
        let mut open = vec![at];
        while let Some(at) = open.pop() {
            let dump_id = entries[at].dump_id;
            for needing in self.needing_it(at) {
                let entry = self.entry(needing);
                if !entry.dependencies.contains(&dump_id) || !seen.insert(needing) {
                    continue;
                }
                if holds_rows(entry) || restricts(entry) {
                    return true;
                }
                open.push(needing);
            }
        }
        false
    }
}

/// Whether rows would be missing without an entry.
fn holds_rows(entry: &Entry) -> bool {
    matches!(
        entry.descriptor.as_slice(),
        b"TABLE" | b"TABLE DATA" | b"SEQUENCE SET" | b"BLOB" | b"BLOB METADATA" | b"BLOBS"
    )
}

/// Whether somebody would see more rows without an entry: it is a policy that takes rows away from what others let see.
fn restricts(entry: &Entry) -> bool {
    let definition = entry.definition.as_ref();
    entry.descriptor == "POLICY"
        && definition.is_some_and(|text| words(text).iter().any(|word| word.is("restrictive")))
}

#[cfg(test)]
mod tests {
    use pgdumprs_archive::{ArchiveVersion, Compression, CreationTime, Header, Section};
    use pgdumprs_script::{Options, Script};

    use super::*;
    use crate::{Adapt, Plan, Target};

    fn entry(dump_id: i32, descriptor: &str, definition: &str, dependencies: &[i32]) -> Entry {
        Entry {
            dump_id,
            descriptor: descriptor.into(),
            tag: Some(format!("e{dump_id}").into()),
            section: Section::PreData,
            definition: Some(definition.into()),
            dependencies: dependencies.to_vec(),
            ..Entry::default()
        }
    }

    /// Whether all can be restored, and the dump ids of what is left out.
    fn left_out(entries: Vec<Entry>) -> (bool, Vec<i32>) {
        let header = Header {
            version: ArchiveVersion::V1_16,
            compression: Compression::None,
            created: CreationTime::default(),
            database: None,
            server_version: None,
            dumper_version: None,
        };
        let script = Script::new(&header, entries, &Options::default()).unwrap();
        let (adapted, plan) = Plan::adapted(&script, &Target::default(), &Adapt::everything());
        let is_restored = |at: usize| adapted.steps().iter().any(|step| step.entry == at);
        let left_out = script.entries().iter().enumerate();
        let left_out = left_out.filter(|(at, _)| !is_restored(*at));
        let left_out = left_out.map(|(_, entry)| entry.dump_id);
        (plan.is_possible(), left_out.collect())
    }

    #[test]
    fn neither_rows_nor_what_hides_them_are_left_out() {
        const IN_C: &str =
            "CREATE FUNCTION f() RETURNS boolean\n    LANGUAGE c\n    AS 'x', 'y';\n";
        const POLICY: &str = "CREATE POLICY p ON t USING (f());\n";
        const RESTRICTIVE: &str = "CREATE POLICY p ON t AS RESTRICTIVE USING (f());\n";
        let function = || entry(1, "FUNCTION", IN_C, &[]);
        let with = |needing: Entry| left_out(vec![function(), needing]);
        assert_eq!(with(entry(2, "POLICY", POLICY, &[1])), (true, vec![1, 2]));
        assert_eq!(with(entry(2, "POLICY", RESTRICTIVE, &[1])), (false, vec![]));
        let table = entry(
            2,
            "TABLE",
            "CREATE TABLE t (a integer DEFAULT f());\n",
            &[1],
        );
        assert_eq!(with(table), (false, vec![]));
        let for_nobody = "CREATE POLICY p ON t AS RESTRICTIVE TO nobody USING (true);\n";
        assert_eq!(
            left_out(vec![entry(1, "POLICY", for_nobody, &[])]),
            (true, vec![1])
        );
    }
}
