//! What a server is asked before a restore.

use bstr::{BString, ByteSlice};
use pgdumprs_script::Script;
use pgdumprs_sql::{Encoding, identifier, literal};

/// All statements of the flight: the transaction's beginning, ten queries whose results are read, and its end.
///
/// They are asked as the role that the script becomes, if it becomes one: then it is that role's rights that count. Where the script's encoding
/// lacks letters that names have on the server, answers may be asked for in ASCII alone: the script says no such name.
pub(super) fn all(
    major: u32,
    script: &Script,
    schemas: &[BString],
    in_ascii: bool,
) -> Vec<BString> {
    let encoding = Encoding::named(script.encoding_name().as_bytes());
    // Whoever makes a database owns it.
    let may_create = if script.options().create {
        "true"
    } else {
        "pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')"
    };
    let queries = [
        role(major, may_create).into(),
        roles(major).into(),
        rights(major, encoding, schemas),
        extensions(may_create).into(),
        TABLESPACES.into(),
        settings(major).into(),
        SCHEMAS.into(),
        objects(encoding, schemas),
        locks(encoding, schemas),
        LOCK_ROOM.into(),
    ];
    let asked = queries.into_iter().map(|query| match in_ascii {
        true => {
            const ROWS: &[u8] = b"SELECT row.* FROM (";
            const ALL_ASCII: &[u8] =
                b") AS row WHERE pg_catalog.octet_length(row::text) = pg_catalog.length(row::text)";
            BString::from([ROWS, &query, ALL_ASCII].concat())
        }
        false => query,
    });
    std::iter::once(begin(script))
        .chain(asked)
        .chain(["COMMIT".into()])
        .collect()
}

/// Begins a transaction that changes nothing and talks in the script's encoding.
pub(super) fn begin(script: &Script) -> BString {
    let encoding_name = script.encoding_name();
    let begin = format!(
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL client_encoding = '{encoding_name}'; \
         SET LOCAL search_path = ''; SET LOCAL standard_conforming_strings = on; SET LOCAL statement_timeout = 0"
    );
    let mut begin = BString::from(begin);
    if let Some(role) = &script.options().role {
        begin.extend_from_slice(b"; SET LOCAL ROLE ");
        let encoding = Encoding::named(encoding_name.as_bytes());
        begin.extend_from_slice(&identifier(role.as_bstr(), true, encoding));
    }
    begin
}

/// What the role that restores may do. `may_create` says in SQL whether it may make schemas.
fn role(major: u32, may_create: &str) -> String {
    let subscriptions = match major {
        ..16 => "r.rolsuper".to_owned(),
        _ => format!("pg_catalog.pg_has_role('pg_create_subscription', 'USAGE') AND {may_create}"),
    };
    format!(
        "SELECT r.rolname, r.rolsuper, r.rolcreatedb, r.rolcreaterole, {may_create}, {subscriptions},
                coalesce((SELECT s.rolsuper FROM pg_catalog.pg_roles s WHERE s.rolname = session_user), false), session_user
         FROM pg_catalog.pg_roles r WHERE r.rolname = current_user"
    )
}

/// Settings that are known, and whether the role that restores may give routines and databases values of them: since 15 those of superusers as
/// well, if it was granted, and ones that no module has told of yet.
fn settings(major: u32) -> String {
    let is_superuser = "(SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)";
    if major < 15 {
        return format!(
            "SELECT pg_catalog.lower(name), context = 'user' OR context = 'superuser' AND {is_superuser} FROM pg_catalog.pg_settings"
        );
    }
    format!(
        "SELECT pg_catalog.lower(name), context = 'user'
             OR context = 'superuser' AND ({is_superuser} OR pg_catalog.has_parameter_privilege(name, 'SET'))
         FROM pg_catalog.pg_settings
         UNION ALL
         SELECT parname, pg_catalog.has_parameter_privilege(parname, 'SET') FROM pg_catalog.pg_parameter_acl
         WHERE parname NOT IN (SELECT pg_catalog.lower(name) FROM pg_catalog.pg_settings)"
    )
}

/// Roles, whether the session's role may become each, whether it has its rights without that, and whether it may alter it: since 16 that takes
/// the admin option.
fn roles(major: u32) -> String {
    let may_alter = match major {
        ..16 => "NOT other.rolsuper",
        _ => "pg_catalog.pg_has_role(other.oid, 'MEMBER WITH ADMIN OPTION')",
    };
    format!(
        "SELECT other.rolname, pg_catalog.pg_has_role(other.oid, '{}'), pg_catalog.pg_has_role(other.oid, 'USAGE'),
                me.rolsuper OR me.oid = other.oid OR me.rolcreaterole AND {may_alter}
         FROM pg_catalog.pg_roles other, pg_catalog.pg_roles me WHERE me.rolname = current_user",
        becoming(major)
    )
}

