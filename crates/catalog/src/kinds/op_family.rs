//! Operator families (`pg_opfamily`), and the operators and functions in them.

use bstr::BString;

use crate::kinds::data_type::QualifiedName;
use crate::query::cells::Cells;
use crate::query::flight::{Detailed, Listed, oid_list};
use crate::query::scan::scan;
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
    /// Name of the access method, unquoted; `None` where there is no such method.
    pub access_method: Option<BString>,
}

impl Listed for OpFamily {
    const WHAT: &'static str = "operator families";

    fn query(_version: u32) -> String {
        format!(
            "SELECT f.oid, f.opfname, f.opfnamespace, f.opfowner, am.amname
             FROM {} AS f LEFT JOIN pg_catalog.pg_am AS am ON am.oid = f.opfmethod
             ORDER BY f.place",
            scan(
                "pg_opfamily",
                "oid, opfname, opfnamespace, opfowner, opfmethod"
            )
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            name: cells.text()?,
            namespace: cells.oid()?,
            owner: cells.oid()?,
            access_method: cells.opt_text()?,
        })
    }
}

/// A query named `owner` for the classes and families in `oids`, with the families that their members are in.
fn owners(oids: &[Oid]) -> String {
    let wanted = oid_list(oids);
    format!(
        "owner(class, oid, family) AS MATERIALIZED (
             SELECT 'pg_catalog.pg_opclass'::pg_catalog.regclass::pg_catalog.oid, c.oid, c.opcfamily
             FROM {wanted} AS wanted(oid) JOIN pg_catalog.pg_opclass AS c ON c.oid = wanted.oid
             UNION ALL
             SELECT 'pg_catalog.pg_opfamily'::pg_catalog.regclass::pg_catalog.oid, f.oid, f.oid
             FROM {wanted} AS wanted(oid) JOIN pg_catalog.pg_opfamily AS f ON f.oid = wanted.oid)"
    )
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

    // pg_dump sorts by the strategy alone, what it finds in the order of an index and then by the sort family. The server's sort
    // leaves members of equal strategy in no order that could be asked for, so these are the very sorts, one inside the other.
    // Scalar subqueries instead of joins keep the planner from choosing another order. The index is by the types of the operands,
    // which are read of the operator: not everybody who was granted what pg_dump reads may read them of its membership.
    fn query(_version: u32, oids: &[Oid]) -> String {
        format!(
            "WITH {}
             SELECT owner.class, owner.oid, m.amopstrategy, m.amopopr::pg_catalog.regoperator,
                    (SELECT n.nspname
                     FROM pg_catalog.pg_opfamily AS f
                          JOIN pg_catalog.pg_namespace AS n ON n.oid = f.opfnamespace
                     WHERE f.oid = m.amopsortfamily),
                    (SELECT f.opfname FROM pg_catalog.pg_opfamily AS f WHERE f.oid = m.amopsortfamily)
             FROM owner CROSS JOIN LATERAL
                  (SELECT *
                   FROM (SELECT *
                         FROM (SELECT a.oid, a.amopstrategy, a.amopopr, a.amopsortfamily
                               FROM pg_catalog.pg_amop AS a
                                    LEFT JOIN pg_catalog.pg_operator AS o ON o.oid = a.amopopr
                               WHERE a.amopfamily = owner.family
                               ORDER BY o.oprleft, o.oprright, a.amopstrategy) AS by_index
                         ORDER BY amopsortfamily) AS by_sort_family
                   WHERE (SELECT true FROM pg_catalog.pg_depend AS d
                          WHERE d.classid = 'pg_catalog.pg_amop'::pg_catalog.regclass
                            AND d.objid = by_sort_family.oid
                            AND d.refclassid = owner.class AND d.refobjid = owner.oid
                          LIMIT 1)
                   ORDER BY amopstrategy) AS m",
            owners(oids)
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

    // As with operators, but pg_dump finds functions by what depends on the class or family.
    fn query(_version: u32, oids: &[Oid]) -> String {
        format!(
            "WITH {}
             SELECT owner.class, owner.oid, m.amprocnum, m.amproc::pg_catalog.oid::pg_catalog.regprocedure,
                    m.amproclefttype::pg_catalog.regtype, m.amprocrighttype::pg_catalog.regtype
             FROM owner CROSS JOIN LATERAL
                  (SELECT *
                   FROM (SELECT *
                         FROM pg_catalog.pg_amproc
                         WHERE amprocfamily = owner.family
                         ORDER BY oid) AS by_oid
                   WHERE (SELECT true FROM pg_catalog.pg_depend AS d
                          WHERE d.classid = 'pg_catalog.pg_amproc'::pg_catalog.regclass
                            AND d.objid = by_oid.oid
                            AND d.refclassid = owner.class AND d.refobjid = owner.oid
                          LIMIT 1)
                   ORDER BY amprocnum) AS m",
            owners(oids)
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
