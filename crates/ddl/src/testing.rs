//! Databases made by hand, for the tests of this crate.

use pgdumprs_catalog::{
    Acl, AttrDef, Column, Details, Inherits, Listing, Namespace, NotNull, Table, relkind,
};

use crate::state::dump::Dump;
use crate::{Options, Plan};

/// OID of schema `public` here.
const PUBLIC: u32 = 2200;

/// The role that owns everything in a fixture.
const OWNER: u32 = 10;

/// An ordinary, empty table in schema `public`, owned by [`OWNER`].
pub(crate) fn table(oid: u32, name: &str) -> Table {
    Table {
        oid,
        name: name.into(),
        namespace: PUBLIC,
        relkind: relkind::TABLE,
        row_type: 0,
        owner: OWNER,
        check_count: 0,
        has_index: false,
        has_rules: false,
        has_triggers: false,
        pages: 0,
        tuples: "-1".into(),
        all_visible: 0,
        all_frozen: 0,
        toast_pages: 0,
        persistence: b'p',
        of_type: None,
        acl: Acl::default(),
        foreign_server: None,
        tablespace: None,
        is_populated: true,
        replica_identity: b'd',
        row_security: false,
        force_row_security: false,
        options: Vec::new(),
        check_option: None,
        toast_options: Vec::new(),
        access_method: Some("heap".into()),
        is_partition: false,
        owning_column: None,
    }
}

/// An integer column that its table declares.
pub(crate) fn column(table: u32, number: i16, name: &str) -> Column {
    Column {
        table,
        number,
        name: name.into(),
        type_name: "integer".into(),
        statistics_target: -1,
        storage: b'p',
        type_storage: b'p',
        identity: 0,
        generated: 0,
        is_dropped: false,
        is_local: true,
        not_null: None,
        collation: None,
        compression: 0,
        options: Vec::new(),
        foreign_options: Vec::new(),
    }
}

/// A valid NOT NULL that is declared where it is, under the name that a server since 18 gives it.
pub(crate) fn not_null(name: &str) -> NotNull {
    NotNull {
        name: Some(name.into()),
        is_local: true,
        no_inherit: false,
        is_valid: true,
        comment: None,
    }
}

/// A database to be put together before it is dumped.
#[derive(Default)]
pub(crate) struct Fixture {
    pub(crate) options: Options,
    pub(crate) listing: Listing,
    pub(crate) details: Details,
}

impl Fixture {
    /// A database of a server with the version number `version`, with schema `public` and some tables by ascending OID.
    pub(crate) fn new(version: u32, tables: Vec<Table>) -> Self {
        let mut fixture = Self::default();
        fixture.listing.server.version = version;
        fixture.listing.roles.insert(OWNER, "postgres".into());
        fixture.listing.database.owner = OWNER;
        fixture.listing.namespaces.push(Namespace {
            oid: PUBLIC,
            name: "public".into(),
            owner: OWNER,
            acl: Acl::default(),
        });
        fixture.listing.tables = tables;
        fixture
    }

    pub(crate) fn column(mut self, column: Column) -> Self {
        self.details
            .relations
            .columns
            .entry(column.table)
            .or_default()
            .push(column);
        self
    }

    pub(crate) fn attrdef(mut self, table: u32, column: i16, expression: &str) -> Self {
        let oid = 50_000 + u32::try_from(self.details.relations.attrdefs.len()).unwrap();
        let expression = expression.into();
        self.details.relations.attrdefs.push(AttrDef {
            oid,
            table,
            column,
            expression,
        });
        self
    }

    pub(crate) fn inherits(mut self, child: u32, parent: u32) -> Self {
        self.listing.inherits.push(Inherits { child, parent });
        self
    }

    /// The dump's entries.
    pub(crate) fn plan(self) -> Plan {
        let dump = Dump::new(self.listing, self.options).expect("the fixture is consistent");
        dump.plan(self.details).expect("the fixture is consistent")
    }

    /// Definitions of the dump's entries of one kind, by tag.
    pub(crate) fn definition(self, descriptor: &str, tag: &str) -> String {
        let entries = self.plan().entries;
        let entry = entries
            .iter()
            .find(|entry| entry.descriptor == descriptor && entry.tag == Some(tag.into()));
        let definition = entry.and_then(|entry| entry.definition.clone());
        definition.expect("the fixture has the object").to_string()
    }
}
