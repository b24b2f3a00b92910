//! Extensions (`pg_extension`), their members and their configuration tables.

use bstr::{BString, ByteSlice};

use crate::query::cells::Cells;
use crate::query::flight::Listed;
use crate::{CatalogId, Error, Oid};

/// An extension.
#[derive(Debug, Clone)]
pub struct Extension {
    /// OID in `pg_extension`.
    pub oid: Oid,
    /// Name, unquoted.
    pub name: BString,
    /// OID of the schema that it was installed into.
    pub namespace: Oid,
    /// Tables whose rows are the user's, although the extension made the tables.
    pub config_tables: Vec<ConfigTable>,
}

/// A configuration table of an extension, or a sequence that counts as one.
#[derive(Debug, Clone)]
pub struct ConfigTable {
    /// OID in `pg_class`.
    pub oid: Oid,
    /// Which rows are the user's: a `WHERE` clause with that word. `None` for all rows.
    pub condition: Option<BString>,
}

impl Listed for Extension {
    const WHAT: &'static str = "extensions";

    fn query(_version: u32) -> String {
        "SELECT oid, extname, extnamespace, extconfig, extcondition FROM pg_catalog.pg_extension ORDER BY oid"
            .into()
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        let (oid, name, namespace) = (cells.oid()?, cells.text()?, cells.oid()?);
        let tables: Option<Vec<Oid>> = cells.get()?;
        let conditions = cells.array()?;
        // The server keeps both arrays at the same length.
        let config_tables = tables
            .unwrap_or_default()
            .into_iter()
            .zip(conditions)
            .map(|(oid, condition)| ConfigTable {
                oid,
                condition: Some(condition).filter(|text| !text.as_bytes().is_empty()),
            })
            .collect();
        Ok(Self {
            oid,
            name,
            namespace,
            config_tables,
        })
    }
}

/// An object that belongs to an extension.
#[derive(Debug, Clone, Copy)]
pub struct ExtensionMember {
    /// The object.
    pub object: CatalogId,
    /// OID of the extension.
    pub extension: Oid,
}

impl Listed for ExtensionMember {
    const WHAT: &'static str = "members of extensions";

    fn query(_version: u32) -> String {
        "SELECT classid, objid, refobjid
         FROM pg_catalog.pg_depend
         WHERE refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND deptype = 'e'"
            .into()
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            object: cells.catalog_id()?,
            extension: cells.oid()?,
        })
    }
}

/// A foreign key between relations of which the target has to do with an extension. The extension makes it before any rows are
/// there, so that the rows of its target have to be loaded first.
#[derive(Debug, Clone, Copy)]
pub struct ExtensionForeignKey {
    /// OID of the table that holds the foreign key.
    pub table: Oid,
    /// OID of the table that it refers to.
    pub references: Oid,
}

impl Listed for ExtensionForeignKey {
    const WHAT: &'static str = "foreign keys of extensions";

    fn query(_version: u32) -> String {
        "SELECT DISTINCT fk.conrelid, fk.confrelid
         FROM pg_catalog.pg_constraint AS fk
              JOIN pg_catalog.pg_depend AS d ON d.objid = fk.confrelid
         WHERE fk.contype = 'f'
           AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
           AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
         ORDER BY 1, 2"
            .into()
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            table: cells.oid()?,
            references: cells.oid()?,
        })
    }
}
