//! Aggregate functions (`pg_aggregate`).

use bstr::BString;

use crate::kinds::data_type::{QualifiedName, decode_reference, type_names};
use crate::kinds::function::{FUNCTION_COLUMNS, INITIAL_PRIVILEGES, PRIVILEGES_CHANGED, functions};
use crate::query::cells::Cells;
use crate::query::flight::{Detailed, Listed, oid_list};
use crate::{Error, Function, Oid};

/// An aggregate.
#[derive(Debug, Clone)]
pub struct Aggregate {
    /// Its row in `pg_proc`.
    pub function: Function,
}

impl Listed for Aggregate {
    const WHAT: &'static str = "aggregates";

    fn query(_version: u32) -> String {
        format!(
            "SELECT {FUNCTION_COLUMNS}
             FROM {} AS p {INITIAL_PRIVILEGES}
             WHERE p.prokind = 'a'
               AND (p.pronamespace <> 'pg_catalog'::pg_catalog.regnamespace OR {PRIVILEGES_CHANGED})
             ORDER BY p.place",
            functions()
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            function: Function::decode(cells)?,
        })
    }
}

/// How an aggregate computes, with the state it keeps. An aggregate may have a second such set for moving windows.
#[derive(Debug, Clone)]
pub struct Transition {
    /// State transition function, as SQL; `None` where there is no moving-aggregate mode.
    pub function: Option<BString>,
    /// Type of the state, as SQL.
    pub state_type: BString,
    /// Expected size of the state in bytes; 0 for unknown.
    pub state_space: i32,
    /// Text of the first state.
    pub initial: Option<BString>,
    /// Final function, as SQL.
    pub final_function: Option<BString>,
    /// Whether the final function gets dummy arguments of the aggregate's types.
    pub final_extra: bool,
    /// What the final function does to the state: `r` nothing, `s` leaves it shareable, `w` anything.
    pub final_modify: u8,
}

/// What an aggregate is made of.
#[derive(Debug, Clone)]
pub struct AggregateDetails {
    /// OID in `pg_proc`.
    pub oid: Oid,
    /// `n` normal, `o` ordered-set, `h` hypothetical-set.
    pub aggkind: u8,
    /// Arguments, as SQL.
    pub arguments: BString,
    /// The arguments that identify it, as SQL.
    pub identity_arguments: BString,
    /// Types of all its arguments, as SQL.
    pub argument_types: Vec<BString>,
    /// The ordinary way to compute.
    pub transition: Transition,
    /// The way to compute over a moving window.
    pub moving: Transition,
    /// Inverse transition function of the moving way, as SQL.
    pub moving_inverse: Option<BString>,
    /// Function that combines two states, as SQL.
    pub combine: Option<BString>,
    /// Function that serializes a state, as SQL.
    pub serialize: Option<BString>,
    /// Function that reads a serialized state, as SQL.
    pub deserialize: Option<BString>,
    /// The operator whose order makes it the first or last value: MIN and MAX.
    pub sort_operator: Option<QualifiedName>,
    /// Planner support function, as SQL (since 19).
    pub support: Option<BString>,
    /// `s` safe, `r` restricted, `u` unsafe in parallel queries.
    pub parallel: u8,
}

impl Detailed for AggregateDetails {
    const WHAT: &'static str = "aggregates";

    fn query(_version: u32, oids: &[Oid]) -> String {
        format!(
            "SELECT p.oid, a.aggkind, pg_catalog.pg_get_function_arguments(p.oid),
                    pg_catalog.pg_get_function_identity_arguments(p.oid), {argument_types},
                    a.aggtransfn, a.aggtranstype::pg_catalog.regtype, a.aggtransspace, a.agginitval,
                    a.aggfinalfn, a.aggfinalextra, a.aggfinalmodify,
                    a.aggmtransfn, a.aggmtranstype::pg_catalog.regtype, a.aggmtransspace, a.aggminitval,
                    a.aggmfinalfn, a.aggmfinalextra, a.aggmfinalmodify,
                    a.aggminvtransfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn,
                    n.nspname, o.oprname, p.prosupport, p.proparallel
             FROM {wanted} AS wanted(oid)
                  JOIN pg_catalog.pg_proc AS p ON p.oid = wanted.oid
                  JOIN pg_catalog.pg_aggregate AS a ON a.aggfnoid = p.oid
                  LEFT JOIN pg_catalog.pg_operator AS o ON o.oid = a.aggsortop
                  LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = o.oprnamespace",
            argument_types = type_names("p.proargtypes"),
            wanted = oid_list(oids),
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            aggkind: cells.char()?,
            arguments: cells.text()?,
            identity_arguments: cells.text()?,
            argument_types: cells.array()?,
            transition: decode_transition(cells)?,
            moving: decode_transition(cells)?,
            moving_inverse: decode_reference(cells)?,
            combine: decode_reference(cells)?,
            serialize: decode_reference(cells)?,
            deserialize: decode_reference(cells)?,
            sort_operator: QualifiedName::decode(cells)?,
            support: decode_reference(cells)?,
            parallel: cells.char()?,
        })
    }
}

fn decode_transition(cells: &mut Cells<'_>) -> Result<Transition, Error> {
    Ok(Transition {
        function: decode_reference(cells)?,
        state_type: cells.text()?,
        state_space: cells.get()?,
        initial: cells.opt_text()?,
        final_function: decode_reference(cells)?,
        final_extra: cells.bool()?,
        final_modify: cells.char()?,
    })
}
