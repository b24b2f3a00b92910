//! Which of the rendered entries go into the archive.
//!
//! pg_dump renders more than it writes, and leaves out by kind and section at the end. Dependencies lead through what is left out
//! as through objects without an entry, so this comes before [`Toc::link`].

use std::collections::HashSet;

use bstr::{BString, ByteSlice};
use pgdumprs_archive::{Entry, Section};

use crate::contents::toc::{DataJob, Toc};
use crate::{Options, Sections};

bitflags::bitflags! {
    /// What an entry brings.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    struct Part: u8 {
        const SCHEMA = 1;
        const DATA = 1 << 1;
        const STATISTICS = 1 << 2;
    }
}

/// Removes the entries that the options leave out, and the data of those.
pub(crate) fn filter(options: &Options, toc: &mut Toc) {
    let mut section = Section::PreData;
    toc.entries.retain(|entry| {
        // Comments, privileges and labels are in the section of what they stand behind.
        if entry.section != Section::None {
            section = entry.section;
        }
        is_required(options, entry, section)
    });
    let kept: HashSet<i32> = toc.entries.iter().map(|entry| entry.dump_id).collect();
    toc.data.retain(|job| kept.contains(&job.dump_id()));
}

fn is_required(options: &Options, entry: &Entry, section: Section) -> bool {
    let descriptor: &[u8] = &entry.descriptor;
    match descriptor {
        b"ENCODING" | b"STDSTRINGS" | b"SEARCHPATH" => return true,
        // For pg_restore to decide about, whatever else is dumped.
        b"DATABASE" | b"DATABASE PROPERTIES" => return true,
        _ => {}
    }
    let in_section = match section {
        Section::None | Section::PreData => Sections::PRE_DATA,
        Section::Data => Sections::DATA,
        Section::PostData => Sections::POST_DATA,
    };
    if !options.sections.contains(in_section) {
        return false;
    }
    let mut wanted = Part::empty();
    wanted.set(Part::SCHEMA, options.schema);
    wanted.set(
        Part::DATA,
        options.data || options.sequence_data && descriptor == b"SEQUENCE SET",
    );
    wanted.set(Part::STATISTICS, options.statistics);
    parts(entry).intersects(wanted)
}

/// What an entry brings, as pg_dump and pg_restore see it: rows that are loaded through a partition root bring no definition,
/// although they have a text; a refresh of a materialized view is one.
fn parts(entry: &Entry) -> Part {
    let descriptor: &[u8] = &entry.descriptor;
    if matches!(descriptor, b"STATISTICS DATA" | b"EXTENDED STATISTICS DATA") {
        return Part::STATISTICS;
    }
    let is_data = match descriptor {
        b"SEQUENCE SET" | b"BLOB" | b"BLOB METADATA" => true,
        b"ACL" | b"COMMENT" | b"SECURITY LABEL" => is_about(entry, "LARGE OBJECT"),
        _ => false,
    };
    if entry.had_dumper || is_data {
        return Part::DATA;
    }
    let definition = entry.definition.as_ref();
    if definition.is_none_or(|text| text.is_empty()) {
        return Part::empty();
    }
    Part::SCHEMA
}

/// Whether a comment, privileges or a label are about something of this kind.
fn is_about(entry: &Entry, kind: &str) -> bool {
    entry
        .tag
        .as_ref()
        .is_some_and(|tag: &BString| tag.as_bytes().starts_with(kind.as_bytes()))
}

impl DataJob {
    /// The entry that the data belongs to.
    fn dump_id(&self) -> i32 {
        match self {
            DataJob::Table { dump_id, .. } | DataJob::LargeObjects { dump_id, .. } => *dump_id,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(descriptor: &str, tag: &str, section: Section) -> Entry {
        Entry {
            descriptor: descriptor.into(),
            tag: Some(tag.into()),
            section,
            definition: Some("SELECT 1;\n".into()),
            ..Entry::default()
        }
    }

    fn left(options: &Options) -> Vec<String> {
        let rows = Entry {
            had_dumper: true,
            definition: Some("-- load via partition root public.t".into()),
            ..entry("TABLE DATA", "t", Section::Data)
        };
        let mut toc = Toc::new(0);
        toc.entries = vec![
            entry("ENCODING", "ENCODING", Section::PreData),
            entry("DATABASE", "d", Section::PreData),
            entry("COMMENT", "DATABASE d", Section::None),
            entry("TABLE", "t", Section::PreData),
            entry("COMMENT", "TABLE t", Section::None),
            rows,
            entry("SEQUENCE SET", "s", Section::Data),
            entry("BLOB METADATA", "7", Section::Data),
            entry("ACL", "LARGE OBJECT 7", Section::None),
            entry("STATISTICS DATA", "t", Section::Data),
            entry("INDEX", "i", Section::PostData),
            entry("COMMENT", "INDEX i", Section::None),
            entry("EXTENDED STATISTICS DATA", "e", Section::PostData),
            entry("MATERIALIZED VIEW DATA", "m", Section::PostData),
        ];
        filter(options, &mut toc);
        let entries = toc.entries.iter().skip(2);
        entries
            .map(|entry| {
                format!(
                    "{} {}",
                    entry.descriptor,
                    entry.tag.clone().unwrap_or_default()
                )
            })
            .collect()
    }

    #[test]
    fn data_alone_has_no_refreshes() {
        let options = Options {
            schema: false,
            ..Options::default()
        };
        assert_eq!(
            left(&options),
            [
                "TABLE DATA t",
                "SEQUENCE SET s",
                "BLOB METADATA 7",
                "ACL LARGE OBJECT 7"
            ]
        );
    }

    #[test]
    fn definitions_may_come_with_positions() {
        let mut options = Options {
            data: false,
            ..Options::default()
        };
        let definitions = [
            "COMMENT DATABASE d",
            "TABLE t",
            "COMMENT TABLE t",
            "INDEX i",
            "COMMENT INDEX i",
            "MATERIALIZED VIEW DATA m",
        ];
        assert_eq!(left(&options), definitions);
        options.sequence_data = true;
        assert_eq!(left(&options).len(), definitions.len() + 1);
        assert!(left(&options).contains(&"SEQUENCE SET s".to_owned()));
    }

    #[test]
    fn statistics_are_in_two_sections() {
        let mut options = Options {
            schema: false,
            data: false,
            statistics: true,
            ..Options::default()
        };
        let (early, late) = ("STATISTICS DATA t", "EXTENDED STATISTICS DATA e");
        assert_eq!(left(&options), [early, late]);
        options.sections = Sections::DATA;
        assert_eq!(left(&options), [early]);
        options.sections = Sections::POST_DATA;
        assert_eq!(left(&options), [late]);
    }

    #[test]
    fn what_has_no_section_is_in_that_of_what_it_follows() {
        let options = Options {
            sections: Sections::POST_DATA,
            ..Options::default()
        };
        assert_eq!(
            left(&options),
            ["INDEX i", "COMMENT INDEX i", "MATERIALIZED VIEW DATA m"]
        );
    }
}
