//! Objects that are taken as they are, and what of objects is left out.

use bstr::{BStr, BString, ByteSlice};
use pgdumprs_script::Script;

use super::{Adapter, Changed};
use crate::adaptation::Adaptation;
use crate::novelty;
use crate::obstacle::Obstacle;
use crate::superuser;
use crate::target::Target;
use crate::words::{Word, words};

/// `pg_class.relkind` of partitioned tables.
const PARTITIONED: u8 = b'p';

impl Adapter<'_> {
    /// Takes a schema as it is there.
    pub(super) fn take(&mut self, at: usize) -> bool {
        self.change(at, |changed| {
            // As archives have it of a schema that every database has.
            changed.entry.definition = Some("-- the schema is there already\n".into());
            changed.entry.owner = None;
            changed.note(Adaptation::Taken {
                descriptor: changed.entry.descriptor.clone(),
            });
        })
    }

    /// Leaves out privileges on the schema `public` that everybody has already, where the schema is somebody else's: to grant them would be
    /// refused. Archives of servers before 15 have them as a rule.
    pub(super) fn leave_what_everybody_may(&mut self) {
        for at in everybodys(self.script, &self.target) {
            self.change(at, |changed| {
                changed.entry.definition = Some("-- everybody may already\n".into());
                changed.note(Adaptation::HeldAlready);
            });
        }
    }

    /// Does not drop what is there.
    pub(super) fn keep(&mut self, at: usize, because: &Obstacle) -> bool {
        self.change(at, |changed| {
            changed.entry.drop = None;
            changed.note(Adaptation::NotDropped {
                because: because.clone(),
            });
        })
    }

    /// Leaves out the clauses of a routine that only superusers may write.
    pub(super) fn without_clause(&mut self, at: usize, because: &Obstacle) -> bool {
        let Some(definition) = self.definition(at) else {
            return false;
        };
        let written = superuser::without_clauses(self.descriptor(at), &definition);
        let Some((definition, clauses)) = written else {
            return false;
        };
        self.change(at, |changed| {
            changed.entry.definition = Some(definition);
            for clause in clauses {
                changed.note(Adaptation::Clause {
                    clause,
                    because: because.clone(),
                });
            }
        })
    }

    /// Leaves everything in the database's own tablespace that is in one that is not there.
    pub(super) fn without_tablespace(&mut self, tablespace: &BString) -> bool {
        self.change_all(|changed| {
            let entry = &mut changed.entry;
            let is_database = entry.descriptor == "DATABASE";
            let text = entry.definition.as_ref().filter(|_| is_database);
            let named = text.and_then(|text| Some((text, novelty::tablespace(text)?)));
            let without = named.filter(|(_, (name, _))| name == tablespace);
            if let Some((text, (_, place))) = without {
                entry.definition = Some(novelty::edited(text, &[place]));
            } else if entry.tablespace.as_ref() == Some(tablespace) {
                entry.tablespace = Some(BString::default());
            } else {
                return;
            }
            changed.note(Adaptation::Tablespace {
                tablespace: tablespace.clone(),
            });
        })
    }

    /// Gives all tables of an access method that is not there the one that all have.
    pub(super) fn without_access_method(&mut self, access_method: &BString) -> bool {
        self.change_all(|changed| {
            if changed.entry.table_am.as_ref() != Some(access_method) {
                return;
            }
            // What is partitioned has none of its own.
            changed.entry.table_am = (changed.entry.relkind != PARTITIONED).then(|| "heap".into());
            changed.note(Adaptation::TableAccessMethod {
                access_method: access_method.clone(),
            });
        })
    }

    /// Gives all tables of an access method that cannot be made the one that all have, if the entry is that of one.
    pub(super) fn without_own_access_method(&mut self, at: usize) -> bool {
        let entry = &self.script.entries()[at];
        let name = entry
            .tag
            .as_ref()
            .filter(|_| entry.descriptor == "ACCESS METHOD");
        name.is_some_and(|name| {
            self.without_access_method(name);
            let dump_id = entry.dump_id;
            self.change_all(|changed| {
                changed
                    .entry
                    .dependencies
                    .retain(|needed| *needed != dump_id)
            })
        })
    }

    /// Changes all entries that a function changes.
    fn change_all(&mut self, change: impl Fn(&mut Changed)) -> bool {
        let mut has_changed = false;
        for at in 0..self.script.entries().len() {
            has_changed |= self.change(at, &change);
        }
        has_changed
    }
}

/// The positions of entries that give everybody what everybody has on the schema `public`, which is somebody else's.
pub(crate) fn everybodys(script: &Script, target: &Target) -> Vec<usize> {
    let public = target.schemas.get(BStr::new("public"));
    if script.options().create || !public.is_some_and(|public| public.is_open && !public.is_mine) {
        return Vec::new();
    }
    let entries = script.entries().iter().enumerate();
    let are_everybodys = entries.filter(|(_, entry)| {
        entry.descriptor == "ACL"
            && entry.tag.as_ref().is_some_and(|tag| tag == "SCHEMA public")
            && entry
                .definition
                .as_ref()
                .is_some_and(|text| opens_public(text))
    });
    are_everybodys.map(|(at, _)| at).collect()
}

/// Whether statements come to this: everybody may use the schema `public` and make something in it, and nothing else changes.
fn opens_public(text: &[u8]) -> bool {
    const REVOKES: [&str; 2] = [
        "revoke usage on schema public from public",
        "revoke all on schema public from public",
    ];
    const GRANTS: &str = "grant all on schema public to public";
    let words = words(text);
    let statements = words.split(|word| *word == Word::Sign(b';'));
    let mut last = None;
    for statement in statements.filter(|statement| !statement.is_empty()) {
        let names = statement.iter().map(|word| match word {
            Word::Plain(word) => word.as_bstr(),
            _ => BStr::new("?"),
        });
        let said = bstr::join(" ", names);
        if said != GRANTS.as_bytes() && !REVOKES.iter().any(|revokes| said == revokes.as_bytes()) {
            return false;
        }
        last = Some(said);
    }
    last.is_some_and(|last| last == GRANTS.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_opens_the_schema_public_changes_nothing_else() {
        let grant = "GRANT ALL ON SCHEMA public TO PUBLIC;\n";
        let revoke = "REVOKE USAGE ON SCHEMA public FROM PUBLIC;\n";
        assert!(opens_public(grant.as_bytes()));
        assert!(opens_public(format!("{revoke}{grant}").as_bytes()));
        for other in [
            "",
            revoke,
            &format!("{grant}{revoke}"),
            &format!("{grant}GRANT ALL ON SCHEMA public TO app;\n"),
            "GRANT ALL ON SCHEMA public TO \"PUBLIC\";\n",
            "GRANT ALL ON SCHEMA public TO PUBLIC WITH GRANT OPTION;\n",
        ] {
            assert!(!opens_public(other.as_bytes()), "{other}");
        }
    }
}
