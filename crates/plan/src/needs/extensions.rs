//! Extensions: those that are made, and those that are there.

use bstr::{BStr, BString};

use super::Check;
use crate::made::Namespace;
use crate::obstacle::Obstacle;
use crate::superuser;
use crate::words::words;

impl Check<'_> {
    pub(super) fn extension(&mut self, name: &BStr, text: &BStr) -> Option<Obstacle> {
        let extension = name.to_owned();
        let Some(known) = self.target.extensions.get(&extension) else {
            return Some(Obstacle::MissingExtension { extension });
        };
        if self.has_extension(&extension) {
            return None;
        }
        let words = words(text);
        let schema = words.windows(2).find(|pair| pair[0].is("schema"));
        if let Some(schema) = schema.and_then(|pair| pair[1].name()) {
            if self.lacks(Namespace::Schema, b"", schema) {
                return Some(Obstacle::MissingSchema {
                    schema: schema.clone(),
                });
            }
        }
        self.has_new_extension = true;
        let what = superuser::EXTENSION;
        let is_allowed = known.may_be_made || self.target.allows(what);
        (!is_allowed).then_some(Obstacle::NeedsSuperuser { what })
    }

    /// Whether an extension is there and stays.
    pub(super) fn has_extension(&self, extension: &BString) -> bool {
        let known = self.target.extensions.get(extension);
        !self.own_database
            && !self.gone_extensions.contains(extension)
            && known.is_some_and(|known| known.is_there)
    }

    /// Comments on extensions that are there already belong to their owners.
    pub(super) fn comment(&self, tag: &BStr) -> Option<Obstacle> {
        let extension = BString::from(tag.strip_prefix(b"EXTENSION ")?);
        let known = self.target.extensions.get(&extension)?;
        let is_foreign = self.has_extension(&extension) && !known.is_mine;
        is_foreign.then_some(Obstacle::ForeignExtension { extension })
    }
}
