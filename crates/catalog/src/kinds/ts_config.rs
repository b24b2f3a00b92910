//! Text search configurations (`pg_ts_config`).

use bstr::BString;

use crate::query::cells::Cells;
use crate::query::flight::{Detailed, Listed, oid_list};
use crate::{Error, Oid, QualifiedName};

/// A text search configuration.
#[derive(Debug, Clone)]
pub struct TsConfig {
    /// OID in `pg_ts_config`.
    pub oid: Oid,
    /// Name, unquoted.
    pub name: BString,
    /// OID of the schema.
    pub namespace: Oid,
    /// OID of the owning role.
    pub owner: Oid,
}

impl Listed for TsConfig {
    const WHAT: &'static str = "text search configurations";

    fn query(_version: u32) -> String {
        "SELECT oid, cfgname, cfgnamespace, cfgowner FROM pg_catalog.pg_ts_config".into()
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            name: cells.text()?,
            namespace: cells.oid()?,
            owner: cells.oid()?,
        })
    }
}

/// What a text search configuration is made of, apart from its mappings.
#[derive(Debug, Clone)]
pub struct TsConfigDetails {
    /// OID in `pg_ts_config`.
    pub oid: Oid,
    /// Its parser.
    pub parser: QualifiedName,
}

impl Detailed for TsConfigDetails {
    const WHAT: &'static str = "text search configurations";

    fn query(_version: u32, oids: &[Oid]) -> String {
        format!(
            "SELECT c.oid, n.nspname, p.prsname
             FROM {} AS wanted(oid)
                  JOIN pg_catalog.pg_ts_config AS c ON c.oid = wanted.oid
                  JOIN pg_catalog.pg_ts_parser AS p ON p.oid = c.cfgparser
                  JOIN pg_catalog.pg_namespace AS n ON n.oid = p.prsnamespace",
            oid_list(oids)
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            parser: QualifiedName {
                namespace: cells.text()?,
                name: cells.text()?,
            },
        })
    }
}

/// A dictionary that a configuration sends tokens of one type to (`pg_ts_config_map`).
#[derive(Debug, Clone)]
pub struct TsMapping {
    /// OID of the configuration.
    pub config: Oid,
    /// Name of the type of tokens, unquoted.
    pub token: BString,
    /// The dictionary, as SQL.
    pub dictionary: BString,
}

impl Detailed for TsMapping {
    const WHAT: &'static str = "mappings of text search configurations";

    fn query(_version: u32, oids: &[Oid]) -> String {
        let wanted = oid_list(oids);
        format!(
            "SELECT m.mapcfg, COALESCE(token.alias, ''), m.mapdict::pg_catalog.regdictionary
             FROM {wanted} AS wanted(oid)
                  JOIN pg_catalog.pg_ts_config_map AS m ON m.mapcfg = wanted.oid
                  LEFT JOIN (SELECT c.oid, t.tokid, t.alias
                             FROM {wanted} AS configs(oid)
                                  JOIN pg_catalog.pg_ts_config AS c ON c.oid = configs.oid
                                  CROSS JOIN LATERAL pg_catalog.ts_token_type(c.cfgparser) AS t) AS token
                      ON token.oid = m.mapcfg AND token.tokid = m.maptokentype
             ORDER BY m.mapcfg, m.maptokentype, m.mapseqno"
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            config: cells.oid()?,
            token: cells.text()?,
            dictionary: cells.text()?,
        })
    }
}
