//! Roles that may read some columns of the catalogs and not the catalogs, as strict administrators have it. What stock reads must do.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use pgdumprs::{ArchiveVersion, Dump};
use pgdumprs_testkit::compare::compare_archives;
use pgdumprs_testkit::{
    Database, Major, Server, checked_output, for_each_major, reference_pg_dump,
};

/// Something of every kind.
const KINDS: &str = include_str!("column_privileges.sql");

/// What only newer servers know, each with its first major.
const NEWER_KINDS: &[(Major, &str)] = &[
    (
        Major::V15,
        "CREATE PUBLICATION filtered FOR TABLE s.t (id, m) WHERE (id > 1);
         CREATE PUBLICATION whole_schema FOR TABLES IN SCHEMA s;",
    ),
    (
        Major::V19,
        "CREATE PUBLICATION but_two FOR ALL TABLES EXCEPT (TABLE s.typed, s.t);",
    ),
];

/// The columns that stock reads of each catalog or view that everybody may read, on some major or other.
const READ_BY_STOCK: &[(&str, &str)] = &[
    (
        "pg_aggregate",
        "aggfnoid aggkind aggtransfn aggfinalfn aggcombinefn aggserialfn aggdeserialfn aggmtransfn aggminvtransfn aggmfinalfn aggfinalextra aggmfinalextra aggfinalmodify aggmfinalmodify aggsortop aggtranstype aggtransspace aggmtranstype aggmtransspace agginitval aggminitval",
    ),
    ("pg_am", "oid amname amhandler amtype tableoid"),
    (
        "pg_amop",
        "oid amopfamily amopstrategy amopopr amopsortfamily",
    ),
    (
        "pg_amproc",
        "oid amprocfamily amproclefttype amprocrighttype amprocnum amproc",
    ),
    ("pg_attrdef", "oid adrelid adnum adbin tableoid"),
    (
        "pg_attribute",
        "attrelid attname atttypid attstattarget attlen attnum atttypmod attstorage attalign attnotnull atthasdef atthasmissing attidentity attgenerated attisdropped attislocal attcollation attacl attoptions attfdwoptions attmissingval attcompression",
    ),
    (
        "pg_cast",
        "oid castsource casttarget castfunc castcontext castmethod tableoid",
    ),
    (
        "pg_class",
        "oid relname relnamespace reltype reloftype relowner relam reltablespace relpages reltuples relallvisible reltoastrelid relhasindex relpersistence relkind relchecks relhasrules relhastriggers relrowsecurity relforcerowsecurity relispopulated relreplident relispartition relfrozenxid relminmxid relacl reloptions relpartbound tableoid relallfrozen",
    ),
    (
        "pg_collation",
        "oid collname collnamespace collowner collprovider collisdeterministic collencoding collcollate collctype collversion tableoid colllocale colliculocale collicurules",
    ),
    (
        "pg_constraint",
        "oid conname contype condeferrable condeferred convalidated conrelid contypid conindid conparentid confrelid conislocal tableoid connoinherit conperiod conkey",
    ),
    (
        "pg_conversion",
        "oid conname connamespace conowner conforencoding contoencoding conproc condefault tableoid",
    ),
    (
        "pg_database",
        "oid datname datdba encoding datcollate datctype datistemplate datconnlimit datfrozenxid datminmxid dattablespace datacl tableoid datlocprovider datlocale daticulocale daticurules datcollversion",
    ),
    ("pg_db_role_setting", "setdatabase setrole setconfig"),
    (
        "pg_default_acl",
        "oid defaclrole defaclnamespace defaclobjtype defaclacl tableoid",
    ),
    (
        "pg_depend",
        "classid objid objsubid refclassid refobjid refobjsubid deptype",
    ),
    ("pg_description", "objoid classoid objsubid description"),
    ("pg_enum", "oid enumtypid enumsortorder enumlabel"),
    (
        "pg_event_trigger",
        "oid evtname evtevent evtowner evtfoid evtenabled evttags tableoid",
    ),
    (
        "pg_extension",
        "oid extname extnamespace extrelocatable extversion extconfig extcondition tableoid",
    ),
    (
        "pg_foreign_data_wrapper",
        "oid fdwname fdwowner fdwhandler fdwvalidator fdwacl fdwoptions tableoid fdwconnection",
    ),
    (
        "pg_foreign_server",
        "oid srvname srvowner srvfdw srvtype srvversion srvacl srvoptions tableoid",
    ),
    ("pg_foreign_table", "ftrelid ftserver ftoptions"),
    (
        "pg_index",
        "indexrelid indrelid indnatts indnkeyatts indisclustered indisvalid indisready indisreplident indkey indexprs indnullsnotdistinct",
    ),
    ("pg_inherits", "inhrelid inhparent"),
    (
        "pg_init_privs",
        "objoid classoid objsubid privtype initprivs",
    ),
    (
        "pg_language",
        "oid lanname lanowner lanispl lanpltrusted lanplcallfoid laninline lanvalidator lanacl tableoid",
    ),
    ("pg_largeobject_metadata", "oid lomowner lomacl"),
    ("pg_namespace", "oid nspname nspowner nspacl tableoid"),
    (
        "pg_opclass",
        "oid opcmethod opcname opcnamespace opcowner opcfamily opcintype opcdefault opckeytype tableoid",
    ),
    (
        "pg_operator",
        "oid oprname oprnamespace oprowner oprkind oprcanmerge oprcanhash oprleft oprright oprcom oprnegate oprcode oprrest oprjoin tableoid",
    ),
    (
        "pg_opfamily",
        "oid opfmethod opfname opfnamespace opfowner tableoid",
    ),
    ("pg_partitioned_table", "partrelid partclass"),
    (
        "pg_policy",
        "oid polname polrelid polcmd polpermissive polroles polqual polwithcheck tableoid",
    ),
    (
        "pg_proc",
        "oid proname pronamespace proowner prolang procost prorows prosupport prokind prosecdef proleakproof proisstrict proretset provolatile proparallel pronargs prorettype proargtypes protrftypes prosrc probin proconfig proacl tableoid",
    ),
    (
        "pg_publication",
        "oid pubname pubowner puballtables pubinsert pubupdate pubdelete pubtruncate pubviaroot tableoid puballsequences pubgencols",
    ),
    ("pg_publication_namespace", "oid pnpubid pnnspid tableoid"),
    (
        "pg_publication_rel",
        "oid prpubid prrelid tableoid prqual prattrs prexcept",
    ),
    (
        "pg_range",
        "rngtypid rngsubtype rngcollation rngsubopc rngcanonical rngsubdiff rngmultitypid",
    ),
    (
        "pg_rewrite",
        "oid rulename ev_class ev_type ev_enabled is_instead ev_qual ev_action tableoid",
    ),
    ("pg_roles", "rolname oid"),
    ("pg_seclabels", "objoid classoid objsubid provider label"),
    (
        "pg_sequence",
        "seqrelid seqtypid seqstart seqincrement seqmax seqmin seqcache seqcycle",
    ),
    ("pg_settings", "name"),
    ("pg_shdescription", "objoid classoid description"),
    ("pg_shseclabel", "objoid classoid provider label"),
    (
        "pg_statistic_ext",
        "oid stxrelid stxname stxnamespace stxowner stxstattarget tableoid",
    ),
    ("pg_tablespace", "oid spcname"),
    (
        "pg_transform",
        "oid trftype trflang trffromsql trftosql tableoid",
    ),
    (
        "pg_trigger",
        "oid tgrelid tgparentid tgname tgenabled tgisinternal tableoid",
    ),
    (
        "pg_ts_config",
        "oid cfgname cfgnamespace cfgowner cfgparser tableoid",
    ),
    ("pg_ts_config_map", "mapcfg maptokentype mapseqno mapdict"),
    (
        "pg_ts_dict",
        "oid dictname dictnamespace dictowner dicttemplate dictinitoption tableoid",
    ),
    (
        "pg_ts_parser",
        "oid prsname prsnamespace prsstart prstoken prsend prsheadline prslextype tableoid",
    ),
    (
        "pg_ts_template",
        "oid tmplname tmplnamespace tmplinit tmpllexize tableoid",
    ),
    (
        "pg_type",
        "oid typname typnamespace typowner typlen typbyval typtype typcategory typispreferred typisdefined typdelim typrelid typelem typarray typinput typoutput typreceive typsend typmodin typmodout typanalyze typalign typstorage typnotnull typbasetype typtypmod typcollation typdefaultbin typdefault typacl tableoid typsubscript",
    ),
    ("pg_user_mappings", "srvid usename umoptions"),
];

