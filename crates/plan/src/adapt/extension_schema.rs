//! Extensions that have their objects in other schemas on the server.
//!
//! The archive does not say what an extension makes. What it names in the extension's schema and does not make itself is taken for the
//! extension's.

use std::collections::HashSet;
use std::ops::Range;

use bstr::{BString, ByteSlice};
use pgdumprs_archive::Entry;

use super::Adapter;
use crate::adaptation::Adaptation;
use crate::needs::extensions::schema_of;
use crate::words::{Word, edited, placed};

impl Adapter<'_> {
    /// Writes the schemas of extensions by the names that they have on the server.
    pub(super) fn move_extensions(&mut self) {
        let adapt = self.adapt;
        for (from, to) in &adapt.extension_schemas {
            self.move_extension(from, to);
        }
    }

    /// Looks for what extensions make where one of them is, rather than where the archive has them all, unless they are in several schemas.
    pub(super) fn follow_extension(&mut self, from: &BString, to: &BString) -> bool {
        let script = self.script;
        let is_elsewhere = |entry: &Entry| {
            let is_from = || entry.definition.as_ref().and_then(|text| schema_of(text));
            let known = entry
                .tag
                .as_ref()
                .and_then(|name| self.target.extensions.get(name));
            entry.descriptor == "EXTENSION"
                && known.is_some_and(|known| known.is_there && known.schema != *to)
                && is_from().as_ref() == Some(from)
        };
        let is_one = !script.entries().iter().any(is_elsewhere);
        is_one && self.move_extension(from, to)
    }

    /// Writes a schema of extensions by another name. Whether anything is another then.
    fn move_extension(&mut self, from: &BString, to: &BString) -> bool {
        let script = self.script;
        let own = own_names(script.entries(), from);
        let schema = Schema {
            from,
            to: self.name(to),
            own: &own,
        };
        let mut has_changed = false;
        for (at, entry) in script.entries().iter().enumerate() {
            let definition = self.definition(at);
            let moved = |text: Option<&BString>| schema.moved(&entry.descriptor, text?);
            let (definition, drop) = (
                moved(definition.as_ref()),
                moved(self.entry(at).drop.as_ref()),
            );
            let tag = match entry.descriptor.as_slice() {
                // Named with the types of their arguments.
                b"FUNCTION" | b"PROCEDURE" | b"AGGREGATE" | b"CAST" => {
                    moved(self.entry(at).tag.as_ref())
                }
                _ => None,
            };
            let is_told = definition.is_some();
            let bodies = is_body_about(entry, from);
            has_changed |= self.change(at, |changed| {
                changed.entry.definition = definition.or(changed.entry.definition.take());
                changed.entry.drop = drop.or(changed.entry.drop.take());
                changed.entry.tag = tag.or(changed.entry.tag.take());
                if is_told {
                    changed.note(Adaptation::ExtensionSchema {
                        from: from.clone(),
                        to: to.clone(),
                    });
                }
            });
            if bodies {
                self.note(
                    at,
                    Adaptation::Body {
                        schema: from.clone(),
                    },
                );
            }
        }
        has_changed
    }
}

/// A schema under another name, but for what the archive itself makes in it.
struct Schema<'a> {
    from: &'a BString,
    to: BString,
    own: &'a HashSet<BString>,
}

impl Schema<'_> {
    /// A text with what is an extension's in the other schema. `None` where nothing is.
    fn moved(&self, descriptor: &[u8], text: &[u8]) -> Option<BString> {
        let words = placed(text);
        let is_from = |at: usize| {
            let word = words.get(at);
            word.and_then(|(word, _)| word.name()) == Some(self.from)
        };
        let is_sign = |at: usize, sign: u8| {
            words
                .get(at)
                .is_some_and(|(word, _)| *word == Word::Sign(sign))
        };
        if descriptor == b"EXTENSION" {
            let at = words.windows(2).position(|pair| pair[0].0.is("schema"))? + 1;
            let edit = (words[at].1.clone(), self.to.clone());
            return is_from(at).then(|| edited(text, &[edit]));
        }
        // In a query where the name is that of a table or its alias as well, what is behind its dot may be a column.
        let qualifies = |at: usize| is_sign(at + 1, b'.') && !(at > 0 && is_sign(at - 1, b'.'));
        let is_query = matches!(
            descriptor,
            b"VIEW" | b"MATERIALIZED VIEW" | b"RULE" | b"POLICY" | b"FUNCTION" | b"PROCEDURE"
        );
        let is_ambiguous = is_query && (0..words.len()).any(|at| is_from(at) && !qualifies(at));
        let mut edits: Vec<(Range<usize>, BString)> = Vec::new();
        for at in (0..words.len()).filter(|&at| is_from(at) && qualifies(at)) {
            let is_operator = at > 1 && is_sign(at - 1, b'(') && words[at - 2].0.is("operator");
            let name = match is_operator {
                true => operator(text, &words[at + 1].1),
                false => words.get(at + 2).and_then(|(word, _)| word.name().cloned()),
            };
            let is_cast = at > 1 && is_sign(at - 1, b':') && is_sign(at - 2, b':');
            let is_sure = is_operator || is_cast || is_sign(at + 3, b'(');
            let is_own = name.is_none_or(|name| self.own.contains(&name));
            if !is_own && (is_sure || !is_ambiguous) {
                edits.push((words[at].1.clone(), self.to.clone()));
            }
        }
        (!edits.is_empty()).then(|| edited(text, &edits))
    }
}

