//! An entry of the table of contents.

use bstr::BString;

/// The catalog row an entry was made from: `pg_class`'s oid and the row's own.
///
/// Both are 0 for entries that stand for no row, such as `ENCODING`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CatalogId {
    /// The oid of the catalog, for example 1259 for `pg_class`.
    pub tableoid: u32,
    /// The oid of the row in that catalog.
    pub oid: u32,
}

/// The part of a restore an entry belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Section {
    /// Goes with whatever it depends on: comments, privileges, security labels.
    #[default]
    None,
    /// Before the data: schemas, types, tables, functions, views, …
    PreData,
    /// The data itself: table data, large objects, sequence positions.
    Data,
    /// After the data: indexes, constraints, triggers, rules, …
    PostData,
}

impl Section {
    /// The number that stands for the section in the archive.
    pub(crate) fn number(self) -> i32 {
        match self {
            Section::None => 1,
            Section::PreData => 2,
            Section::Data => 3,
            Section::PostData => 4,
        }
    }

    pub(crate) fn from_number(number: i32) -> Option<Self> {
        Some(match number {
            1 => Section::None,
            2 => Section::PreData,
            3 => Section::Data,
            4 => Section::PostData,
            _ => return None,
        })
    }
}

/// One entry of an archive's table of contents: an object, with the SQL that makes it, or a block of data.
///
/// Texts are bytes in the encoding that the archive's `ENCODING` entry names. `None` and an empty text are different
/// things in the archive and stay different here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The entry's number in this archive, above 0 and used once. Entries stand in the order in which they are to be
    /// restored, which need not be the order of their numbers.
    pub dump_id: i32,
    /// Whether the archive holds a data block for the entry (`TABLE DATA` and `BLOBS`).
    pub had_dumper: bool,
    /// The catalog row the entry stands for.
    pub catalog_id: CatalogId,
    /// The object's name as `pg_restore -l` prints it: no schema, but for example with a function's argument types.
    pub tag: Option<BString>,
    /// What kind of thing the entry is, in capitals: `TABLE`, `TABLE DATA`, `FK CONSTRAINT`, …
    pub descriptor: BString,
    /// The part of a restore the entry belongs to.
    pub section: Section,
    /// The SQL that makes the object.
    pub definition: Option<BString>,
    /// The SQL that drops the object, for `pg_restore --clean`.
    pub drop: Option<BString>,
    /// For table data: the COPY statement that loads it. Without one the data are INSERT statements.
    pub copy: Option<BString>,
    /// The schema the object is in.
    pub namespace: Option<BString>,
    /// The tablespace the object is in; an empty text means the database's default.
    pub tablespace: Option<BString>,
    /// The table access method, for relations that have one. Not stored before 1.14.
    pub table_am: Option<BString>,
    /// `pg_class.relkind` for relations, 0 for everything else. Not stored before 1.16.
    pub relkind: u8,
    /// The role that owns the object.
    pub owner: Option<BString>,
    /// The dump ids of what must be restored before this entry. They may name entries that are not in the archive.
    pub dependencies: Vec<i32>,
}
