//! Collations (`pg_collation`).

use bstr::BString;

use crate::query::cells::Cells;
use crate::query::flight::{Detailed, Listed, oid_list};
use crate::{Error, Oid};

/// A collation.
#[derive(Debug, Clone)]
pub struct Collation {
    /// OID in `pg_collation`.
    pub oid: Oid,
    /// Name, unquoted.
    pub name: BString,
    /// OID of the schema.
    pub namespace: Oid,
    /// OID of the owning role.
    pub owner: Oid,
    /// Number of the encoding it is for; -1 for any.
    pub encoding: i32,
}

impl Listed for Collation {
    const WHAT: &'static str = "collations";

    fn query(_version: u32) -> String {
        "SELECT oid, collname, collnamespace, collowner, collencoding
         FROM pg_catalog.pg_collation"
            .into()
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            name: cells.text()?,
            namespace: cells.oid()?,
            owner: cells.oid()?,
            encoding: cells.get()?,
        })
    }
}

/// What a collation is made of.
#[derive(Debug, Clone)]
pub struct CollationDetails {
    /// OID in `pg_collation`.
    pub oid: Oid,
    /// `c` libc, `i` ICU, `b` builtin, `d` the database's default.
    pub provider: u8,
    /// Whether strings that differ in their bytes are never equal.
    pub is_deterministic: bool,
    /// `LC_COLLATE` of libc.
    pub lc_collate: Option<BString>,
    /// `LC_CTYPE` of libc.
    pub lc_ctype: Option<BString>,
    /// Locale of the other providers. Servers before 15 keep it where libc's stand, and so it is read from there.
    pub locale: Option<BString>,
    /// Tailoring rules of ICU (since 16).
    pub icu_rules: Option<BString>,
}

impl Detailed for CollationDetails {
    const WHAT: &'static str = "collations";

    fn query(version: u32, oids: &[Oid]) -> String {
        let locale = match version {
            170000.. => "c.colllocale",
            150000.. => "c.colliculocale",
            _ => "CASE WHEN c.collprovider = 'i' THEN NULLIF(c.collcollate, '') END",
        };
        let rules = if version >= 160000 {
            "c.collicurules"
        } else {
            "NULL"
        };
        format!(
            "SELECT c.oid, c.collprovider, c.collisdeterministic,
                    CASE WHEN c.collprovider = 'c' THEN NULLIF(c.collcollate, '') END,
                    CASE WHEN c.collprovider = 'c' THEN NULLIF(c.collctype, '') END, {locale}, {rules}
             FROM {} AS wanted(oid) JOIN pg_catalog.pg_collation AS c ON c.oid = wanted.oid",
            oid_list(oids)
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            provider: cells.char()?,
            is_deterministic: cells.bool()?,
            lc_collate: cells.opt_text()?,
            lc_ctype: cells.opt_text()?,
            locale: cells.opt_text()?,
            icu_rules: cells.opt_text()?,
        })
    }
}
