//! Functions, procedures and window functions (`pg_proc`). Aggregates have a file of their own.

use bstr::BString;

use crate::kinds::data_type::{decode_reference, type_names};
use crate::query::cells::Cells;
use crate::query::flight::{Detailed, Listed, oid_list};
use crate::query::scan::scan;
use crate::{Acl, Error, Oid};

/// Values of `pg_proc.prokind`.
pub mod prokind {
    /// Ordinary function.
    pub const FUNCTION: u8 = b'f';
    /// Procedure.
    pub const PROCEDURE: u8 = b'p';
    /// Aggregate.
    pub const AGGREGATE: u8 = b'a';
    /// Window function.
    pub const WINDOW: u8 = b'w';
}

/// A function of any kind.
#[derive(Debug, Clone)]
pub struct Function {
    /// OID in `pg_proc`.
    pub oid: Oid,
    /// Name, unquoted.
    pub name: BString,
    /// OID of the schema.
    pub namespace: Oid,
    /// OID of the owning role.
    pub owner: Oid,
    /// OIDs of the types of its input arguments.
    pub arguments: Vec<Oid>,
    /// Privileges on the function.
    pub acl: Acl,
}

/// All functions, aggregates too, in the catalog's own order.
pub(crate) fn functions() -> String {
    scan(
        "pg_proc",
        "oid, proname, pronamespace, proowner, proargtypes, proacl, prokind",
    )
}

/// The columns that [`Function::decode`] reads, of [`functions`] `AS p`.
pub(crate) const FUNCTION_COLUMNS: &str = "p.oid, p.proname, p.pronamespace, p.proowner, p.proargtypes, p.proacl, \
     pg_catalog.acldefault('f', p.proowner) AS acldefault";

/// A join that gives [`functions`] `AS p` the privileges that initdb or an extension gave each function.
///
/// A subquery for each function would cost the server more than the rest of the listing.
pub(crate) const INITIAL_PRIVILEGES: &str = "LEFT JOIN pg_catalog.pg_init_privs AS init
    ON init.objoid = p.oid AND init.objsubid = 0
   AND init.classoid = 'pg_catalog.pg_proc'::pg_catalog.regclass";

/// Holds for functions whose privileges are not those that [`INITIAL_PRIVILEGES`] says.
pub(crate) const PRIVILEGES_CHANGED: &str = "p.proacl IS DISTINCT FROM init.initprivs";

impl Listed for Function {
    const WHAT: &'static str = "functions";

    // Functions that depend internally on something come with it: the constructors of a range type. Of the functions in
    // pg_catalog only those matter whose privileges were changed, and those that user-made casts and transforms call.
    fn query(_version: u32) -> String {
        format!(
            "SELECT {FUNCTION_COLUMNS}
             FROM {} AS p {INITIAL_PRIVILEGES}
             WHERE p.prokind <> 'a'
               AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend AS d
                               WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                                 AND d.objid = p.oid AND d.deptype = 'i')
               AND (p.pronamespace <> 'pg_catalog'::pg_catalog.regnamespace
                    OR p.oid IN (SELECT c.castfunc FROM pg_catalog.pg_cast AS c WHERE c.oid >= 16384)
                    OR p.oid IN (SELECT pg_catalog.unnest(ARRAY[t.trffromsql, t.trftosql]::pg_catalog.oid[])
                                 FROM pg_catalog.pg_transform AS t WHERE t.oid >= 16384)
                    OR {PRIVILEGES_CHANGED})
             ORDER BY p.place",
            functions()
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            name: cells.text()?,
            namespace: cells.oid()?,
            owner: cells.oid()?,
            arguments: cells.get()?,
            acl: Acl::decode(cells)?,
        })
    }
}

/// How a function does its work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FunctionBody {
    /// A body in the SQL standard's form (since 14), as the server prints it: `RETURN …` or `BEGIN ATOMIC … END`.
    Sql(BString),
    /// A text for its language to make sense of.
    Source(BString),
    /// A function in a shared library.
    Library {
        /// Path of the library.
        path: BString,
        /// Name of the function in it; may be empty.
        symbol: BString,
    },
}

