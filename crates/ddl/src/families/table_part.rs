//! What indexes, constraints, triggers, rules and policies have in common: they hang on a table, whose schema, owner and
//! selection are theirs too.

use bstr::{BStr, BString};
use pgdumprs_archive::{Entry, Section};
use pgdumprs_catalog::{CatalogId, Oid, Table, relkind};

use crate::annotations::comment::{self, Subject};
use crate::contents::toc::Toc;
use crate::state::dump::Dump;
use crate::state::object::{DumpId, Kind, Object, Tie};
use crate::{Components, Error};

/// Makes an object of something that hangs on the table `table`.
///
/// # Errors
///
/// [`Error::Missing`] where there is no such table.
pub(crate) fn add(
    dump: &mut Dump,
    kind: Kind,
    catalog_id: CatalogId,
    name: BString,
    table: Oid,
) -> Result<DumpId, Error> {
    let index = dump.find_table(table).ok_or_else(|| Error::Missing {
        object: format!("{kind:?} \"{name}\" (OID {})", catalog_id.oid),
        target: format!("table with OID {table}"),
    })?;
    let whole = dump.table_object(index);
    let (whole_id, namespace, selected) = (whole.id, whole.namespace, whole.dump);
    let id = dump.objects.add(kind, catalog_id, name, namespace);
    let object = dump.objects.get_mut(id);
    object.dump = selected;
    object.part_of = Some(whole_id);
    object.tie = Tie::Part;
    Ok(id)
}

/// OIDs of the relations whose parts are dumped: all that is dumped and can have any.
pub(crate) fn wanted(dump: &Dump) -> Vec<Oid> {
    let rows = dump.listing.tables.iter().zip(&dump.table_ids);
    rows.filter(|(row, _)| row.relkind != relkind::SEQUENCE)
        .filter(|&(_, &id)| dump.objects.get(id).dumps(Components::DEFINITION))
        .map(|(row, _)| row.oid)
        .collect()
}

/// The table that something hangs on.
pub(crate) struct Whole<'a> {
    pub(crate) row: &'a Table,
    pub(crate) object: &'a Object,
    /// Index in the listing.
    pub(crate) index: usize,
    /// Name, quoted, without schema.
    pub(crate) name: BString,
    /// Name, quoted, behind that of its schema.
    pub(crate) qualified: BString,
    namespace: Option<&'a BStr>,
    owner: &'a BStr,
}

impl<'a> Whole<'a> {
    /// The table with OID `table`, for its part `part`.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] where there is no such table.
    pub(crate) fn find(dump: &'a Dump, part: &Object, table: Oid) -> Result<Self, Error> {
        let index = dump
            .find_table(table)
            .ok_or_else(|| dump.missing(part, format!("table with OID {table}")))?;
        let (row, object) = (&dump.listing.tables[index], dump.table_object(index));
        Ok(Self {
            row,
            object,
            index,
            name: dump.ident(&row.name),
            qualified: dump.qualified(object),
            namespace: dump.namespace_name(object),
            owner: dump.role(object, row.owner)?,
        })
    }

    /// `ALTER TABLE` or, for a foreign table, `ALTER FOREIGN TABLE`.
    pub(crate) fn alter(&self) -> &'static str {
        if self.row.relkind == relkind::FOREIGN_TABLE {
            "ALTER FOREIGN TABLE"
        } else {
            "ALTER TABLE"
        }
    }

    /// Starts the entry of a part, which goes by the name of the part alone.
    pub(crate) fn entry(&self, part: &Object, descriptor: &str) -> Entry {
        Entry {
            tag: Some(part.name.clone()),
            namespace: self.namespace.map(BStr::to_owned),
            owner: Some(self.owner.to_owned()),
            ..Toc::entry_of(part, descriptor, Section::PostData)
        }
    }

    /// Starts the entry of a part whose name counts only within the table: it goes by both names.
    pub(crate) fn inner_entry(&self, part: &Object, descriptor: &str) -> Entry {
        Entry {
            tag: Some(sql![self.row.name, " ", part.name]),
            ..self.entry(part, descriptor)
        }
    }

    /// Writes the comment on a part whose name counts only within the table: `kind` is its key word. The entry hangs on
    /// `dump_id`.
    pub(crate) fn comment_on(
        &self,
        dump: &Dump,
        toc: &mut Toc,
        part: &Object,
        kind: &str,
        dump_id: DumpId,
    ) {
        let subject = Subject {
            kind,
            name: self.name.clone(),
            namespace: self.namespace,
            owner: self.owner,
            catalog_id: part.catalog_id,
            dump_id,
        };
        comment::render_within(dump, toc, &subject, "ON", dump.ident(&part.name).as_ref());
    }

    /// A subject from a part that has a name of its own.
    pub(crate) fn subject(&self, dump: &Dump, part: &Object, kind: &'a str) -> Subject<'a> {
        Subject {
            kind,
            name: dump.ident(&part.name),
            namespace: self.namespace,
            owner: self.owner,
            catalog_id: part.catalog_id,
            dump_id: part.id,
        }
    }
}