/// The privilege that lets the session become a role: before 16 every member might.
fn becoming(major: u32) -> &'static str {
    if major < 16 { "MEMBER" } else { "SET" }
}

/// What the roles that the session may become, and its own, have rights for. A superuser gives them what they have no right to have.
fn rights(major: u32, encoding: Encoding, schemas: &[BString]) -> BString {
    let mut sql = format!(
        "WITH r AS MATERIALIZED (
             SELECT oid, rolname FROM pg_catalog.pg_roles
             WHERE pg_catalog.pg_has_role(oid, '{}')
               AND NOT (SELECT me.rolsuper FROM pg_catalog.pg_roles me WHERE me.rolname = current_user))
         SELECT r.rolname, 'role', of.rolname FROM r, r of WHERE pg_catalog.pg_has_role(r.oid, of.oid, 'USAGE')
         UNION ALL
         SELECT r.rolname, 'database', '' FROM r WHERE pg_catalog.has_database_privilege(r.oid, pg_catalog.current_database(), 'CREATE')
         UNION ALL
         SELECT r.rolname, 'schema', n.nspname FROM r, pg_catalog.pg_namespace n
         WHERE pg_catalog.has_schema_privilege(r.oid, n.oid, 'CREATE') AND n.nspname IN (",
        becoming(major)
    )
    .into_bytes();
    sql.extend_from_slice(&listed(encoding, schemas));
    sql.push(b')');
    sql.into()
}

/// Names as a list for `IN`. No schema has the empty name, which stands for none.
fn listed(encoding: Encoding, names: &[BString]) -> BString {
    let names: Vec<_> = names.iter().map(|name| literal(name, encoding)).collect();
    if names.is_empty() {
        "''".into()
    } else {
        bstr::join(", ", &names).into()
    }
}

/// Extensions that are there or can be: whether each is there, whether the role that restores may act for its owner, and whether it may make
/// the default version. One that is not trusted takes a superuser, one that is a role that may make schemas. With the schema that it is in.
fn extensions(may_create: &str) -> String {
    format!(
        "SELECT coalesce(a.name, e.extname), e.oid IS NOT NULL, coalesce(pg_catalog.pg_has_role(e.extowner, 'USAGE'), false),
                coalesce((SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user), false)
                    OR NOT coalesce(v.superuser, true) OR coalesce(v.trusted, false) AND {may_create},
                coalesce((SELECT nspname FROM pg_catalog.pg_namespace WHERE oid = e.extnamespace), '')
         FROM pg_catalog.pg_available_extensions a
         LEFT JOIN pg_catalog.pg_available_extension_versions v ON v.name = a.name AND v.version = a.default_version
         FULL JOIN pg_catalog.pg_extension e ON e.extname = a.name"
    )
}

const SCHEMAS: &str = "
    SELECT nspname, pg_catalog.pg_get_userbyid(nspowner), pg_catalog.pg_has_role(nspowner, 'USAGE'),
           pg_catalog.has_schema_privilege(oid, 'CREATE'),
           (SELECT count(DISTINCT privilege_type) = 2 FROM pg_catalog.aclexplode(coalesce(nspacl, pg_catalog.acldefault('n', nspowner))) WHERE grantee = 0)
    FROM pg_catalog.pg_namespace";

const TABLESPACES: &str = "
    SELECT spcname FROM pg_catalog.pg_tablespace
    WHERE pg_catalog.has_tablespace_privilege(oid, 'CREATE')
       OR oid = (SELECT dattablespace FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())";

/// Objects of the schemas that are named, and those that are in none. Types that come with a table or another type are not among them:
/// they are in the way only if that is.
fn objects(encoding: Encoding, schemas: &[BString]) -> BString {
    let mut sql = b"WITH s AS MATERIALIZED (SELECT oid, nspname FROM pg_catalog.pg_namespace WHERE nspname IN (".to_vec();
    sql.extend_from_slice(&listed(encoding, schemas));
    sql.extend_from_slice(OBJECTS.as_bytes());
    sql.into()
}

