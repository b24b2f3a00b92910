//! Dumpable objects and the arena they live in.

use std::collections::HashMap;
use std::fmt;

use bstr::{BStr, BString};
use pgdumprs_catalog::CatalogId;

use crate::Components;

/// Identity of an object or of an entry within one dump, counted from 1 in order of creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DumpId(pub(crate) u32);

impl DumpId {
    /// The number as the archive holds it.
    pub fn as_i32(self) -> i32 {
        i32::try_from(self.0).expect("dump ids are counted up from 1 and fit memory")
    }

    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// Which kind of object, and where its row stands: an index into the vector of that kind in the listing or the
/// details. Objects that are made here rather than read from a catalog name the row they are made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // The names are PostgreSQL's own.
pub enum Kind {
    Namespace(usize),
    Extension(usize),
    Type(usize),
    /// The placeholder for a base or range type that its own functions refer to; the index is the type's.
    ShellType(usize),
    /// A table's row type or an automatic array or multirange type: never dumped, but dependencies lead through it.
    DummyType(usize),
    Function(usize),
    Aggregate(usize),
    Operator(usize),
    AccessMethod(usize),
    OpClass(usize),
    OpFamily(usize),
    Collation(usize),
    Conversion(usize),
    Table(usize),
    /// ATTACH PARTITION; the index is the partition's table.
    TableAttach(usize),
    AttrDef(usize),
    Index(usize),
    /// ATTACH PARTITION of an index; the index is the partition's index.
    IndexAttach(usize),
    StatisticsExt(usize),
    Rule(usize),
    Trigger(usize),
    Constraint(usize),
    /// A constraint of a domain.
    DomainConstraint(usize),
    /// A foreign key, which sorts apart from other constraints.
    FkConstraint(usize),
    Language(usize),
    Cast(usize),
    /// Rows of a table.
    TableData(usize),
    /// Position of a sequence; the index is the sequence's table.
    SequenceSet(usize),
    TsParser(usize),
    TsDictionary(usize),
    TsTemplate(usize),
    TsConfig(usize),
    ForeignDataWrapper(usize),
    ForeignServer(usize),
    DefaultAcl(usize),
    Transform(usize),
    /// A group of large objects; the index is the group's.
    LargeObject(usize),
    /// One large object, in archives that do not group them; the index is its group's.
    SingleLargeObject(usize),
    LargeObjectData(usize),
    /// Everything before it is pre-data.
    PreDataBoundary,
    /// Everything after it is post-data.
    PostDataBoundary,
    EventTrigger(usize),
    /// REFRESH MATERIALIZED VIEW; the index is the view's table.
    RefreshMatview(usize),
    Policy(usize),
    /// ENABLE ROW LEVEL SECURITY; the index is the table's.
    RowSecurity(usize),
    Publication(usize),
    PublicationRel(usize),
    PublicationNamespace(usize),
    /// Planner statistics of a relation in the listing.
    RelationStatistics(usize),
    /// Planner statistics of an index.
    IndexStatistics(usize),
    Subscription(usize),
}

/// What decides between two objects of the same kind with the same schema and name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Tie {
    /// Nothing but the OID.
    #[default]
    None,
    /// A number: attribute number, encoding.
    Number(i32),
    /// Another name: of the access method, the role, the publication.
    Name(BString),
    /// OIDs of argument types, which compare by their number first and then by the types' names.
    Arguments(Vec<u32>),
    /// An operator's kind (`l` before `b`) and operand types; 0 where there is no operand.
    Operator {
        /// `pg_operator.oprkind`.
        kind: u8,
        /// OID of the left operand's type.
        left: u32,
        /// OID of the right operand's type.
        right: u32,
    },
    /// The object it is part of (see [`Object::part_of`]): domains before tables, then by name.
    Part,
}

/// The part an object can play in a dependency loop, where its kind alone does not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LoopRole {
    /// None beyond its kind.
    #[default]
    Plain,
    /// A table that is a view.
    View,
    /// A table that is a materialized view, or the statistics of one.
    Matview,
    /// The ON SELECT rule that is a view's definition.
    SelectRule,
    /// A constraint that is written inside its table or domain: CHECK, or a domain's NOT NULL.
    Check,
}