/// What a function is made of.
#[derive(Debug, Clone)]
pub struct FunctionDetails {
    /// OID in `pg_proc`.
    pub oid: Oid,
    /// One of [`prokind`].
    pub prokind: u8,
    /// All arguments with their defaults, as SQL.
    pub arguments: BString,
    /// The arguments that identify it, as SQL.
    pub identity_arguments: BString,
    /// Types of its input arguments, as SQL.
    pub argument_types: Vec<BString>,
    /// What it returns, as SQL; `None` for procedures.
    pub result: Option<BString>,
    /// Whether it returns a set.
    pub returns_set: bool,
    /// Name of the language, unquoted.
    pub language: BString,
    /// Its body.
    pub body: FunctionBody,
    /// Types it wants transforms for, as SQL.
    pub transform_types: Vec<BString>,
    /// `i` immutable, `s` stable, `v` volatile.
    pub volatility: u8,
    /// Whether it is not called for NULLs.
    pub is_strict: bool,
    /// Whether it runs with the rights of its owner.
    pub is_security_definer: bool,
    /// Whether it is known to leak nothing of its arguments.
    pub is_leakproof: bool,
    /// Estimated cost of a call, as the server prints the float4; "0" for none given.
    pub cost: BString,
    /// Estimated number of rows, as the server prints the float4.
    pub rows: BString,
    /// Planner support function, as SQL.
    pub support: Option<BString>,
    /// `s` safe, `r` restricted, `u` unsafe in parallel queries.
    pub parallel: u8,
    /// Settings in force during a call, `name=value`.
    pub settings: Vec<BString>,
}

impl Detailed for FunctionDetails {
    const WHAT: &'static str = "functions";

    fn query(version: u32, oids: &[Oid]) -> String {
        let sql_body = if version >= 140000 {
            "pg_catalog.pg_get_function_sqlbody(p.oid)"
        } else {
            "NULL"
        };
        format!(
            "SELECT p.oid, p.prokind, pg_catalog.pg_get_function_arguments(p.oid),
                    pg_catalog.pg_get_function_identity_arguments(p.oid), {argument_types},
                    pg_catalog.pg_get_function_result(p.oid), p.proretset, l.lanname,
                    {sql_body}, p.prosrc, p.probin, {transform_types},
                    p.provolatile, p.proisstrict, p.prosecdef, p.proleakproof, p.procost, p.prorows,
                    p.prosupport, p.proparallel, p.proconfig
             FROM {wanted} AS wanted(oid)
                  JOIN pg_catalog.pg_proc AS p ON p.oid = wanted.oid
                  JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang",
            argument_types = type_names("p.proargtypes"),
            transform_types = type_names("p.protrftypes"),
            wanted = oid_list(oids),
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            prokind: cells.char()?,
            arguments: cells.text()?,
            identity_arguments: cells.text()?,
            argument_types: cells.array()?,
            result: cells.opt_text()?,
            returns_set: cells.bool()?,
            language: cells.text()?,
            body: decode_body(cells)?,
            transform_types: cells.array()?,
            volatility: cells.char()?,
            is_strict: cells.bool()?,
            is_security_definer: cells.bool()?,
            is_leakproof: cells.bool()?,
            cost: cells.text()?,
            rows: cells.text()?,
            support: decode_reference(cells)?,
            parallel: cells.char()?,
            settings: cells.array()?,
        })
    }
}

/// Decodes three columns: the body as SQL, the source, the library.
fn decode_body(cells: &mut Cells<'_>) -> Result<FunctionBody, Error> {
    let sql = cells.opt_text()?;
    let source = cells.text()?;
    let library = cells.opt_text()?.filter(|path| !path.is_empty());
    Ok(match (sql, library) {
        (Some(sql), _) => FunctionBody::Sql(sql),
        (None, Some(path)) => FunctionBody::Library {
            path,
            symbol: source,
        },
        (None, None) => FunctionBody::Source(source),
    })
}
