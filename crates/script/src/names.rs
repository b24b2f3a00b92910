//! Names that options ask for.

use std::cell::Cell;
use std::collections::HashMap;

use bstr::{BStr, BString, ByteSlice};

use crate::{Error, Options};

/// The names given with one option.
pub(crate) struct Names<'a> {
    /// In the order in which they were given.
    given: &'a [BString],
    /// Whether an entry of that name was met.
    met: HashMap<&'a BStr, Cell<bool>>,
}

impl<'a> Names<'a> {
    fn new(given: &'a [BString]) -> Self {
        let met = given
            .iter()
            .map(|name| (name.as_bstr(), Cell::new(false)))
            .collect();
        Names { given, met }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.given.is_empty()
    }

    /// Whether a name is among them, which counts as having been met.
    pub(crate) fn contain(&self, name: Option<&BString>) -> bool {
        let name = name.map_or(BStr::new(""), |name| name.as_bstr());
        let met = self.met.get(name);
        if let Some(met) = met {
            met.set(true);
        }
        met.is_some()
    }

    fn check(&self, kind: &'static str) -> Result<(), Error> {
        match self
            .given
            .iter()
            .find(|name| !self.met[name.as_bstr()].get())
        {
            Some(name) => Err(Error::NotFound {
                kind,
                name: name.clone(),
            }),
            None => Ok(()),
        }
    }
}

/// The names given with all options.
pub(crate) struct AllNames<'a> {
    pub(crate) schemas: Names<'a>,
    pub(crate) exclude_schemas: Names<'a>,
    pub(crate) tables: Names<'a>,
    pub(crate) indexes: Names<'a>,
    pub(crate) functions: Names<'a>,
    pub(crate) triggers: Names<'a>,
}

impl<'a> AllNames<'a> {
    pub(crate) fn new(options: &'a Options) -> Self {
        AllNames {
            schemas: Names::new(&options.schemas),
            exclude_schemas: Names::new(&options.exclude_schemas),
            tables: Names::new(&options.tables),
            indexes: Names::new(&options.indexes),
            functions: Names::new(&options.functions),
            triggers: Names::new(&options.triggers),
        }
    }

    /// Fails for the first name that no entry has, of those that include something.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.schemas.check("schema")?;
        self.tables.check("table")?;
        self.indexes.check("index")?;
        self.functions.check("function")?;
        self.triggers.check("trigger")
    }
}
