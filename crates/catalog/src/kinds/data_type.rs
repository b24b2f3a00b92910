//! Data types (`pg_type`): all of them, since columns, arguments and array elements may be of any.

use bstr::BString;

use crate::query::cells::Cells;
use crate::query::flight::Listed;
use crate::query::scan::scan;
use crate::{Acl, Error, Oid};

/// Values of `pg_type.typtype`.
pub mod typtype {
    /// A base type, or the array over any type.
    pub const BASE: u8 = b'b';
    /// A row type: a relation's, or a stand-alone composite type.
    pub const COMPOSITE: u8 = b'c';
    /// A domain.
    pub const DOMAIN: u8 = b'd';
    /// An enum.
    pub const ENUM: u8 = b'e';
    /// A multirange, which comes with its range (since 14).
    pub const MULTIRANGE: u8 = b'm';
    /// A pseudo-type; also a shell type that was never filled in.
    pub const PSEUDO: u8 = b'p';
    /// A range.
    pub const RANGE: u8 = b'r';
}

/// A data type.
#[derive(Debug, Clone)]
pub struct DataType {
    /// OID in `pg_type`.
    pub oid: Oid,
    /// Name, unquoted.
    pub name: BString,
    /// OID of the schema.
    pub namespace: Oid,
    /// OID of the owning role.
    pub owner: Oid,
    /// One of [`typtype`].
    pub typtype: u8,
    /// False for a shell type that was never filled in.
    pub is_defined: bool,
    /// The relation whose rows a row type describes.
    pub relation: Option<Oid>,
    /// `pg_class.relkind` of that relation.
    pub relation_kind: Option<u8>,
    /// Whether it is the array type that came with another type.
    pub is_array: bool,
    /// Privileges on the type. The default is not read for row types of tables, which have no privileges of their own.
    pub acl: Acl,
}

impl Listed for DataType {
    const WHAT: &'static str = "types";

    // Physical order is the order in which pg_dump meets types, which it reads unsorted.
    fn query(_version: u32) -> String {
        format!(
            "SELECT t.oid, t.typname, t.typnamespace, t.typowner, t.typtype, t.typisdefined,
                    t.typrelid, c.relkind, COALESCE(element.typarray = t.oid, false) AS isarray, t.typacl,
                    CASE WHEN t.typrelid = 0 OR c.relkind = 'c' THEN pg_catalog.acldefault('T', t.typowner) END
                        AS acldefault
             FROM {} AS t
                  LEFT JOIN pg_catalog.pg_class AS c ON c.oid = t.typrelid
                  LEFT JOIN pg_catalog.pg_type AS element ON element.oid = t.typelem
             ORDER BY t.place",
            scan(
                "pg_type",
                "oid, typname, typnamespace, typowner, typtype, typisdefined, typrelid, typelem, typacl"
            )
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            name: cells.text()?,
            namespace: cells.oid()?,
            owner: cells.oid()?,
            typtype: cells.char()?,
            is_defined: cells.bool()?,
            relation: cells.opt_oid()?,
            relation_kind: cells.get()?,
            is_array: cells.bool()?,
            acl: Acl::decode(cells)?,
        })
    }
}

/// The default value of a domain or base type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TypeDefault {
    /// SQL, as the server prints it.
    Expression(BString),
    /// The text of a value, to be quoted.
    Literal(BString),
}

impl TypeDefault {
    /// Decodes two columns: the default as an expression and as a text; where both are there, the expression counts.
    pub(crate) fn decode(cells: &mut Cells<'_>) -> Result<Option<Self>, Error> {
        let expression = cells.opt_text()?.map(Self::Expression);
        let literal = cells.opt_text()?.map(Self::Literal);
        Ok(expression.or(literal))
    }
}

/// An object's schema and name, both unquoted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QualifiedName {
    /// Name of the schema.
    pub namespace: BString,
    /// Name of the object.
    pub name: BString,
}

impl QualifiedName {
    /// Decodes two columns, both NULL where there is no such object.
    pub(crate) fn decode(cells: &mut Cells<'_>) -> Result<Option<Self>, Error> {
        let namespace = cells.opt_text()?;
        let name = cells.opt_text()?;
        Ok(namespace
            .zip(name)
            .map(|(namespace, name)| Self { namespace, name }))
    }
}

/// An expression for the names of all types in an array or vector of type OIDs, as an array in the same order.
pub(crate) fn type_names(oids: &str) -> String {
    format!(
        "ARRAY(SELECT pg_catalog.format_type(u.t, NULL)
               FROM pg_catalog.unnest({oids}::pg_catalog.oid[]) WITH ORDINALITY AS u(t, n)
               ORDER BY u.n)"
    )
}

/// Decodes the text form of a `regproc`, `regprocedure` or `regtype`, which prints 0 as a dash. An object called dash
/// would be in quotes.
pub(crate) fn decode_reference(cells: &mut Cells<'_>) -> Result<Option<BString>, Error> {
    Ok(cells.opt_text()?.filter(|text| text != "-"))
}