/// One dumpable object: its place in the dump, apart from what its catalog row says.
#[derive(Debug, Clone)]
pub struct Object {
    /// Its own dump id.
    pub id: DumpId,
    /// Kind and row.
    pub kind: Kind,
    /// Its catalog row; zeros where it has none.
    pub catalog_id: CatalogId,
    /// Name to sort and to speak by, unquoted. Objects without a name of their own borrow one as pg_dump does.
    pub name: BString,
    /// Index of its schema in the listing, for objects that live in one.
    pub namespace: Option<usize>,
    /// What of it is dumped.
    pub dump: Components,
    /// What is dumped of objects inside it: for schemas and extensions.
    pub dump_contains: Components,
    /// What there is to dump of it.
    pub components: Components,
    /// Whether it is a member of an extension.
    pub ext_member: bool,
    /// Whether it was marked as depending on an extension (`ALTER … DEPENDS ON EXTENSION`).
    pub depends_on_ext: bool,
    /// The object it is part of: a rule's, default's, trigger's or constraint's table or domain; an index partition's
    /// parent index.
    pub part_of: Option<DumpId>,
    /// The placeholder that a base or range type's functions can depend on instead.
    pub shell_type: Option<DumpId>,
    /// What decides between namesakes.
    pub tie: Tie,
    /// Its part in dependency loops.
    pub loop_role: LoopRole,
    /// Objects that must come before it. May name one twice, as the catalogs do.
    pub dependencies: Vec<DumpId>,
    /// A default, constraint or rule that gets an entry of its own instead of being part of its table's.
    pub separate: bool,
    /// A view that is first created as an empty shell, because its real definition has to wait.
    pub dummy_view: bool,
    /// A function or materialized view that had to move to post-data to break a loop, or the statistics of a materialized view,
    /// which have to where it is refreshed.
    pub postponed: bool,
}

impl Object {
    /// Whether the component is both there and selected.
    pub(crate) fn dumps(&self, component: Components) -> bool {
        self.dump.intersects(component)
    }
}

/// All objects of one dump.
#[derive(Debug, Default)]
pub(crate) struct Objects {
    /// Position `i` holds the object with dump id `i + 1`; ids given to mere entries come later and hold none.
    all: Vec<Object>,
    by_catalog_id: HashMap<CatalogId, DumpId>,
}

impl Objects {
    /// Adds an object that is dumped whole until selection says otherwise.
    pub(crate) fn add(
        &mut self,
        kind: Kind,
        catalog_id: CatalogId,
        name: impl Into<BString>,
        namespace: Option<usize>,
    ) -> DumpId {
        let id = DumpId(u32::try_from(self.all.len() + 1).expect("objects fit memory"));
        self.all.push(Object {
            id,
            kind,
            catalog_id,
            name: name.into(),
            namespace,
            dump: Components::all(),
            dump_contains: Components::all(),
            components: Components::DEFINITION,
            ext_member: false,
            depends_on_ext: false,
            part_of: None,
            shell_type: None,
            tie: Tie::None,
            loop_role: LoopRole::Plain,
            dependencies: Vec::new(),
            separate: false,
            dummy_view: false,
            postponed: false,
        });
        if catalog_id.tableoid != 0 {
            self.by_catalog_id.insert(catalog_id, id);
        }
        id
    }

    /// Lets a second catalog row stand for an object: a large object group has one for each of its members.
    pub(crate) fn alias(&mut self, catalog_id: CatalogId, id: DumpId) {
        self.by_catalog_id.insert(catalog_id, id);
    }

    pub(crate) fn find(&self, catalog_id: CatalogId) -> Option<DumpId> {
        self.by_catalog_id.get(&catalog_id).copied()
    }

    pub(crate) fn find_object(&self, tableoid: u32, oid: u32) -> Option<&Object> {
        self.find(CatalogId { tableoid, oid })
            .map(|id| self.get(id))
    }

    pub(crate) fn get(&self, id: DumpId) -> &Object {
        &self.all[id.index() - 1]
    }

    pub(crate) fn get_mut(&mut self, id: DumpId) -> &mut Object {
        &mut self.all[id.index() - 1]
    }

    /// The object with this id, or nothing where the id belongs to a mere entry.
    pub(crate) fn try_get(&self, id: DumpId) -> Option<&Object> {
        self.all.get(id.index() - 1)
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Object> {
        self.all.iter()
    }

    pub(crate) fn add_dependency(&mut self, id: DumpId, on: DumpId) {
        self.get_mut(id).dependencies.push(on);
    }

    /// Removes every mention of `on`.
    pub(crate) fn remove_dependency(&mut self, id: DumpId, on: DumpId) {
        self.get_mut(id)
            .dependencies
            .retain(|&dependency| dependency != on);
    }
}

impl fmt::Display for Object {
    /// For messages: the name and the kind, as in `table "orders" (OID 16403)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let debug = format!("{:?}", self.kind);
        let word = debug.split('(').next().unwrap_or(&debug);
        for (i, letter) in word.chars().enumerate() {
            if i > 0 && letter.is_uppercase() {
                f.write_str(" ")?;
            }
            write!(f, "{}", letter.to_lowercase())?;
        }
        write!(f, " \"{}\"", BStr::new(&self.name))?;
        if self.catalog_id.oid != 0 {
            write!(f, " (OID {})", self.catalog_id.oid)?;
        }
        Ok(())
    }
}
