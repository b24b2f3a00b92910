//! Extensions: those that are made, and those that are there.

use bstr::{BStr, BString};
use pgdumprs_archive::Entry;

use super::Check;
use crate::made::Namespace;
use crate::obstacle::Obstacle;
use crate::superuser;
use crate::words::words;

impl Check<'_> {
    /// What is in the way of an extension's being made.
    pub(super) fn extension(&mut self, entry: &Entry, text: &BStr) -> Option<Obstacle> {
        let extension = entry.tag.clone()?;
        let Some(known) = self.target.extensions.get(&extension) else {
            return Some(Obstacle::MissingExtension { extension });
        };
        let schema = schema_of(text);
        if self.has_extension(&extension) {
            let schema = schema.filter(|schema| *schema != known.schema && self.is_used(entry))?;
            return Some(Obstacle::ExtensionElsewhere {
                extension,
                schema,
                found: known.schema.clone(),
            });
        }
        if let Some(schema) = schema {
            if self.lacks(Namespace::Schema, b"", &schema) {
                return Some(Obstacle::MissingSchema { schema });
            }
        }
        self.has_new_extension = true;
        let what = superuser::EXTENSION;
        let is_allowed = known.may_be_made || self.target.allows(what);
        (!is_allowed).then_some(Obstacle::NeedsSuperuser { what })
    }

    /// Whether something needs what an extension makes.
    fn is_used(&self, extension: &Entry) -> bool {
        let steps = self.script.steps().iter();
        steps.map(|step| self.script.entry(step)).any(|entry| {
            entry.dependencies.contains(&extension.dump_id) && entry.descriptor != "COMMENT"
        })
    }

    /// Whether an extension is there and stays.
    pub(super) fn has_extension(&self, extension: &BString) -> bool {
        let known = self.target.extensions.get(extension);
        !self.own_database
            && !self.gone_extensions.contains(extension)
            && known.is_some_and(|known| known.is_there)
    }

    /// Whether an entry is a comment on an extension that is there, wherever that is.
    pub(super) fn is_comment_on_extension_there(&self, entry: &Entry) -> bool {
        let tag = entry.tag.as_ref().filter(|_| entry.descriptor == "COMMENT");
        let extension = tag.and_then(|tag| tag.strip_prefix(b"EXTENSION "));
        extension.is_some_and(|extension| self.has_extension(&extension.into()))
    }

    /// Comments on extensions that are there already belong to their owners.
    pub(super) fn comment(&self, tag: &BStr) -> Option<Obstacle> {
        let extension = BString::from(tag.strip_prefix(b"EXTENSION ")?);
        let known = self.target.extensions.get(&extension)?;
        let is_foreign = self.has_extension(&extension) && !known.is_mine;
        is_foreign.then_some(Obstacle::ForeignExtension { extension })
    }
}

/// The schema that a statement makes an extension in.
pub(crate) fn schema_of(text: &[u8]) -> Option<BString> {
    let words = words(text);
    let schema = words.windows(2).find(|pair| pair[0].is("schema"))?;
    schema[1].name().cloned()
}
