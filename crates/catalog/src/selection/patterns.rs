//! Which objects a dump is restricted to, as patterns for names.

use bstr::{BStr, BString, ByteSlice};
use pgdumprs_connect::Encoding;

use crate::Error;
use crate::selection::pattern::{self, Parsed};

/// What becomes of the objects that a pattern matches. In the order in which pg_dump looks at patterns, and so complains of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// Only these schemas are dumped.
    IncludeSchema,
    /// These schemas are not dumped.
    ExcludeSchema,
    /// Only these relations are dumped.
    IncludeTable,
    /// These relations are not dumped.
    ExcludeTable,
    /// Rows of these relations are not dumped.
    ExcludeTableData,
    /// Rows of the foreign tables of these servers are dumped.
    IncludeForeignData,
    /// Only these extensions are dumped.
    IncludeExtension,
    /// These extensions are not dumped.
    ExcludeExtension,
    /// Of these tables, only the rows are dumped that meet the condition of this number.
    ChooseRows(usize),
}

/// Kinds of objects that patterns are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Class {
    Schema,
    Table,
    ForeignServer,
    Extension,
}

impl Class {
    /// The plural, for messages.
    pub(crate) fn plural(self) -> &'static str {
        match self {
            Self::Schema => "schemas",
            Self::Table => "tables",
            Self::ForeignServer => "foreign servers",
            Self::Extension => "extensions",
        }
    }

    /// The singular, for messages.
    pub(crate) fn singular(self) -> &'static str {
        match self {
            Self::Schema => "schema",
            Self::Table => "table",
            Self::ForeignServer => "foreign server",
            Self::Extension => "extension",
        }
    }

    /// How many dots a pattern may hold: a database may be named before schemas and tables.
    fn most_dots(self) -> usize {
        match self {
            Self::Schema => 1,
            Self::Table => 2,
            Self::ForeignServer | Self::Extension => 0,
        }
    }

    /// Into how many parts before the name a pattern is taken apart. One for a schema has none but the database, which is no
    /// part of what is matched.
    fn qualifiers(self) -> usize {
        match self {
            Self::Table => 2,
            Self::Schema | Self::ForeignServer | Self::Extension => 0,
        }
    }
}

impl Purpose {
    pub(crate) fn class(self) -> Class {
        match self {
            Self::IncludeSchema | Self::ExcludeSchema => Class::Schema,
            Self::IncludeTable
            | Self::ExcludeTable
            | Self::ExcludeTableData
            | Self::ChooseRows(_) => Class::Table,
            Self::IncludeForeignData => Class::ForeignServer,
            Self::IncludeExtension | Self::ExcludeExtension => Class::Extension,
        }
    }

    /// Whether a dump without any match is no dump of what was asked for.
    pub(crate) fn must_match(self) -> bool {
        matches!(
            self,
            Self::IncludeSchema | Self::IncludeTable | Self::IncludeExtension | Self::ChooseRows(_)
        )
    }
}

/// One pattern, as the user wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// What it is for.
    pub purpose: Purpose,
    /// The pattern, in the encoding of the dump.
    pub text: BString,
    /// Whether partitions and inheritance children of the relations that match count as matching.
    pub and_children: bool,
}

/// All patterns of a dump.
#[derive(Debug, Clone, Default)]
pub struct Patterns {
    /// In no particular order.
    pub all: Vec<Pattern>,
    /// Whether each pattern that includes schemas, tables or extensions must match something, rather than one of them.
    pub strict: bool,
}

impl Patterns {
    /// Whether there is a pattern for this purpose.
    pub fn any(&self, purpose: Purpose) -> bool {
        self.all.iter().any(|pattern| pattern.purpose == purpose)
    }

    /// The patterns taken apart, in the order of their purposes.
    ///
    /// # Errors
    ///
    /// Where a pattern has too many parts, or names a database that is not `database`.
    pub(crate) fn parse(
        &self,
        database: &BStr,
        encoding: Encoding,
    ) -> Result<Vec<(Pattern, Parsed)>, Error> {
        let mut patterns: Vec<&Pattern> = self.all.iter().collect();
        patterns.sort_by_key(|pattern| (pattern.purpose, pattern.and_children));
        patterns
            .into_iter()
            .map(|pattern| Ok((pattern.clone(), parse(pattern, database, encoding)?)))
            .collect()
    }
}

fn parse(pattern: &Pattern, database: &BStr, encoding: Encoding) -> Result<Parsed, Error> {
    let class = pattern.purpose.class();
    let text = pattern.text.as_bstr();
    let parsed = pattern::parse(text, class.qualifiers(), encoding);
    if parsed.dots > class.most_dots() {
        return Err(Error::TooManyDots {
            what: if class == Class::Table {
                "relation"
            } else {
                "qualified"
            },
            pattern: text.to_owned(),
        });
    }
    let names_database = class.most_dots() > 0 && parsed.dots == class.most_dots();
    if names_database && parsed.first != database {
        return Err(Error::OtherDatabase {
            pattern: text.to_owned(),
        });
    }
    Ok(match class {
        // What is behind the database's name, if that is there.
        Class::Schema if names_database => pattern::parse(text, 1, encoding),
        _ => parsed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(purpose: Purpose, text: &str) -> Option<String> {
        let pattern = Pattern {
            purpose,
            text: text.into(),
            and_children: false,
        };
        let patterns = Patterns {
            all: vec![pattern],
            strict: false,
        };
        let parsed = patterns.parse(BStr::new("Shop"), Encoding::Utf8);
        parsed.err().map(|error| error.to_string())
    }

    #[test]
    fn other_databases_are_refused() {
        assert_eq!(message(Purpose::IncludeTable, "\"Shop\".public.t"), None);
        assert_eq!(message(Purpose::IncludeSchema, "\"Shop\".public"), None);
        let error = message(Purpose::IncludeTable, "Shop.public.t");
        assert!(error.is_some_and(|error| error.contains("Shop.public.t")));
        assert!(message(Purpose::ExcludeSchema, "\"Shop*\".s").is_some());
    }

    #[test]
    fn patterns_have_only_so_many_parts() {
        assert!(message(Purpose::ExcludeTable, "a.b.c.d").is_some());
        assert!(message(Purpose::IncludeSchema, "a.b.c").is_some());
        assert!(message(Purpose::IncludeExtension, "a.b").is_some());
        assert_eq!(message(Purpose::IncludeExtension, "\"a.b\""), None);
        assert_eq!(message(Purpose::IncludeTable, "\"a.b.c.d\""), None);
    }
}
