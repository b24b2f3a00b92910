//! Reading the cells of one result row, from left to right.

use bstr::{BStr, BString};
use pgdumprs_connect::{Encoding, FromCell, Row, parse_array};

use crate::{AclItem, CatalogId, Error, Oid};

/// A cursor over one row's cells, in the order of the query's select list.
///
/// Decoders take cells in the order in which the query beside them names the columns, so that the two lists can be
/// read side by side. A NULL where the type has no room for it is an [`Error::Decode`].
pub(crate) struct Cells<'a> {
    what: &'static str,
    row: Row<'a>,
    /// What texts are in.
    encoding: Encoding,
    next: usize,
}

impl<'a> Cells<'a> {
    pub(crate) fn new(what: &'static str, row: Row<'a>, encoding: Encoding) -> Self {
        Self {
            what,
            row,
            encoding,
            next: 0,
        }
    }

    /// The next cell as any type that a cell can be read as: `i32`, `Option<BString>`, `Vec<i16>`…
    pub(crate) fn get<T: FromCell<'a>>(&mut self) -> Result<T, Error> {
        self.read(T::EXPECTED, T::from_cell)
    }

    /// The next cell as whatever `read` makes of it; `expected` says what that is.
    fn read<T>(
        &mut self,
        expected: &'static str,
        read: impl FnOnce(Option<&'a BStr>) -> Option<T>,
    ) -> Result<T, Error> {
        let column = self.next;
        self.next += 1;
        self.row
            .read(column, expected, read)
            .map_err(|source| Error::Decode {
                what: self.what,
                source,
            })
    }

    /// A value of type text or name, or the text form of any other type.
    pub(crate) fn text(&mut self) -> Result<BString, Error> {
        self.get()
    }

    /// Like [`Cells::text`], for a column that may be NULL.
    pub(crate) fn opt_text(&mut self) -> Result<Option<BString>, Error> {
        self.get()
    }

    pub(crate) fn bool(&mut self) -> Result<bool, Error> {
        self.get()
    }

    /// A value of type "char"; 0 where it is the zero byte.
    pub(crate) fn char(&mut self) -> Result<u8, Error> {
        self.get()
    }

    pub(crate) fn oid(&mut self) -> Result<Oid, Error> {
        self.get()
    }

    /// An OID where both NULL and 0 say "none".
    pub(crate) fn opt_oid(&mut self) -> Result<Option<Oid>, Error> {
        Ok(self.get::<Option<Oid>>()?.filter(|&oid| oid != 0))
    }

    /// Two columns: the class and the OID of an object.
    pub(crate) fn catalog_id(&mut self) -> Result<CatalogId, Error> {
        Ok(CatalogId {
            tableoid: self.oid()?,
            oid: self.oid()?,
        })
    }

    /// A one-dimensional array of anything, as the texts of its elements.
    pub(crate) fn opt_array(&mut self) -> Result<Option<Vec<BString>>, Error> {
        let encoding = self.encoding;
        self.read("an array without NULLs", |cell| match cell {
            None => Some(None),
            Some(text) => parse_array(text, encoding)?
                .into_iter()
                .collect::<Option<_>>()
                .map(Some),
        })
    }

    /// A list of what roles granted, of type `aclitem[]`.
    pub(crate) fn opt_acl(&mut self) -> Result<Option<Vec<AclItem>>, Error> {
        let encoding = self.encoding;
        self.read("a list of aclitems", |cell| match cell {
            None => Some(None),
            Some(text) => AclItem::parse_list(text, encoding).map(Some),
        })
    }

    /// Like [`Cells::opt_array`], where NULL stands for the empty array.
    pub(crate) fn array(&mut self) -> Result<Vec<BString>, Error> {
        Ok(self.opt_array()?.unwrap_or_default())
    }
}
