//! `from-host-to-host.md`: a shop goes round, from one server with the roles of a host to the next.

use std::fs;

use pgdumprs_testkit::{Database, Major, Server};

use crate::shop::{Shop, blocks, succeeds};

/// All rows of the shop, in any order.
const ROWS: &str = "SELECT sum(pg_catalog.hashtextextended(text, 0)) FROM (
    SELECT orders::text FROM orders UNION ALL SELECT audit::text FROM audit) AS all_rows (text)";
const EXTENSION: &str = "SELECT count(*) FROM pg_extension WHERE extname = 'hstore'";

/// A host, by what it makes in each of its servers and databases.
fn hosted(sql: &[&str]) -> Database {
    let server = Server::builder(Major::V17).start().unwrap();
    let database = server.database();
    for sql in sql {
        database.execute_sql(sql);
    }
    let name = database.name();
    database.execute_sql(format!(
        "ALTER DATABASE {name} OWNER TO administrator; GRANT CREATE ON SCHEMA public TO administrator"
    ));
    database
}

fn as_administrator(database: &Database) -> String {
    format!("{} user=administrator", database.conninfo())
}

#[test]
fn a_database_goes_from_one_host_to_the_next() {
    let shop = Shop::open();
    shop.database.execute_sql(
        "ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
         CREATE POLICY own ON orders USING (id > 0);
         CREATE EXTENSION hstore",
    );
    let languages = ["sh"; 6];
    let texts = blocks("docs/recipes/from-host-to-host.md", &languages);
    let run = |text: &str, source: &str, target: &Database| {
        let mut shell = shop.shell(text);
        shell.env("SOURCE", source);
        shell.env("TARGET", as_administrator(target));
        succeeds(&mut shell)
    };
    let hosts = [
        hosted(&[include_str!(
            "../../../pgdumprs/tests/restore/hosts/neon.sql"
        )]),
        hosted(&[
            include_str!("../../../pgdumprs/tests/restore/hosts/supabase.sql"),
            "CREATE SCHEMA extensions AUTHORIZATION administrator;
             CREATE SCHEMA auth AUTHORIZATION supabase_auth_admin;
             CREATE TABLE auth.users (id int);
             ALTER TABLE auth.users OWNER TO supabase_auth_admin;
             CREATE FUNCTION extensions.watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
             CREATE EVENT TRIGGER pgrst_ddl_watch ON ddl_command_end EXECUTE FUNCTION extensions.watch();
             ALTER EVENT TRIGGER pgrst_ddl_watch OWNER TO supabase_admin;",
        ]),
        hosted(&[include_str!(
            "../../../pgdumprs/tests/restore/hosts/rds.sql"
        )]),
        hosted(&[include_str!(
            "../../../pgdumprs/tests/restore/hosts/heroku.sql"
        )]),
        hosted(&["CREATE ROLE administrator LOGIN"]),
    ];
    let first = shop.database.conninfo();
    let said = run(&texts[0], &first, &hosts[0]);
    assert!(said.contains("taken to be one of Neon"), "{said}");
    let rows = shop.database.psql(ROWS);
    let mut source = first;
    for (text, target) in texts[1..].iter().zip(&hosts) {
        run(text, &source, target);
        let report = fs::read_to_string(shop.path("report.json")).unwrap();
        assert!(
            report.contains(r#""verification":{"equal":true"#),
            "{text}: {report}"
        );
        assert_eq!(target.psql(ROWS), rows, "{text}");
        assert_eq!(target.psql(EXTENSION), "1", "{text}");
        source = as_administrator(target);
    }
    // What the hosts have made stays with them.
    let made =
        "SELECT count(*) FROM pg_namespace WHERE nspname IN ('auth', 'extensions', 'heroku_ext')";
    assert_eq!(hosts[2].psql(made), "0");
}
