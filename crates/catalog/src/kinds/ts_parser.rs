//! Text search parsers (`pg_ts_parser`).

use bstr::BString;

use crate::kinds::data_type::decode_reference;
use crate::query::cells::Cells;
use crate::query::flight::{Detailed, Listed, oid_list};
use crate::{Error, Oid};

/// A text search parser.
#[derive(Debug, Clone)]
pub struct TsParser {
    /// OID in `pg_ts_parser`.
    pub oid: Oid,
    /// Name, unquoted.
    pub name: BString,
    /// OID of the schema.
    pub namespace: Oid,
}

impl Listed for TsParser {
    const WHAT: &'static str = "text search parsers";

    fn query(_version: u32) -> String {
        "SELECT oid, prsname, prsnamespace FROM pg_catalog.pg_ts_parser".into()
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            name: cells.text()?,
            namespace: cells.oid()?,
        })
    }
}

/// The functions of a text search parser, as SQL.
#[derive(Debug, Clone)]
pub struct TsParserDetails {
    /// OID in `pg_ts_parser`.
    pub oid: Oid,
    /// Starts parsing.
    pub start: BString,
    /// Gets the next token.
    pub get_token: BString,
    /// Ends parsing.
    pub end: BString,
    /// Makes headlines.
    pub headline: Option<BString>,
    /// Lists the types of tokens.
    pub lex_types: BString,
}

impl Detailed for TsParserDetails {
    const WHAT: &'static str = "text search parsers";

    fn query(_version: u32, oids: &[Oid]) -> String {
        format!(
            "SELECT p.oid, p.prsstart, p.prstoken, p.prsend, p.prsheadline, p.prslextype
             FROM {} AS wanted(oid) JOIN pg_catalog.pg_ts_parser AS p ON p.oid = wanted.oid",
            oid_list(oids)
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            start: cells.text()?,
            get_token: cells.text()?,
            end: cells.text()?,
            headline: decode_reference(cells)?,
            lex_types: cells.text()?,
        })
    }
}
