//! Base types: those with input and output functions of their own.

use bstr::BString;

use crate::kinds::data_type::{TypeDefault, decode_reference};
use crate::query::cells::Cells;
use crate::query::flight::{Detailed, oid_list};
use crate::{Error, Oid};

/// What a base type is made of. Functions and types are given as SQL.
#[derive(Debug, Clone)]
pub struct BaseTypeDetails {
    /// OID of the type.
    pub oid: Oid,
    /// Bytes of a value; -1 for a variable length, -2 for a C string.
    pub length: i16,
    /// Input function.
    pub input: BString,
    /// Output function.
    pub output: BString,
    /// Binary input function.
    pub receive: Option<BString>,
    /// Binary output function.
    pub send: Option<BString>,
    /// Function that reads type modifiers.
    pub typmod_in: Option<BString>,
    /// Function that prints type modifiers.
    pub typmod_out: Option<BString>,
    /// Function for ANALYZE.
    pub analyze: Option<BString>,
    /// Function for subscripting; there are none before 14.
    pub subscript: Option<BString>,
    /// Whether values have a collation.
    pub is_collatable: bool,
    /// Default value.
    pub default: Option<TypeDefault>,
    /// Type of the elements that subscripting gives.
    pub element: Option<BString>,
    /// `pg_type.typcategory`, a single byte.
    pub category: u8,
    /// Whether it is preferred within its category.
    pub is_preferred: bool,
    /// What separates the elements of an array of it.
    pub delimiter: u8,
    /// `pg_type.typalign`: `c`, `s`, `i` or `d`.
    pub align: u8,
    /// `pg_type.typstorage`: `p`, `e`, `x` or `m`.
    pub storage: u8,
    /// Whether values are passed by value.
    pub by_value: bool,
}

impl Detailed for BaseTypeDetails {
    const WHAT: &'static str = "base types";

    fn query(version: u32, oids: &[Oid]) -> String {
        let subscript = if version >= 140000 {
            "t.typsubscript"
        } else {
            "NULL"
        };
        format!(
            "SELECT t.oid, t.typlen, t.typinput, t.typoutput, t.typreceive, t.typsend,
                    t.typmodin, t.typmodout, t.typanalyze, {subscript}, t.typcollation <> 0,
                    pg_catalog.pg_get_expr(t.typdefaultbin, 0), t.typdefault,
                    CASE WHEN t.typelem <> 0 THEN pg_catalog.format_type(t.typelem, NULL) END,
                    t.typcategory, t.typispreferred, t.typdelim, t.typalign, t.typstorage, t.typbyval
             FROM {} AS wanted(oid) JOIN pg_catalog.pg_type AS t ON t.oid = wanted.oid",
            oid_list(oids)
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            length: cells.get()?,
            input: cells.text()?,
            output: cells.text()?,
            receive: decode_reference(cells)?,
            send: decode_reference(cells)?,
            typmod_in: decode_reference(cells)?,
            typmod_out: decode_reference(cells)?,
            analyze: decode_reference(cells)?,
            subscript: decode_reference(cells)?,
            is_collatable: cells.bool()?,
            default: TypeDefault::decode(cells)?,
            element: cells.opt_text()?,
            category: cells.char()?,
            is_preferred: cells.bool()?,
            delimiter: cells.char()?,
            align: cells.char()?,
            storage: cells.char()?,
            by_value: cells.bool()?,
        })
    }
}
