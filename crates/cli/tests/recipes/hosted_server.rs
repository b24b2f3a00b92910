//! `hosted-server.md`, with a server that has the roles of a host.

use std::fs;

use pgdumprs_testkit::{Major, Server};

use crate::shop::{Shop, blocks, succeeds};

#[test]
fn a_database_moves_to_a_hosted_server() {
    let shop = Shop::open();
    shop.database.execute_sql(
        "CREATE FUNCTION on_event() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
         CREATE EVENT TRIGGER watch ON sql_drop EXECUTE FUNCTION on_event()",
    );
    let server = Server::builder(Major::V17).start().unwrap();
    let target = server.database();
    target.execute_sql(include_str!(
        "../../../pgdumprs/tests/restore/hosts/neon.sql"
    ));
    let name = target.name();
    target.execute_sql(format!("ALTER DATABASE {name} OWNER TO administrator"));
    target.execute_sql("GRANT CREATE ON SCHEMA public TO administrator");
    let texts = blocks("docs/recipes/hosted-server.md", &["sh", "sh", "sh"]);
    let run = |text: &str| {
        let mut shell = shop.shell(text);
        shell.env("SOURCE", shop.database.conninfo()).env(
            "TARGET",
            format!("{} user=administrator", target.conninfo()),
        );
        succeeds(&mut shell)
    };
    for text in &texts[..2] {
        let said = run(text);
        assert!(said.contains("taken to be one of Neon"), "{said}");
    }
    run(&texts[2]);
    let report = fs::read_to_string(shop.path("report.json")).unwrap();
    assert!(report.contains("EVENT TRIGGER - watch"), "{report}");
    assert_eq!(target.psql("SELECT count(*) FROM orders"), "2000");
    assert_eq!(target.psql("SELECT count(*) FROM pg_event_trigger"), "0");
}
