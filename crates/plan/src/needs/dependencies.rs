//! What an entry hangs on, of what the archive has it wait for.

use pgdumprs_archive::Entry;

use super::Check;

impl Check<'_> {
    /// What an entry depends on, by dump ids. That a sequence comes to belong to a table is said of the sequence.
    pub(super) fn needed(&self, entry: &Entry) -> Vec<i32> {
        let mut needed = entry.dependencies.clone();
        if entry.descriptor == "SEQUENCE OWNED BY" {
            let sequences = entry.dependencies.iter();
            let sequences = sequences.filter_map(|&dump_id| self.script.entry_of(dump_id));
            needed.extend(sequences.flat_map(|sequence| &sequence.dependencies));
        }
        needed
    }

    /// Whether an entry is restored without something that is lost for a reason, although the archive has it wait for that: to set a sequence
    /// takes nothing but the sequence, and a sequence is made without the table that it shall belong to, unless it is a part of the table. One
    /// whose table is left out goes with it.
    pub(super) fn comes_without(&self, entry: &Entry, needed: i32, reason: usize) -> bool {
        let needed = self.script.entry_of(needed);
        let is = |descriptor: &str| needed.is_some_and(|it| it.descriptor == descriptor);
        let definition = entry.definition.as_ref();
        match entry.descriptor.as_slice() {
            b"SEQUENCE SET" => !is("SEQUENCE"),
            b"SEQUENCE" => {
                !is("SCHEMA")
                    && !self.left_out.contains(&reason)
                    && definition.is_some_and(|text| text.starts_with(b"CREATE "))
            }
            _ => false,
        }
    }
}