/// Options, and catalogs that stock does not read with them.
type Ruled = (
    &'static [&'static str],
    fn(Dump) -> Dump,
    &'static [&'static str],
);

const RULED_OUT: &[Ruled] = &[
    (
        &["--schema-only"],
        |dump| dump.data(false),
        &["pg_partitioned_table"],
    ),
    (
        &["--data-only"],
        |dump| dump.schema(false),
        &["pg_aggregate", "pg_attrdef", "pg_enum", "pg_user_mappings"],
    ),
    (
        &["--schema-only", "--no-publications", "--no-security-labels"],
        |dump| dump.data(false).publications(false).security_labels(false),
        &[
            "pg_partitioned_table",
            "pg_publication",
            "pg_publication_rel",
            "pg_publication_namespace",
            "pg_seclabels",
            "pg_shseclabel",
        ],
    ),
];

#[test]
fn the_columns_that_stock_reads_are_enough() {
    for_each_major(|server| {
        let (database, role) = prepared(server);
        let as_role = format!("{} user={role}", database.conninfo());
        database.execute_sql(format!(
            "DO $$ DECLARE catalog text; BEGIN
                 FOR catalog IN
                     SELECT relname FROM pg_class
                     WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind IN ('r', 'v') AND has_table_privilege('{role}', oid, 'SELECT')
                 LOOP
                     EXECUTE format('REVOKE SELECT ON pg_catalog.%I FROM PUBLIC', catalog);
                 END LOOP;
             END $$"
        ));
        for (catalog, columns) in READ_BY_STOCK {
            let sql = format!(
                "SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute
                 WHERE attrelid = to_regclass('pg_catalog.{catalog}') AND attname = ANY (string_to_array('{columns}', ' '))"
            );
            let known = database.psql(&sql);
            if !known.is_empty() {
                database.execute_sql(format!(
                    "GRANT SELECT ({known}) ON pg_catalog.{catalog} TO {role}"
                ));
            }
        }
        same_as_stock(&as_role, &[], |dump| dump)
    });
}

