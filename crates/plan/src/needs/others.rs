//! What was there before and is somebody else's: schemas, and the objects of extensions.

use bstr::{BString, ByteSlice};
use pgdumprs_archive::Entry;

use super::Check;
use crate::made::{self, Name, Namespace};
use crate::obstacle::Obstacle;
use crate::target::Schema;

impl<'a> Check<'a> {
    /// Whether an entry is that of a schema which was there before and has the entry's owner.
    pub(super) fn has_owner(&self, entry: &Entry) -> bool {
        let known = self.schema_there(entry.tag.as_ref());
        entry.descriptor == "SCHEMA"
            && made::by(entry).is_none()
            && known.is_some_and(|known| Some(&known.owner) == entry.owner.as_ref())
    }

    /// A schema that was there before and stays.
    fn schema_there(&self, name: Option<&BString>) -> Option<&'a Schema> {
        let name = name?;
        let known = self
            .target
            .schemas
            .get(name)
            .filter(|_| !self.own_database)?;
        let schema = Name {
            namespace: Namespace::Schema,
            schema: BString::default(),
            name: name.clone(),
        };
        let is_new = self.gone.contains(&schema) || self.made.contains(&schema);
        (!is_new).then_some(known)
    }

    /// That an entry is that of a schema, or says something of one, which was there before and is somebody else's.
    pub(super) fn schema_of_others(&self, entry: &Entry) -> Option<Obstacle> {
        let tag = entry.tag.as_ref()?;
        let schema = match entry.descriptor.as_slice() {
            b"SCHEMA" => tag.clone(),
            _ => tag.strip_prefix(b"SCHEMA ")?.into(),
        };
        let known = self.schema_there(Some(&schema))?;
        (!known.is_mine).then_some(Obstacle::ForeignSchema { schema })
    }

    /// That an entry holds privileges on what is not in the archive, as the objects of extensions are, and what is somebody else's. Those of an
    /// extension that a role makes by leave of the server belong to a superuser.
    pub(super) fn object_of_others(&self, entry: &Entry) -> Option<Obstacle> {
        let tag = entry.tag.as_ref()?;
        let needed = entry.dependencies.iter();
        let mut needed = needed.filter_map(|&dump_id| self.script.entry_of(dump_id));
        if self.target.superuser || needed.any(|needed| needed.descriptor != "SCHEMA") {
            return None;
        }
        let (kind, name) = tag.split_once_str(" ")?;
        let (namespace, name) = match kind {
            b"TABLE" | b"SEQUENCE" => (Namespace::Relation, name),
            b"FUNCTION" | b"PROCEDURE" | b"AGGREGATE" => (Namespace::Routine, name),
            b"TYPE" | b"DOMAIN" => (Namespace::Type, name),
            _ => return None,
        };
        let name = Name {
            namespace,
            schema: entry.namespace.clone()?,
            name: name.into(),
        };
        let is_system = name.schema == "pg_catalog";
        let is_mine = self.target.own_objects.contains(&name);
        (!is_mine && !is_system).then(|| Obstacle::ForeignObject { name: tag.clone() })
    }

    /// Whether a schema was there before and the role that restores may make nothing in it.
    pub(super) fn is_closed(&self, schema: &BString) -> bool {
        let known = self.schema_there(Some(schema));
        known.is_some_and(|known| !known.may_create)
    }
}
