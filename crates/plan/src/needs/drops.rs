//! What is to be dropped first.

use bstr::BString;
use pgdumprs_archive::Entry;

use super::{Check, shown};
use crate::made;
use crate::obstacle::Obstacle;

impl Check<'_> {
    /// What is in the way of an entry's being dropped.
    pub(super) fn drop(&mut self, entry: &Entry) -> Option<Obstacle> {
        let drops = |text: &BString| !text.is_empty() && !text.starts_with(b"--");
        if !entry.drop.as_ref().is_some_and(drops) {
            return None;
        }
        if entry.descriptor == "EXTENSION" {
            let extension = entry.tag.clone()?;
            let known = self.target.extensions.get(&extension);
            let known = known.filter(|known| known.is_there && !self.own_database);
            let Some(known) = known else {
                return self.not_there(entry, &b""[..].into(), &extension);
            };
            if !known.is_mine {
                return Some(Obstacle::ForeignExtension { extension });
            }
            self.gone_extensions.insert(extension);
            return None;
        }
        if let Some(name) = made::by(entry) {
            let obstacle = match self.is_in_the_way(&name) {
                true => None,
                false => self.not_there(entry, &name.schema, &name.name),
            };
            self.gone.insert(name);
            return obstacle;
        }
        // What belongs to a table is gone where that is not there.
        let entries = self.script.entries().iter();
        let mut needed = entries.filter(|other| entry.dependencies.contains(&other.dump_id));
        let table =
            needed.find_map(|other| made::by(other).filter(|_| other.descriptor == "TABLE"))?;
        match self.is_in_the_way(&table) {
            true => None,
            false => self.not_there(entry, &table.schema, &table.name),
        }
    }

    /// That there is nothing to be dropped, if that is in the way.
    fn not_there(&self, entry: &Entry, schema: &BString, name: &BString) -> Option<Obstacle> {
        let is_asked = !self.own_database || entry.descriptor == "DATABASE";
        let is_told = is_asked && !self.script.options().if_exists;
        is_told.then(|| Obstacle::NotThere {
            descriptor: entry.descriptor.clone(),
            name: shown(schema, name),
        })
    }
}
