//! Domains and their constraints.

use bstr::BString;

use crate::kinds::data_type::{QualifiedName, TypeDefault};
use crate::query::cells::Cells;
use crate::query::flight::{Detailed, Listed, oid_list};
use crate::{Error, Oid, Scope};

/// A CHECK or NOT NULL constraint of a domain (`pg_constraint`).
#[derive(Debug, Clone)]
pub struct DomainConstraint {
    /// OID in `pg_constraint`.
    pub oid: Oid,
    /// Name, unquoted.
    pub name: BString,
    /// OID of the domain in `pg_type`.
    pub domain: Oid,
    /// `CHECK` or `NOT_NULL` of [`contype`](crate::contype). A NOT NULL has no row before 17.
    pub contype: u8,
    /// Whether existing values are known to satisfy it.
    pub is_validated: bool,
}

impl Listed for DomainConstraint {
    const WHAT: &'static str = "constraints of domains";

    fn is_in_scope(scope: &Scope) -> bool {
        scope.domains
    }

    fn query(_version: u32) -> String {
        "SELECT oid, conname, contypid, contype, convalidated
         FROM pg_catalog.pg_constraint
         WHERE contypid <> 0 AND contype IN ('c', 'n')
         ORDER BY contypid, conname"
            .into()
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            name: cells.text()?,
            domain: cells.oid()?,
            contype: cells.char()?,
            is_validated: cells.bool()?,
        })
    }
}

/// The definition of a domain's constraint.
#[derive(Debug, Clone)]
pub struct DomainConstraintDetails {
    /// OID in `pg_constraint`.
    pub oid: Oid,
    /// What follows the name: `CHECK (…)`, as the server's `pg_get_constraintdef` says.
    pub definition: BString,
}

impl Detailed for DomainConstraintDetails {
    const WHAT: &'static str = "constraints of domains";

    fn query(_version: u32, oids: &[Oid]) -> String {
        format!(
            "SELECT con.oid, pg_catalog.pg_get_constraintdef(con.oid)
             FROM {} AS wanted(oid) JOIN pg_catalog.pg_constraint AS con ON con.oid = wanted.oid",
            oid_list(oids)
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            definition: cells.text()?,
        })
    }
}

/// What a domain is made of.
#[derive(Debug, Clone)]
pub struct DomainDetails {
    /// OID of the domain in `pg_type`.
    pub oid: Oid,
    /// The type under it, with its modifier, as SQL.
    pub base_type: BString,
    /// Whether it is NOT NULL.
    pub not_null: bool,
    /// Default value.
    pub default: Option<TypeDefault>,
    /// The collation, where it is not the one the base type has.
    pub collation: Option<QualifiedName>,
}

impl Detailed for DomainDetails {
    const WHAT: &'static str = "domains";

    fn query(_version: u32, oids: &[Oid]) -> String {
        format!(
            "SELECT t.oid, pg_catalog.format_type(t.typbasetype, t.typtypmod), t.typnotnull,
                    pg_catalog.pg_get_expr(t.typdefaultbin, 'pg_catalog.pg_type'::pg_catalog.regclass),
                    t.typdefault, n.nspname, coll.collname
             FROM {} AS wanted(oid)
                  JOIN pg_catalog.pg_type AS t ON t.oid = wanted.oid
                  LEFT JOIN pg_catalog.pg_type AS base ON base.oid = t.typbasetype
                  LEFT JOIN pg_catalog.pg_collation AS coll
                      ON coll.oid = t.typcollation AND t.typcollation <> base.typcollation
                  LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = coll.collnamespace",
            oid_list(oids)
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            base_type: cells.text()?,
            not_null: cells.bool()?,
            default: TypeDefault::decode(cells)?,
            collation: QualifiedName::decode(cells)?,
        })
    }
}