/// Locks that other sessions have on relations of the schemas that are named. A lock of the weakest mode that excludes itself is mostly that of an
/// autovacuum, which gives way.
fn locks(encoding: Encoding, schemas: &[BString]) -> BString {
    let mut sql = b"SELECT n.nspname, c.relname, l.mode, min(l.pid)
         FROM pg_catalog.pg_locks l
         JOIN pg_catalog.pg_database d ON d.oid = l.database AND d.datname = pg_catalog.current_database()
         JOIN pg_catalog.pg_class c ON c.oid = l.relation
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE l.locktype = 'relation' AND l.granted AND l.pid <> pg_catalog.pg_backend_pid()
           AND l.mode <> 'ShareUpdateExclusiveLock' AND n.nspname IN ("
        .to_vec();
    sql.extend_from_slice(&listed(encoding, schemas));
    sql.extend_from_slice(b") GROUP BY n.nspname, c.relname, l.mode ORDER BY 1, 2, 3");
    sql.into()
}

/// How many locks the server has room for: for each backend that there may be, and each prepared transaction, so many.
const LOCK_ROOM: &str = "
    SELECT pg_catalog.current_setting('max_locks_per_transaction')::bigint * sum(setting::bigint) FROM pg_catalog.pg_settings
    WHERE name IN ('max_connections', 'max_prepared_transactions', 'max_worker_processes', 'max_wal_senders', 'autovacuum_max_workers')";

const OBJECTS: &str = "))
    SELECT 'relation', s.nspname, c.relname, pg_catalog.pg_has_role(c.relowner, 'USAGE') FROM pg_catalog.pg_class c JOIN s ON s.oid = c.relnamespace
    UNION ALL
    SELECT 'type', s.nspname, t.typname, pg_catalog.pg_has_role(t.typowner, 'USAGE') FROM pg_catalog.pg_type t JOIN s ON s.oid = t.typnamespace
    WHERE t.typisdefined AND t.typtype <> 'm'
      AND (t.typrelid = 0 OR EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c'))
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_type element WHERE element.typarray = t.oid)
    UNION ALL
    SELECT 'routine', s.nspname, p.proname || '(' || pg_catalog.oidvectortypes(p.proargtypes) || ')', pg_catalog.pg_has_role(p.proowner, 'USAGE')
    FROM pg_catalog.pg_proc p JOIN s ON s.oid = p.pronamespace
    UNION ALL
    SELECT 'collation', s.nspname, c.collname, false FROM pg_catalog.pg_collation c JOIN s ON s.oid = c.collnamespace
    UNION ALL
    SELECT 'conversion', s.nspname, c.conname, false FROM pg_catalog.pg_conversion c JOIN s ON s.oid = c.connamespace
    UNION ALL
    SELECT 'statistics', s.nspname, e.stxname, false FROM pg_catalog.pg_statistic_ext e JOIN s ON s.oid = e.stxnamespace
    UNION ALL
    SELECT 'configuration', s.nspname, c.cfgname, false FROM pg_catalog.pg_ts_config c JOIN s ON s.oid = c.cfgnamespace
    UNION ALL
    SELECT 'dictionary', s.nspname, d.dictname, false FROM pg_catalog.pg_ts_dict d JOIN s ON s.oid = d.dictnamespace
    UNION ALL
    SELECT 'parser', s.nspname, p.prsname, false FROM pg_catalog.pg_ts_parser p JOIN s ON s.oid = p.prsnamespace
    UNION ALL
    SELECT 'template', s.nspname, t.tmplname, false FROM pg_catalog.pg_ts_template t JOIN s ON s.oid = t.tmplnamespace
    UNION ALL SELECT 'schema', '', nspname, false FROM pg_catalog.pg_namespace
    UNION ALL SELECT 'access method', '', amname, false FROM pg_catalog.pg_am
    UNION ALL SELECT 'event trigger', '', evtname, false FROM pg_catalog.pg_event_trigger
    UNION ALL SELECT 'foreign-data wrapper', '', fdwname, false FROM pg_catalog.pg_foreign_data_wrapper
    UNION ALL SELECT 'foreign server', '', srvname, false FROM pg_catalog.pg_foreign_server
    UNION ALL SELECT 'language', '', lanname, false FROM pg_catalog.pg_language
    UNION ALL SELECT 'publication', '', pubname, false FROM pg_catalog.pg_publication
    UNION ALL SELECT 'subscription', '', s.subname, false FROM pg_catalog.pg_subscription s
              JOIN pg_catalog.pg_database d ON d.oid = s.subdbid AND d.datname = pg_catalog.current_database()
    UNION ALL SELECT 'cast', '', 'CAST (' || pg_catalog.format_type(castsource, NULL) || ' AS ' || pg_catalog.format_type(casttarget, NULL) || ')', false
              FROM pg_catalog.pg_cast
    UNION ALL SELECT 'user mapping', '', 'USER MAPPING ' || usename || ' SERVER ' || srvname, false FROM pg_catalog.pg_user_mappings
    UNION ALL SELECT 'database', '', datname, false FROM pg_catalog.pg_database";
