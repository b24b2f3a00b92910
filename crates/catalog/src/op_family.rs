//! Operator families (`pg_opfamily`), and the operators and functions in them.

use bstr::BString;

use crate::cells::Cells;
use crate::data_type::QualifiedName;
use crate::flight::{Detailed, Listed, oid_list};
use crate::{CatalogId, Error, Oid};

/// An operator family.
#[derive(Debug, Clone)]
pub struct OpFamily {
    /// OID in `pg_opfamily`.
    pub oid: Oid,
    /// Name, unquoted.
    pub name: BString,
    /// OID of the schema.
    pub namespace: Oid,
    /// OID of the owning role.
    pub owner: Oid,
    /// Name of the access method, unquoted.
    pub access_method: BString,
}

impl Listed for OpFamily {
    const WHAT: &'static str = "operator families";

    fn query(_version: u32) -> String {
        "SELECT f.oid, f.opfname, f.opfnamespace, f.opfowner, am.amname
         FROM pg_catalog.pg_opfamily AS f JOIN pg_catalog.pg_am AS am ON am.oid = f.opfmethod
         ORDER BY f.ctid"
            .into()
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            name: cells.text()?,
            namespace: cells.oid()?,
            owner: cells.oid()?,
            access_method: cells.text()?,
        })
    }
}

/// An operator in a family (`pg_amop`).
#[derive(Debug, Clone)]
pub struct OperatorMember {
    /// What it is bound to: an operator class, or the family itself where it is a loose member.
    pub owner: CatalogId,
    /// Strategy number.
    pub strategy: i16,
    /// The operator with its operand types, as SQL.
    pub operator: BString,
    /// For an ordering operator, the family that sorts its results.
    pub sort_family: Option<QualifiedName>,
}

impl Detailed for OperatorMember {
    const WHAT: &'static str = "operators of operator families";

    // `oids` may name classes and families alike. Members of equal strategy keep the order of their creation.
    fn query(_version: u32, oids: &[Oid]) -> String {
        format!(
            "SELECT d.refclassid, d.refobjid, m.amopstrategy, m.amopopr::pg_catalog.regoperator, n.nspname, f.opfname
             FROM {} AS wanted(oid)
                  JOIN pg_catalog.pg_depend AS d
                      ON d.refobjid = wanted.oid
                     AND d.refclassid IN ('pg_catalog.pg_opclass'::pg_catalog.regclass,
                                          'pg_catalog.pg_opfamily'::pg_catalog.regclass)
                     AND d.classid = 'pg_catalog.pg_amop'::pg_catalog.regclass
                  JOIN pg_catalog.pg_amop AS m
                      ON m.oid = d.objid
                     AND (d.refclassid = 'pg_catalog.pg_opclass'::pg_catalog.regclass OR m.amopfamily = d.refobjid)
                  LEFT JOIN pg_catalog.pg_opfamily AS f ON f.oid = m.amopsortfamily
                  LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = f.opfnamespace
             ORDER BY m.amopstrategy, d.ctid",
            oid_list(oids)
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            owner: cells.catalog_id()?,
            strategy: cells.get()?,
            operator: cells.text()?,
            sort_family: QualifiedName::decode(cells)?,
        })
    }
}

/// A support function in a family (`pg_amproc`).
#[derive(Debug, Clone)]
pub struct FunctionMember {
    /// What it is bound to: an operator class, or the family itself where it is a loose member.
    pub owner: CatalogId,
    /// Support number.
    pub number: i16,
    /// The function with its argument types, as SQL.
    pub function: BString,
    /// The left type it is for, as SQL.
    pub left: BString,
    /// The right type it is for, as SQL.
    pub right: BString,
}

impl Detailed for FunctionMember {
    const WHAT: &'static str = "functions of operator families";

    fn query(_version: u32, oids: &[Oid]) -> String {
        format!(
            "SELECT d.refclassid, d.refobjid, m.amprocnum, m.amproc::pg_catalog.oid::pg_catalog.regprocedure,
                    m.amproclefttype::pg_catalog.regtype, m.amprocrighttype::pg_catalog.regtype
             FROM {} AS wanted(oid)
                  JOIN pg_catalog.pg_depend AS d
                      ON d.refobjid = wanted.oid
                     AND d.refclassid IN ('pg_catalog.pg_opclass'::pg_catalog.regclass,
                                          'pg_catalog.pg_opfamily'::pg_catalog.regclass)
                     AND d.classid = 'pg_catalog.pg_amproc'::pg_catalog.regclass
                  JOIN pg_catalog.pg_amproc AS m ON m.oid = d.objid
             ORDER BY m.amprocnum, d.ctid",
            oid_list(oids)
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            owner: cells.catalog_id()?,
            number: cells.get()?,
            function: cells.text()?,
            left: cells.text()?,
            right: cells.text()?,
        })
    }
}