/// The name of the operator between a dot and a parenthesis.
fn operator(text: &[u8], dot: &Range<usize>) -> Option<BString> {
    let rest = &text[dot.end..];
    let end = rest.find_byte(b')')?;
    Some(rest[..end].trim().into())
}

/// The names of what the archive makes in a schema, without the types of arguments.
fn own_names(entries: &[Entry], schema: &BString) -> HashSet<BString> {
    let own = entries.iter().filter(|entry| {
        entry.namespace.as_ref() == Some(schema)
            && !matches!(
                entry.descriptor.as_slice(),
                b"ACL" | b"COMMENT" | b"SECURITY LABEL"
            )
    });
    let names = own.filter_map(|entry| {
        let tag = entry.tag.as_ref()?;
        let end = match entry.descriptor.as_slice() {
            b"FUNCTION" | b"PROCEDURE" | b"AGGREGATE" => tag.find_byte(b'('),
            _ => None,
        };
        Some(BString::from(&tag[..end.unwrap_or(tag.len())]))
    });
    names.collect()
}

/// Whether the body of a routine, which nobody but its language understands, has the name of a schema in it.
fn is_body_about(entry: &Entry, schema: &BString) -> bool {
    let Some(definition) = entry.definition.as_ref() else {
        return false;
    };
    let literals = placed(definition)
        .into_iter()
        .filter(|(word, _)| *word == Word::Literal);
    let mut texts = literals.map(|(_, at)| &definition[at]);
    matches!(entry.descriptor.as_slice(), b"FUNCTION" | b"PROCEDURE")
        && texts.any(|text| {
            placed(text.trim_with(|c| matches!(c, '\'' | '$')))
                .iter()
                .any(|(word, _)| word.name() == Some(schema))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved(descriptor: &str, text: &str) -> String {
        let own = HashSet::from(["item".into(), "touch".into(), "<<".into()]);
        let schema = Schema {
            from: &"ext".into(),
            to: "\"Else where\"".into(),
            own: &own,
        };
        let moved = schema.moved(descriptor.as_bytes(), text.as_bytes());
        moved.map_or_else(|| "as it was".to_owned(), |text| text.to_string())
    }

    #[test]
    fn what_is_the_extensions_is_in_the_other_schema() {
        assert_eq!(
            moved(
                "TABLE",
                "CREATE TABLE ext.item (\n    a ext.citext DEFAULT 'ext.citext'::ext.citext,\n    \"ext.b\" ext.item, c \"ext\".hstore[]\n);\n"
            ),
            "CREATE TABLE ext.item (\n    a \"Else where\".citext DEFAULT 'ext.citext'::\"Else where\".citext,\n    \
             \"ext.b\" ext.item, c \"Else where\".hstore[]\n);\n"
        );
        assert_eq!(
            moved(
                "EXTENSION",
                "CREATE EXTENSION IF NOT EXISTS ext WITH SCHEMA ext;\n"
            ),
            "CREATE EXTENSION IF NOT EXISTS ext WITH SCHEMA \"Else where\";\n"
        );
        assert_eq!(
            moved(
                "INDEX",
                "CREATE INDEX i ON ext.item USING gin (a ext.gin_trgm_ops);\n"
            ),
            "CREATE INDEX i ON ext.item USING gin (a \"Else where\".gin_trgm_ops);\n"
        );
        assert_eq!(
            moved(
                "VIEW",
                "SELECT (a OPERATOR(ext.=) b), (a OPERATOR(ext.<<) b), ext.lower(a), ext.touch(a);"
            ),
            "SELECT (a OPERATOR(\"Else where\".=) b), (a OPERATOR(ext.<<) b), \"Else where\".lower(a), ext.touch(a);"
        );
        assert_eq!(
            moved(
                "FUNCTION",
                "CREATE FUNCTION s.f(ext.citext) AS $$ ext.citext $$;"
            ),
            "CREATE FUNCTION s.f(\"Else where\".citext) AS $$ ext.citext $$;"
        );
    }

    #[test]
    fn columns_stay_where_a_table_has_the_name_of_the_schema() {
        assert_eq!(
            moved(
                "VIEW",
                "SELECT ext.id, ext.lower(ext.name), ext.n::ext.citext FROM app.t ext;"
            ),
            "SELECT ext.id, \"Else where\".lower(ext.name), ext.n::\"Else where\".citext FROM app.t ext;"
        );
        assert_eq!(moved("VIEW", "SELECT ext.id FROM app.ext;"), "as it was");
    }
}
