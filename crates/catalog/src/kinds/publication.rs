//! Publications and what they publish (`pg_publication`, `pg_publication_rel`, `pg_publication_namespace`).

use bstr::BString;

use crate::query::cells::Cells;
use crate::query::flight::Listed;
use crate::query::scan::scan;
use crate::{Error, Oid};

/// A publication.
#[derive(Debug, Clone)]
pub struct Publication {
    /// OID in `pg_publication`.
    pub oid: Oid,
    /// Name, unquoted.
    pub name: BString,
    /// OID of the owning role.
    pub owner: Oid,
    /// FOR ALL TABLES.
    pub all_tables: bool,
    /// FOR ALL SEQUENCES (since 19).
    pub all_sequences: bool,
    /// OIDs of the tables that it does not publish although it is for all of them, in the catalog's own order (since 19).
    pub except: Vec<Oid>,
    /// Whether it publishes INSERT.
    pub insert: bool,
    /// Whether it publishes UPDATE.
    pub update: bool,
    /// Whether it publishes DELETE.
    pub delete: bool,
    /// Whether it publishes TRUNCATE.
    pub truncate: bool,
    /// Whether changes to partitions are published as changes to the partitioned table.
    pub via_root: bool,
    /// Whether stored generated columns are published (since 18).
    pub stored_generated: bool,
}

impl Listed for Publication {
    const WHAT: &'static str = "publications";

    fn query(version: u32) -> String {
        let stored_generated = if version >= 180000 {
            "p.pubgencols = 's'"
        } else {
            "false"
        };
        let (scope, exclusions) = if version >= 190000 {
            let exclusions = format!(
                "LEFT JOIN (SELECT r.prpubid, pg_catalog.array_agg(r.prrelid ORDER BY r.place) AS tables
                            FROM {} AS r
                            WHERE r.prexcept
                            GROUP BY r.prpubid) AS e ON e.prpubid = p.oid",
                scan("pg_publication_rel", "prpubid, prrelid, prexcept")
            );
            ("p.puballsequences, e.tables", exclusions)
        } else {
            ("false, NULL", String::new())
        };
        format!(
            "SELECT p.oid, p.pubname, p.pubowner, p.puballtables, {scope}, p.pubinsert, p.pubupdate, p.pubdelete,
                    p.pubtruncate, p.pubviaroot, {stored_generated}
             FROM pg_catalog.pg_publication AS p {exclusions}
             ORDER BY p.oid"
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            name: cells.text()?,
            owner: cells.oid()?,
            all_tables: cells.bool()?,
            all_sequences: cells.bool()?,
            except: cells.get::<Option<_>>()?.unwrap_or_default(),
            insert: cells.bool()?,
            update: cells.bool()?,
            delete: cells.bool()?,
            truncate: cells.bool()?,
            via_root: cells.bool()?,
            stored_generated: cells.bool()?,
        })
    }
}

/// A table in a publication.
#[derive(Debug, Clone)]
pub struct PublicationRel {
    /// OID in `pg_publication_rel`.
    pub oid: Oid,
    /// OID of the publication.
    pub publication: Oid,
    /// OID of the table.
    pub table: Oid,
    /// The expression that a row must satisfy (since 15).
    pub filter: Option<BString>,
    /// Names of the published columns, unquoted; `None` for all (since 15).
    pub columns: Option<Vec<BString>>,
}

impl Listed for PublicationRel {
    const WHAT: &'static str = "tables in publications";

    fn query(version: u32) -> String {
        let details = if version >= 150000 {
            "pg_catalog.pg_get_expr(p.prqual, p.prrelid),
             CASE WHEN p.prattrs IS NOT NULL THEN
                 ARRAY(SELECT a.attname
                         FROM pg_catalog.unnest(p.prattrs) WITH ORDINALITY AS k(attnum, place)
                              JOIN pg_catalog.pg_attribute AS a
                                  ON a.attrelid = p.prrelid AND a.attnum = k.attnum
                        ORDER BY k.place) END"
        } else {
            "NULL, NULL"
        };
        // What a publication for all tables leaves out is no member of it.
        let members = if version >= 190000 {
            "WHERE NOT p.prexcept"
        } else {
            ""
        };
        format!(
            "SELECT p.oid, p.prpubid, p.prrelid, {details}
             FROM pg_catalog.pg_publication_rel AS p {members}
             ORDER BY p.oid"
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            publication: cells.oid()?,
            table: cells.oid()?,
            filter: cells.opt_text()?,
            columns: cells.opt_array()?,
        })
    }
}

/// A schema whose tables are all in a publication (since 15).
#[derive(Debug, Clone)]
pub struct PublicationNamespace {
    /// OID in `pg_publication_namespace`.
    pub oid: Oid,
    /// OID of the publication.
    pub publication: Oid,
    /// OID of the schema.
    pub namespace: Oid,
}

impl PublicationNamespace {
    /// The first version that knows them.
    pub(crate) const SINCE: u32 = 150000;
}

impl Listed for PublicationNamespace {
    const WHAT: &'static str = "schemas in publications";

    fn query(_version: u32) -> String {
        "SELECT oid, pnpubid, pnnspid FROM pg_catalog.pg_publication_namespace ORDER BY oid".into()
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            publication: cells.oid()?,
            namespace: cells.oid()?,
        })
    }
}
