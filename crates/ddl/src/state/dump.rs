//! The state of one dump, and how things are found in it. It knows no kind of object.

use std::collections::HashMap;
use std::fmt;

use bstr::{BStr, BString, ByteSlice};
use pgdumprs_catalog::{AttrDef, CatalogId, Column, Details, Encoding, Listing, Oid, Table};

use crate::state::object::{DumpId, Kind, Object, Objects};
use crate::state::relations::Relations;
use crate::text::sql;
use crate::{Error, Options};

/// A dump in the making.
#[derive(Debug)]
pub struct Dump {
    pub(crate) options: Options,
    pub(crate) listing: Listing,
    pub(crate) details: Details,
    /// What all texts are in.
    pub(crate) encoding: Encoding,
    pub(crate) objects: Objects,
    /// Dump ids of schemas, by index in the listing.
    pub(crate) namespace_ids: Vec<DumpId>,
    /// Dump ids of relations, by index in the listing.
    pub(crate) table_ids: Vec<DumpId>,
    /// Links between relations and their parts.
    pub(crate) relations: Relations,
    /// The extension that owns an object.
    pub(crate) extension_of: HashMap<CatalogId, DumpId>,
    /// Indexes of schemas in the listing, by OID.
    namespace_index: HashMap<u32, usize>,
    /// Indexes of relations in the listing, by OID.
    table_index: HashMap<u32, usize>,
    /// Things that the user should know of and that do not stop the dump.
    pub(crate) warnings: Vec<String>,
}

impl Dump {
    /// A dump of which nothing is known but the listing: no object yet.
    pub(crate) fn empty(listing: Listing, mut options: Options) -> Self {
        // A standby has nothing of an unlogged table but that there is one.
        options.unlogged_table_data &= !listing.server.in_recovery;
        let index = |oids: &mut dyn Iterator<Item = u32>| {
            oids.enumerate().map(|(i, oid)| (oid, i)).collect()
        };
        Self {
            namespace_index: index(&mut listing.namespaces.iter().map(|row| row.oid)),
            table_index: index(&mut listing.tables.iter().map(|row| row.oid)),
            encoding: Encoding::named(&listing.database.client_encoding),
            options,
            warnings: listing.matched.mistakes().to_vec(),
            listing,
            details: Details::default(),
            objects: Objects::default(),
            namespace_ids: Vec::new(),
            table_ids: Vec::new(),
            relations: Relations::default(),
            extension_of: HashMap::new(),
        }
    }

    /// The listing that the dump was made from.
    pub fn listing(&self) -> &Listing {
        &self.listing
    }

    /// Quotes a name as an identifier where it needs it.
    pub(crate) fn ident(&self, name: impl AsRef<[u8]>) -> BString {
        let always = self.options.quote_all_identifiers;
        sql::ident(name.as_ref().as_bstr(), always, self.encoding)
    }

    /// Writes a string literal, for a server with `standard_conforming_strings` on.
    pub(crate) fn literal(&self, text: impl AsRef<[u8]>) -> BString {
        sql::literal(text, self.encoding)
    }

    /// Name of the schema that an object lives in.
    pub(crate) fn namespace_name(&self, object: &Object) -> Option<&BStr> {
        object
            .namespace
            .map(|index| self.listing.namespaces[index].name.as_ref())
    }

    /// An object's name, quoted, behind that of its schema.
    pub(crate) fn qualified(&self, object: &Object) -> BString {
        let name = self.ident(&object.name);
        match self.namespace_name(object) {
            Some(namespace) => sql![self.ident(namespace), ".", name],
            None => name,
        }
    }

    /// Index of a schema in the listing.
    pub(crate) fn find_namespace(
        &self,
        oid: u32,
        object: impl FnOnce() -> String,
    ) -> Result<usize, Error> {
        self.namespace_index
            .get(&oid)
            .copied()
            .ok_or_else(|| Error::Missing {
                object: object(),
                target: format!("schema with OID {oid}"),
            })
    }

    /// The object of a schema, by index in the listing.
    pub(crate) fn namespace_object(&self, index: usize) -> &Object {
        self.objects.get(self.namespace_ids[index])
    }

    /// Index of a relation in the listing, by OID.
    pub(crate) fn find_table(&self, oid: u32) -> Option<usize> {
        self.table_index.get(&oid).copied()
    }

    /// The object of a relation, by index in the listing.
    pub(crate) fn table_object(&self, index: usize) -> &Object {
        self.objects.get(self.table_ids[index])
    }

    /// Columns of a relation, dropped ones included, by attribute number. None where they were not asked for.
    pub(crate) fn columns(&self, table: usize) -> &[Column] {
        let oid = self.listing.tables[table].oid;
        self.details
            .relations
            .columns
            .get(&oid)
            .map_or(&[], Vec::as_slice)
    }

    /// One column of a relation.
    pub(crate) fn column(&self, table: usize, number: i16) -> Result<&Column, Error> {
        usize::try_from(number - 1)
            .ok()
            .and_then(|position| self.columns(table).get(position))
            .ok_or_else(|| self.missing(self.table_object(table), format!("its column {number}")))
    }

    /// The default or generation expression of a column, as an object and as a row.
    pub(crate) fn attrdef(&self, table: usize, number: i16) -> Option<(&Object, &AttrDef)> {
        let object = self
            .objects
            .get(*self.relations.attrdefs.get(&(table, number))?);
        match object.kind {
            Kind::AttrDef(index) => Some((object, &self.details.relations.attrdefs[index])),
            _ => None,
        }
    }

    pub(crate) fn parents(&self, table: usize) -> &[usize] {
        self.relations.parents.get(table).map_or(&[], Vec::as_slice)
    }

    /// Whether a column is written in CREATE TABLE. One that is only inherited would count as declared if it were; a
    /// partition is created apart and attached later, so it needs them all.
    pub(crate) fn writes_column(&self, table: &Table, column: &Column) -> bool {
        !column.is_dropped && (column.is_local || table.is_partition)
    }

    /// The name of a role that an object names. In a damaged catalog there may be none; to leave the role out would give the object, or what
    /// it allows, to somebody else.
    pub(crate) fn role(&self, named_by: &dyn fmt::Display, oid: Oid) -> Result<&BStr, Error> {
        self.listing.role(oid).ok_or_else(|| Error::NoRole {
            object: named_by.to_string(),
            role: oid,
        })
    }

    /// The error for something that an object refers to and that is not there.
    pub(crate) fn missing(&self, object: &Object, target: impl Into<String>) -> Error {
        Error::Missing {
            object: object.to_string(),
            target: target.into(),
        }
    }
}