/// Of these catalogs more is read for other options.
#[test]
fn options_take_no_more_columns_than_with_stock() {
    const READ: &[Ruled] = &[
        (
            &["--table=s.*"],
            |dump| dump.include_table("s.*"),
            &["pg_constraint"],
        ),
        (
            &["--statistics"],
            |dump| dump.statistics(true),
            &["pg_statistic_ext"],
        ),
    ];
    for_each_major(|server| {
        let (database, role) = prepared(server);
        let as_role = format!("{} user={role}", database.conninfo());
        for (options, chosen, catalogs) in READ {
            for catalog in *catalogs {
                let read = READ_BY_STOCK.iter().find(|(name, _)| name == catalog);
                let (_, columns) = read.context("a catalog of the list")?;
                // Only domains have that.
                let columns = columns.replace("contypid", "");
                let sql = format!(
                    "SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute
                     WHERE attrelid = 'pg_catalog.{catalog}'::regclass AND attname = ANY (string_to_array('{columns}', ' '))"
                );
                let known = database.psql(&sql);
                database.execute_sql(format!(
                    "REVOKE SELECT ON pg_catalog.{catalog} FROM PUBLIC;
                     GRANT SELECT ({known}) ON pg_catalog.{catalog} TO {role}"
                ));
            }
            same_as_stock(&as_role, options, chosen).with_context(|| format!("{options:?}"))?;
            for catalog in *catalogs {
                database.execute_sql(format!("GRANT SELECT ON pg_catalog.{catalog} TO PUBLIC"));
            }
        }
        Ok(())
    });
}

#[test]
fn what_options_rule_out_goes_unread() {
    for_each_major(|server| {
        let (database, role) = prepared(server);
        let as_role = format!("{} user={role}", database.conninfo());
        for (options, chosen, closed) in RULED_OUT {
            let closed: Vec<_> = (closed.iter())
                .filter(|catalog| {
                    database.psql(&format!(
                        "SELECT to_regclass('pg_catalog.{catalog}') IS NOT NULL"
                    )) == "t"
                })
                .copied()
                .collect();
            let closed = closed.join(", ");
            database.execute_sql(format!("REVOKE SELECT ON {closed} FROM PUBLIC"));
            same_as_stock(&as_role, options, chosen)
                .with_context(|| format!("{options:?} without {closed}"))?;
            database.execute_sql(format!("GRANT SELECT ON {closed} TO PUBLIC"));
        }
        Ok(())
    });
}

/// A database with something of every kind, and a role that may read all of it.
fn prepared(server: &Server) -> (Database, String) {
    let role = server.role("LOGIN BYPASSRLS");
    let database = server.database();
    database.execute_sql(KINDS);
    for (since, sql) in NEWER_KINDS {
        if server.major() >= *since {
            database.execute_sql(sql);
        }
    }
    database.execute_sql(format!(
        "GRANT USAGE ON SCHEMA s TO {role};
         GRANT SELECT ON ALL TABLES IN SCHEMA s TO {role};
         GRANT SELECT ON ALL SEQUENCES IN SCHEMA s TO {role};"
    ));
    (database, role)
}

/// Compares both dumps of the database that `conninfo` names.
fn same_as_stock(conninfo: &str, options: &[&str], chosen: impl Fn(Dump) -> Dump) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name);
    stock(conninfo, options, &path("stock.dump"))
        .context("what is granted is not enough for stock")?;
    let dump = chosen(Dump::new(conninfo)?).archive_version(ArchiveVersion::V1_16);
    tokio::runtime::Runtime::new()?
        .block_on(dump.to_file(path("ours.dump")))
        .context("dumping with pgdumprs")?;
    let comparison = compare_archives(&path("stock.dump"), &path("ours.dump"))?;
    ensure!(comparison.is_same(), "{comparison}");
    Ok(())
}

fn stock(conninfo: &str, options: &[&str], path: &Path) -> Result<()> {
    let mut pg_dump = reference_pg_dump();
    pg_dump
        .args(["-Fc", "--dbname", conninfo, "--file"])
        .arg(path)
        .args(options);
    checked_output(&mut pg_dump)?;
    Ok(())
}
