//! Operators (`pg_operator`).

use bstr::{BString, ByteSlice};

use crate::kinds::data_type::{QualifiedName, decode_reference};
use crate::query::cells::Cells;
use crate::query::flight::{Detailed, Listed, oid_list};
use crate::{Error, Oid};

/// An operator.
#[derive(Debug, Clone)]
pub struct Operator {
    /// OID in `pg_operator`.
    pub oid: Oid,
    /// Its symbol.
    pub name: BString,
    /// OID of the schema.
    pub namespace: Oid,
    /// OID of the owning role.
    pub owner: Oid,
    /// `b` infix, `l` prefix, `r` postfix (13 only).
    pub oprkind: u8,
    /// Type of the left operand; 0 where there is none.
    pub left: Oid,
    /// Type of the right operand; 0 where there is none.
    pub right: Oid,
    /// False for an operator that another one names as its commutator or negator, and that was never filled in.
    pub is_defined: bool,
}

impl Listed for Operator {
    const WHAT: &'static str = "operators";

    fn query(_version: u32) -> String {
        "SELECT oid, oprname, oprnamespace, oprowner, oprkind, oprleft, oprright, oprcode <> 0
         FROM pg_catalog.pg_operator"
            .into()
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            name: cells.text()?,
            namespace: cells.oid()?,
            owner: cells.oid()?,
            oprkind: cells.char()?,
            left: cells.oid()?,
            right: cells.oid()?,
            is_defined: cells.bool()?,
        })
    }
}

/// What an operator is made of.
#[derive(Debug, Clone)]
pub struct OperatorDetails {
    /// OID in `pg_operator`.
    pub oid: Oid,
    /// The function behind it, as SQL without arguments.
    pub function: BString,
    /// Type of the left operand, as SQL.
    pub left: Option<BString>,
    /// Type of the right operand, as SQL.
    pub right: Option<BString>,
    /// The operator with operands exchanged.
    pub commutator: Option<QualifiedName>,
    /// The operator with the opposite result.
    pub negator: Option<QualifiedName>,
    /// Restriction selectivity estimator, as SQL without arguments.
    pub restrict: Option<BString>,
    /// Join selectivity estimator, as SQL without arguments.
    pub join: Option<BString>,
    /// Whether it can merge-join.
    pub can_merge: bool,
    /// Whether it can hash-join.
    pub can_hash: bool,
}

impl Detailed for OperatorDetails {
    const WHAT: &'static str = "operators";

    // Functions are asked for as regprocedure: a regproc would be qualified whenever its name is overloaded.
    fn query(_version: u32, oids: &[Oid]) -> String {
        format!(
            "SELECT o.oid, o.oprcode::pg_catalog.oid::pg_catalog.regprocedure,
                    o.oprleft::pg_catalog.regtype, o.oprright::pg_catalog.regtype,
                    comn.nspname, com.oprname, negn.nspname, neg.oprname,
                    o.oprrest::pg_catalog.oid::pg_catalog.regprocedure,
                    o.oprjoin::pg_catalog.oid::pg_catalog.regprocedure, o.oprcanmerge, o.oprcanhash
             FROM {} AS wanted(oid)
                  JOIN pg_catalog.pg_operator AS o ON o.oid = wanted.oid
                  LEFT JOIN pg_catalog.pg_operator AS com ON com.oid = o.oprcom
                  LEFT JOIN pg_catalog.pg_namespace AS comn ON comn.oid = com.oprnamespace
                  LEFT JOIN pg_catalog.pg_operator AS neg ON neg.oid = o.oprnegate
                  LEFT JOIN pg_catalog.pg_namespace AS negn ON negn.oid = neg.oprnamespace",
            oid_list(oids)
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            function: without_arguments(cells.text()?),
            left: decode_reference(cells)?,
            right: decode_reference(cells)?,
            commutator: QualifiedName::decode(cells)?,
            negator: QualifiedName::decode(cells)?,
            restrict: decode_reference(cells)?.map(without_arguments),
            join: decode_reference(cells)?.map(without_arguments),
            can_merge: cells.bool()?,
            can_hash: cells.bool()?,
        })
    }
}

/// Cuts a `regprocedure` off at the parenthesis that is not in quotes.
fn without_arguments(mut procedure: BString) -> BString {
    let mut in_quotes = false;
    let paren = procedure.as_bytes().iter().position(|&byte| {
        in_quotes ^= byte == b'"';
        byte == b'(' && !in_quotes
    });
    if let Some(end) = paren {
        procedure.truncate(end);
    }
    procedure
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_cut_off_outside_quotes() {
        let cut = |text: &str| without_arguments(text.into()).to_string();
        assert_eq!(cut("int4eq(integer,integer)"), "int4eq");
        assert_eq!(
            cut("\"odd (schema)\".\"f\"\"(\"(text)"),
            "\"odd (schema)\".\"f\"\"(\""
        );
        assert_eq!(cut("12345"), "12345");
    }
}
